"""The forms that a version is exported in: one line each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.text import suggestion
from registry_dagster.outward.export.carried import sealed
from registry_dagster.outward.export.cave_catalog import cave_catalog, left_to_cave
from registry_dagster.outward.export.croissant import croissant
from registry_dagster.outward.export.datacite import datacite
from registry_dagster.outward.export.dcat import dcat
from registry_dagster.outward.export.ro_crate import ro_crate
from registry_dagster.outward.export.subject import Subject

__all__ = ["CARRYING", "FORMS", "Form", "exported"]


def _for_papers(subject: Subject) -> Iterator[str]:
    """What papers ask for and nobody has said yet."""
    asked = {"license": subject.license, "citation": subject.citation}
    yield from (
        f"{subject.record.name} has no {name}, which papers ask for" for name, value in asked.items() if not value
    )


@dataclass(frozen=True)
class Form:
    """A form.

    Args:
        write: Writes a version in it.
        missing: What is asked for there and not known, in words.
        carries_record: Whether the exact record is in it, so that it can be rebuilt from the document alone.
    """

    write: Callable[[Subject], dict[str, Any]]
    missing: Callable[[Subject], Iterable[str]] = _for_papers
    carries_record: bool = True


FORMS: Mapping[str, Form] = {
    "croissant": Form(croissant),
    "ro-crate": Form(ro_crate),
    "datacite": Form(datacite),
    "dcat": Form(dcat),
    "cave-catalog": Form(cave_catalog, left_to_cave, carries_record=False),
}
"""Name → the form."""

CARRYING = tuple(name for name, form in FORMS.items() if form.carries_record)
"""The forms that a record is rebuilt from."""


def exported(subject: Subject, form: str) -> dict[str, Any]:
    """A version as a document of a form, with the record in it if the form can carry it.

    Raises:
        InvalidDeclaration: there is no such form, or the version has no place in it.
    """
    if form not in FORMS:
        raise InvalidDeclaration(f"no form {form!r}{suggestion(form, FORMS)} Use one of {', '.join(FORMS)}")
    document = FORMS[form].write(subject)
    return sealed(document) if FORMS[form].carries_record else document

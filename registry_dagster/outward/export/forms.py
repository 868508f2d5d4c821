"""The forms that a version is exported in: one line each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.text import suggestion
from registry_dagster.outward.export.carried import sealed
from registry_dagster.outward.export.croissant import croissant
from registry_dagster.outward.export.datacite import datacite
from registry_dagster.outward.export.dcat import dcat
from registry_dagster.outward.export.ro_crate import ro_crate
from registry_dagster.outward.export.subject import Subject

__all__ = ["FORMS", "exported"]

FORMS: Mapping[str, Callable[[Subject], dict[str, Any]]] = {
    "croissant": croissant,
    "ro-crate": ro_crate,
    "datacite": datacite,
    "dcat": dcat,
}
"""Name → what writes it."""


def exported(subject: Subject, form: str) -> dict[str, Any]:
    """A version as a document of a form, with the record in it.

    Raises:
        InvalidDeclaration: there is no such form.
    """
    if form not in FORMS:
        raise InvalidDeclaration(f"no form {form!r}{suggestion(form, FORMS)} Use one of {', '.join(FORMS)}")
    return sealed(FORMS[form](subject))

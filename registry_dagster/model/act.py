"""Acts: what a named person did around an immutable version, or to its Dataset, after it was published."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError, model_validator

from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.base import Model
from registry_dagster.model.citable import Doi, License
from registry_dagster.model.layout import LayoutName
from registry_dagster.model.moments import UtcDateTime
from registry_dagster.model.names import VersionNameText
from registry_dagster.model.place import Place
from registry_dagster.model.problems import problems_of
from registry_dagster.model.text import Reason, Sentence, UrnText

__all__ = ["Act", "ActKind", "Label", "checked_label"]

ActKind = (
    Literal["retire", "undo", "label", "describe", "layout", "promote"]
    | Literal["license", "citation", "doi", "relocate", "also_at"]
)

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")


def _label(text: str) -> str:
    if re.fullmatch(r"[vV]?[0-9]+", text):
        raise ValueError(f"label {text!r} looks like a version's number; choose a word, e.g. size-paper")
    if not _LABEL.fullmatch(text):
        raise ValueError(
            f"label {text!r} cannot be typed behind @; use letters, digits and . _ + -, starting with a letter or "
            "digit, e.g. size-paper"
        )
    return text


Label = Annotated[str, Field(max_length=100), AfterValidator(_label)]
"""A human alias of a version, unique in its dataset. It never moves."""

_ADAPTER = TypeAdapter[str](Label)


def checked_label(label: str) -> str:
    """A label that can be given from now on. Older records may hold others.

    Raises:
        InvalidDeclaration: it looks like a version's number, or cannot be typed.
    """
    try:
        return _ADAPTER.validate_python(label)
    except ValidationError as error:
        problems = "; ".join(problem.text for problem in problems_of(error))
        raise InvalidDeclaration(problems if problems.startswith("label") else f"label {problems}") from None


class Act(Model):
    """One act. Acts are only ever added; the history of a version is read from them.

    Args:
        act: What was done.
        version: The version it is about, `dataset@vN`; None if it is about the Dataset.
        by: Who did it.
        why: Why, in their words.
        at: When.
        replacement: Of a retirement: the version to use instead.
        label: Of a labelling: the alias.
        layout: The layout of the version, or the Dataset's default one.
        license, citation, doi: What holds from now on.
        changes: Of a description: field → what it says now.
        place: Where the table was moved to, or where it is, too.
    """

    act: ActKind
    version: VersionNameText | None = None
    by: UrnText
    why: Reason
    at: UtcDateTime
    replacement: VersionNameText | None = None
    label: Label | None = None
    layout: LayoutName | None = None
    license: License | None = None
    citation: Sentence | None = None
    doi: Doi | None = None
    changes: Mapping[str, str] = {}
    place: Place | None = None

    @model_validator(mode="before")
    @classmethod
    def _license_as_it_was_spelled(cls, data: object) -> object:
        """Entries of earlier releases spell it `licence`."""
        if isinstance(data, Mapping) and "licence" in data:
            entry = dict(cast("Mapping[str, Any]", data))
            return {"license": entry.pop("licence"), **entry, "act": "license"}
        return cast("object", data)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%SZ} · {self.version or 'dataset'} · {self.words} · {self.by}: {self.why}"

    @property
    def words(self) -> str:
        """What was done, in words."""
        match self.act:
            case "retire":
                return "retired" + (f"; use {self.replacement}" if self.replacement else "")
            case "undo":
                return "retirement undone"
            case "label":
                return f"labelled {self.label}"
            case "layout":
                return f"layout {self.layout}" if self.version else f"default layout {self.layout}"
            case "promote":
                return "promoted from draft"
            case "license":
                return f"license {self.license}"
            case "citation":
                return f"citation: {self.citation}"
            case "doi":
                return f"DOI {self.doi}"
            case "relocate":
                return f"moved to {self.place}"
            case "also_at":
                return f"also at {self.place}"
            case "describe":
                return "described: " + "; ".join(f"{name} = {value}" for name, value in self.changes.items())

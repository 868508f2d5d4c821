"""What people pass, made into what is meant; or refused with what to write. Wrong use never ends in a TypeError."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import TypeVar, cast

from registry_dagster.errors import InvalidDeclaration, PublishRefused
from registry_dagster.model.table import TableFacts
from registry_dagster.model.text import shown

__all__ = ["Table", "each_of", "instance_of", "reason_of", "text_of"]

T = TypeVar("T")
Table = TableFacts | str | PathLike[str]
"""A table as `inspect_table` found it, or where it is: then it is inspected."""

_FORMS: Mapping[str, str] = {
    "FeatureTable": "rd.FeatureTable(...), or rd.FeatureTable.from_yaml(Path('declaration.yaml'))",
    "MaterializationVersion": "rd.MaterializationVersion(system='minnie65_public', version='1300')",
    "Publication": "Publication(feature_table, table, message='why')",
}


def text_of(value: object, what: str, example: str) -> str:
    """A text.

    Raises:
        InvalidDeclaration: the value is something else.
    """
    if not isinstance(value, str):
        raise InvalidDeclaration(f"{what} must be text, got {shown(value)}; write e.g. {example!r}")
    return value


def reason_of(value: object, refusal: str) -> str:
    """The words of a person for an act.

    Raises:
        PublishRefused: there are none.
        InvalidDeclaration: they are not text.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        raise PublishRefused(refusal)
    return text_of(value, "a reason", "Nuclei of the June proofreading.")


def instance_of(kind: type[T], value: object, what: str) -> T:
    """A value of a type of ours.

    Raises:
        InvalidDeclaration: the value is something else; says how one is made.
    """
    if not isinstance(value, kind):
        form = _FORMS.get(kind.__name__, f"rd.{kind.__name__}(...)")
        raise InvalidDeclaration(f"{what} must be a {kind.__name__}, got {shown(value)}; write {form}")
    return value


def each_of(kind: type[T], values: object, what: str) -> Sequence[T]:
    """Several values of a type of ours.

    Raises:
        InvalidDeclaration: there is no list of them, or one of them is something else.
    """
    if isinstance(values, str | Mapping | kind) or not isinstance(values, Iterable):
        given = shown(cast("object", values))
        raise InvalidDeclaration(f"{what} must be a list of {kind.__name__}, got {given}; put it in [ ]")
    return [instance_of(kind, each, f"each of {what}") for each in cast("Iterable[object]", values)]

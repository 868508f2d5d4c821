"""What people pass, made into what is meant; or refused with what to write. Wrong use never ends in a TypeError."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from typing import TypeVar, cast

from registry_dagster.datahub.limits import refuse_long_names
from registry_dagster.errors import InvalidDeclaration, PublishRefused
from registry_dagster.model.act import checked_label
from registry_dagster.model.citable import Citable
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.source_code import SourceCode
from registry_dagster.model.table import TableFacts
from registry_dagster.model.text import shown
from registry_dagster.registry.plan import Publication

__all__ = ["Table", "code_of", "each_of", "facts_of", "instance_of", "publication_of", "reason_of", "text_of"]

T = TypeVar("T")
Table = TableFacts | str | PathLike[str]
"""A table as `inspect_table` found it, or where it is: then it is inspected."""

_FORMS: Mapping[type, str] = {
    FeatureTable: "rd.FeatureTable(...), or rd.FeatureTable.from_yaml(Path('declaration.yaml'))",
    MaterializationVersion: "rd.MaterializationVersion(system='minnie65_public', version='1300')",
    Publication: "Publication(feature_table, table, message='why')",
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
        form = _FORMS.get(kind, f"rd.{kind.__name__}(...)")
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


def facts_of(table: object) -> TableFacts:
    """The table, inspected if only the place of it was given.

    Raises:
        InvalidDeclaration: it is neither a table's facts nor its place.
        TableError: the table cannot be inspected.
    """
    if isinstance(table, TableFacts):
        return table
    if isinstance(table, str | PathLike):
        from registry_dagster.tables import inspect_table

        return inspect_table(str(cast("object", table)))
    raise InvalidDeclaration(
        f"table must be a table's facts or its location, got {shown(table)}; write e.g. "
        "rd.inspect_table('s3://bucket/table')"
    )


def code_of(code: SourceCode | str | None) -> SourceCode | None:
    """The code that is meant, also by a text.

    Raises:
        InvalidDeclaration: it is not well formed.
    """
    if code is None or isinstance(code, SourceCode):
        return code
    return SourceCode.parse(text_of(code, "code", "https://github.com/lab/pipeline@COMMIT"))


def publication_of(given: Publication) -> Publication:
    """A publication with its table inspected, if only the place of it was given.

    Raises:
        InvalidDeclaration: it is not made of a declaration and a table, the label is not one that can be typed, the
            code, license or DOI is not well formed, or the names of a materialization version are too long.
        TableError: the table cannot be inspected.
    """
    instance_of(FeatureTable, given.feature_table, "feature_table")
    number = cast("object", given.version)
    if number is not None and (isinstance(number, bool) or not isinstance(number, int)):
        raise InvalidDeclaration(f"version must be a whole number, got {shown(number)}; write e.g. 3")
    if given.label is not None:
        checked_label(given.label)
    # Before anything is asked of a store: a server cannot read what is too long either.
    refuse_long_names(given.feature_table.materializations)
    citable = Citable.of(given.license, given.citation, given.doi)
    return replace(given, table=facts_of(given.table), code=code_of(given.code), **citable.stated)

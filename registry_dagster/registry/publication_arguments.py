"""What people pass to publish a table, made into what is meant; or refused with what to write."""

from __future__ import annotations

from dataclasses import replace
from os import PathLike
from typing import cast

from registry_dagster.datahub.limits import refuse_long_names
from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.act import checked_label
from registry_dagster.model.citable import Citable
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.source_code import SourceCode
from registry_dagster.model.table import TableFacts
from registry_dagster.model.text import shown
from registry_dagster.registry.arguments import instance_of, text_of
from registry_dagster.registry.plan import Publication

__all__ = ["code_of", "facts_of", "publication_of"]


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

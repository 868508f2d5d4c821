"""A declaration in a file of its own, which may also say where its tables are and who reviewed it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, cast

from pydantic import BeforeValidator, Field

from registry_dagster.adopt.todo import todo_problems
from registry_dagster.errors import InvalidDeclaration, Problem
from registry_dagster.model.base import Model, OrText, Several
from registry_dagster.model.canonical_json import is_json_object
from registry_dagster.model.columns import AnyColumn
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.layout import AnyLayout
from registry_dagster.model.materialization import AnyMaterialization
from registry_dagster.model.names import ColumnPath, VersionNameText
from registry_dagster.model.problems import unknown_key
from registry_dagster.model.spelling import read_declared
from registry_dagster.model.table import TableFormat
from registry_dagster.model.text import Description, Text
from registry_dagster.yaml_document import Document

__all__ = ["DeclarationFile", "DeclaredTable", "ReadFile", "TableSource", "TableVersion", "read_file"]


class TableSource(Model):
    """Where a table is, and what its files do not say.

    Args:
        location: A path, which starts from the file's folder, or a URI.
        format: The table's format. Default: detected.
        version: The physical version, where the format keeps several: a Delta or Lance version, an Iceberg snapshot.
            Default: the current one.
        types: Column → Arrow type, for CSV files and opaque tables.
        how_to_read: How people read it, for an opaque table.
    """

    location: Annotated[str, Field(min_length=1, max_length=4000)]
    format: TableFormat | None = None
    version: Text | None = None
    types: Mapping[str, Text] = {}
    how_to_read: Description | None = None


def _from_location(value: object) -> object:
    return {"location": value} if isinstance(value, str) else value


AnySource = Annotated[TableSource, BeforeValidator(_from_location), OrText()]
"""Where a table is; its location alone will do."""


class TableVersion(Model):
    """One table of several that a file declares, with what is different about it.

    Args:
        table: Where it is; its location alone will do.
        materializations: What this table is made against. Default: those of the file.
        layout: How its rows are arranged. Default: that of the file.
        columns: Columns that only this table has, or that mean something else in it; null for one that it lacks.
        inputs: The published versions it was computed from, beside those of the file.
        label: An alias of the version for people.
        draft: Whether it is published as not final.
    """

    table: AnySource
    materializations: Several[AnyMaterialization] = ()
    layout: AnyLayout | None = None
    columns: Mapping[ColumnPath, AnyColumn | None] = {}
    inputs: Several[VersionNameText] = ()
    label: Text | None = None
    draft: bool = False


class Tables(Model):
    """What a declaration file holds beside the declaration.

    Args:
        table: Where the one table is; its location alone will do.
        versions: Several tables of the dataset, in the order in which they are to be published.
        reviewed_by: Who read the draft. While the key is there without a name, nothing is published.
        reviewed: The digest of what they read, which `feature-registry review` writes beside the name. The file is
            not published when it declares something else.
    """

    table: AnySource | None = None
    versions: Several[TableVersion] = ()
    reviewed_by: Text | None = None
    reviewed: Text | None = None


class DeclarationFile(Tables, FeatureTable):
    """A declaration as a file holds it. A file without `table` and `versions` is published with `--table`.

    Args:
        dataset, columns, references, signals, inputs, layout: See `FeatureTable`.
        materializations: What the tables are made against, unless each of `versions` says it. A name alone will do:
            `system@version`, or `source/system@version`.
        table, versions, reviewed_by, reviewed: See `Tables`.
    """

    materializations: Several[AnyMaterialization] = ()


@dataclass(frozen=True)
class DeclaredTable:
    """One table with its declaration.

    Args:
        declared: What it means.
        source: Where it is; None if the file does not say.
        label, draft: As for `Publication`.
    """

    declared: FeatureTable
    source: TableSource | None = None
    label: str | None = None
    draft: bool = False


@dataclass(frozen=True)
class ReadFile:
    """A declaration file, read and checked.

    Args:
        document: The file.
        tables: What it declares, one for each of its tables.
        reviewed_by, reviewed: Who reviewed it, and the digest of what they read, as it says.
    """

    document: Document
    tables: tuple[DeclaredTable, ...]
    reviewed_by: str | None = None
    reviewed: str | None = None

    @property
    def name(self) -> str:
        """What messages call it."""
        return self.document.name

    @property
    def shared(self) -> FeatureTable:
        """What its tables have in common, made against the materialization versions of all of them."""
        first, *others = (table.declared for table in self.tables)
        columns = {
            path: column
            for path, column in first.columns.items()
            if all(other.columns.get(path) == column for other in others)
        }
        states = {each.key: each for declared in (first, *others) for each in declared.materializations}
        layout = first.layout if all(other.layout == first.layout for other in others) else None
        changes = {"columns": columns, "materializations": tuple(states.values()), "layout": layout}
        return first.model_copy(update=changes) if others else first


def read_file(source: Path | str, *, folder: Path | None = None) -> ReadFile:
    """Read a declaration file.

    Args:
        source: The path of a file, or its text.
        folder: Where relative locations of tables start. Default: the file's folder.

    Raises:
        InvalidDeclaration: the file cannot be read, something in it is wrong, or it still has a TODO: one line a
            problem, with the file and the line.
    """
    document = read_declared(source, DeclarationFile)
    if problems := todo_problems(document):
        raise InvalidDeclaration(document.located(problems, "still to be decided"), problems)
    beside = folder or (source.parent if isinstance(source, Path) else Path())
    try:
        own, meaning = _parts(document.data)
        tables = Tables.from_json(own)
        declared = tuple(_declared(meaning, own, tables, beside))
    except InvalidDeclaration as error:
        raise InvalidDeclaration(document.located(error.problems), error.problems) from None
    return ReadFile(document, declared, tables.reviewed_by, tables.reviewed)


def _parts(data: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is beside the declaration, and the declaration; all of it declares something that is not a mapping.

    Raises:
        InvalidDeclaration: a field that neither has.
    """
    if not is_json_object(data):
        return {}, data
    known = list(DeclarationFile.model_fields)
    if problems := [Problem((name,), unknown_key(name, known)) for name in data if name not in known]:
        raise InvalidDeclaration("\n".join(map(str, problems)), problems)
    return (
        {name: value for name, value in data.items() if name in Tables.model_fields},
        {name: value for name, value in data.items() if name not in Tables.model_fields},
    )


def _declared(meaning: Any, own: Mapping[str, Any], tables: Tables, folder: Path) -> Iterator[DeclaredTable]:
    if tables.versions and tables.table is not None:
        raise InvalidDeclaration.at(["table"], "versions says where the tables are already; keep one of the two")
    if not tables.versions:
        source = tables.table and _placed(tables.table, folder)
        yield DeclaredTable(FeatureTable.from_json(meaning), source)
    for position, version in enumerate(tables.versions):
        given = cast("Mapping[str, Any]", own["versions"][position])
        declared = _of_version(meaning, given, position)
        yield DeclaredTable(declared, _placed(version.table, folder), version.label, version.draft)


def _of_version(meaning: Mapping[str, Any], given: Mapping[str, Any], position: int) -> FeatureTable:
    """The declaration of one of several tables.

    Raises:
        InvalidDeclaration: with the path of each problem in the whole file.
    """
    own = {name: given.get(name) for name in ("materializations", "layout")}
    columns = {**_mapping(meaning, "columns"), **_mapping(given, "columns")}
    inputs = [*_list(meaning, "inputs"), *_list(given, "inputs")]
    merged = {**meaning, **_said(own), "columns": _said(columns), "inputs": inputs}
    try:
        return FeatureTable.from_json(merged)
    except InvalidDeclaration as error:
        problems = [_in_file(problem, given, position) for problem in error.problems]
        raise InvalidDeclaration(str(error), problems) from None


def _mapping(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    return data.get(name) or {}


def _list(data: Mapping[str, Any], name: str) -> list[Any]:
    return data.get(name) or []


def _said(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if value is not None}


def _in_file(problem: Problem, given: Mapping[str, Any], position: int) -> Problem:
    """A problem by its path in the file: what the version itself says is below `versions`."""
    first, *rest = problem.path or ("",)
    inner = given.get(str(first))
    is_own = inner is not None and (first != "columns" or not rest or rest[0] in inner)
    return Problem(("versions", position, *problem.path), problem.text) if is_own else problem


def _placed(source: TableSource, folder: Path) -> TableSource:
    """The source with a relative path made to start from a folder."""
    if "://" in source.location or source.location.startswith("~"):
        return source
    return source.model_copy(update={"location": str(folder / source.location)})

"""The declarations of a component's assets: read from YAML, and put on the assets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from registry_dagster.adopt.declaration_file import read_file
from registry_dagster.adopt.review import check_reviewed
from registry_dagster.dagster.component.model import Declared, PartitionsOf
from registry_dagster.dagster.component.settings import rendered
from registry_dagster.dagster.declare.feature_table import feature_table
from registry_dagster.dagster.declare.partitions import MaterializationPartitions
from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.spelling import declared_from, read_declared
from registry_dagster.model.text import suggestion
from registry_dagster.yaml_document import Part

__all__ = ["declared_table", "path_beside", "with_declarations"]


def declared_table(context: dg.ResolutionContext, key: str, declared: Declared) -> FeatureTable:
    """The declaration of an asset, read from a file if it is the path of one, else from the component's file.

    A file may be one that commands publish, too: what it says of its tables' places is for them.

    Raises:
        InvalidDeclaration: the file cannot be read, or the declaration is wrong.
        PublishRefused: it is a draft that nobody has reviewed.
    """
    if isinstance(declared, str):
        file = read_file(path_beside(context, declared))
        check_reviewed(file)
        return file.shared
    return declared if isinstance(declared, FeatureTable) else _declared_here(context, key, declared)


def _declared_here(context: dg.ResolutionContext, key: str, values: Mapping[Any, Any]) -> FeatureTable:
    """The declaration in the component's file, by its position there; from its values if there is no file."""
    tree = context.source_position_tree
    file = Path(tree.position.filename) if tree is not None else None
    if tree is not None and file is not None and file.is_file():
        part = Part(tree.position.start.line, (*context.path, "datasets", key))
        document = read_declared(file, FeatureTable, part)
        if document.root is not None:
            return declared_from(document, FeatureTable)
    return FeatureTable.from_json(values)


def path_beside(context: dg.ResolutionContext, text: str) -> Path:
    """A path in the component's YAML, which starts at the component's folder."""
    return context.resolve_source_relative_path(rendered(context, text))


def with_declarations(
    defs: dg.Definitions, tables: Mapping[str, FeatureTable], partitions: Mapping[str, PartitionsOf]
) -> dg.Definitions:
    """The definitions, whose assets of these keys have these declarations.

    Raises:
        InvalidDeclaration: no asset has such a key, or a declaration does not fit its partitions.
    """
    _check_partitions(partitions, tables)
    declare = {
        dg.AssetKey.from_user_string(key): _declaration(table, key, partitions.get(key, "each"))
        for key, table in tables.items()
    }
    known: list[str] = []

    def add_declaration(spec: dg.AssetSpec) -> dg.AssetSpec:
        known.append(spec.key.to_user_string())
        return declare[spec.key](spec) if spec.key in declare else spec

    defs = defs.map_asset_specs(func=add_declaration)
    _check_assets(declare, known)
    return defs


def _check_assets(tables: Iterable[dg.AssetKey], known: Sequence[str]) -> None:
    for name in (key.to_user_string() for key in tables):
        if name not in known:
            raise InvalidDeclaration(
                f"datasets: no asset {name!r} in definitions{suggestion(name, known)} Assets: {', '.join(known)}"
            )


def _check_partitions(partitions: Iterable[str], tables: Mapping[str, FeatureTable]) -> None:
    for name in partitions:
        if name not in tables:
            raise InvalidDeclaration(f"partitions: no asset {name!r} in datasets{suggestion(name, list(tables))}")


def _declaration(table: FeatureTable, key: str, partitions: PartitionsOf) -> Any:
    """The decorator that declares an asset."""
    if partitions in ("each", "all"):
        return feature_table(table, partitions="all" if partitions == "all" else "each")
    versions = _by_partition(table, key, partitions)
    parts: dict[str, Any] = {name: getattr(table, name) for name in FeatureTable.model_fields}
    parts["materializations"] = MaterializationPartitions(versions)
    return feature_table(**parts)


def _by_partition(
    table: FeatureTable, key: str, partitions: PartitionsOf
) -> Sequence[MaterializationVersion] | Mapping[str, Sequence[MaterializationVersion]]:
    """The materialization versions that the table of each partition is made against."""
    if isinstance(partitions, str):
        return table.materializations
    by_name = {str(version): version for version in table.materializations}
    return {partition: [_named(by_name, key, name) for name in names] for partition, names in partitions.items()}


def _named(by_name: Mapping[str, MaterializationVersion], key: str, name: str) -> MaterializationVersion:
    if name not in by_name:
        raise InvalidDeclaration(
            f"partitions: {name!r} is not one of the materializations of {key!r}{suggestion(name, list(by_name))} "
            "Add it to them, or correct the name (system@version)"
        )
    return by_name[name]

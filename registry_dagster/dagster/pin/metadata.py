"""What a materialization freezes: the declaration, the pinned table, and what made it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeGuard

import dagster as dg

from registry_dagster.dagster.declare.column_schema import table_schema
from registry_dagster.dagster.declare.declaration import Declaration, declaration_of
from registry_dagster.dagster.names import (
    COLUMN_LINEAGE,
    COLUMN_SCHEMA,
    DECLARATION,
    ORIGIN,
    PUBLISH_LINK,
    ROW_COUNT,
    TABLE,
    TABLE_NAME,
    URI,
    registry_key,
)
from registry_dagster.dagster.pin.launchpad_link import publish_link
from registry_dagster.errors import InvalidDeclaration, TableMismatch
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.table import TableFacts

__all__ = ["describe_table", "freeze_metadata", "is_pinned", "resolve_declaration"]

ColumnDeps = Mapping[str, Sequence[dg.TableColumnDep]]


def resolve_declaration(context: dg.AssetExecutionContext, key: dg.AssetKey) -> FeatureTable | None:
    """The asset's declaration for the partitions of this run; None if it has none.

    Raises:
        InvalidDeclaration: it differs between the partitions of the run, it depends on a partition and
            there is none, or no such asset is made here.
    """
    declaration = declaration_of(context.assets_def, key)
    return None if declaration is None else _agreed(declaration, _partition_keys(context))


def is_pinned(materialization: dg.AssetMaterialization | None) -> TypeGuard[dg.AssetMaterialization]:
    """Whether a materialization has a pinned table and its declaration, so that it can be published."""
    return materialization is not None and materialization.metadata.keys() >= {DECLARATION, TABLE}


def is_called_directly(context: dg.AssetExecutionContext) -> bool:
    """Whether the asset is called as a function, as unit tests do: then there is no run, and nothing is stored."""
    try:
        _ = context.run
    except dg.DagsterError:
        return True
    return False


def describe_table(declared: FeatureTable, facts: TableFacts) -> dict[str, Any]:
    """The table as metadata under Dagster's own keys, for people to read."""
    return {
        URI: facts.location,
        TABLE_NAME: declared.dataset.name,
        COLUMN_SCHEMA: table_schema(declared.columns, facts),
        **({ROW_COUNT: facts.rows} if facts.rows is not None else {}),
    }


def freeze_metadata(
    context: dg.AssetExecutionContext,
    key: dg.AssetKey,
    declared: FeatureTable,
    facts: TableFacts,
    metadata: Mapping[str, Any],
) -> dict[str, Any]:
    """Freeze what a publish needs as metadata of the materialization.

    A table that does not fit its declaration is logged as a warning: the data is written, and only
    publishing would be refused.

    Args:
        context: The asset's context.
        key: Which asset.
        declared: Its declaration in this run.
        facts: The table.
        metadata: Other metadata of the materialization. The column lineage is taken from here, else from
            the asset's own metadata.

    Returns:
        The metadata; where the asset is called as a function, without what made the table.
    """
    _warn_of_mismatch(context, declared, facts)
    if is_called_directly(context):
        return {DECLARATION: declared.to_json(), TABLE: facts.to_json()}
    spec = context.assets_def.specs_by_key[key]
    own = _given_lineage(metadata.get(COLUMN_LINEAGE) or spec.metadata.get(COLUMN_LINEAGE))
    upstream = dict(_upstream_tables(context, key))
    pinned: dict[str, Any] = {
        DECLARATION: declared.to_json(),
        TABLE: facts.to_json(),
        ORIGIN: _origin(context, key, upstream, own),
    }
    # What the author says a column comes from replaces what we only know it is joined to.
    if lineage := {**_join_lineage(declared, upstream), **own}:
        pinned[COLUMN_LINEAGE] = dg.MetadataValue.column_lineage(dg.TableColumnLineage(lineage))
    link = publish_link(context, key, _published_one_by_one(context, key))
    return pinned if link is None else {**pinned, PUBLISH_LINK: link}


def _warn_of_mismatch(context: dg.AssetExecutionContext, declared: FeatureTable, facts: TableFacts) -> None:
    try:
        declared.check(facts)
    except TableMismatch as mismatch:
        context.log.warning(f"Publishing this table would be refused. {mismatch}")


def _given_lineage(lineage: object) -> ColumnDeps:
    if isinstance(lineage, dg.TableColumnLineageMetadataValue):
        lineage = lineage.column_lineage
    return lineage.deps_by_column if isinstance(lineage, dg.TableColumnLineage) else {}


def _join_lineage(declared: FeatureTable, upstream: Mapping[dg.AssetKey, tuple[str, object]]) -> ColumnDeps:
    """The columns that a column is joined to, for people to follow in the UI. Not recorded as what it came from."""
    producers = {dataset: asset for asset, (dataset, _) in upstream.items()}
    deps: dict[str, list[dg.TableColumnDep]] = {}
    for reference in declared.references:
        if reference.to is not None:
            # An exact version, or one of a named state or layout, need not be what the asset upstream makes now.
            published = registry_key(reference.to)
            asset = producers.get(reference.to, published) if reference.link == reference.to else published
            for ours, theirs in zip(reference.columns, reference.to_columns, strict=False):
                deps.setdefault(ours, []).append(dg.TableColumnDep(asset_key=asset, column_name=theirs))
    return deps


def _origin(
    context: dg.AssetExecutionContext,
    key: dg.AssetKey,
    upstream: Mapping[dg.AssetKey, tuple[str, dict[str, object]]],
    lineage: ColumnDeps,
) -> dict[str, Any]:
    """What made the table. Job and op are named as acryl-datahub-dagster-plugin names them."""
    module = _module(context.run)
    declaration = declaration_of(context.assets_def, key)
    optional: dict[str, object] = {
        "inputs": list(upstream.values()),
        "column_lineage": {column: _columns_read(deps, upstream) for column, deps in lineage.items()},
        "partitions": "all" if declaration is not None and declaration.partitions == "all" else None,
    }
    return {
        "job": f"{module}/{context.run.job_name}",
        "op": f"{module}/{context.op_execution_context.op_def.name}",
        **{name: value for name, value in optional.items() if value},
    }


def _columns_read(
    deps: Iterable[dg.TableColumnDep], upstream: Mapping[dg.AssetKey, tuple[str, object]]
) -> list[tuple[str, str]]:
    """Dataset and column of each dependency that is on a declared table."""
    return [(upstream[dep.asset_key][0], dep.column_name) for dep in deps if dep.asset_key in upstream]


def _module(run: dg.DagsterRun) -> str:
    """The module that the code location was loaded from, or the deployment's name if it was not loaded from one."""
    origin = run.job_code_origin
    module: str | None = getattr(origin.repository_origin.code_pointer, "module", None) if origin else None
    return module or os.environ.get("DAGSTER_CLOUD_DEPLOYMENT_NAME", "prod")


def _partition_keys(context: dg.AssetExecutionContext) -> Sequence[str]:
    if context.has_partition_key:
        return [context.partition_key]
    return context.partition_keys if _has_range(context) else ()


def _has_range(context: dg.AssetExecutionContext) -> bool:
    try:
        return context.has_partition_key_range
    except AttributeError:
        # Dagster 1.11 does not know it where an asset is called as a function.
        return False


def _only_partition(context: dg.AssetExecutionContext) -> str | None:
    keys = _partition_keys(context)
    return keys[0] if len(keys) == 1 else None


def _published_one_by_one(context: dg.AssetExecutionContext, key: dg.AssetKey) -> Sequence[str]:
    """The partitions of this run that are versions of their own."""
    declaration = declaration_of(context.assets_def, key)
    return () if declaration is not None and declaration.partitions == "all" else _partition_keys(context)


def _agreed(declaration: Declaration, keys: Sequence[str]) -> FeatureTable:
    """The declaration for the partitions of this run, which must agree on it."""
    tables = [declaration.for_partition(key) for key in keys] or [declaration.for_partition(None)]
    if any(table != tables[0] for table in tables):
        raise InvalidDeclaration(
            f"{tables[0].dataset.name}: partitions {keys[0]} to {keys[-1]} are made against different materialization "
            "versions; run them one by one"
        )
    return tables[0]


def _upstream_tables(
    context: dg.AssetExecutionContext, key: dg.AssetKey
) -> Iterator[tuple[dg.AssetKey, tuple[str, dict[str, object]]]]:
    """The declared upstream assets: dataset and table, as last materialized."""
    spec = context.assets_def.specs_by_key[key]
    for dep in sorted(spec.deps, key=lambda dep: dep.asset_key):
        event = _materialization_read(context, dep)
        if not is_pinned(event):
            continue
        try:
            declared = FeatureTable.from_json(event.metadata[DECLARATION].value)
            facts = TableFacts.from_json(event.metadata[TABLE].value)
        except InvalidDeclaration as error:
            context.log.warning(f"{dep.asset_key.to_user_string()} is left out of the lineage: {error}")
        else:
            yield dep.asset_key, (declared.dataset.name, facts.identity)


def _materialization_read(context: dg.AssetExecutionContext, dep: dg.AssetDep) -> dg.AssetMaterialization | None:
    """The materialization that this run read.

    It is the newest one if the upstream asset is not partitioned. If it is, only the same partition is sure
    to be what was read, and only under the default partition mapping; otherwise the answer is None.
    """
    event = _newest(context, dep.asset_key)
    if event is None or event.partition is None:
        return event
    partition = _only_partition(context)
    if partition is None or dep.partition_mapping is not None:
        return None
    return _newest_of_partition(context, dep.asset_key, partition)


def _newest(context: dg.AssetExecutionContext, key: dg.AssetKey) -> dg.AssetMaterialization | None:
    found = context.instance.get_latest_materialization_event(key)
    return found.asset_materialization if found is not None else None


def _newest_of_partition(
    context: dg.AssetExecutionContext, key: dg.AssetKey, partition: str
) -> dg.AssetMaterialization | None:
    wanted = dg.AssetRecordsFilter(asset_key=key, asset_partitions=[partition])
    records = context.instance.fetch_materializations(wanted, limit=1).records
    return records[0].asset_materialization if records else None

"""FeatureRegistry: the registry as a Dagster resource."""

import os
from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from typing import Any

import dagster as dg
from pydantic import Field

from registry_dagster.asset import DECLARATION, Declaration, declaration_of
from registry_dagster.column_schema import table_schema
from registry_dagster.errors import InvalidDeclaration, TableMismatch
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.table import TableFacts, TableFormat
from registry_dagster.registry import Registry
from registry_dagster.tables import inspect_table

__all__ = ["SOURCE", "TABLE", "FeatureRegistry"]

TABLE = "registry/table"
"""Metadata key of the pinned TableFacts on a materialization."""

SOURCE = "registry/source"
"""Metadata key of what made the table: job, op, the tables it read, and from which columns."""

_COLUMN_LINEAGE = "dagster/column_lineage"


class FeatureRegistry(dg.ConfigurableResource["FeatureRegistry"]):
    """The registry that a pipeline's tables are published to.

    Assets use `table` to pin what they wrote; the publish job uses `open`. Nothing connects before
    a run needs it.
    """

    target: str | None = Field(
        default=None,
        description="Where the registry is kept: lite:///data/registry.db, file:///folder, or the https:// address of "
        "a DataHub server. Default: FEATURE_REGISTRY, DATAHUB_GMS_URL, else an embedded file below the home directory.",
    )
    token: str | None = Field(
        default=None,
        repr=False,
        description="Access token of a DataHub server; give it as an EnvVar. Default: DATAHUB_GMS_TOKEN.",
    )
    env: str = Field(default="PROD", description="DataHub's environment of what is published.")
    publisher: str | None = Field(
        default=None,
        description="Who publishes when a launch names nobody. Default: FEATURE_REGISTRY_PUBLISHER.",
    )

    def open(self) -> Registry:
        """The registry itself. Close it after use."""
        return Registry.open(self.target, token=self.token, env=self.env, publisher=self.publisher)

    def table(
        self,
        context: dg.AssetExecutionContext,
        uri: str | PathLike[str],
        *,
        asset_key: dg.AssetKey | str | None = None,
        format: TableFormat | None = None,
        version: int | str | None = None,
        storage_options: Mapping[str, str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        check_results: Sequence[dg.AssetCheckResult] = (),
        data_version: dg.DataVersion | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> "dg.MaterializeResult[Any]":
        """Pin the table the asset just wrote, and freeze its declaration beside it. Publishes nothing.

        Reads the table's own metadata only. A table that does not fit its declaration is logged as a
        warning: the data is there; it is publishing that would be refused.

        Args:
            context: The asset's.
            uri: Where the table is.
            asset_key: Which asset, in a multi-asset.
            format, version, storage_options: As of `inspect_table`. Options are never recorded.
            metadata: More metadata for the materialization.
            check_results, data_version, tags: As of `dg.MaterializeResult`.

        Raises:
            InvalidDeclaration: the asset carries no `feature_table` declaration.
            TableError: the table cannot be inspected.
        """
        key = _asset_key(context, asset_key)
        declaration = declaration_of(context.assets_def, key)
        if declaration is None:
            raise InvalidDeclaration(
                f"asset {key.to_user_string()!r} carries no declaration; put @feature_table(...) above @dg.asset"
            )
        declared = _for_partitions(declaration, _partition_keys(context))
        facts = inspect_table(uri, format=format, version=version, storage_options=storage_options)
        try:
            declared.check(facts)
        except TableMismatch as mismatch:
            context.log.warning(f"Publishing this table would be refused. {mismatch}")
        return dg.MaterializeResult(
            asset_key=key,
            metadata={
                **_metadata(declared, facts),
                SOURCE: _source(context, key, (metadata or {}).get(_COLUMN_LINEAGE)),
                **(metadata or {}),
            },
            check_results=check_results,
            data_version=data_version,
            tags=tags,
        )


def _asset_key(context: dg.AssetExecutionContext, given: dg.AssetKey | str | None) -> dg.AssetKey:
    if given is not None:
        return dg.AssetKey.from_user_string(given) if isinstance(given, str) else given
    selected = sorted(context.selected_asset_keys)
    if len(selected) > 1:
        names = ", ".join(key.to_user_string() for key in selected)
        raise InvalidDeclaration(f"this multi-asset makes {names}; say which in asset_key=")
    return selected[0]


def _metadata(declared: FeatureTable, facts: TableFacts) -> dict[str, Any]:
    return {
        "dagster/uri": facts.location,
        "dagster/table_name": declared.dataset.name,
        "dagster/column_schema": table_schema(declared, facts),
        **({"dagster/row_count": facts.rows} if facts.rows is not None else {}),
        DECLARATION: declared.to_json(),
        TABLE: facts.to_json(),
    }


def _source(context: dg.AssetExecutionContext, key: dg.AssetKey, lineage: object) -> dict[str, Any]:
    """What made the table. Job and op are named as acryl-datahub-dagster-plugin names them."""
    module = _module(context.run)
    upstream = dict(_upstream_tables(context, key))
    lineage = lineage or context.assets_def.specs_by_key[key].metadata.get(_COLUMN_LINEAGE)
    columns: dict[str, list[tuple[str, str]]] = {}
    if isinstance(lineage, dg.TableColumnLineage):
        columns = {
            column: [(upstream[dep.asset_key][0], dep.column_name) for dep in deps if dep.asset_key in upstream]
            for column, deps in lineage.deps_by_column.items()
        }
    return {
        "job": f"{module}/{context.run.job_name}",
        "op": f"{module}/{context.op_execution_context.op_def.name}",
        "inputs": list(upstream.values()),
        "column_lineage": columns,
    }


def _module(run: dg.DagsterRun) -> str:
    """The module a code location was loaded from; the deployment's name where it was not loaded from one."""
    origin = run.job_code_origin
    module: str | None = getattr(origin.repository_origin.code_pointer, "module", None) if origin else None
    return module or os.environ.get("DAGSTER_CLOUD_DEPLOYMENT_NAME", "prod")


def _partition_keys(context: dg.AssetExecutionContext) -> Sequence[str]:
    return context.partition_keys if context.has_partition_key or context.has_partition_key_range else ()


def _for_partitions(declaration: Declaration, keys: Sequence[str]) -> FeatureTable:
    """The declaration as it holds for the partitions of this run, which must agree on it."""
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
    """The declared upstream assets: dataset and table, in the state they are in now."""
    spec = context.assets_def.specs_by_key[key]
    for dep in sorted(spec.deps, key=lambda dep: dep.asset_key):
        event = _latest(context, dep)
        if event is None or TABLE not in event.metadata or DECLARATION not in event.metadata:
            continue
        try:
            declared = FeatureTable.from_json(event.metadata[DECLARATION].value)
            facts = TableFacts.from_json(event.metadata[TABLE].value)
        except InvalidDeclaration as error:
            context.log.warning(f"{dep.asset_key.to_user_string()} will not stand in the lineage: {error}")
        else:
            yield dep.asset_key, (declared.dataset.name, facts.identity)


def _latest(context: dg.AssetExecutionContext, dep: dg.AssetDep) -> dg.AssetMaterialization | None:
    """The materialization that was read. Of a partitioned upstream only the same partition is sure to be it."""
    found = context.instance.get_latest_materialization_event(dep.asset_key)
    event = found.asset_materialization if found is not None else None
    if event is None or event.partition is None:
        return event
    keys = _partition_keys(context)
    if len(keys) != 1 or dep.partition_mapping is not None:
        return None
    wanted = dg.AssetRecordsFilter(asset_key=dep.asset_key, asset_partitions=list(keys))
    records = context.instance.fetch_materializations(wanted, limit=1).records
    return records[0].asset_materialization if records else None

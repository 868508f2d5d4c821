"""What made a table: job, op and code, the tables that were read, and from which columns."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import dagster as dg

from registry_dagster.dagster.declare.declaration import declaration_of
from registry_dagster.dagster.names import COLUMN_LINEAGE, registry_key
from registry_dagster.dagster.pin.code import code_known
from registry_dagster.dagster.pin.code_location import Gate, gate_of
from registry_dagster.dagster.pin.upstream import TableRead
from registry_dagster.model.feature_table import FeatureTable

__all__ = ["ColumnDeps", "given_lineage", "join_lineage", "origin_of"]

ColumnDeps = Mapping[str, Sequence[dg.TableColumnDep]]


def given_lineage(context: dg.AssetExecutionContext, key: dg.AssetKey, metadata: Mapping[str, Any]) -> ColumnDeps:
    """The column lineage that the author gives: in the materialization's metadata, else in the asset's own."""
    lineage = metadata.get(COLUMN_LINEAGE) or context.assets_def.specs_by_key[key].metadata.get(COLUMN_LINEAGE)
    if isinstance(lineage, dg.TableColumnLineageMetadataValue):
        lineage = lineage.column_lineage
    return lineage.deps_by_column if isinstance(lineage, dg.TableColumnLineage) else {}


def join_lineage(
    context: dg.AssetExecutionContext,
    key: dg.AssetKey,
    declared: FeatureTable,
    upstream: Mapping[dg.AssetKey, TableRead],
) -> ColumnDeps:
    """The columns that a column is joined to, for people to follow in the UI. Not recorded as what it came from."""
    gate = gate_of(context, key)
    producers = {dataset: asset for asset, (dataset, _) in upstream.items()}
    deps: dict[str, list[dg.TableColumnDep]] = {}
    for reference in declared.references:
        if reference.to is not None:
            # An exact version, or one of a named state or layout, need not be what the asset upstream makes now.
            published = _published_key(reference.to, gate)
            asset = producers.get(reference.to, published) if reference.link == reference.to else published
            for ours, theirs in zip(reference.columns, reference.to_columns, strict=False):
                deps.setdefault(ours, []).append(dg.TableColumnDep(asset_key=asset, column_name=theirs))
    return deps


def _published_key(dataset: str, gate: Gate | None) -> dg.AssetKey:
    chosen = gate.keys.get(dataset) if gate is not None else None
    return registry_key(dataset) if chosen is None else dg.AssetKey.from_user_string(chosen)


def origin_of(
    context: dg.AssetExecutionContext,
    key: dg.AssetKey,
    upstream: Mapping[dg.AssetKey, TableRead],
    lineage: ColumnDeps,
) -> dict[str, Any]:
    """What made the table. Job and op are named as acryl-datahub-dagster-plugin names them."""
    module = _module(context.run)
    declaration = declaration_of(context.assets_def, key)
    code = code_known(context.run.tags, context.assets_def.specs_by_key[key].metadata)
    optional: dict[str, object] = {
        "code": code.to_json() if code else None,
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
    deps: Iterable[dg.TableColumnDep], upstream: Mapping[dg.AssetKey, TableRead]
) -> list[tuple[str, str]]:
    """Dataset and column of each dependency that is on a declared table."""
    return [(upstream[dep.asset_key][0], dep.column_name) for dep in deps if dep.asset_key in upstream]


def _module(run: dg.DagsterRun) -> str:
    """The module that the code location was loaded from, or the deployment's name if it was not loaded from one."""
    origin = run.job_code_origin
    module: str | None = getattr(origin.repository_origin.code_pointer, "module", None) if origin else None
    return module or os.environ.get("DAGSTER_CLOUD_DEPLOYMENT_NAME", "prod")

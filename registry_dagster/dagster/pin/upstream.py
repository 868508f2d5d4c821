"""The declared tables that a run read, as far as that is sure."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from registry_dagster.dagster.pin.frozen import frozen_in, is_pinned
from registry_dagster.dagster.pin.run_context import only_partition
from registry_dagster.errors import InvalidDeclaration

__all__ = ["TableRead", "upstream_tables"]

TableRead = tuple[str, dict[str, object]]
"""A dataset, and the identity of its table."""


def upstream_tables(context: dg.AssetExecutionContext, key: dg.AssetKey) -> dict[dg.AssetKey, TableRead]:
    """The declared upstream assets, each with the table that it last materialized."""
    return dict(_tables(context, key))


def _tables(context: dg.AssetExecutionContext, key: dg.AssetKey) -> Iterator[tuple[dg.AssetKey, TableRead]]:
    spec = context.assets_def.specs_by_key[key]
    for dep in sorted(spec.deps, key=lambda dep: dep.asset_key):
        event = _materialization_read(context, dep)
        if not is_pinned(event):
            continue
        try:
            frozen = frozen_in(event.metadata)
            read = frozen.feature_table.dataset.name, frozen.facts.identity
        except InvalidDeclaration as error:
            context.log.warning(f"{dep.asset_key.to_user_string()} is left out of the lineage: {error}")
        else:
            yield dep.asset_key, read


def _materialization_read(context: dg.AssetExecutionContext, dep: dg.AssetDep) -> dg.AssetMaterialization | None:
    """The materialization that this run read.

    It is the newest one if the upstream asset is not partitioned. If it is, only the same partition is sure
    to be what was read, and only under the default partition mapping; otherwise the answer is None.
    """
    event = _newest(context, dep.asset_key)
    if event is None or event.partition is None:
        return event
    partition = only_partition(context)
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

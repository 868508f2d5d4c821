"""What a publish leaves on Dagster's timelines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import dagster as dg

from registry_dagster.dagster.names import (
    ROW_COUNT,
    URI,
    materialization_key,
    materialization_partitions,
    registry_key,
    registry_partitions,
)
from registry_dagster.dagster.publish.targets import Target
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.names import parse_version
from registry_dagster.model.words import table_row, value_words
from registry_dagster.registry.plan import Receipt

__all__ = ["Published", "tell"]

_MOST_ROWS = 50


@dataclass(frozen=True)
class Published:
    """A target that stands in the registry."""

    target: Target
    receipt: Receipt

    @property
    def dataset(self) -> str:
        return self.receipt.record.dataset

    @property
    def partition(self) -> str:
        """`v3`: the partition of the registry's asset."""
        return f"v{parse_version(self.receipt.version).number}"


def tell(context: dg.OpExecutionContext, published: Sequence[Published], datahub: str | None) -> None:
    """Log each version on its dataset's asset, each release on its system's, and an observation on each producer.

    What the timelines tell already is not told again, so a publish may be repeated after any failure.

    Args:
        context: The publishing op's.
        published: What stands in the registry by now.
        datahub: Address of DataHub's web pages, for links.
    """
    fresh = _untold(context.instance, published)
    for each in fresh:
        context.log_event(_version_event(each, datahub))
    for version in _new_releases(context.instance, [each.receipt for each in fresh]):
        context.log_event(_release_event(version))
    by_asset: dict[str, list[Published]] = {}
    for each in fresh:
        by_asset.setdefault(each.target.asset, []).append(each)
    for asset, some in by_asset.items():
        # Outside of the step: acryl-datahub-dagster-plugin makes a second dataset of whatever a step observes.
        context.instance.report_runless_asset_event(_observation(asset, some, context.run_id))
    _list_partitions(context.instance, fresh)


def _untold(instance: dg.DagsterInstance, published: Iterable[Published]) -> list[Published]:
    told: dict[str, set[str]] = {}
    fresh: list[Published] = []
    for each in published:
        name = registry_partitions(each.dataset)
        if name not in told:
            told[name] = set(instance.get_dynamic_partitions(name))
        if each.partition not in told[name]:
            told[name].add(each.partition)
            fresh.append(each)
    return fresh


def _new_releases(instance: dg.DagsterInstance, receipts: Iterable[Receipt]) -> list[MaterializationVersion]:
    versions = {version.key: version for receipt in receipts for version in receipt.record.materializations}
    known = {
        name: set(instance.get_dynamic_partitions(name))
        for name in {materialization_partitions(version) for version in versions.values()}
    }
    return [each for each in versions.values() if each.version not in known[materialization_partitions(each)]]


def _list_partitions(instance: dg.DagsterInstance, published: Sequence[Published]) -> None:
    """Last, so that a crash before it makes the events be logged again rather than never."""
    keys: dict[str, list[str]] = {}
    for each in published:
        keys.setdefault(registry_partitions(each.dataset), []).append(each.partition)
    for version in _new_releases(instance, [each.receipt for each in published]):
        keys.setdefault(materialization_partitions(version), []).append(version.version)
    for name, some in keys.items():
        instance.add_dynamic_partitions(name, some)


def _version_event(published: Published, datahub: str | None) -> dg.AssetMaterialization:
    receipt, target = published.receipt, published.target
    record = receipt.record
    provenance, table = record.provenance, record.table
    metadata: dict[str, Any] = {
        "version": receipt.version,
        "message": provenance.message,
        "publisher": provenance.publisher,
        "published_at": dg.MetadataValue.timestamp(provenance.published_at),
        "digest": receipt.digest,
        "urn": receipt.urn,
        "made against": ", ".join(str(version) for version in record.materializations),
        "format": table.format,
        URI: table.location,
        "asset": dg.MetadataValue.asset(dg.AssetKey.from_user_string(target.asset)),
    }
    optional: dict[str, Any] = {
        "label": record.label,
        "partition": provenance.dagster_partition,
        "run": dg.MetadataValue.dagster_run(provenance.dagster_run_id) if provenance.dagster_run_id else None,
        ROW_COUNT: table.rows,
        "datahub": _datahub_link(datahub, receipt.urn) if datahub else None,
    }
    metadata |= {name: value for name, value in optional.items() if value is not None}
    return dg.AssetMaterialization(
        asset_key=registry_key(record.dataset),
        partition=published.partition,
        description=f"{receipt.version}: {provenance.message}",
        metadata=metadata,
    )


def _datahub_link(datahub: str, urn: str) -> dg.MetadataValue[Any]:
    return dg.MetadataValue.url(f"{datahub.rstrip('/')}/dataset/{quote(urn, safe='')}")


def _release_event(version: MaterializationVersion) -> dg.AssetMaterialization:
    return dg.AssetMaterialization(
        asset_key=materialization_key(version),
        partition=version.version,
        description=f"{version}: tables made from it are published",
        metadata={name: value_words(value) for name, value in version.to_json().items()},
    )


def _observation(asset: str, published: Sequence[Published], run_id: str) -> dg.AssetObservation:
    key = dg.AssetKey.from_user_string(asset)
    run = {"run": dg.MetadataValue.dagster_run(run_id)}
    if len(published) == 1:
        (each,) = published
        receipt = each.receipt
        return dg.AssetObservation(
            asset_key=key,
            partition=each.target.partition,
            description=f"published as {receipt.version}",
            metadata={
                "version": receipt.version,
                "message": receipt.record.provenance.message,
                "urn": receipt.urn,
                **run,
            },
        )
    return dg.AssetObservation(
        asset_key=key,
        description=f"published as {published[0].receipt.version} and {len(published) - 1} more",
        metadata={"versions": dg.MetadataValue.md(_versions_table(published)), **run},
    )


def _versions_table(published: Sequence[Published]) -> str:
    rows = [
        table_row(each.target.partition or "", each.target.run_id or "", f"`{each.receipt.version}`")
        for each in published[:_MOST_ROWS]
    ]
    more = [f"\n… and {len(published) - _MOST_ROWS} more"] if len(published) > _MOST_ROWS else []
    return "\n".join([table_row("partition", "run", "version"), table_row("---", "---", "---"), *rows, *more])

"""What a publish leaves on Dagster's timelines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import dagster as dg

from registry_dagster.dagster.names import DIGEST, ROW_COUNT, URI, VERSION, materialization_key, registry_key
from registry_dagster.dagster.publish.timelines import logged_materialization_versions, logged_versions
from registry_dagster.model.batches import grouped
from registry_dagster.model.markdown import code, plain
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.names import parse_version
from registry_dagster.model.words import first_rows, value_words
from registry_dagster.registry.plan import Receipt

__all__ = ["PublishedTarget", "log_events"]

_MOST_ROWS = 50


@dataclass(frozen=True)
class PublishedTarget:
    """A materialization, and the receipt of its version in the registry.

    Args:
        asset, partition, run_id: The materialization, as its target gives it.
        receipt: The receipt.
    """

    asset: str
    partition: str | None
    run_id: str | None
    receipt: Receipt

    @property
    def dataset(self) -> str:
        return self.receipt.record.dataset

    @property
    def registry_partition(self) -> str:
        """`v3`: by which the version's event on the registry's asset is found."""
        return f"v{parse_version(self.receipt.version).number}"


def log_events(context: dg.OpExecutionContext, published: Sequence[PublishedTarget], datahub: str | None) -> None:
    """Log what was published: on each dataset's asset, on each upstream system's, and on each producing asset.

    Leaves out what the timelines already show, so a publish may be repeated after any failure.

    Args:
        context: The context of the publishing op.
        published: All targets that are in the registry by now.
        datahub: Address of DataHub's web pages, for links.
    """
    new = _without_events(context.instance, published)
    for observation in _observations(context.instance, new, context.run_id):
        # Outside of the step: acryl-datahub-dagster-plugin makes a second dataset of whatever a step observes.
        context.instance.report_runless_asset_event(observation)
    # Last, because they are what shows that all is logged: after a crash, the next run logs the rest again.
    for each in new:
        context.log_event(_version_event(each, datahub))


def _without_events(instance: dg.DagsterInstance, published: Sequence[PublishedTarget]) -> list[PublishedTarget]:
    """The targets whose versions are not yet on the timeline of their dataset, each version once."""
    once = {each.receipt.version: each for each in reversed(published)}
    logged: set[str] = set()
    for dataset, some in grouped(once.values(), key=lambda each: each.dataset).items():
        partitions = [each.registry_partition for each in some]
        logged |= logged_versions(instance, registry_key(dataset), partitions)
    return [each for each in reversed(once.values()) if each.receipt.digest not in logged]


def _observations(
    instance: dg.DagsterInstance, new: Sequence[PublishedTarget], run_id: str
) -> Iterator[dg.AssetObservation]:
    """What is new to upstream systems, and to producing assets."""
    for version in _new_materialization_versions(instance, [each.receipt for each in new]):
        yield _materialization_version_observed(version)
    for asset, some in grouped(new, key=lambda each: each.asset).items():
        yield _observation(asset, some, run_id)


def _new_materialization_versions(
    instance: dg.DagsterInstance, receipts: Iterable[Receipt]
) -> Iterator[MaterializationVersion]:
    """The materialization versions that are not yet on the timelines of their systems."""
    versions = {version.key: version for receipt in receipts for version in receipt.record.materializations}
    for asset, some in grouped(versions.values(), key=materialization_key).items():
        logged = logged_materialization_versions(instance, asset, [version.version for version in some])
        yield from (version for version in some if version.version not in logged)


def _version_event(published: PublishedTarget, datahub: str | None) -> dg.AssetMaterialization:
    receipt = published.receipt
    optional = _optional_metadata(receipt, datahub)
    return dg.AssetMaterialization(
        asset_key=registry_key(published.dataset),
        partition=published.registry_partition,
        description=f"{receipt.version}: {receipt.record.provenance.message}",
        metadata={
            **_version_metadata(published),
            **{name: value for name, value in optional.items() if value is not None},
        },
    )


def _version_metadata(published: PublishedTarget) -> dict[str, Any]:
    receipt = published.receipt
    record = receipt.record
    provenance, table = record.provenance, record.table
    return {
        VERSION: receipt.version,
        "message": provenance.message,
        "publisher": provenance.publisher,
        "published_at": dg.MetadataValue.timestamp(provenance.published_at),
        DIGEST: receipt.digest,
        "urn": receipt.urn,
        "made against": ", ".join(map(str, record.materializations)),
        "format": table.format,
        URI: table.location,
        "asset": dg.MetadataValue.asset(dg.AssetKey.from_user_string(published.asset)),
    }


def _optional_metadata(receipt: Receipt, datahub: str | None) -> dict[str, Any]:
    """What a version may have; None where it does not."""
    record = receipt.record
    run_id = record.provenance.dagster_run_id
    return {
        "label": record.label,
        "partition": record.provenance.dagster_partition,
        "run": dg.MetadataValue.dagster_run(run_id) if run_id else None,
        ROW_COUNT: record.table.rows,
        "datahub": _datahub_link(datahub, receipt.urn) if datahub else None,
    }


def _datahub_link(datahub: str, urn: str) -> dg.MetadataValue[Any]:
    return dg.MetadataValue.url(f"{datahub.rstrip('/')}/dataset/{quote(urn, safe='')}")


def _materialization_version_observed(version: MaterializationVersion) -> dg.AssetObservation:
    """Observed, since the registry makes none of them, and the user's own code may make the asset."""
    return dg.AssetObservation(
        asset_key=materialization_key(version),
        partition=version.version,
        description=f"{version}: tables made from it are published",
        metadata={name: value_words(value) for name, value in version.to_json().items()},
    )


def _observation(asset: str, published: Sequence[PublishedTarget], run_id: str) -> dg.AssetObservation:
    key = dg.AssetKey.from_user_string(asset)
    run = {"run": dg.MetadataValue.dagster_run(run_id)}
    if len(published) == 1:
        (each,) = published
        receipt = each.receipt
        return dg.AssetObservation(
            asset_key=key,
            partition=each.partition,
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


def _versions_table(published: Sequence[PublishedTarget]) -> str:
    return first_rows(("partition", "run", "version"), list(map(_version_row, published)), _MOST_ROWS)


def _version_row(published: PublishedTarget) -> tuple[str, str, str]:
    return plain(published.partition or ""), plain(published.run_id or ""), code(published.receipt.version)

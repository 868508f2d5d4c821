"""What a publish says on the timelines of others: of the assets that made the tables, and of upstream systems."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from typing import Any

import dagster as dg

from registry_dagster.dagster.graph.translator import FeatureRegistryTranslator, system_key
from registry_dagster.dagster.names import PRODUCING_RUN, PUBLISH_RUN, VERSION
from registry_dagster.dagster.pin.physical_version import physical_version
from registry_dagster.dagster.publish.published import PublishedTarget
from registry_dagster.model.markdown import code, plain
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.words import first_rows, value_words

__all__ = ["materialization_version_observed", "publishes_observed"]

_MOST_ROWS = 50
_MOST_OBSERVATIONS = 20
"""Writing an event takes as long as publishing a table, so many publishes of one asset share one observation."""
_SHORT_RUN = 8
"""How many characters of a run's id Dagster itself shows."""


def materialization_version_observed(
    version: MaterializationVersion, publish_run: str, translator: FeatureRegistryTranslator
) -> dg.AssetObservation:
    """On an upstream system: a table that was made against this version is published.

    An observation, since the registry makes none of them, and the user's own code may make the asset.
    """
    return dg.AssetObservation(
        asset_key=system_key(translator, version),
        partition=version.version,
        description=f"{version}: tables made against it are published",
        metadata={
            **{name: value_words(value) for name, value in version.to_json().items()},
            PUBLISH_RUN: dg.MetadataValue.dagster_run(publish_run),
        },
    )


def publishes_observed(published: Sequence[PublishedTarget], publish_run: str) -> Iterator[dg.AssetObservation]:
    """On an asset: which of its materializations are published, each as which version.

    They say which one, because it need not be the newest.
    """
    if len(published) > _MOST_OBSERVATIONS:
        yield _all_observed(published, publish_run)
    else:
        yield from (_observed(each, publish_run) for each in published)


def _observed(published: PublishedTarget, publish_run: str) -> dg.AssetObservation:
    receipt, frozen = published.receipt, published.frozen
    run_id = frozen.origin.run_id
    made: dict[str, Any] = {PRODUCING_RUN: dg.MetadataValue.dagster_run(run_id)} if run_id else {}
    return dg.AssetObservation(
        asset_key=published.asset_key,
        partition=frozen.origin.partition,
        description=f"published as {receipt.version}: what {_made_in_words(published)}",
        metadata={
            VERSION: receipt.version,
            "message": receipt.record.provenance.message,
            "publisher": receipt.record.provenance.publisher,
            "physical_version": physical_version(frozen.table),
            **made,
            "materialized_at": dg.MetadataValue.timestamp(frozen.materialized_at),
            PUBLISH_RUN: dg.MetadataValue.dagster_run(publish_run),
            "urn": receipt.urn,
        },
    )


def _all_observed(published: Sequence[PublishedTarget], publish_run: str) -> dg.AssetObservation:
    header = ("version", "partition", "materialized", "run", "physical version")
    return dg.AssetObservation(
        asset_key=published[0].asset_key,
        description=f"published as {published[0].receipt.version} and {len(published) - 1} more",
        metadata={
            "versions": dg.MetadataValue.md(first_rows(header, list(map(_row, published)), _MOST_ROWS)),
            PUBLISH_RUN: dg.MetadataValue.dagster_run(publish_run),
        },
    )


def _row(published: PublishedTarget) -> tuple[str, ...]:
    frozen = published.frozen
    return (
        code(published.receipt.version),
        plain(frozen.origin.partition or ""),
        _moment(frozen.materialized_at),
        _short(frozen.origin.run_id),
        plain(physical_version(frozen.table)),
    )


def _made_in_words(published: PublishedTarget) -> str:
    """`run 0a1b2c3d made at 2026-03-01 12:00:00 UTC`; events may also be reported without a run."""
    frozen = published.frozen
    by = f"run {_short(frozen.origin.run_id)} made" if frozen.origin.run_id else "was reported"
    return f"{by} at {_moment(frozen.materialized_at)}"


def _short(run_id: str | None) -> str:
    return (run_id or "")[:_SHORT_RUN]


def _moment(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")

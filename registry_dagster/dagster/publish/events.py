"""What a publish leaves on Dagster's timelines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import dagster as dg

from registry_dagster.dagster.graph.translator import FeatureRegistryTranslator, dataset_key, system_key
from registry_dagster.dagster.publish.observations import materialization_version_observed, publishes_observed
from registry_dagster.dagster.publish.published import PublishedTarget
from registry_dagster.dagster.publish.timelines import logged_materialization_versions, logged_versions
from registry_dagster.dagster.publish.version_event import version_event
from registry_dagster.model.batches import grouped
from registry_dagster.model.materialization import MaterializationVersion

__all__ = ["log_events"]


def log_events(
    context: dg.OpExecutionContext,
    published: Sequence[PublishedTarget],
    datahub: str | None,
    translator: FeatureRegistryTranslator,
) -> None:
    """Log what was published: on each dataset's asset, on each upstream system's, and on each producing asset.

    Leaves out what the timelines already show, so a publish may be repeated after any failure.

    Args:
        context: The context of the publishing op.
        published: All targets that are in the registry by now.
        datahub: Address of DataHub's web pages, for links.
        translator: Knows the keys of the assets.
    """
    new = _without_events(context.instance, published, translator)
    for observation in _observations(context.instance, new, context.run_id, translator):
        # Outside of the step: acryl-datahub-dagster-plugin makes a second dataset of whatever a step observes.
        context.instance.report_runless_asset_event(observation)
    # Last, because they are what shows that all is logged: after a crash, the next run logs the rest again.
    for each in new:
        context.log_event(version_event(each, datahub, translator))


def _without_events(
    instance: dg.DagsterInstance, published: Sequence[PublishedTarget], translator: FeatureRegistryTranslator
) -> list[PublishedTarget]:
    """The targets whose versions are not yet on the timeline of their dataset, each version once."""
    once: dict[str, PublishedTarget] = {}
    for each in published:
        once.setdefault(each.receipt.version, each)
    logged: set[str] = set()
    for dataset, some in grouped(once.values(), key=lambda each: each.dataset).items():
        logged |= logged_versions(instance, dataset_key(translator, dataset), [each.number for each in some])
    return [each for each in once.values() if each.receipt.digest not in logged]


def _observations(
    instance: dg.DagsterInstance,
    new: Sequence[PublishedTarget],
    publish_run: str,
    translator: FeatureRegistryTranslator,
) -> Iterator[dg.AssetObservation]:
    """What is new to upstream systems, and to producing assets."""
    for version in _new_materialization_versions(instance, new, translator):
        yield materialization_version_observed(version, publish_run, translator)
    for some in grouped(new, key=lambda each: each.asset).values():
        yield from publishes_observed(some, publish_run)


def _new_materialization_versions(
    instance: dg.DagsterInstance, new: Iterable[PublishedTarget], translator: FeatureRegistryTranslator
) -> Iterator[MaterializationVersion]:
    """The materialization versions that are not yet on the timelines of their systems."""
    versions = {version.key: version for each in new for version in each.record.materializations}
    for asset, some in grouped(versions.values(), key=lambda each: system_key(translator, each)).items():
        logged = logged_materialization_versions(instance, asset, [version.version for version in some])
        yield from (version for version in some if version.version not in logged)

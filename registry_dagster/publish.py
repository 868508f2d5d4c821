"""The publish job: a person says which materialization, and why."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import dagster as dg
from pydantic import Field

from registry_dagster.asset import DECLARATION
from registry_dagster.errors import PublishRefused, RegistryError, RegistryUnavailable, TableNotFound
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.table import TableFacts
from registry_dagster.plan import Plan, Receipt, Source
from registry_dagster.resource import SOURCE, TABLE, FeatureRegistry
from registry_dagster.tables import inspect_table

__all__ = ["PublishConfig", "publish_job"]


class PublishConfig(dg.Config):
    """What a person decides at launch."""

    asset: str = Field(description="Asset key, e.g. synapses or group/synapses.")
    message: str = Field(description="Why this version is published.")
    partition: str | None = Field(default=None, description="Partition key, for a partitioned asset.")
    run_id: str | None = Field(default=None, description="The run that made the table. Default: the newest.")
    label: str | None = Field(default=None, description="A human alias of the version.")
    publisher: str | None = Field(default=None, description="Who publishes. Default: the resource's publisher.")
    dry_run: bool = Field(default=False, description="Show the plan; write nothing.")


@dataclass(frozen=True)
class _Target:
    """A materialization that can be published."""

    feature_table: FeatureTable
    table: TableFacts
    source: Source


def publish_job(name: str = "publish_feature_table", resource_key: str = "registry") -> dg.JobDefinition:
    """A job that publishes one materialization of a declared asset.

    Launch it by hand. It reads what the materialization froze, shows a plan, publishes, reads back
    and shows a receipt. It fails red with what to do; only an unreachable store is retried.

    Args:
        name: Name of the job.
        resource_key: Under which key the definitions hold the `FeatureRegistry` resource.
    """

    @dg.op(
        name="publish",
        required_resource_keys={resource_key},
        out=dg.Out(dg.Nothing),
        description="Publish one materialization of a declared asset to the registry.",
    )
    def publish(context: dg.OpExecutionContext, config: PublishConfig) -> None:
        resource: FeatureRegistry = getattr(context.resources, resource_key)
        try:
            _publish(context, config, resource)
        except RegistryUnavailable as error:
            raise dg.RetryRequested(max_retries=3, seconds_to_wait=10) from error
        except RegistryError as error:
            raise dg.Failure(description=str(error), allow_retries=False) from error

    @dg.job(name=name, description="Publish a feature table: record what it means, once, with who and why.")
    def job() -> None:
        publish()

    return job


def _publish(context: dg.OpExecutionContext, config: PublishConfig, resource: FeatureRegistry) -> None:
    if not config.message.strip():
        raise PublishRefused("message is empty; say why this version is published")
    target = _target(context.instance, config)
    _refuse_gone(target.table)
    with closing(resource.open()) as registry:
        plan = registry.plan(target.feature_table, target.table, label=config.label, source=target.source)
        for warning in plan.warnings:
            context.log.warning(warning)
        if config.dry_run:
            context.log.info(f"Dry run: {plan.version} {'would be published' if plan.creates else 'stands already'}")
            context.add_output_metadata({"plan": dg.MetadataValue.md(plan.to_markdown())})
            return
        receipt = registry.publish(
            target.feature_table,
            target.table,
            message=config.message,
            publisher=config.publisher,
            label=config.label,
            source=target.source,
        )
    _report(context, config, plan, receipt)


def _report(context: dg.OpExecutionContext, config: PublishConfig, plan: Plan, receipt: Receipt) -> None:
    context.log.info(f"{'Published' if receipt.created else 'Published before, unchanged:'} {receipt.version}")
    context.add_output_metadata(
        {
            "receipt": dg.MetadataValue.md(receipt.to_markdown()),
            "plan": dg.MetadataValue.md(plan.to_markdown()),
            "version": receipt.version,
            "created": receipt.created,
        }
    )
    if receipt.created:
        context.log_event(
            dg.AssetObservation(
                asset_key=dg.AssetKey.from_user_string(config.asset),
                partition=config.partition,
                description=f"published as {receipt.version}",
                metadata={"version": receipt.version, "message": config.message, "urn": receipt.urn},
            )
        )


def _target(instance: dg.DagsterInstance, config: PublishConfig) -> _Target:
    """The frozen declaration and facts of the materialization that was asked for."""
    asset = config.asset
    record = _materialization(instance, config)
    materialization = record.asset_materialization
    if materialization is None or TABLE not in materialization.metadata or DECLARATION not in materialization.metadata:
        raise PublishRefused(
            f"the materialization of {asset!r} in run {record.run_id} holds no pinned table; the asset must be "
            "declared with @feature_table and return registry.table(context, uri)"
        )
    metadata = materialization.metadata
    made: Any = metadata[SOURCE].value if SOURCE in metadata else {}
    return _Target(
        FeatureTable.from_json(metadata[DECLARATION].value),
        TableFacts.from_json(metadata[TABLE].value),
        Source(run_id=record.run_id, asset=asset, partition=materialization.partition, **made),
    )


def _refuse_gone(table: TableFacts) -> None:
    """Refuse a local table that is no longer what was pinned: the record would be false."""
    if not table.location.startswith("file:"):
        return
    pin = table.pin
    uri = pin.metadata_location if pin.format == "iceberg" else table.location
    version = (
        pin.snapshot_id if pin.format == "iceberg" else pin.fingerprint if pin.format == "parquet" else pin.version
    )
    try:
        found = inspect_table(uri, format=table.format, version=version)
    except TableNotFound as error:
        raise PublishRefused(f"the table that was materialized is not there any more. {error}") from error
    if found.pin.identity != pin.identity:
        raise PublishRefused(
            f"{table.location} is another table by now than the one that was materialized; publish the newest "
            "materialization"
        )


def _materialization(instance: dg.DagsterInstance, config: PublishConfig) -> dg.EventLogRecord:
    newest = next(iter(_materializations(instance, config)), None)
    if newest is None:
        of_partition = f", partition {config.partition!r}" if config.partition is not None else ""
        in_run = f" in run {config.run_id}" if config.run_id else ""
        raise PublishRefused(
            f"asset {config.asset!r}{of_partition} has not been materialized{in_run}; materialize it first, or check "
            "the asset key (as shown in the asset's page, parts joined by /)"
        )
    if config.partition is None and newest.partition_key is not None:
        raise PublishRefused(
            f"asset {config.asset!r} is partitioned; name the partition, e.g. {newest.partition_key!r}"
        )
    return newest


def _materializations(instance: dg.DagsterInstance, config: PublishConfig) -> Sequence[dg.EventLogRecord]:
    """Newest first."""
    key = dg.AssetKey.from_user_string(config.asset)
    if config.run_id is None:
        partitions = [config.partition] if config.partition is not None else None
        wanted = dg.AssetRecordsFilter(asset_key=key, asset_partitions=partitions)
        return instance.fetch_materializations(wanted, limit=1).records
    of_run = instance.get_records_for_run(
        config.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION, ascending=False
    )
    return [
        record
        for record in of_run.records
        if record.asset_key == key and config.partition in (None, record.partition_key)
    ]

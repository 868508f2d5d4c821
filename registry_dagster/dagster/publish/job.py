"""The publish job: a person says which materialization, and why."""

from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import Any, cast

import dagster as dg

from registry_dagster.dagster.declare.declaration import AssetLike
from registry_dagster.dagster.names import JOB_NAME, OP_NAME, POOL_NAME, RESOURCE_KEY
from registry_dagster.dagster.publish.config import PublishConfig, Target, config_type_for
from registry_dagster.dagster.publish.events import PublishedTarget, log_events
from registry_dagster.dagster.publish.frozen_tables import FrozenTable, find_frozen_tables
from registry_dagster.dagster.publish.recheck import Recheck
from registry_dagster.dagster.resource import FeatureRegistry
from registry_dagster.errors import RegistryError, RegistryUnavailable
from registry_dagster.model.words import table_row
from registry_dagster.registry.plan import Publication, Receipt
from registry_dagster.registry.registry import Registry

__all__ = ["publish_job"]

_MOST_ROWS = 1000

Outcome = Receipt | RegistryError


def publish_job(
    assets: Iterable[AssetLike] = (),
    *,
    name: str = JOB_NAME,
    resource_key: str = RESOURCE_KEY,
) -> dg.JobDefinition:
    """A job that publishes materializations of declared assets.

    Launch it by hand. It reads what the materialization froze, shows a plan, publishes, reads back
    and shows a receipt. If it fails, the run says what to do; only an unreachable store is retried. Of
    several targets it publishes all it can and fails if any is left; run it again to publish the rest.

    Args:
        assets: The declared assets: the launchpad completes their keys and takes no others.
        name: Name of the job.
        resource_key: The key of the `FeatureRegistry` resource.

    Raises:
        InvalidDeclaration: `assets` is not a list of assets.
    """
    config_type = config_type_for(assets)

    @dg.op(
        name=OP_NAME,
        required_resource_keys={resource_key},
        out=dg.Out(dg.Nothing),
        description="Publish materializations of declared assets to the registry.",
        pool=POOL_NAME,
    )
    def publish(context: dg.OpExecutionContext, config: config_type) -> None:  # type: ignore[valid-type]
        resource: FeatureRegistry = getattr(context.resources, resource_key)
        try:
            _publish(context, cast("PublishConfig", config), resource)
        except RegistryUnavailable as error:
            raise dg.RetryRequested(max_retries=3, seconds_to_wait=10) from error
        except RegistryError as error:
            raise dg.Failure(description=str(error), allow_retries=False) from error

    @dg.job(name=name, description="Publish a feature table: record what it means, who publishes it and why.")
    def job() -> None:
        publish()

    return job


def _publish(context: dg.OpExecutionContext, config: PublishConfig, resource: FeatureRegistry) -> None:
    targets = config.all_targets()
    recheck = Recheck(resource.storage_options)
    found = recheck.check(find_frozen_tables(context.instance, targets))
    for warning in recheck.warnings:
        context.log.warning(warning)
    with closing(resource.open()) as registry:
        if len(targets) == 1:
            _show_plan(context, registry, targets[0], found[0], config.dry_run)
        elif config.dry_run:
            _show_plans(context, registry, targets, found)
        if config.dry_run:
            return
        outcomes = _outcomes(registry, targets, found)
    published = [
        PublishedTarget(target.asset, target.partition, target.run_id, outcome)
        for target, outcome in zip(targets, outcomes, strict=True)
        if isinstance(outcome, Receipt)
    ]
    log_events(context, published, resource.datahub)
    _report(context, targets, outcomes)


def _outcomes(
    registry: Registry, targets: Sequence[Target], found: Sequence[FrozenTable | RegistryError]
) -> list[Outcome]:
    ready = [
        Publication(each.feature_table, each.table, target.message, target.publisher, target.label, origin=each.origin)
        for target, each in zip(targets, found, strict=True)
        if isinstance(each, FrozenTable)
    ]
    answers = iter(registry.publish_many(ready))
    return [next(answers) if isinstance(each, FrozenTable) else each for each in found]


def _show_plan(
    context: dg.OpExecutionContext,
    registry: Registry,
    target: Target,
    found: FrozenTable | RegistryError,
    dry_run: bool,
) -> None:
    if isinstance(found, RegistryError):
        raise found
    plan = registry.plan(found.feature_table, found.table, label=target.label, origin=found.origin)
    for warning in plan.warnings:
        context.log.warning(warning)
    if dry_run:
        context.log.info(f"Dry run: {plan.version} {'would be published' if plan.creates else 'is published already'}")
    context.add_output_metadata({"plan": dg.MetadataValue.md(plan.to_markdown())})


def _show_plans(
    context: dg.OpExecutionContext,
    registry: Registry,
    targets: Sequence[Target],
    found: Sequence[FrozenTable | RegistryError],
) -> None:
    """Plans each target alone, so several new versions of one dataset all show the same next number."""
    rows: list[str] = []
    for target, each in zip(targets[:_MOST_ROWS], found[:_MOST_ROWS], strict=True):
        try:
            if isinstance(each, RegistryError):
                raise each
            plan = registry.plan(each.feature_table, each.table, label=target.label, origin=each.origin)
        except RegistryError as error:
            rows.append(table_row(str(target), "", f"would be refused: {error}"))
        else:
            would = "would be published" if plan.creates else "is published already"
            rows.append(table_row(str(target), f"`{plan.version}`", "; ".join([would, *plan.warnings])))
    context.log.info(f"Dry run of {len(targets)} targets")
    context.add_output_metadata({"plans": _table(rows)})


def _report(context: dg.OpExecutionContext, targets: Sequence[Target], outcomes: Sequence[Outcome]) -> None:
    if len(outcomes) == 1:
        _report_one(context, outcomes[0])
        return
    failed = [(target, each) for target, each in zip(targets, outcomes, strict=True) if isinstance(each, RegistryError)]
    receipts = [each for each in outcomes if isinstance(each, Receipt)]
    created = sum(each.created for each in receipts)
    context.log.info(f"{created} published, {len(receipts) - created} unchanged, {len(failed)} not published")
    rows = [
        table_row(
            str(target),
            *(
                (f"`{each.version}`", "now" if each.created else "before")
                if isinstance(each, Receipt)
                else ("", str(each))
            ),
        )
        for target, each in zip(targets[:_MOST_ROWS], outcomes[:_MOST_ROWS], strict=True)
    ]
    summary: dict[str, Any] = {"published": created, "unchanged": len(receipts) - created, "targets": _table(rows)}
    if not failed:
        context.add_output_metadata(summary)
        return
    for target, error in failed:
        context.log.error(f"{target}: {error}")
    if unavailable := [error for _, error in failed if isinstance(error, RegistryUnavailable)]:
        raise unavailable[0]
    target, error = failed[0]
    raise dg.Failure(
        description=f"{len(failed)} of {len(outcomes)} targets were not published. Fix the "
        f"errors and run this again: tables already published are kept. First: {target}: {error}",
        metadata={**summary, "not published": len(failed)},
        allow_retries=False,
    )


def _report_one(context: dg.OpExecutionContext, outcome: Outcome) -> None:
    if isinstance(outcome, RegistryError):
        raise outcome
    context.log.info(f"{'Published' if outcome.created else 'Published before, unchanged:'} {outcome.version}")
    context.add_output_metadata(
        {
            "receipt": dg.MetadataValue.md(outcome.to_markdown()),
            "version": outcome.version,
            "created": outcome.created,
        }
    )


def _table(rows: Sequence[str]) -> dg.MetadataValue[Any]:
    return dg.MetadataValue.md(
        "\n".join([table_row("target", "version", "outcome"), table_row("---", "---", "---"), *rows])
    )

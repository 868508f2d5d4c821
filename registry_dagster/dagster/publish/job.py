"""The publish job: a person says which materialization, and why."""

from collections.abc import Iterable, Sequence
from contextlib import closing

import dagster as dg

from registry_dagster.dagster.declare.declaration import AssetLike
from registry_dagster.dagster.graph.translator import FeatureRegistryTranslator, checked_translator
from registry_dagster.dagster.names import JOB_NAME, OP_NAME, POOL_NAME, RESOURCE_KEY
from registry_dagster.dagster.publish.config import PublishConfig, Target, config_type_for, launch_schema
from registry_dagster.dagster.publish.events import log_events
from registry_dagster.dagster.publish.frozen_tables import FrozenTable, find_frozen_tables
from registry_dagster.dagster.publish.published import PublishedTarget
from registry_dagster.dagster.publish.recheck import Recheck
from registry_dagster.dagster.publish.report import Outcome, show_outcomes, show_plan, show_plans, show_receipt
from registry_dagster.dagster.publish.run_tags import tag_published, tag_started
from registry_dagster.dagster.resource import FeatureRegistry
from registry_dagster.errors import RegistryError, RegistryUnavailable
from registry_dagster.registry.plan import Publication, Receipt
from registry_dagster.registry.registry import Registry

__all__ = ["publish_job"]


def publish_job(
    assets: Iterable[AssetLike] = (),
    *,
    name: str = JOB_NAME,
    resource_key: str = RESOURCE_KEY,
    translator: FeatureRegistryTranslator | None = None,
) -> dg.JobDefinition:
    """A job that publishes materializations of declared assets.

    Launch it by hand. It reads what the materialization froze, shows a plan, publishes, reads back
    and shows a receipt. If it fails, the run says what to do; only an unreachable store is retried. Of
    several targets it publishes all it can and fails if any is left; run it again to publish the rest.

    Args:
        assets: The declared assets: the launchpad completes their keys and takes no others.
        name: Name of the job.
        resource_key: The key of the `FeatureRegistry` resource.
        translator: The one that `definitions` has, if it has one: what is published is logged on its assets.

    Raises:
        InvalidDeclaration: `assets` is not a list of assets, or `translator` is not a translator.
    """
    config_type = config_type_for(assets)
    chosen = checked_translator(translator, "publish_job")

    # In a code location two ops need two names; the run config names the op of every publish job alike.
    @dg.op(
        name=OP_NAME if name == JOB_NAME else f"{name}_op",
        config_schema=launch_schema(config_type),
        required_resource_keys={resource_key},
        out=dg.Out(dg.Nothing),
        description="Publish materializations of declared assets to the registry.",
        pool=POOL_NAME,
    )
    def publish(context: dg.OpExecutionContext) -> None:
        resource: FeatureRegistry = getattr(context.resources, resource_key)
        try:
            _publish(context, config_type(**context.op_config), resource, chosen)
        except RegistryUnavailable as error:
            raise dg.RetryRequested(max_retries=3, seconds_to_wait=10) from error
        except RegistryError as error:
            raise dg.Failure(description=str(error), allow_retries=False) from error

    @dg.job(name=name, description="Publish a feature table: record what it means, who publishes it and why.")
    def job() -> None:
        publish.alias(OP_NAME)()

    return job


def _publish(
    context: dg.OpExecutionContext,
    config: PublishConfig,
    resource: FeatureRegistry,
    translator: FeatureRegistryTranslator,
) -> None:
    targets = config.all_targets()
    recheck = Recheck(resource.storage_options)
    frozen = find_frozen_tables(context.instance, targets)
    tag_started(context, frozen, config.dry_run)
    found = recheck.check(frozen)
    for warning in recheck.warnings:
        context.log.warning(warning)
    with closing(resource.open()) as registry:
        if len(targets) == 1:
            show_plan(context, registry, targets[0], found[0], config.dry_run)
        elif config.dry_run:
            show_plans(context, registry, targets, found)
        if config.dry_run:
            return
        outcomes = _outcomes(registry, targets, found)
    published = _published(targets, found, outcomes)
    tag_published(context, published)
    log_events(context, published, resource.datahub, translator)
    _show(context, targets, outcomes)


def _show(context: dg.OpExecutionContext, targets: Sequence[Target], outcomes: Sequence[Outcome]) -> None:
    if len(outcomes) == 1:
        show_receipt(context, outcomes[0])
    else:
        show_outcomes(context, targets, outcomes)


def _published(
    targets: Sequence[Target], found: Sequence[FrozenTable | RegistryError], outcomes: Sequence[Outcome]
) -> list[PublishedTarget]:
    return [
        PublishedTarget(target.asset, frozen, outcome)
        for target, frozen, outcome in zip(targets, found, outcomes, strict=True)
        if isinstance(outcome, Receipt) and isinstance(frozen, FrozenTable)
    ]


def _publication(target: Target, frozen: FrozenTable) -> Publication:
    return Publication(
        frozen.feature_table,
        frozen.table,
        target.message,
        target.publisher,
        target.label or frozen.label,
        origin=frozen.origin,
        draft=frozen.draft,
    )


def _outcomes(
    registry: Registry, targets: Sequence[Target], found: Sequence[FrozenTable | RegistryError]
) -> list[Outcome]:
    ready = [
        _publication(target, each) for target, each in zip(targets, found, strict=True) if isinstance(each, FrozenTable)
    ]
    answers = iter(registry.publish_many(ready))
    return [next(answers) if isinstance(each, FrozenTable) else each for each in found]

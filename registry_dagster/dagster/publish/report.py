"""What a publish run shows: plans before it writes, and what became of each target after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import dagster as dg

from registry_dagster.dagster.publish.config import Target
from registry_dagster.dagster.publish.frozen_tables import FrozenTable
from registry_dagster.errors import RegistryError, RegistryUnavailable
from registry_dagster.model.markdown import code, plain
from registry_dagster.model.words import markdown_table
from registry_dagster.registry.plan import Plan, Receipt
from registry_dagster.registry.registry import Registry

__all__ = ["Outcome", "show_outcomes", "show_plan", "show_plans", "show_receipt"]

_MOST_ROWS = 1000

Outcome = Receipt | RegistryError
Row = tuple[str, str, str]
"""Target, version, outcome."""


def show_plan(
    context: dg.OpExecutionContext,
    registry: Registry,
    target: Target,
    frozen: FrozenTable | RegistryError,
    dry_run: bool,
) -> None:
    """Show the plan of the only target.

    Raises:
        RegistryError: the target cannot be published.
    """
    plan = _plan(registry, target, frozen)
    for warning in plan.warnings:
        context.log.warning(warning)
    if dry_run:
        context.log.info(f"Dry run: {plan.version} {_would(plan)}")
    context.add_output_metadata({"plan": dg.MetadataValue.md(plan.to_markdown())})


def show_plans(
    context: dg.OpExecutionContext,
    registry: Registry,
    targets: Sequence[Target],
    frozen: Sequence[FrozenTable | RegistryError],
) -> None:
    """Show a row for each target. Each is planned alone, so new versions of one dataset show the same next number."""
    rows = [
        _plan_row(registry, target, each)
        for target, each in zip(targets[:_MOST_ROWS], frozen[:_MOST_ROWS], strict=True)
    ]
    context.log.info(f"Dry run of {len(targets)} targets")
    context.add_output_metadata({"plans": _table(rows)})


def show_receipt(context: dg.OpExecutionContext, outcome: Outcome) -> None:
    """Show the receipt of the only target.

    Raises:
        RegistryError: the target was not published.
    """
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


def show_outcomes(context: dg.OpExecutionContext, targets: Sequence[Target], outcomes: Sequence[Outcome]) -> None:
    """Show what became of each of several targets.

    Raises:
        RegistryUnavailable: the registry could not be reached for one of them, so the run should be retried.
        dagster.Failure: a target was not published for another reason.
    """
    pairs = list(zip(targets, outcomes, strict=True))
    counts = Counter(map(_became, outcomes))
    published, unchanged = counts["published"], counts["unchanged"]
    context.log.info(f"{published} published, {unchanged} unchanged, {counts['not published']} not published")
    summary: dict[str, Any] = {
        "published": published,
        "unchanged": unchanged,
        "targets": _table(map(_row, targets[:_MOST_ROWS], outcomes[:_MOST_ROWS])),
    }
    failed = [(target, outcome) for target, outcome in pairs if isinstance(outcome, RegistryError)]
    if not failed:
        context.add_output_metadata(summary)
        return
    for target, error in failed:
        context.log.error(f"{target}: {error}")
    raise _failure(failed, summary, of=len(outcomes))


def _became(outcome: Outcome) -> str:
    if isinstance(outcome, RegistryError):
        return "not published"
    return "published" if outcome.created else "unchanged"


def _failure(
    failed: Sequence[tuple[Target, RegistryError]], summary: Mapping[str, Any], of: int
) -> RegistryUnavailable | dg.Failure:
    # Only this error makes the op retry, so it goes first: the next attempt publishes what it can again.
    for _, error in failed:
        if isinstance(error, RegistryUnavailable):
            return error
    target, error = failed[0]
    return dg.Failure(
        description=f"{len(failed)} of {of} targets were not published. Fix the "
        f"errors and run this again: tables already published are kept. First: {target}: {error}",
        metadata={**summary, "not published": len(failed)},
        allow_retries=False,
    )


def _plan(registry: Registry, target: Target, frozen: FrozenTable | RegistryError) -> Plan:
    if isinstance(frozen, RegistryError):
        raise frozen
    label = target.label or frozen.label
    return registry.plan(frozen.feature_table, frozen.table, label=label, origin=frozen.origin, draft=frozen.draft)


def _plan_row(registry: Registry, target: Target, frozen: FrozenTable | RegistryError) -> Row:
    try:
        plan = _plan(registry, target, frozen)
    except RegistryError as error:
        return plain(target), "", plain(f"would be refused: {error}")
    return plain(target), code(plan.version), plain("; ".join([_would(plan), *plan.warnings]))


def _would(plan: Plan) -> str:
    return "would be published" if plan.creates else "is published already"


def _row(target: Target, outcome: Outcome) -> Row:
    if isinstance(outcome, RegistryError):
        return plain(target), "", plain(outcome)
    return plain(target), code(outcome.version), "now" if outcome.created else "before"


def _table(rows: Iterable[Row]) -> dg.MetadataValue[Any]:
    return dg.MetadataValue.md(markdown_table(("target", "version", "outcome"), rows))

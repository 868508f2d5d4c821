"""What a publish run shows: plans before it writes, and what became of each target after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dagster as dg

from registry_dagster.dagster.publish.config import Target
from registry_dagster.dagster.publish.frozen_tables import FrozenTable
from registry_dagster.errors import RegistryError, RegistryUnavailable
from registry_dagster.model.words import table_row
from registry_dagster.registry.plan import Plan, Receipt
from registry_dagster.registry.registry import Registry

__all__ = ["Outcome", "show_outcomes", "show_plan", "show_plans", "show_receipt"]

_MOST_ROWS = 1000

Outcome = Receipt | RegistryError


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
    rows: list[str] = []
    for target, each in zip(targets[:_MOST_ROWS], frozen[:_MOST_ROWS], strict=True):
        try:
            plan = _plan(registry, target, each)
        except RegistryError as error:
            rows.append(table_row(str(target), "", f"would be refused: {error}"))
        else:
            rows.append(table_row(str(target), f"`{plan.version}`", "; ".join([_would(plan), *plan.warnings])))
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
    failed = [(target, outcome) for target, outcome in pairs if isinstance(outcome, RegistryError)]
    receipts = [outcome for outcome in outcomes if isinstance(outcome, Receipt)]
    created = sum(receipt.created for receipt in receipts)
    context.log.info(f"{created} published, {len(receipts) - created} unchanged, {len(failed)} not published")
    summary: dict[str, Any] = {
        "published": created,
        "unchanged": len(receipts) - created,
        "targets": _table([_row(target, outcome) for target, outcome in pairs[:_MOST_ROWS]]),
    }
    if not failed:
        context.add_output_metadata(summary)
        return
    for target, error in failed:
        context.log.error(f"{target}: {error}")
    # Only this error makes the op retry, so it goes first: the next attempt publishes what it can again.
    if unavailable := [error for _, error in failed if isinstance(error, RegistryUnavailable)]:
        raise unavailable[0]
    target, error = failed[0]
    raise dg.Failure(
        description=f"{len(failed)} of {len(outcomes)} targets were not published. Fix the "
        f"errors and run this again: tables already published are kept. First: {target}: {error}",
        metadata={**summary, "not published": len(failed)},
        allow_retries=False,
    )


def _plan(registry: Registry, target: Target, frozen: FrozenTable | RegistryError) -> Plan:
    if isinstance(frozen, RegistryError):
        raise frozen
    return registry.plan(frozen.feature_table, frozen.table, label=target.label, origin=frozen.origin)


def _would(plan: Plan) -> str:
    return "would be published" if plan.creates else "is published already"


def _row(target: Target, outcome: Outcome) -> str:
    if isinstance(outcome, RegistryError):
        return table_row(str(target), "", str(outcome))
    return table_row(str(target), f"`{outcome.version}`", "now" if outcome.created else "before")


def _table(rows: Sequence[str]) -> dg.MetadataValue[Any]:
    return dg.MetadataValue.md(
        "\n".join([table_row("target", "version", "outcome"), table_row("---", "---", "---"), *rows])
    )

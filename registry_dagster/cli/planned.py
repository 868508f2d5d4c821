"""What plan prints: what a publish would write, and what a person should know before."""

from __future__ import annotations

from registry_dagster.cli.output import facts, note, report, show
from registry_dagster.cli.record import physical_table, print_items, print_meaning
from registry_dagster.registry.plan import Plan

__all__ = ["show_plan"]


def show_plan(plan: Plan, as_json: bool) -> None:
    """Print a plan. Its warnings are remarks beside it."""
    data = {
        "version": plan.version,
        "creates": plan.creates,
        "warnings": list(plan.warnings),
        "changes": _changes(plan),
        "record": plan.record.to_json(),
    }
    if not as_json:
        for text in plan.warnings:
            note(text)
    show(as_json, data, lambda: _print(plan))


def _changes(plan: Plan) -> list[str]:
    return [str(change) for change in plan.diff.changes] if plan.diff else []


def _print(plan: Plan) -> None:
    record = plan.record
    about = {"version": plan.version, "result": plan.result, **plan.about, "made against": record.materializations}
    facts(
        {
            **about,
            "computed from": record.inputs,
            **physical_table(record.table),
            "code": record.provenance.code,
        }
    )
    print_meaning(record)
    if plan.diff and plan.diff.changes:
        report(f"changes since {plan.diff.before}:", ())
        print_items("change", _changes(plan))

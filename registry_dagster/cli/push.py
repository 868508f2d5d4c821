"""The command that delivers a hand-off: push."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from registry_dagster.cli.given import settings_for
from registry_dagster.cli.options import AsJson, Env, Target, opened
from registry_dagster.cli.output import line, note, place, progress, show
from registry_dagster.errors import RegistryError
from registry_dagster.registry.act_merge import CarriedAct
from registry_dagster.registry.handoff import Delivery, HandOff, carry_acts, carry_states, deliveries, handed_off
from registry_dagster.registry.materialization_changes import MaterializationChanges
from registry_dagster.registry.plan import Plan, Receipt
from registry_dagster.registry.registry import Registry

__all__ = ["commands", "push"]

commands = typer.Typer()

_BATCH = 100
_WIDTH = len("unchanged")


@dataclass(frozen=True)
class _Row:
    """What became, or would become, of one version."""

    handed_off: str
    kept: tuple[str, ...]
    version: str | None = None
    created: bool = False
    error: str | None = None

    def to_json(self) -> dict[str, object]:
        outcome = {"error": self.error} if self.error else {"version": self.version, "created": self.created}
        return {"handed_off": self.handed_off, **outcome, **({"kept": list(self.kept)} if self.kept else {})}


@dataclass(frozen=True)
class _Beside:
    """What became, or would become, of an act or a materialization version."""

    outcome: str
    about: str
    said: str
    error: str | None = None

    def to_json(self) -> dict[str, object]:
        error = {"error": self.error} if self.error else {}
        return {"about": self.about, "said": self.said, "outcome": self.outcome, **error}


def _beside(
    registry: Registry, handed: HandOff, names: Mapping[str, str], write: bool
) -> tuple[list[_Beside], list[str]]:
    """What became of acts and materialization versions, and where what is recorded there stays."""
    acts = list(_acts(carry_acts(registry, handed, names, write=write)))
    try:
        states, stays = carry_states(registry, handed.states, write=write)
    except RegistryError as error:
        return [*acts, _Beside("failed", "materialization versions", str(error), str(error))], []
    return [*_states(states), *acts], stays


def _states(changes: MaterializationChanges) -> Iterator[_Beside]:
    """What is new of materialization versions, or contradicts what is recorded."""
    for each in changes.versions:
        if each.outcome != "unchanged":
            yield _Beside(each.outcome, each.version, each.words, each.reason)


def _acts(acts: Iterable[CarriedAct | RegistryError]) -> Iterator[_Beside]:
    """The acts that are recorded now or skipped, and what kept acts out."""
    for each in acts:
        if isinstance(each, RegistryError):
            yield _Beside("failed", "acts", str(each), str(each))
        elif each.outcome != "unchanged":
            yield _Beside(each.outcome, each.about, f"{each.said} ({each.reason})" if each.reason else each.said)


@commands.command()
def push(
    folder: Annotated[Path, typer.Argument(help="The folder of a file:// registry.")],
    registry: Target = None,
    env: Env = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be published, and write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Publish what was handed off in a folder, with the acts on it and what is known of materialization versions.

    Running it again writes nothing twice, and takes back nothing that was said in the registry since.
    """
    handed = handed_off(folder, settings_for(env=env).env.value or "PROD")
    versions, write = handed.versions, not dry_run
    rows: list[_Row] = []
    with opened(registry, env) as opened_registry, progress("publishing", len(versions)) as done:
        for start in range(0, len(versions), _BATCH):
            batch = deliveries(opened_registry, versions[start : start + _BATCH])
            rows += _planned(opened_registry, batch) if dry_run else _pushed(opened_registry, batch)
            done(len(batch))
        names = {row.handed_off: row.version for row in rows if row.version}
        # Where no version could be delivered, what was said around them could not either, for the same reason.
        beside, stays = _beside(opened_registry, handed, names, write) if names else ([], [])
    show(
        as_json,
        [row.to_json() for row in (*rows, *beside)],
        lambda: _print_rows(rows, beside, stays, opened_registry, dry_run),
        recorded=write,
    )
    if failed := [row for row in (*rows, *beside) if row.error]:
        raise RegistryError(
            f"{len(failed)} of {len(rows) + len(beside)} {'would be refused' if dry_run else 'were not published'}; "
            "fix the errors and run again: what is already published is kept"
        )


def _pushed(registry: Registry, batch: Sequence[Delivery]) -> list[_Row]:
    """A row for each version, in the order of the hand-off."""
    whole = [each.publication for each in batch if not isinstance(each.publication, RegistryError)]
    outcomes = iter(registry.publish_many(whole))
    return [
        _row(each, each.publication if isinstance(each.publication, RegistryError) else next(outcomes))
        for each in batch
    ]


def _planned(registry: Registry, batch: Sequence[Delivery]) -> list[_Row]:
    return [_row(each, _plan(registry, each)) for each in batch]


def _plan(registry: Registry, delivery: Delivery) -> Plan | RegistryError:
    publication = delivery.publication
    if isinstance(publication, RegistryError):
        return publication
    try:
        return registry.plan(
            publication.feature_table,
            publication.table,
            label=publication.label,
            draft=publication.draft,
            origin=publication.origin,
        )
    except RegistryError as error:
        return error


def _row(delivery: Delivery, outcome: Receipt | Plan | RegistryError) -> _Row:
    if isinstance(outcome, RegistryError):
        return _Row(delivery.name, delivery.kept, error=str(outcome))
    created = outcome.created if isinstance(outcome, Receipt) else outcome.creates
    return _Row(delivery.name, delivery.kept, outcome.version, created)


def _print_rows(
    rows: Sequence[_Row], beside: Sequence[_Beside], stays: Sequence[str], registry: Registry, dry_run: bool
) -> None:
    for row in rows:
        line(*_cells(row, dry_run), width=_WIDTH)
    for each in beside:
        line(each.outcome, each.about, each.said, width=_WIDTH)
    for text in (*dict.fromkeys(_kept_lines(rows)), *stays):
        note(text)
    note(f"{'would be written to' if dry_run else 'in'} {place(registry.target)}")


def _cells(row: _Row, dry_run: bool) -> list[str | None]:
    if row.error:
        return ["failed", row.handed_off, row.error]
    if not row.created:
        return ["unchanged", row.version]
    return ["new", row.handed_off] if dry_run else ["published", row.version]


def _kept_lines(rows: Sequence[_Row]) -> Iterator[str]:
    """What a Dataset says by now is not taken back by an older hand-off."""
    for row in rows:
        name = row.handed_off.partition("@")[0]
        yield from (f"{name}: {each}; change it with `feature-registry describe {name}`" for each in row.kept)

"""The gate: a sensor that asks for the publishes that were approved. It publishes nothing itself.

What it asked for stands in Dagster's own runs. So a lost cursor loses nothing and repeats nothing, and a
run that failed is asked for again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike

import dagster as dg

from registry_dagster.dagster.declare.feature_table import declaration_of
from registry_dagster.dagster.gate.approvals import Approval, Approvals, read_approvals
from registry_dagster.dagster.gate.requests import Ask, asks_of, latest
from registry_dagster.dagster.names import (
    DECLARATION,
    GATE_NAME,
    JOB_NAME,
    LABEL_TAG,
    MESSAGE_TAG,
    PUBLISHER_TAG,
    TABLE,
)
from registry_dagster.dagster.publish.targets import Target, find_targets
from registry_dagster.errors import PublishRefused
from registry_dagster.model.canonical_json import is_json_object

__all__ = ["publish_sensor"]

_CURSOR_FORMAT = 1
_BATCH = 250
_MOST_RECORDS = 1000
_MOST_RUNS = 500
_MOST_ASSETS = 500
_PAUSES = (60, 300, 900, 3600, 6 * 3600, 24 * 3600)

Identity = tuple[str, str | None, str | None]


@dataclass
class _Cursor:
    """What the gate remembers between ticks.

    Args:
        seen: Asset → storage id of the last materialization looked at.
        approved: Keys of the file's entries that were asked for.
        asked: Ids of the asks that are not settled.
        catching_up: Whether what was asked for before must be read from the runs.
    """

    seen: dict[str, int] = field(default_factory=dict[str, int])
    approved: set[str] = field(default_factory=set[str])
    asked: set[str] = field(default_factory=set[str])
    catching_up: bool = True

    @classmethod
    def read(cls, text: str | None) -> _Cursor | None:
        """The cursor; None when the text is none of ours."""
        if text is None:
            return cls()
        try:
            data = json.loads(text)
            if is_json_object(data) and data.get("format") == _CURSOR_FORMAT:
                seen = {str(name): int(value) for name, value in data["seen"].items()}
                return cls(seen, set(data["approved"]), set(data["asked"]), bool(data["catching_up"]))
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
        return None

    def text(self) -> str:
        return json.dumps(
            {
                "format": _CURSOR_FORMAT,
                "seen": self.seen,
                "approved": sorted(self.approved),
                "asked": sorted(self.asked),
                "catching_up": self.catching_up,
            }
        )


@dataclass
class _Tick:
    """One look at what is new.

    Args:
        context: The sensor's.
        gate: Its name.
        cursor: What it remembers; changed by looking.
        notes: What a person should know.
        known: Targets that were asked for before, as far as the cursor does not know.
    """

    context: dg.SensorEvaluationContext
    gate: str
    cursor: _Cursor
    notes: list[str] = field(default_factory=list[str])
    known: set[Identity] = field(default_factory=set[Identity])

    def recall(self) -> None:
        """Learn from the runs what was asked for before."""
        for asked in asks_of(self.context.instance, self.gate):
            self.known |= {_identity(target) for target in asked.ask.targets}
            self.cursor.approved |= set(asked.ask.approvals)
            if not asked.settled:
                self.cursor.asked.add(asked.ask.id)

    def again(self, pauses: Sequence[float], declared: Iterable[dg.AssetKey]) -> Iterator[Ask]:
        """The asks that failed and have waited, as far as their assets are still declared."""
        assets = {key.to_user_string() for key in declared}
        for ask_id in sorted(self.cursor.asked):
            asked = latest(self.context.instance, ask_id)
            targets = [] if asked is None else [each for each in asked.ask.targets if each.asset in assets]
            if asked is None or asked.settled or not targets:
                # A run that was deleted, or launched anew with another config, is a person's decision.
                self.cursor.asked.discard(ask_id)
            elif asked.failed_at is not None:
                ask = replace(asked.ask, targets=targets, attempt=asked.ask.attempt + 1)
                wait = asked.failed_at + pauses[min(asked.ask.attempt, len(pauses)) - 1] - time.time()
                if wait <= 0:
                    yield ask
                else:
                    self.notes.append(f"{len(targets)} targets failed and are asked for again in {wait:.0f} s")

    def by_file(self, approvals: Approvals, declared: Iterable[dg.AssetKey]) -> Iterator[tuple[Target, str]]:
        """What the file approves and was not asked for yet, each with its entry's key."""
        self.notes += approvals.problems
        assets = {key.to_user_string() for key in declared}
        fresh = [entry for entry in approvals.entries if entry.key not in self.cursor.approved]
        for entry in (entry for entry in fresh if entry.asset not in assets):
            self.notes.append(f"asset {entry.asset!r} is approved, but no asset of that key is declared here")
        fresh = [entry for entry in fresh if entry.asset in assets]
        found = find_targets(self.context.instance, [_wanted(entry) for entry in fresh])
        for entry, each in zip(fresh, found, strict=True):
            if isinstance(each, PublishRefused):
                self.notes.append(f"approved by {entry.by}, and waiting: {each}")
                continue
            yield replace(_wanted(entry), run_id=each.origin.run_id), entry.key

    def by_tag(self, declared: Iterable[dg.AssetKey]) -> Iterator[Target]:
        """The new materializations whose runs carry the tag."""
        records = list(self._new_records(declared))
        tags = self._tags({record.run_id for record in records})
        for record in records:
            approved = tags.get(record.run_id, {})
            event = record.asset_materialization
            pinned = event is not None and DECLARATION in event.metadata and TABLE in event.metadata
            if MESSAGE_TAG in approved and record.asset_key is not None and pinned:
                yield Target(
                    asset=record.asset_key.to_user_string(),
                    message=approved[MESSAGE_TAG],
                    partition=record.partition_key,
                    run_id=record.run_id,
                    label=approved.get(LABEL_TAG),
                    publisher=approved.get(PUBLISHER_TAG),
                )

    def _new_records(self, declared: Iterable[dg.AssetKey]) -> Iterator[dg.EventLogRecord]:
        """Materializations that were not looked at, oldest first for each asset; so many a tick."""
        left = _MOST_RECORDS
        for key in self._assets_with_news(list(declared)):
            name = key.to_user_string()
            wanted = dg.AssetRecordsFilter(asset_key=key, after_storage_id=self.cursor.seen.get(name, 0))
            if left <= 0:
                self.notes.append("more is new than one tick looks at; the next one goes on")
                return
            page = self.context.instance.fetch_materializations(wanted, limit=left, ascending=True)
            left -= len(page.records)
            if page.records:
                self.cursor.seen[name] = page.records[-1].storage_id
            yield from page.records
        self.cursor.catching_up = False

    def _assets_with_news(self, declared: Sequence[dg.AssetKey]) -> Iterator[dg.AssetKey]:
        for start in range(0, len(declared), _MOST_ASSETS):
            for record in self.context.instance.get_asset_records(declared[start : start + _MOST_ASSETS]):
                entry = record.asset_entry
                newest = entry.last_materialization_storage_id
                if newest is not None and newest > self.cursor.seen.get(entry.asset_key.to_user_string(), 0):
                    yield entry.asset_key

    def _tags(self, run_ids: set[str]) -> dict[str, dict[str, str]]:
        ids = sorted(filter(None, run_ids))
        tags: dict[str, dict[str, str]] = {}
        for start in range(0, len(ids), _MOST_RUNS):
            records = self.context.instance.get_run_records(dg.RunsFilter(run_ids=ids[start : start + _MOST_RUNS]))
            tags |= {record.dagster_run.run_id: dict(record.dagster_run.tags) for record in records}
        return tags


def publish_sensor(
    *,
    assets: Iterable[dg.AssetKey] | None = None,
    approvals: str | PathLike[str] | None = None,
    job: dg.JobDefinition | str = JOB_NAME,
    name: str = GATE_NAME,
    pauses: Sequence[float] = _PAUSES,
) -> dg.SensorDefinition:
    """A sensor that asks the publish job for what was approved. Stopped until somebody starts it.

    Approved is a materialization whose run carries the tag `registry/publish`, with why as its value (and
    `registry/publisher` and `registry/label`, where wanted). Or one that a reviewed file names: a list of
    entries `{asset, why, by}`, with `partition`, `run_id` and `label` where wanted. An entry without a run
    means the newest materialization when the gate first finds one; it waits until there is one.

    A run that failed is asked for again until it succeeds, or a person deletes it.

    Args:
        assets: Which assets. Default: all declared ones of the code location.
        approvals: The file.
        job: The publish job, or its name.
        name: Name of the sensor.
        pauses: Seconds to wait before what failed is asked for again: the first time, the second, …; the
            last one stays.
    """
    keys = None if assets is None else list(assets)

    @dg.sensor(
        name=name,
        job_name=job if isinstance(job, str) else job.name,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Asks for the publishes that were approved by a run's tag or in a reviewed file.",
    )
    def gate(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        file = Approvals() if approvals is None else read_approvals(approvals)
        return _look(context, name, _declared(context) if keys is None else keys, file, pauses)

    return gate


def _look(
    context: dg.SensorEvaluationContext,
    gate: str,
    declared: Sequence[dg.AssetKey],
    file: Approvals,
    pauses: Sequence[float],
) -> dg.SensorResult:
    cursor = _Cursor.read(context.cursor)
    tick = _Tick(context, gate, cursor or _Cursor())
    if cursor is None:
        tick.notes.append(
            "the cursor cannot be read, so all is looked at anew; what was asked for is known from the runs"
        )
    if tick.cursor.catching_up:
        tick.recall()
    asks = list(tick.again(pauses, declared))
    by_identity: dict[Identity, tuple[Target, str | None]] = {}
    for target in tick.by_tag(declared):
        by_identity[_identity(target)] = (target, None)
    for target, key in tick.by_file(file, declared):
        by_identity[_identity(target)] = (target, key)
        tick.cursor.approved.add(key)
    tick.cursor.approved &= {entry.key for entry in file.entries}
    fresh = [each for identity, each in by_identity.items() if identity not in tick.known]
    for start in range(0, len(fresh), _BATCH):
        batch = fresh[start : start + _BATCH]
        asks.append(Ask.first(gate, [target for target, _ in batch], [key for _, key in batch if key]))
    tick.cursor.asked |= {ask.id for ask in asks}
    for note in tick.notes:
        context.log.warning(note)
    why = "; ".join(tick.notes) or "nothing new is approved"
    return dg.SensorResult(
        run_requests=[ask.request() for ask in asks],
        cursor=tick.cursor.text(),
        skip_reason=None if asks else dg.SkipReason(why),
    )


def _declared(context: dg.SensorEvaluationContext) -> list[dg.AssetKey]:
    repository = context.repository_def
    if repository is None:
        return []
    return [key for key, assets in repository.assets_defs_by_key.items() if declaration_of(assets, key) is not None]


def _wanted(entry: Approval) -> Target:
    return Target(
        asset=entry.asset,
        message=entry.why,
        partition=entry.partition,
        run_id=entry.run_id,
        label=entry.label,
        publisher=entry.by,
    )


def _identity(target: Target) -> Identity:
    return target.asset, target.partition, target.run_id

"""One tick of the gate: what is approved by now and was not requested yet."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import dagster as dg

from registry_dagster.dagster.gate.approval_tags import TagApproval, read_tags
from registry_dagster.dagster.gate.approvals import Approval, Approvals
from registry_dagster.dagster.gate.cursor import Cursor
from registry_dagster.dagster.gate.new_records import NewRecords
from registry_dagster.dagster.gate.request_tag import RequestTag
from registry_dagster.dagster.gate.requests import PublishRequest, RequestRun, newest_run, newest_runs
from registry_dagster.dagster.gate.run_groups import RunGroups, newest_in_place, published_run, read_groups, runs_of
from registry_dagster.dagster.graph.translator import FeatureRegistryTranslator
from registry_dagster.dagster.pin.frozen import is_pinned
from registry_dagster.dagster.publish.config import Target
from registry_dagster.dagster.publish.frozen_tables import FrozenTable, find_frozen_tables
from registry_dagster.errors import PublishRefused
from registry_dagster.model.batches import batches

__all__ = ["Tick"]

_BATCH = 250
_MOST_ENTRIES = 100
"""In a request with entries of the file: their keys are in the run's tag. PostgreSQL indexes at most 2,704 bytes."""
_SECONDS_SHOWN = 3600
"""Wrong tags of a run cannot be corrected, so they are shown for a while."""

Identity = tuple[str, str | None, str | None]
"""Which materialization a target means: asset, partition, run. Two approvals of one are one request."""

ApprovedTarget = tuple[Target, str | None]
"""What is approved, and the key of the file's entry; None if a tag approves it."""


@dataclass
class Tick:
    """One tick.

    Args:
        instance: Dagster's storage.
        gate: Name of the sensor.
        job: Name of the publish job.
        assets: Keys of the assets it is for, as text.
        cursor: What the gate remembers; the tick updates it.
        translator: Knows the keys of the datasets' assets.
        notes: What a person should know; the tick adds to it.
        problems: Approvals that approve nothing until a person acts; the tick adds to it.
    """

    instance: dg.DagsterInstance
    gate: str
    job: str
    assets: frozenset[str]
    cursor: Cursor
    translator: FeatureRegistryTranslator
    notes: list[str] = field(default_factory=list[str])
    problems: list[str] = field(default_factory=list[str])
    now: float = field(default_factory=time.time)

    def requests(self, approvals: Approvals, pauses: Sequence[float]) -> list[PublishRequest]:
        """What to request now: failed requests that are due again, and what is newly approved.

        The order matters. Requests that were lost with the cursor are read back first: what they asked for
        is not new, and those that failed are retried. The file comes after the tags, so where both approve
        one materialization, the reviewed words are used. Dagster stores the cursor after it has launched the
        requests: a crash in between repeats them, which the run key and publishing itself make harmless.
        """
        known = self._read_back_requests() if self.cursor.catching_up else dict[Identity, bool]()
        requests = list(self._retries(pauses))
        known |= {_identity(target): False for request in requests for target in request.targets}
        approved = self._approved(approvals, known)
        requests += self._first_requests([each for identity, each in approved.items() if identity not in known])
        self.cursor.pending |= {request.tag.to_text() for request in requests}
        self.problems += self.cursor.wrong_tags
        return requests

    def _approved(self, approvals: Approvals, known: Mapping[Identity, bool]) -> dict[Identity, ApprovedTarget]:
        """What was newly approved, by a tag or in the file."""
        approved: dict[Identity, ApprovedTarget] = {}
        for target in self._targets_by_tag(known):
            approved[_identity(target)] = (target, None)
        for target, key in self._targets_by_file(approvals):
            approved[_identity(target)] = (target, key)
            # Never forgotten: an entry that is missing for a while, or a broken file, must not approve twice.
            self.cursor.approved.add(key)
        return approved

    def _first_requests(self, approved: Sequence[ApprovedTarget]) -> Iterator[PublishRequest]:
        by_file = any(key is not None for _, key in approved)
        for some in batches(approved, _MOST_ENTRIES if by_file else _BATCH):
            keys = [key for _, key in some if key is not None]
            yield PublishRequest.first(self.gate, [target for target, _ in some], keys)

    def _read_back_requests(self) -> dict[Identity, bool]:
        """Learn from the gate's runs what was requested before: for a new cursor, and one that was lost.

        Returns:
            What was requested → whether it is published.
        """
        known: dict[Identity, bool] = {}
        for run in newest_runs(self.instance, self.job, self.gate):
            known |= {_identity(target): run.succeeded for target in run.request.targets}
            self.cursor.approved |= set(run.request.tag.approvals)
            if not run.succeeded:
                self.cursor.pending.add(run.request.tag.to_text())
        return known

    def _retries(self, pauses: Sequence[float]) -> Iterator[PublishRequest]:
        """The requests that failed and have waited, for those of their assets that are still declared."""
        for text in sorted(self.cursor.pending):
            tag = RequestTag.from_text(text)
            run = tag and newest_run(self.instance, self.job, tag)
            targets = self._targets_left(run)
            if run is None or not targets:
                self.cursor.pending.discard(text)
            elif run.failed_at is not None:
                newest = newest_in_place(self.instance, targets, self.translator)
                # What a re-execution replaced can no longer be published; the one in its place need not wait.
                if newest != targets or self._is_due(run.failed_at, run.request, pauses):
                    self.cursor.pending.discard(text)
                    yield run.request.retry(newest)

    def _targets_left(self, run: RequestRun | None) -> list[Target]:
        """What is left of a request, by its newest run.

        No run or no targets: a person deleted the run, or launched it again with another config. That is a
        decision, so the request is over.
        """
        if run is None or run.succeeded:
            return []
        return [each for each in run.request.targets if each.asset in self.assets]

    def _is_due(self, failed_at: float, request: PublishRequest, pauses: Sequence[float]) -> bool:
        """Whether a request that failed has waited; if it has to wait longer, a note says how long."""
        wait = failed_at + pauses[min(request.tag.attempt, len(pauses)) - 1] - self.now
        if wait > 0:
            self.notes.append(f"failed targets: {len(request.targets)}; they will be requested again in {wait:.0f} s")
        return wait <= 0

    def _targets_by_file(self, approvals: Approvals) -> Iterator[tuple[Target, str]]:
        """What the file approves and was not requested yet, each with the key of its entry."""
        self.problems += approvals.problems
        new = list(self._new_entries(approvals))
        found = find_frozen_tables(self.instance, [entry.target for entry in new])
        for entry, frozen in zip(new, found, strict=True):
            if isinstance(frozen, PublishRefused):
                self.notes.append(f"the approval by {entry.by} is waiting: {frozen}")
            else:
                # The run is fixed now: an entry means one materialization, never also the next one.
                yield entry.target.model_copy(update={"run_id": frozen.origin.run_id}), entry.key

    def _new_entries(self, approvals: Approvals) -> Iterator[Approval]:
        """The entries that were not requested yet. One whose asset is not declared here is a problem."""
        for entry in approvals.entries:
            if entry.key in self.cursor.approved:
                continue
            if entry.asset in self.assets:
                yield entry
            else:
                self.problems.append(
                    f"asset {entry.asset!r} is approved, but no declared asset has that key here; correct the entry, "
                    "or declare the asset"
                )

    def _targets_by_tag(self, known: Mapping[Identity, bool]) -> Iterator[Target]:
        """The new materializations whose runs carry the tag: one of each run group, asset and partition, the newest.

        A run that is executed again has the tags of the first one, which is not a second approval: once one of a
        group is published, the others wait for one.
        """
        records = self._new_records()
        runs = runs_of(self.instance, {record.run_id for record in records})
        tagged = list(self._tagged(records, runs.values()))
        groups = read_groups(self.instance, {target.run_id for target in tagged if target.run_id}, runs)
        newest = {(each.asset, each.partition, groups.root(each.run_id or "")): each for each in tagged}
        repeated = [each for each in newest.values() if len(groups.members(each.run_id or "")) > 1]
        asked = {**self._requested_since(groups, repeated), **known}
        waiting = self._waiting(repeated, groups, asked)
        self.notes += waiting.values()
        yield from (each for each in newest.values() if _identity(each) not in waiting)

    def _waiting(
        self, repeated: Sequence[Target], groups: RunGroups, asked: Mapping[Identity, bool]
    ) -> dict[Identity, str]:
        """Which of the targets whose runs are in larger groups have to wait, and why."""
        new = [each for each in repeated if _identity(each) not in asked]
        reasons = ((_identity(each), self._why_waiting(each, groups, asked)) for each in new)
        return {identity: why for identity, why in reasons if why is not None}

    def _requested_since(self, groups: RunGroups, targets: Sequence[Target]) -> dict[Identity, bool]:
        """What the gate requested since the first run of these targets' groups → whether it is published."""
        if not targets:
            return {}
        since = groups.began(target.run_id for target in targets if target.run_id)
        return {
            _identity(target): run.succeeded
            for run in newest_runs(self.instance, self.job, self.gate, since)
            for target in run.request.targets
        }

    def _why_waiting(self, target: Target, groups: RunGroups, asked: Mapping[Identity, bool]) -> str | None:
        """Why the tag does not approve this one, if another one of its run group was requested or published."""
        members = groups.members(target.run_id or "")
        others = {run_id: asked.get((target.asset, target.partition, run_id)) for run_id in members}
        published = next((run_id for run_id, succeeded in others.items() if succeeded), None)
        if published is None:
            (frozen,) = find_frozen_tables(self.instance, [target])
            published = isinstance(frozen, FrozenTable) and published_run(
                self.instance, groups, target, frozen, self.translator
            )
        if published:
            return (
                f"{target} is not published: its tag approves one publish, and run {published}, which it executed "
                f"again, is published already. To publish this one as well, launch the publish job with run_id "
                f"{target.run_id}, or add it with that run_id to the approvals file"
            )
        running = next((run_id for run_id, succeeded in others.items() if succeeded is not None), None)
        return running and (
            f"{target} executed run {running} again, which is being published; if that fails, this one is published "
            "in its place"
        )

    def _new_records(self) -> list[dg.EventLogRecord]:
        """The new materializations whose tables are pinned."""
        new = NewRecords(self.instance, self.assets, self.cursor, self.now)
        records = [record for record in new.read() if is_pinned(record.asset_materialization)]
        if new.more:
            self.notes.append("there are more new materializations than one tick reads; the next tick continues")
        return records

    def _tagged(self, records: Iterable[dg.EventLogRecord], runs: Iterable[dg.RunRecord]) -> Iterator[Target]:
        """The materializations whose runs' tags approve them."""
        approvals = self._approvals_of(runs)
        for record in records:
            if record.run_id in approvals:
                yield approvals[record.run_id].target(_asset(record), record.partition_key)

    def _approvals_of(self, runs: Iterable[dg.RunRecord]) -> dict[str, TagApproval]:
        """Run id → what the run's tags approve. Wrong tags are remembered, to be shown."""
        shown_since = self.now - _SECONDS_SHOWN
        wrong = self.cursor.wrong_tags
        self.cursor.wrong_tags = {text: found for text, found in wrong.items() if found > shown_since}
        approvals: dict[str, TagApproval] = {}
        for run in (record.dagster_run for record in runs):
            read = read_tags(run)
            if isinstance(read, TagApproval):
                approvals[run.run_id] = read
            elif read is not None:
                self.cursor.wrong_tags[str(read)] = self.now
        return approvals


def _asset(record: dg.EventLogRecord) -> str:
    return record.asset_key.to_user_string() if record.asset_key else ""


def _identity(target: Target) -> Identity:
    return target.asset, target.partition, target.run_id

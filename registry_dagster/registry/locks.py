"""Locks: which versions a paper used, exactly; and whether all of that is still so."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import combinations

from registry_dagster.answers.lifecycle import Lifecycle, lifecycle
from registry_dagster.answers.lock import Lock, LockedJoin, LockedState, LockedVersion
from registry_dagster.answers.lock_check import LockCheck, LockFinding, LockState, join_finding, state_finding
from registry_dagster.answers.remote import lab_of
from registry_dagster.errors import CorruptRecord, InvalidDeclaration, NotPublished
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.names import name_text, parse_version
from registry_dagster.model.visible import visible
from registry_dagster.registry.acts import Acts
from registry_dagster.registry.questions import Questions
from registry_dagster.registry.rows.now import VersionNow
from registry_dagster.registry.verifier import Verification, Verifier
from registry_dagster.tables.storage.options import OptionsOf
from registry_dagster.tables.verdict import TableVerdict

__all__ = ["Locks"]

_MOST = 100
"""How many versions a lock may hold: each two of them are asked how they join."""


@dataclass(frozen=True)
class Locks:
    """Locks versions of one registry, and compares locks with it. Nothing is written.

    Args:
        acts: Of the registry.
        questions: Of the registry.
    """

    acts: Acts
    questions: Questions

    def lock(self, names: Sequence[str]) -> Lock:
        """The versions that names mean, with what is true of them now."""
        if not 0 < len(names) <= _MOST:
            raise InvalidDeclaration(
                f"a lock holds 1 to {_MOST} versions, got {len(names):,} names; name {'fewer' if names else 'one'}"
            )
        if other := next((name for name in names if lab_of(name_text(name))), None):
            raise InvalidDeclaration(
                f"{other} is of another lab, which alone knows whether it is as it was locked; lock it in the registry "
                "of that lab: --registry mirror:ADDRESS"
            )
        found = [self.acts.resolver.resolve(name).record for name in names]
        records = list({record.name: record for record in found}.values())
        return Lock(
            locked_at=datetime.now(timezone.utc).replace(microsecond=0),
            versions=[self._locked(record) for record in records],
            joins=[join for a, b in combinations(records, 2) for join in self._best(a.name, b.name)],
        )

    def _locked(self, record: DatasetVersion) -> LockedVersion:
        states = {state.key: self._lifecycle(state) for state in record.materializations}
        retired = self._now(record.name).retired
        return LockedVersion(
            version=record.name,
            digest=record.digest,
            content_digest=record.content_digest,
            location=record.table.location,
            pin=record.table.pin,
            materializations=[
                LockedState(name=key, state=now.state, expires_on=now.expires_on) for key, now in states.items()
            ],
            # In DataHub's pages people may write what no text of ours holds.
            retired=retired and visible(retired),
        )

    def _best(self, a: str, b: str) -> Iterator[LockedJoin]:
        for way in self.questions.join(a, b, (), None, None).joins[:1]:
            yield LockedJoin(a=a, b=b, columns=way.columns, through=way.through, verdict=way.verdict, basis=way.basis)

    def check(self, lock: Lock, storage_options: OptionsOf | None) -> LockCheck:
        """Whether all that is locked is still so."""
        verifier = Verifier(self.acts.records, record=True, table=True, storage_options=storage_options)
        states: dict[str, LockFinding] = {}
        findings: list[LockFinding] = []
        for each in lock.versions:
            findings += self._version(each, verifier, states)
        return LockCheck((*findings, *states.values(), *(self._join(each) for each in lock.joins)))

    def _version(
        self, locked: LockedVersion, verifier: Verifier, states: dict[str, LockFinding]
    ) -> Iterator[LockFinding]:
        """What became of one version; of what it was made against, once for all versions, in `states`."""
        name = locked.version
        try:
            verified = verifier.verify(name)
        except NotPublished as error:
            yield LockFinding(name, "record", "changed", str(error).removeprefix(f"{name}: "))
            return
        record = self._readable(name)
        yield _record(locked, verified, record)
        if verified.table is not None:
            yield _table(name, verified.table)
        yield _retirement(locked, self._now(name))
        was = {each.name: each for each in locked.materializations}
        for state in record.materializations if record else ():
            if state.key in was:
                states.setdefault(state.key, state_finding(was[state.key], self._lifecycle(state)))

    def _readable(self, version: str) -> DatasetVersion | None:
        """The record; None if it was changed, which is a finding of its own."""
        return self.acts.records.readable([version]).get(version)

    def _lifecycle(self, state: MaterializationVersion) -> Lifecycle:
        recorded = self.acts.records.materialization(state)
        return lifecycle(recorded, at=datetime.now(timezone.utc)) if recorded else Lifecycle(str(state), "unknown")

    def _now(self, version: str) -> VersionNow:
        return self.acts.now(parse_version(version).dataset).version(version)

    def _join(self, locked: LockedJoin) -> LockFinding:
        bridges = [name for name in locked.through if re.fullmatch(r".+@v[0-9]+", name)]
        try:
            return join_finding(locked, self.questions.join(locked.a, locked.b, bridges, None, None).joins)
        except NotPublished as error:
            return LockFinding(str(locked), "join", "changed", str(error))
        except CorruptRecord as error:
            return LockFinding(str(locked), "join", "unknown", f"it cannot be answered: {error}")


def _record(locked: LockedVersion, verified: Verification, record: DatasetVersion | None) -> LockFinding:
    changes = [*(verified.record or ()), *verified.links]
    if record and record.digest != locked.digest:
        changes.append(f"its digest is {record.digest}, and {locked.digest} is locked")
    if record and record.content_digest != locked.content_digest:
        changes.append(f"the digest of its content is {record.content_digest}, and {locked.content_digest} is locked")
    state: LockState = "changed" if changes else "as locked"
    return LockFinding(locked.version, "record", state, "; ".join(changes) or "the record is intact")


def _table(version: str, verdict: TableVerdict) -> LockFinding:
    states: dict[str, LockState] = {"intact": "as locked", "unknown": "unknown", "unreachable": "unreachable"}
    return LockFinding(version, "table", states.get(verdict.state, "changed"), str(verdict))


def _retirement(locked: LockedVersion, now: VersionNow) -> LockFinding:
    def found(state: LockState, reason: str) -> LockFinding:
        return LockFinding(locked.version, "retirement", state, reason)

    if now.removed:
        return found("changed", "it was removed in DataHub")
    if now.retired:
        return found("noted" if locked.retired else "changed", f"it is {now.retired}")
    return found("noted", "its retirement was undone") if locked.retired else found("as locked", "it may be used")

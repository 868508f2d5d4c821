"""What the gate asked for, as it stands in Dagster's own runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from registry_dagster.dagster.names import (
    APPROVALS_TAG,
    ATTEMPT_TAG,
    GATE_TAG,
    OP_NAME,
    REQUEST_TAG,
    publish_run_config,
)
from registry_dagster.dagster.publish.targets import Target
from registry_dagster.model.canonical_json import sha256_digest

__all__ = ["Ask", "Asked", "asks_of", "latest"]

_MESSAGE = "Approved; each target says by whom and why"
_PAGE = 100
_OVER = {dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED}


@dataclass(frozen=True)
class Ask:
    """A batch of targets, asked for in one run.

    Args:
        id: The same for the same targets, however often they are asked for.
        gate: Name of the sensor.
        targets: What is to be published.
        approvals: Keys of the file's entries among them.
        attempt: 1, 2, …
    """

    id: str
    gate: str
    targets: Sequence[Target]
    approvals: Sequence[str] = ()
    attempt: int = 1

    @classmethod
    def first(cls, gate: str, targets: Sequence[Target], approvals: Sequence[str]) -> Ask:
        """The first time that these targets are asked for."""
        digest = sha256_digest([gate, [_config(target) for target in targets]])
        return cls(digest.removeprefix("sha256:")[:16], gate, targets, approvals)

    def request(self) -> dg.RunRequest:
        """The run to launch. Dagster launches one run a key, even where the cursor was lost."""
        config = {"message": _MESSAGE, "targets": [_config(target) for target in self.targets]}
        return dg.RunRequest(
            run_key=f"{self.id}:{self.attempt}",
            run_config=publish_run_config(config),
            tags={
                GATE_TAG: self.gate,
                REQUEST_TAG: self.id,
                ATTEMPT_TAG: str(self.attempt),
                **({APPROVALS_TAG: " ".join(self.approvals)} if self.approvals else {}),
            },
        )


@dataclass(frozen=True)
class Asked:
    """An ask, and what became of it so far.

    Args:
        ask: The ask.
        settled: Whether its targets stand.
        failed_at: When it failed, in seconds since 1970; None while it is under way.
    """

    ask: Ask
    settled: bool
    failed_at: float | None


def latest(instance: dg.DagsterInstance, ask: str) -> Asked | None:
    """The newest run of an ask, whoever launched it; None when all were deleted."""
    records = instance.get_run_records(dg.RunsFilter(tags={REQUEST_TAG: ask}), limit=1)
    return _asked(records[0]) if records else None


def asks_of(instance: dg.DagsterInstance, gate: str) -> Iterator[Asked]:
    """The newest run of every ask of a gate."""
    known: set[str] = set()
    cursor: str | None = None
    while records := instance.get_run_records(dg.RunsFilter(tags={GATE_TAG: gate}), limit=_PAGE, cursor=cursor):
        for record in records:
            if (ask := record.dagster_run.tags.get(REQUEST_TAG, "")) not in known:
                known.add(ask)
                yield _asked(record)
        cursor = records[-1].dagster_run.run_id


def _asked(record: dg.RunRecord) -> Asked:
    run = record.dagster_run
    tags = run.tags
    ask = Ask(
        id=tags.get(REQUEST_TAG, ""),
        gate=tags.get(GATE_TAG, ""),
        targets=_targets(run.run_config),
        approvals=tags.get(APPROVALS_TAG, "").split(),
        attempt=int(tags.get(ATTEMPT_TAG, "1")),
    )
    failed = run.status in _OVER
    return Asked(ask, run.status is dg.DagsterRunStatus.SUCCESS, (record.end_time or 0.0) if failed else None)


def _targets(config: Any) -> list[Target]:
    """What a run was asked to publish; nothing where a person launched it anew with another config."""
    try:
        return [Target(**each) for each in config["ops"][OP_NAME]["config"]["targets"]]
    except (KeyError, TypeError):
        return []


def _config(target: Target) -> dict[str, str]:
    """The target as config, without what it leaves open."""
    return {name: value for name, value in vars(target).items() if value is not None}

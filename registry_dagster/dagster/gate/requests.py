"""What the gate requested, read back from Dagster's own runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import dagster as dg
from pydantic import ValidationError
from typing_extensions import Self

from registry_dagster.dagster.names import (
    APPROVALS_TAG,
    ATTEMPT_TAG,
    GATE_TAG,
    OP_NAME,
    REQUEST_TAG,
    publish_run_config,
)
from registry_dagster.dagster.publish.config import Target
from registry_dagster.model.canonical_json import sha256_digest

__all__ = ["PublishRequest", "RequestRun", "newest_run", "newest_runs"]

_MESSAGE = "Approved; each target says by whom and why"
_PAGE = 100
_MOST_DIGITS = 10
_FAILED = {dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED}


@dataclass(frozen=True)
class PublishRequest:
    """A batch of targets, requested in one run.

    Args:
        id: The same for the same targets, however often they are requested.
        gate: Name of the sensor.
        targets: What to publish.
        approvals: Keys of the file's entries among them.
        attempt: 1, 2, …
    """

    id: str
    gate: str
    targets: Sequence[Target]
    approvals: Sequence[str] = ()
    attempt: int = 1

    @classmethod
    def first(cls, gate: str, targets: Sequence[Target], approvals: Sequence[str]) -> Self:
        """The first request for these targets."""
        digest = sha256_digest([gate, [target.to_config() for target in targets]])
        return cls(digest.removeprefix("sha256:")[:16], gate, targets, approvals)

    def retry(self, targets: Sequence[Target]) -> Self:
        """The next attempt, for those of the targets that are given."""
        return replace(self, targets=targets, attempt=self.attempt + 1)

    def to_run_request(self) -> dg.RunRequest:
        """The run to launch. Dagster launches one run for each run key, even after the cursor was lost."""
        return dg.RunRequest(
            run_key=f"{self.id}:{self.attempt}",
            run_config=publish_run_config(
                {"message": _MESSAGE, "targets": [target.to_config() for target in self.targets]}
            ),
            tags={
                GATE_TAG: self.gate,
                REQUEST_TAG: self.id,
                ATTEMPT_TAG: str(self.attempt),
                **({APPROVALS_TAG: " ".join(self.approvals)} if self.approvals else {}),
            },
        )


@dataclass(frozen=True)
class RequestRun:
    """The newest run of a request.

    Args:
        request: The request.
        succeeded: Whether all of its targets are published.
        failed_at: When the run failed, in seconds since 1970; None if it did not, or is not over yet.
    """

    request: PublishRequest
    succeeded: bool
    failed_at: float | None


def newest_run(instance: dg.DagsterInstance, job: str, request_id: str) -> RequestRun | None:
    """The newest run of a request, whoever launched it; None if all of its runs were deleted.

    Only runs of the publish job count: anybody can give the tags to a run of their own.
    """
    records = instance.get_run_records(dg.RunsFilter(job_name=job, tags={REQUEST_TAG: request_id}), limit=1)
    return _request_run(records[0]) if records else None


def newest_runs(
    instance: dg.DagsterInstance, job: str, gate: str, since: datetime | None = None
) -> Iterator[RequestRun]:
    """The newest run of the publish job for every request of a gate, of those created since a moment."""
    known: set[str] = set()
    for record in _newest_first(instance, dg.RunsFilter(job_name=job, tags={GATE_TAG: gate}, created_after=since)):
        if (request_id := record.dagster_run.tags.get(REQUEST_TAG, "")) not in known:
            known.add(request_id)
            yield _request_run(record)


def _newest_first(instance: dg.DagsterInstance, wanted: dg.RunsFilter) -> Iterator[dg.RunRecord]:
    cursor: str | None = None
    while records := instance.get_run_records(wanted, limit=_PAGE, cursor=cursor):
        yield from records
        cursor = records[-1].dagster_run.run_id


def _request_run(record: dg.RunRecord) -> RequestRun:
    run = record.dagster_run
    request = PublishRequest(
        id=run.tags.get(REQUEST_TAG, ""),
        gate=run.tags.get(GATE_TAG, ""),
        targets=_targets(run.run_config),
        approvals=run.tags.get(APPROVALS_TAG, "").split(),
        attempt=_attempt(run.tags),
    )
    failed_at = (record.end_time or 0.0) if run.status in _FAILED else None
    return RequestRun(request, run.status is dg.DagsterRunStatus.SUCCESS, failed_at)


def _attempt(tags: Mapping[str, str]) -> int:
    """Which attempt a run was; the first, if a person who launched it again gave it another tag."""
    attempt = tags.get(ATTEMPT_TAG, "")
    return int(attempt) if attempt.isdecimal() and len(attempt) < _MOST_DIGITS else 1


def _targets(run_config: Any) -> list[Target]:
    """What a run was requested to publish; nothing if a person launched it again with another config."""
    try:
        return [Target(**each) for each in run_config["ops"][OP_NAME]["config"]["targets"]]
    except (KeyError, TypeError, ValidationError):
        return []

"""What the gate requested, read back from Dagster's own runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import dagster as dg
from pydantic import ValidationError
from typing_extensions import Self

from registry_dagster.dagster.gate.request_tag import RequestTag
from registry_dagster.dagster.names import OLD_REQUEST_TAG, OP_NAME, REQUEST_TAG, publish_run_config
from registry_dagster.dagster.publish.config import Target
from registry_dagster.model.canonical_json import sha256_digest

__all__ = ["PublishRequest", "RequestRun", "newest_run", "newest_runs"]

_MESSAGE = "Approved; each target says by whom and why"
_PAGE = 100
_FAILED = {dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED}


@dataclass(frozen=True)
class PublishRequest:
    """A batch of targets, requested in one run.

    Args:
        tag: By which its run is found.
        targets: What to publish.
    """

    tag: RequestTag
    targets: Sequence[Target]

    @classmethod
    def first(cls, gate: str, targets: Sequence[Target], approvals: Sequence[str] = ()) -> Self:
        """The first request for these targets.

        Args:
            gate: Name of the sensor.
            targets: What to publish.
            approvals: Keys of the file's entries among them.
        """
        digest = sha256_digest([gate, [target.to_config() for target in targets]])
        request_id = digest.removeprefix("sha256:")[:16]
        return cls(RequestTag(gate, request_id, approvals=tuple(approvals)), targets)

    def retry(self, targets: Sequence[Target]) -> PublishRequest:
        """The next attempt, for those of the targets that are given."""
        return PublishRequest(self.tag.next, targets)

    def to_run_request(self) -> dg.RunRequest:
        """The run to launch."""
        return dg.RunRequest(
            run_key=self.tag.run_key,
            run_config=publish_run_config(
                {"message": _MESSAGE, "targets": [target.to_config() for target in self.targets]}
            ),
            tags={REQUEST_TAG: self.tag.to_text()},
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


def newest_run(instance: dg.DagsterInstance, job: str, tag: RequestTag) -> RequestRun | None:
    """The newest run of a request, whoever launched it; None if all of its runs were deleted.

    Only runs of the publish job count: anybody can give the tags to a run of their own.
    """
    for tags in ({REQUEST_TAG: tag.to_text()}, {OLD_REQUEST_TAG: tag.id}):
        for record in instance.get_run_records(dg.RunsFilter(job_name=job, tags=tags), limit=1):
            return _request_run(record, tag)
    return None


def newest_runs(
    instance: dg.DagsterInstance, job: str, gate: str, since: datetime | None = None
) -> Iterator[RequestRun]:
    """The newest run of the publish job for every request of a gate, of those created since a moment."""
    known: set[str] = set()
    for record in _newest_first(instance, dg.RunsFilter(job_name=job, created_after=since)):
        tag = RequestTag.of_run(record.dagster_run.tags)
        if tag is not None and tag.gate == gate and tag.id not in known:
            known.add(tag.id)
            yield _request_run(record, tag)


def _newest_first(instance: dg.DagsterInstance, wanted: dg.RunsFilter) -> Iterator[dg.RunRecord]:
    cursor: str | None = None
    while records := instance.get_run_records(wanted, limit=_PAGE, cursor=cursor):
        yield from records
        cursor = records[-1].dagster_run.run_id


def _request_run(record: dg.RunRecord, tag: RequestTag) -> RequestRun:
    run = record.dagster_run
    failed_at = (record.end_time or 0.0) if run.status in _FAILED else None
    request = PublishRequest(tag, _targets(run.run_config))
    return RequestRun(request, run.status is dg.DagsterRunStatus.SUCCESS, failed_at)


def _targets(run_config: Any) -> list[Target]:
    """What a run was requested to publish; nothing if a person launched it again with another config."""
    try:
        return [Target(**each) for each in run_config["ops"][OP_NAME]["config"]["targets"]]
    except (KeyError, TypeError, ValidationError):
        return []

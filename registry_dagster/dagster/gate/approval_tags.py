"""The tags by which a run approves what it makes."""

from __future__ import annotations

from dataclasses import dataclass

import dagster as dg

from registry_dagster.dagster.gate.approvals import Approval
from registry_dagster.dagster.names import LABEL_TAG, MESSAGE_TAG, PUBLISHER_TAG
from registry_dagster.dagster.publish.config import Target
from registry_dagster.errors import InvalidDeclaration

__all__ = ["TagApproval", "is_tagged", "read_tags"]


@dataclass(frozen=True)
class TagApproval:
    """What a run approves.

    Args:
        run_id: The run.
        message: Why its materializations are published.
        publisher: Who publishes them; None leaves it to the resource.
        label: A human alias of the version.
    """

    run_id: str
    message: str
    publisher: str | None
    label: str | None

    def target(self, asset: str, partition: str | None) -> Target:
        """What it approves of one asset."""
        return Target(
            asset=asset,
            message=self.message,
            partition=partition,
            run_id=self.run_id,
            label=self.label,
            publisher=self.publisher,
        )


def is_tagged(run: dg.DagsterRun) -> bool:
    """Whether a run is meant to approve what it makes."""
    return MESSAGE_TAG in run.tags


def read_tags(run: dg.DagsterRun) -> TagApproval | InvalidDeclaration | None:
    """What a run approves; what is wrong with its tags; or None if it has none."""
    if not is_tagged(run):
        return None
    message, publisher, label = (run.tags.get(name) for name in (MESSAGE_TAG, PUBLISHER_TAG, LABEL_TAG))
    try:
        Approval(asset="any", why=(message or "").strip(), by="nobody" if publisher is None else publisher, label=label)
    except InvalidDeclaration as error:
        return InvalidDeclaration(
            f"the tags of run {run.run_id} approve nothing: {error} (why is the tag {MESSAGE_TAG}, by is "
            f"{PUBLISHER_TAG}, label is {LABEL_TAG}). Tags of a run cannot be corrected; to publish what it made, "
            "launch the publish job with its run_id, or approve it in the approvals file"
        )
    return TagApproval(run.run_id, message or "", publisher, label)

"""Who publishes, and why: the words of a person that every act of theirs is recorded with."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from registry_dagster.errors import PublishRefused
from registry_dagster.model.accounts import plain_account
from registry_dagster.model.dataset_version import Provenance
from registry_dagster.model.source_code import SourceCode
from registry_dagster.registry.settings import PUBLISHER_VARIABLE

if TYPE_CHECKING:
    from registry_dagster.registry.plan import Origin

__all__ = ["provenance"]


def provenance(
    publisher: str | None,
    message: str,
    origin: Origin | None = None,
    *,
    code: SourceCode | None = None,
    act: str = "a publish",
) -> Provenance:
    """Who says what, now, about what a run made.

    Args:
        publisher: The person or account; also as DataHub's URN of it.
        message: Why, in their words.
        origin: The Dagster run that made the table.
        code: The code that did. Default: that of the run.
        act: What they do, as an error calls it.

    Raises:
        PublishRefused: there is no publisher.
        InvalidDeclaration: publisher or message are not well formed.
    """
    if not publisher or not publisher.strip():
        raise PublishRefused(
            f"{act} needs a publisher: name one, or set {PUBLISHER_VARIABLE} (an e-mail address or account name)"
        )
    from registry_dagster.registry.plan import Origin

    origin = origin or Origin()
    return Provenance(
        publisher=plain_account(publisher),
        message=message,
        published_at=datetime.now(timezone.utc),
        dagster_run_id=origin.run_id,
        dagster_asset=origin.asset,
        dagster_partition=origin.partition,
        dagster_job=origin.job,
        dagster_op=origin.op,
        code=code or origin.code,
        handed_off_digest=origin.handed_off_digest,
        handed_off_at=origin.handed_off_at,
    )

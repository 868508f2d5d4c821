"""Whether materialization versions can still be queried: a fact beside compatibility, not part of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from registry_dagster.answers.answer import Answer
from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.materialization import MaterializationVersion

__all__ = ["SOON", "Lifecycle", "State", "lifecycle", "lifecycles"]

SOON = timedelta(days=60)
"""A version counts as expiring this long before its expiry date."""

State = Literal["available", "expiring", "expired", "archived", "running", "failed", "unknown"]


@dataclass(frozen=True)
class Lifecycle(Answer):
    """The lifecycle of one materialization version.

    Args:
        version: Its name.
        state: The system's own word, or what follows from the expiry date.
        expires_on: When the system will drop it, or dropped it.
    """

    version: str
    state: State
    expires_on: datetime | None = None

    def __str__(self) -> str:
        if self.state == "unknown":
            return f"{self.version}: lifecycle unknown"
        if self.expires_on is None:
            return f"{self.version}: {self.state}"
        if self.state == "expired":
            return f"{self.version}: expired, with expiry date {self.expires_on.date()}"
        if self.state == "expiring":
            return f"{self.version}: expires on {self.expires_on.date()}"
        return f"{self.version}: {self.state}, expires on {self.expires_on.date()}"


def lifecycle(version: MaterializationVersion, *, at: datetime | None = None) -> Lifecycle:
    """The lifecycle of a materialization version.

    Args:
        version: The materialization version, with its lifecycle as last recorded.
        at: The moment in question, with a time zone. Default: none, so that an expiry date is reported but not
            compared with a clock.

    Raises:
        InvalidDeclaration: the moment has no time zone.
    """
    if at is not None and at.tzinfo is None:
        raise InvalidDeclaration(f"at: {at.isoformat()} has no time zone; pass e.g. datetime.now(timezone.utc)")
    return Lifecycle(str(version), _state(version, at), version.expires_on)


def lifecycles(versions: Iterable[MaterializationVersion], *, at: datetime | None = None) -> tuple[Lifecycle, ...]:
    """The lifecycle of each version, without repetitions."""
    return tuple(dict.fromkeys(lifecycle(version, at=at) for version in versions))


def _state(version: MaterializationVersion, at: datetime | None) -> State:
    if version.status in ("expired", "archived", "failed"):
        return version.status
    if version.expires_on is None:
        return version.status or "unknown"
    if at is not None and version.expires_on <= at:
        return "expired"
    return version.status if version.status == "running" else _before_expiry(version, version.expires_on, at)


def _before_expiry(version: MaterializationVersion, expires_on: datetime, at: datetime | None) -> State:
    if at is None or expires_on - at <= SOON:
        return "expiring"
    return version.status or "available"

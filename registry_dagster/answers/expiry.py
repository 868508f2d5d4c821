"""When materialization versions expire: how many days are left, and whether their systems still serve them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from registry_dagster.answers.answer import Answer
from registry_dagster.model.materialization import MaterializationVersion

__all__ = ["Expiry", "Served", "expires_by", "expiry", "expiry_order", "first_to_expire", "unknown_expiry"]

Served = Literal["yes", "no", "unknown"]

_NOT_SERVED = ("expired", "archived", "failed", "running")
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Expiry(Answer):
    """When a materialization version expires, by what was last recorded of it.

    Args:
        materialization: Its name, `system@version`.
        expires_on: When its system drops it, in UTC; None if that is not recorded.
        days_left: The whole days of 24 hours until then; negative if the moment has passed.
        expired: Whether the moment has passed, or the system says that it expired.
        served: Whether its system still serves it, as recorded.
    """

    materialization: str
    expires_on: datetime | None = None
    days_left: int | None = None
    expired: bool = False
    served: Served = "unknown"

    @property
    def known(self) -> bool:
        """Whether anything is recorded of its expiry."""
        return self.expired or self.expires_on is not None

    def __str__(self) -> str:
        return f"{self.materialization}: {self.words}"

    @property
    def words(self) -> str:
        """`expires on 2027-01-13 UTC, in 45 days`."""
        on = f" on {self.expires_on:%Y-%m-%d} UTC" if self.expires_on else ""
        if not self.known:
            return "expiry unknown"
        return f"expired{on}" if self.expired else f"expires{on}, {_in_days(self.days_left or 0)}"


def expiry(version: MaterializationVersion, *, at: datetime) -> Expiry:
    """When a materialization version expires.

    Args:
        version: The materialization version, as last recorded.
        at: Now, with a time zone.
    """
    moment = version.expires_on
    return Expiry(
        str(version),
        moment,
        None if moment is None else (moment - at) // _DAY,
        expires_by(version, at),
        _served(version, at),
    )


def unknown_expiry(materialization: str) -> Expiry:
    """The expiry of a materialization version of which nothing is recorded."""
    return Expiry(materialization)


def first_to_expire(expiries: Iterable[Expiry]) -> Expiry:
    """The first of some to expire: those that have expired, then by their moments, then those not known."""
    return min(expiries, key=expiry_order)


def expiry_order(each: Expiry) -> tuple[bool, bool, float]:
    """What to sort by: what has expired first, then by moment, then what is not known."""
    return not each.expired, each.expires_on is None, each.expires_on.timestamp() if each.expires_on else 0.0


def expires_by(version: MaterializationVersion, moment: datetime) -> bool:
    """Whether a materialization version has expired by a moment, as far as is recorded."""
    return version.status == "expired" or (version.expires_on is not None and version.expires_on <= moment)


def _served(version: MaterializationVersion, at: datetime) -> Served:
    if version.status in _NOT_SERVED:
        return "no"
    # What was recorded before the moment passed no longer says anything.
    return "unknown" if version.status is None or expires_by(version, at) else "yes"


def _in_days(days: int) -> str:
    return {0: "in less than a day", 1: "in 1 day"}.get(days, f"in {days:,} days")

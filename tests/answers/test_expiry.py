"""Expiry is counted from what was last recorded; what is not recorded is unknown."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from registry_dagster.answers.expiry import Expiry, expiry, first_to_expire, unknown_expiry
from registry_dagster.model.materialization import MaterializationVersion

NOW = datetime(2026, 11, 29, 12, tzinfo=timezone.utc)
DAY = timedelta(days=1)


def of(**facts: Any) -> Expiry:
    return expiry(MaterializationVersion(system="minnie65_public", version=1300, source="cave", **facts), at=NOW)


@pytest.mark.parametrize(
    ("facts", "words", "days_left", "served"),
    [
        ({}, "expiry unknown", None, "unknown"),
        ({"status": "available"}, "expiry unknown", None, "yes"),
        ({"expires_on": NOW + 45.5 * DAY}, "expires on 2027-01-14 UTC, in 45 days", 45, "unknown"),
        ({"expires_on": NOW + DAY, "status": "available"}, "expires on 2026-11-30 UTC, in 1 day", 1, "yes"),
        (
            {"expires_on": NOW + DAY / 2, "status": "expiring"},
            "expires on 2026-11-30 UTC, in less than a day",
            0,
            "yes",
        ),
        ({"expires_on": NOW, "status": "available"}, "expired on 2026-11-29 UTC", 0, "unknown"),
        ({"expires_on": NOW - DAY / 2}, "expired on 2026-11-29 UTC", -1, "unknown"),
        ({"status": "expired"}, "expired", None, "no"),
        ({"expires_on": NOW + DAY, "status": "expired"}, "expired on 2026-11-30 UTC", 1, "no"),
        ({"status": "archived"}, "expiry unknown", None, "no"),
        # 23:30 in New York is the next day in UTC.
        ({"expires_on": "2027-01-12T23:30:00-05:00"}, "expires on 2027-01-13 UTC, in 44 days", 44, "unknown"),
    ],
)
def test_days_are_counted_to_the_moment_and_shown_in_utc(
    facts: dict[str, Any], words: str, days_left: int | None, served: str
) -> None:
    found = of(**facts)
    assert (found.words, found.days_left, found.served) == (words, days_left, served)
    assert str(found) == f"minnie65_public@1300: {words}"


def test_the_first_to_expire_is_what_has_expired_then_the_next_then_the_unknown() -> None:
    expired, soon, late = of(status="expired"), of(expires_on=NOW + DAY), of(expires_on=NOW + 9 * DAY)
    unknown = unknown_expiry("hemibrain@v1.2.1")
    assert first_to_expire([unknown, late, soon, expired]) is expired
    assert first_to_expire([unknown, late, soon]) is soon
    assert first_to_expire([unknown]) is unknown

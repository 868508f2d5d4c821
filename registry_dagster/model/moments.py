"""Moments in time: always with a zone, kept in UTC to the microsecond."""

from __future__ import annotations

import logging
import re
from datetime import date, datetime, timezone
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, PlainSerializer

from registry_dagster.too_fine import TOO_FINE, is_too_fine

__all__ = ["UtcDateTime", "finer", "moments_agree"]

_log = logging.getLogger(__name__)

_NUMBER = re.compile(r"\s*[-+]?[\d.]+([eE][-+]?\d+)?\s*")


def _to_utc(moment: datetime) -> datetime:
    moment = _plain(moment)
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; write it as {moment.isoformat()}Z if it is in UTC")
    try:
        return moment.astimezone(timezone.utc)
    except OverflowError:
        raise ValueError(f"{moment.isoformat()} is outside the years 1 to 9999 in UTC") from None


def _plain(moment: datetime) -> datetime:
    """The moment as `datetime` itself: others' kinds, such as pandas', keep nanoseconds that no record keeps."""
    if type(moment) is datetime:
        return moment
    if getattr(moment, "nanosecond", 0):
        _log.warning("%s is kept to the microsecond; the digits below are left out", moment.isoformat())
    try:
        return datetime.combine(moment.date(), moment.timetz())
    except (TypeError, ValueError):
        raise ValueError(f"{moment!r} is not a moment; leave it out if it is not known") from None


def _moment_not_number(value: object) -> object:
    if isinstance(value, str) and is_too_fine(value):
        raise ValueError(f"{value} {TOO_FINE}")
    if isinstance(value, int | float) or (isinstance(value, str) and _NUMBER.fullmatch(value)):
        raise ValueError(f"{value!r} is a number; write the moment as 2025-01-13T09:30:00Z")
    if type(value).__name__ == "datetime64":
        raise ValueError(f"{value} is numpy's and has no time zone; write the moment as {value}Z")
    if isinstance(value, date) and not isinstance(value, datetime):
        raise ValueError(f"{value.isoformat()} is a day; write the moment as {value.isoformat()}T00:00:00Z")
    return value


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


UtcDateTime = Annotated[
    datetime,
    BeforeValidator(_moment_not_number),
    AfterValidator(_to_utc),
    PlainSerializer(_iso, return_type=str, when_used="json"),
]
"""A moment with a time zone, kept in UTC to the microsecond. Text that says more is refused; of others' kinds of
moment the digits below are left out, with a warning in the log."""


def moments_agree(a: datetime, b: datetime) -> bool:
    """Whether two moments are equal as far as the coarser of them says: people write whole seconds."""
    digits = min(_digits(a), _digits(b))
    return _cut(a, digits) == _cut(b, digits)


def finer(a: datetime, b: datetime) -> datetime:
    """Of two moments that agree, the one that says more."""
    return b if _digits(b) > _digits(a) else a


def _digits(moment: datetime) -> int:
    """How many digits of its second's fraction a moment has: 0 for whole seconds, at most 6."""
    return len(f"{moment.microsecond:06}".rstrip("0"))


def _cut(moment: datetime, digits: int) -> datetime:
    unit = 10 ** (6 - digits)
    return moment.replace(microsecond=moment.microsecond // unit * unit)

"""Checks: was a published version made against a materialization version that expires soon?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

import dagster as dg

from registry_dagster.answers.expiry import (
    Expiry,
    expires_by,
    expiry,
    expiry_order,
    first_to_expire,
    unknown_expiry,
)
from registry_dagster.answers.relations import names_of
from registry_dagster.dagster.checks.dataset_checks import Checkable, CheckKind, CheckRun, Finding, dataset_checks
from registry_dagster.dagster.graph.translator import FeatureRegistryTranslator
from registry_dagster.dagster.names import EXPIRY_CHECK_NAME, EXPIRY_OP_NAME, RESOURCE_KEY
from registry_dagster.errors import InvalidDeclaration, NotPublished, RegistryError
from registry_dagster.model.markdown import code, plain
from registry_dagster.model.words import first_rows
from registry_dagster.registry.registry import Registry
from registry_dagster.registry.rows.found import FoundVersion

__all__ = ["expiry_checks"]

_MOST_DAYS = 36_500
_MOST_ROWS = 20
_KIND = CheckKind(
    function="expiry_checks",
    name=EXPIRY_CHECK_NAME,
    summary="Check whether what published versions were made against expires soon, by what is recorded of it.",
    claim="Nothing that {dataset} was made against expires soon or has expired, as far as is recorded.",
)
_HEADER = ("version", "made against", "expires", "days left", "still served", "newest compatible version")


def expiry_checks(
    of: Iterable[Checkable],
    *,
    within_days: float = 60,
    current_only: bool = False,
    resource_key: str = RESOURCE_KEY,
    name: str = EXPIRY_OP_NAME,
    translator: FeatureRegistryTranslator | None = None,
) -> dg.AssetChecksDefinition:
    """A check for each dataset, on its asset `registry/<dataset>`: does what its versions were made against expire?

    A check warns if a version that is not retired was made against a materialization version that has expired or
    soon will. It names the owners, the days left, the newest compatible version, and whether the system still
    serves the materialization version. All this is read from the registry, and no upstream system is queried: keep
    the records current with a `materializations_asset`. What is not recorded is unknown, and does not warn.

        checks = rd.expiry_checks([synapses], within_days=60)
        daily = dg.define_asset_job("expiry", dg.AssetSelection.checks(checks))

    Args:
        of: Declared assets, or names of datasets.
        within_days: How many days of 24 hours to look ahead from the moment of the run.
        current_only: Look at the current version of each dataset alone.
        resource_key: The key of the `FeatureRegistry` resource.
        name: Name of the op. Several such definitions need different names.
        translator: The one that `definitions` has, if it has one.

    Raises:
        InvalidDeclaration: an argument is not what it must be.
    """
    ahead = _ahead(within_days)

    def start(run: CheckRun) -> Callable[[str], Finding]:
        reader = _Reader(run.registry, datetime.now(timezone.utc), ahead, current_only)
        return lambda dataset: _finding(reader.versions(dataset), reader.owners(dataset), f"{within_days:g} days")

    return dataset_checks(of, _KIND, start, resource_key=resource_key, name=name, translator=translator)


def _ahead(days: object) -> timedelta:
    if isinstance(days, int | float) and not isinstance(days, bool) and 0 <= days <= _MOST_DAYS:
        return timedelta(days=days)
    raise InvalidDeclaration(f"expiry_checks: within_days must be a number of days, got {days!r}; write e.g. 60")


@dataclass(frozen=True)
class _Version:
    """A published version, and the first of its materialization versions to expire.

    Args:
        name: `dataset@vN`.
        expiry: Of that materialization version.
        due: Whether it has expired or soon will.
        newest: The newest version of the dataset that is compatible with this one, in words; only of one that is due.
    """

    name: str
    expiry: Expiry
    due: bool
    newest: str = ""


class _Reader:
    """Reads what the checks of one run need. Recorded materialization versions are read once for all of them."""

    def __init__(self, registry: Registry, now: datetime, ahead: timedelta, current_only: bool) -> None:
        self._registry = registry
        self._now = now
        self._until = now + ahead
        self._current_only = current_only
        self._states = {name: state for state in registry.materializations() for name in names_of(state)}

    def owners(self, dataset: str) -> Sequence[str]:
        try:
            return self._registry.dataset(dataset).owners
        except NotPublished:
            return ()

    def versions(self, dataset: str) -> list[_Version]:
        """The versions of a dataset that are not retired or removed, the first to expire first."""
        found = sorted(map(self._version, self._rows(dataset)), key=lambda each: expiry_order(each.expiry))
        due = [replace(each, newest=self._newest(dataset, each.name)) for each in found[:_MOST_ROWS] if each.due]
        return due + found[len(due) :]

    def _rows(self, dataset: str) -> Sequence[FoundVersion]:
        try:
            rows = self._registry.find(dataset=dataset, retired=False, limit=None)
            current = self._registry.current(dataset).version if self._current_only else None
        except NotPublished:
            return ()
        return [row for row in rows if not row.removed and current in (None, row.version)]

    def _version(self, row: FoundVersion) -> _Version:
        states = {name: self._states.get(name) for name in row.materializations}
        first = first_to_expire(
            unknown_expiry(name) if state is None else expiry(state, at=self._now) for name, state in states.items()
        )
        return _Version(row.version, first, any(state and expires_by(state, self._until) for state in states.values()))

    def _newest(self, dataset: str, version: str) -> str:
        """Which version to use instead, in words."""
        try:
            newest = self._registry.newest(dataset, compatible_with=version).version
        except RegistryError as error:
            return f"unknown: {error}"
        return "none newer" if newest in (None, version) else str(newest)


def _finding(versions: Sequence[_Version], owners: Sequence[str], days: str) -> Finding:
    due = [each for each in versions if each.due]
    unknown = [each for each in versions if not each.expiry.known]
    return Finding(
        passed=not due,
        description=_warning(due, len(versions), owners, days) if due else _all_clear(versions, unknown, days),
        metadata={
            "versions": len(versions),
            "expiring": len(due),
            "expiry unknown": len(unknown),
            **(_evidence(due, owners) if due else {}),
        },
    )


def _warning(due: Sequence[_Version], total: int, owners: Sequence[str], days: str) -> str:
    first = due[0]
    count = f"{len(due)} of {total} published versions expire within {days} or have expired. First: " if due[1:] else ""
    return (
        f"{count}{first.name} was made against {first.expiry.materialization}, which {first.expiry.words}. "
        f"Owner: {', '.join(owners) or 'none recorded'}. Newest compatible version: {first.newest}."
    )


def _all_clear(versions: Sequence[_Version], unknown: Sequence[_Version], days: str) -> str:
    if not versions:
        return "No version is published that is not retired."
    count = f"{len(versions)} published version{'s' if versions[1:] else ''}"
    return f"{count}: none is known to expire within {days}.{_gaps(unknown)}"


def _gaps(unknown: Sequence[_Version]) -> str:
    if not unknown:
        return ""
    name, state = unknown[0].name, unknown[0].expiry.materialization
    return f" Expiry is unknown for {len(unknown)}, e.g. {name}, which was made against {state}."


def _evidence(due: Sequence[_Version], owners: Sequence[str]) -> dict[str, Any]:
    days = due[0].expiry.days_left
    return {
        "owners": ", ".join(owners),
        **({} if days is None else {"days left": days}),
        "made against what expires": dg.MetadataValue.md(first_rows(_HEADER, list(map(_row, due)), _MOST_ROWS)),
    }


def _row(version: _Version) -> tuple[str, ...]:
    found = version.expiry
    left = "unknown" if found.days_left is None else f"{found.days_left:,}"
    return code(version.name), code(found.materialization), found.words, left, found.served, plain(version.newest)

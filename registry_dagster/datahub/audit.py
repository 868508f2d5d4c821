"""Whether a stored version still says what was published, and which of its aspects do not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, cast

from registry_dagster.datahub.assignments import assigned, without
from registry_dagster.datahub.limits import searchable
from registry_dagster.datahub.proposal import Aspect, Entity, Proposal
from registry_dagster.datahub.version import RECORD_ASPECTS, version_proposals
from registry_dagster.model.canonical_json import is_json_object
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion

__all__ = ["NOT_AUDITED", "PEOPLES_OWN", "audit", "is_intact", "published_aspects"]

_NOT_READ = "does not read back with this token: it may not be viewed, or is missing"

_INTACT = "; the record itself is intact"
_REPAIRED = "`feature-registry doctor --repair` adds it"

PEOPLES_OWN = {"ownership"}
"""Aspects that people may edit in DataHub's UI."""

NOT_AUDITED = {"browsePathsV2"}
"""Aspects that earlier releases left to the server, which may replace them."""


def published_aspects(record: DatasetVersion, env: str) -> Sequence[Proposal]:
    """The aspects that a version consists of, as they were published."""
    return version_proposals(record, Dataset(name=record.dataset), env)


def audit(published: Iterable[Proposal], stored: Mapping[str, Entity], *, filtered: bool = False) -> Iterator[str]:
    """One line for each aspect that was changed or removed. What a server or people added is not a change.

    Args:
        published: See `published_aspects`.
        stored: Their entities, with all their aspects.
        filtered: Whether what a token may not view is left out of what was read.
    """
    for expected in published:
        found = stored.get(expected.urn, {}).get(expected.aspect)
        if found == expected.value or (found is None and expected.aspect in NOT_AUDITED):
            continue
        what = f"{expected.aspect} of {expected.urn}"
        if found is None:
            yield f"{what} {_NOT_READ if filtered else 'was removed'}"
        elif unassigned := _unassigned(expected, found):
            yield f"{what} does not assign {', '.join(unassigned)}; {_REPAIRED}{_INTACT}"
        elif where := _change(expected, found):
            yield f"{what} was changed at {where}{'' if expected.aspect in RECORD_ASPECTS else _INTACT}"


def _unassigned(expected: Proposal, found: Aspect) -> list[str]:
    """The terms and properties that an aspect does not assign, if that is all that it lacks."""
    lacking = assigned(expected.aspect, expected.value) - assigned(expected.aspect, found)
    (rest,) = without([expected], lacking)
    return sorted(urn.split(":", 3)[3] for urn in lacking) if _change(rest, found) is None else []


def is_intact(proposal: Proposal, stored: Mapping[str, Entity]) -> bool:
    """Whether an aspect is stored as it was published, apart from what people may edit."""
    found = stored.get(proposal.urn, {}).get(proposal.aspect)
    return found is not None and _change(proposal, found) is None


def _change(proposal: Proposal, found: Aspect) -> str | None:
    """The first place where a stored aspect differs from what was published; None if people may edit the aspect."""
    return None if proposal.aspect in PEOPLES_OWN | NOT_AUDITED else _difference(proposal.value, found)


def _difference(expected: Any, found: Any, path: str = "") -> str | None:
    """The first place where something published is missing or different; additions do not count."""
    if expected == found:
        return None
    if is_json_object(expected) and is_json_object(found):
        return _object_difference(expected, found, path)
    if isinstance(expected, list) and isinstance(found, list):
        return _list_difference(cast("list[Any]", expected), cast("list[Any]", found), path)
    return None if _is_beginning(expected, found) else path.lstrip(".")


def _is_beginning(expected: Any, found: Any) -> bool:
    """Whether a text is stored whole that is written cut today."""
    return isinstance(expected, str) and isinstance(found, str) and searchable(found) == expected


def _object_difference(expected: Mapping[str, Any], found: Mapping[str, Any], path: str) -> str | None:
    for name, value in expected.items():
        if name not in found and value not in (None, [], {}, False):
            return f"{path}.{name}".lstrip(".")
        if name in found and (where := _difference(value, found[name], f"{path}.{name}")):
            return where
    return None


def _list_difference(expected: list[Any], found: list[Any], path: str) -> str | None:
    for position, value in enumerate(expected):
        if not _is_in(found, value, position):
            return f"{path}[{position}]".lstrip(".")
    return None


def _is_in(found: list[Any], value: Any, position: int) -> bool:
    """Whether a list holds a value: most likely where it was published, else anywhere."""
    return any(_difference(value, other) is None for other in chain(found[position : position + 1], found))

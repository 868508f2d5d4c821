"""What a server does by itself when a version, or the latest one of a version set, is written.

Read from `VersionPropertiesSideEffect`, `VersionSetSideEffect`, `VersionPropertiesValidator` and
`VersionSetPropertiesValidator` of several commits, not run. Each item is looked at by itself, against what was stored
before the request: two new versions of one request do not see each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tests.gms.change import Change
from tests.gms.state import Database, Value, entity_spec, key_of

__all__ = ["set_effects", "set_problems", "version_effects", "version_problems"]


def version_problems(database: Database, change: Change) -> Iterator[str]:
    """What is wrong with the `versionProperties` of an entity, given what is stored and what search finds."""
    version_set, scheme = str(change.value["versionSet"]), change.value["versioningScheme"]
    expected = key_of(version_set)["entityType"]
    if change.urn.split(":", 3)[2] != expected:
        yield f"Version Set specified entity type does not match, expected type: {expected}"
    yield from _other_scheme(database.get(version_set, "versionSetProperties"), scheme)
    mine = _identity(change.value)
    others = (each.get("versionProperties") for urn, each in database.index.items() if urn != change.urn)
    if any(each and each["versionSet"] == version_set and mine & _identity(each) for each in others):
        tag = change.value["version"]["versionTag"]
        yield f"Sort Id and Version label must be unique: sort ID: {change.value['sortId']} version label: {tag}"


def version_effects(database: Database, change: Change) -> list[Change]:
    """`versionProperties` as they are stored, then what else changes with them."""
    version_set = str(change.value["versionSet"])
    latest = replace(change, value={**change.value, "isLatest": True})
    scheme = change.value["versioningScheme"]
    moved = Change(version_set, "versionSetProperties", {"versioningScheme": scheme, "latest": change.urn})
    stored = database.get(version_set, "versionSetProperties")
    if stored is None:
        spec = entity_spec(version_set)
        assert spec is not None
        return [latest, Change(version_set, spec.key, key_of(version_set)), moved]
    if stored["latest"] == change.urn:
        return [change]
    previous = database.get(stored["latest"], "versionProperties")
    if previous is None:
        return [latest, moved]
    if change.value["sortId"] <= previous["sortId"]:
        return [change]
    return [latest, moved, _flagged(stored["latest"], previous, False)]


def set_problems(database: Database, change: Change) -> Iterator[str]:
    """What is wrong with the `versionSetProperties` of a version set."""
    yield from _other_scheme(database.get(change.urn, "versionSetProperties"), change.value["versioningScheme"])
    if database.get(change.value["latest"], "versionProperties") is None:
        yield f"Cannot set latest version to unversioned entity: {change.value['latest']}"


def set_effects(database: Database, change: Change, *, flags_missing: bool) -> list[Change]:
    """`versionSetProperties` as they are stored, and the flags that move with them.

    Args:
        database: What is stored.
        change: The write.
        flags_missing: Whether a member without a flag gets one; recent releases only turn false into true.
    """
    latest, stored = change.value["latest"], database.get(change.urn, "versionSetProperties")
    effects = [change]
    before = stored["latest"] if stored else latest
    if before != latest and (previous := database.get(before, "versionProperties")) is not None:
        effects.append(_flagged(before, previous, False))
    member = database.get(latest, "versionProperties") or {}
    if flags_missing or member.get("isLatest") is False:
        effects.append(_flagged(latest, member, True))
    return effects


def _flagged(urn: str, properties: Value, latest: bool) -> Change:
    return Change(urn, "versionProperties", {**properties, "isLatest": latest})


def _other_scheme(stored: Value | None, scheme: str) -> Iterator[str]:
    if stored is not None and stored["versioningScheme"] != scheme:
        yield (
            f"Versioning Scheme cannot change. Expected Scheme: {stored['versioningScheme']} Provided Scheme: {scheme}"
        )


def _identity(properties: Value) -> set[tuple[str, str]]:
    """What must be unique in a set: the sort id, and the tag of the version."""
    return {("sort", properties["sortId"]), ("tag", properties["version"]["versionTag"])}

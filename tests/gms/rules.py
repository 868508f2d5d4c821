"""What a server takes, drops and refuses.

The rules are read from the server's source, not run: in particular the texts of the messages, the default
browse path, the name of the ownership type that owners without one are filed under, and that two items
for one aspect in one request are both taken, the last one standing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from tests.gms.change import Change
from tests.gms.state import Database, Value, entity_spec, is_well_formed, key_of, time_series
from tests.gms.version_sets import set_effects, set_problems, version_effects, version_problems

__all__ = ["Change", "Rejected", "Rules", "ingest"]

_NO_OWNERSHIP_TYPE = "urn:li:ownershipType:__system__none"
_TEXT_TYPES = ("string", "rich_text", "date", "urn")


@dataclass(frozen=True)
class Rules:
    """How one server differs from another.

    Args:
        drop_unknown: An unknown aspect is dropped, instead of failing the request.
        unknown_aspects: Aspects this server does not know, though the installed DataHub package does.
        unknown_kinds: Change types that this server refuses.
        flags_missing: Whether the member that a version set is told to name gets a flag that it never had.
    """

    drop_unknown: bool = False
    unknown_aspects: frozenset[str] = frozenset()
    flags_missing: bool = False
    unknown_kinds: frozenset[str] = frozenset()

    def knows(self, change: Change) -> bool:
        """Whether the entity has such an aspect."""
        spec = entity_spec(change.urn)
        return spec is not None and change.aspect in spec.aspects and change.aspect not in self.unknown_aspects


class Rejected(Exception):
    """A request was refused, and nothing of it was written.

    Args:
        problems: One a line.
        precondition: Whether a precondition header was not met, and nothing else.
    """

    def __init__(self, problems: Sequence[str], precondition: bool = False) -> None:
        self.precondition = precondition
        super().__init__("Failed to validate MCP due to: " + "; ".join(problems))


def ingest(
    database: Database, changes: Sequence[Change], rules: Rules, *, wait: bool = True, index: bool = True
) -> list[Change]:
    """Take a request in: all of it, in one transaction, or nothing.

    Malformed URNs are skipped. Without `wait`, what needs no look at stored values is checked now; the rest later
    and item by item, and what fails then is dropped without a word. Here "later" is at once.

    Args:
        database: What is stored.
        changes: The request.
        rules: The server's.
        wait: Whether the client waits for the outcome.
        index: Whether proposals that ask for it are found by search at once.

    Returns:
        What was taken.

    Raises:
        Rejected: a rule stands against it.
    """
    changes = [change for change in changes if is_well_formed(change.urn)]
    if kinds := {change.kind for change in changes} & rules.unknown_kinds:
        raise Rejected([f"Unsupported change type {kind}" for kind in sorted(kinds)])
    unknown = [change for change in changes if not rules.knows(change)]
    if unknown and not rules.drop_unknown:
        raise Rejected([f"Unknown aspect {each.aspect} for entity {each.urn}" for each in unknown])
    changes = [change for change in changes if change not in unknown] if unknown else changes
    if problems := [problem for change in changes for problem in _proposed(database, change)]:
        raise Rejected(problems)
    if wait:
        return _commit(database, changes, index, rules)
    for change in changes:
        with suppress(Rejected):
            _commit(database, [change], index, rules)
    return changes


def _proposed(database: Database, change: Change) -> Iterator[str]:
    """What is wrong with a proposal on its own. Property definitions are read outside the transaction."""
    if change.aspect == "versionProperties" and "isLatest" in change.value:
        yield f"{change.urn}: IsLatest should not be specified, this is a computed field."
    if change.aspect == "structuredProperties" and change.kind in ("UPSERT", "CREATE"):
        properties = change.value["properties"]
        for assignment in properties:
            yield from _assigned(database, change.urn, assignment)
        urns = [assignment["propertyUrn"] for assignment in properties]
        yield from (f"Property: {urn} has multiple entries" for urn in sorted(set(urns)) if urns.count(urn) > 1)


def _assigned(database: Database, urn: str, assignment: Value) -> Iterator[str]:
    prop, values = assignment["propertyUrn"], assignment["values"]
    definition = database.get(prop, "propertyDefinition")
    if definition is None:
        yield f"Unexpected null value found for {prop} Structured Property Definition."
        return
    if (database.get(prop, "status") or {}).get("removed"):
        yield f"Cannot apply a soft deleted Structured Property value: {prop}"
    entity = urn.split(":", 3)[2].lower()
    if entity not in {_last_word(each) for each in definition["entityTypes"]}:
        yield f"Property: {prop} is not allowed on entities of type {entity}"
    if definition.get("cardinality", "SINGLE") == "SINGLE" and len(values) > 1:
        yield f"Property: {prop} has cardinality 1, but multiple values were assigned: {values}"
    allowed = [each["value"] for each in definition.get("allowedValues") or ()]
    for value in values:
        if not _fits(value, _last_word(definition["valueType"])):
            yield f"Property: {prop}, value: {value} should be a {_last_word(definition['valueType'])}"
        if allowed and value not in allowed:
            yield f"Property: {prop}, value: {value} should be one of {allowed}"


def _last_word(urn: str) -> str:
    """`number` of `urn:li:dataType:datahub.number`."""
    return re.split("[:.]", urn)[-1].lower()


def _fits(value: Mapping[str, Any], kind: str) -> bool:
    if kind in _TEXT_TYPES:
        return "string" in value
    with suppress(TypeError, ValueError):
        float(value["double"] if "double" in value else value["string"])
        return kind == "number"
    return False


def _commit(database: Database, changes: Sequence[Change], index: bool, rules: Rules) -> list[Change]:
    """One transaction. Events are written before it, and stay when it fails."""
    for change in changes:
        if change.aspect in time_series():
            database.write(change.urn, change.aspect, change.value, change.system)
    content = [each for each in changes if each.aspect not in time_series() and each.aspect != _key_name(each.urn)]
    conflicts = [(each, _conflict(database, each)) for each in content]
    refused = [problem for each, problem in conflicts if problem and each.headers.get("If-None-Match") != "*"]
    unmet = [problem for each in content if (problem := _precondition(database, each))]
    wrong = [problem for each in content for problem in _versioned(database, each)]
    if refused or unmet or wrong:
        raise Rejected([*refused, *unmet, *wrong], precondition=not refused and not wrong)
    taken = [each for each, problem in conflicts if not problem]
    given = {(each.urn, each.aspect) for each in taken}
    defaults = [
        default
        for urn in dict.fromkeys(each.urn for each in changes)
        for default in _defaults(database, urn)
        if (default.urn, default.aspect) not in given
    ]
    results = [_with_effects(database, each, rules) for each in taken]
    effects = [effect for result in results for effect in result[1:]]
    for each in [*defaults, *(result[0] for result in results), *effects]:
        database.write(each.urn, each.aspect, each.value, each.system)
    if index:
        for urn in {each.urn for each in taken if each.headers.get("X-DataHub-Sync-Index-Update") == "true"}:
            database.refresh(urn)
    return [each for each in changes if each not in content or each in taken]


def _key_name(urn: str) -> str:
    spec = entity_spec(urn)
    assert spec is not None
    return spec.key


def _conflict(database: Database, change: Change) -> str | None:
    if change.kind == "CREATE" and database.get(change.urn, change.aspect) is not None:
        return f"{change.urn} {change.aspect}: Cannot perform CREATE since the aspect already exists."
    if change.kind == "CREATE_ENTITY" and database.get(change.urn, _key_name(change.urn)) is not None:
        return f"{change.urn}: Cannot perform CREATE_ENTITY if not exists since the entity key already exists."
    return None


def _precondition(database: Database, change: Change) -> str | None:
    expected = change.headers.get("If-Version-Match")
    # For the two create-only kinds the server takes the aspect as absent here, and checks that by itself.
    create = change.kind in ("CREATE", "CREATE_ENTITY")
    actual = "-1" if create else database.version(change.urn, change.aspect)
    if expected in (None, actual):
        return None
    return f"{change.urn} {change.aspect}: Expected version {expected}, actual version {actual}"


def _versioned(database: Database, change: Change) -> Iterator[str]:
    """Does a version fit its set, or a set its latest?"""
    if change.aspect == "versionProperties":
        yield from version_problems(database, change)
    if change.aspect == "versionSetProperties":
        yield from set_problems(database, change)


def _defaults(database: Database, urn: str) -> Iterator[Change]:
    """What a new entity gets by itself."""
    spec = entity_spec(urn)
    assert spec is not None
    if database.get(urn, spec.key) is not None:
        return
    key = key_of(urn)
    yield Change(urn, spec.key, key)
    if "browsePathsV2" in spec.aspects and database.get(urn, "browsePathsV2") is None:
        yield Change(urn, "browsePathsV2", {"path": [{"id": "Default"}]})
    platform = key.get("platform")
    if platform and "dataPlatformInstance" in spec.aspects and database.get(urn, "dataPlatformInstance") is None:
        yield Change(urn, "dataPlatformInstance", {"platform": platform})


def _with_effects(database: Database, change: Change, rules: Rules) -> list[Change]:
    """The change as it is stored, then what else changes with it."""
    if change.aspect == "ownership":
        return [replace(change, value=_filed_by_type(change.value))]
    if change.aspect == "versionProperties":
        return version_effects(database, change)
    if change.aspect == "versionSetProperties":
        return set_effects(database, change, flags_missing=rules.flags_missing)
    return [change]


def _filed_by_type(ownership: Value) -> Value:
    types: dict[str, list[str]] = {}
    for owner in ownership["owners"]:
        name = (owner.get("typeUrn") or _NO_OWNERSHIP_TYPE).replace(".", "%2E")
        types.setdefault(name, []).append(owner["owner"])
    return {**ownership, "ownerTypes": types} if types else ownership

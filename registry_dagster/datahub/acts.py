"""Acts and the highest number given ⇄ structured properties of the Dataset's container.

A Dataset and all its versions share one list, so that one conditional write puts acts in order and keeps a label
unique. What others assigned to the container is kept.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import Any

from registry_dagster.datahub.limits import MOST_TEXT_BYTES
from registry_dagster.datahub.proposal import Aspect, Entity, Proposal
from registry_dagster.datahub.urns import property_urn
from registry_dagster.errors import CorruptRecord, InvalidDeclaration
from registry_dagster.model.act import Act
from registry_dagster.model.canonical_json import is_json_object, json_text
from registry_dagster.model.names import MOST_VERSIONS
from registry_dagster.model.recorded import reading_records

__all__ = [
    "ACTS_ASPECT",
    "HIGHEST",
    "act_definitions",
    "act_texts",
    "acts_from",
    "fitting",
    "highest_from",
    "readable_acts",
    "with_act",
    "with_highest",
]

_log = logging.getLogger(__name__)

ACTS_ASPECT = "structuredProperties"
"""The aspect that holds them."""

_ACTS = property_urn("featureRegistry.acts")
_ACTS_ARE = "What people did after publishing: who, why, when. Only ever added to."
HIGHEST = property_urn("featureRegistry.highest_version")


@cache
def act_definitions() -> tuple[Proposal, ...]:
    """The definitions of the two properties, to be created before they are first assigned."""
    return tuple(
        Proposal(
            urn,
            "propertyDefinition",
            {
                "qualifiedName": urn.rpartition(":")[2],
                "displayName": name,
                "description": description,
                "valueType": f"urn:li:dataType:datahub.{kind}",
                "cardinality": cardinality,
                "entityTypes": ["urn:li:entityType:datahub.container"],
                "immutable": False,
            },
        )
        for urn, name, description, kind, cardinality in (
            (_ACTS, "Acts", _ACTS_ARE, "string", "MULTIPLE"),
            (HIGHEST, "Highest version", "The highest version number ever given.", "number", "SINGLE"),
        )
    )


def acts_from(container: Entity, about: str = "") -> tuple[Act, ...]:
    """The acts of a Dataset and its versions, in the order they were done.

    Args:
        container: The Dataset's entity.
        about: Only those that mention this; the others are not looked at.

    Raises:
        CorruptRecord: an entry is not one that the registry wrote.
    """
    acts: list[Act] = []
    for value in _values(container, _ACTS):
        text = str(value.get("string"))
        if about in text:
            acts.append(_act(text))
    return tuple(acts)


@lru_cache(maxsize=1024)
def _act(text: str) -> Act:
    """An act, which never changes: whoever adds the next one parses none of those before again."""
    try:
        with reading_records():
            return Act.model_validate_json(text)
    except ValueError as error:
        raise CorruptRecord(f"the acts of a Dataset were changed by others: {text[:80]!r}") from error


def readable_acts(container: Entity, about: str = "") -> tuple[Act, ...]:
    """As `acts_from`; if others changed them, none, with a warning in the log."""
    try:
        return acts_from(container, about)
    except CorruptRecord as error:
        _log.warning("%s", error)
        return ()


def fitting(act: Act) -> Act:
    """An act that can be recorded.

    Raises:
        InvalidDeclaration: as one value it would take the Dataset out of a server's index.
    """
    size = len(json_text(act.to_json()).encode())
    if size > MOST_TEXT_BYTES:
        raise InvalidDeclaration(
            f"what was done takes {size:,} bytes in the history, and at most {MOST_TEXT_BYTES:,} fit; shorten the "
            "description"
        )
    return act


def act_texts(container: Entity) -> Iterator[tuple[str, str]]:
    """Each act on a version as it is recorded, after the version; after the empty name what nobody can read."""
    for value in _values(container, _ACTS):
        text = str(value.get("string"))
        version = _version_in(text)
        if version is not None:
            yield version, text


def _version_in(act: str) -> str | None:
    """The version that an act is about; None if it is about the Dataset; empty if it cannot be read."""
    try:
        read: object = json.loads(act)
    except ValueError:
        return ""
    version: object = read.get("version") if is_json_object(read) else ""
    return version if isinstance(version, str | None) else ""


def highest_from(container: Entity) -> int:
    """The highest number ever given, as far as recorded; 0 when none is, or none that can be."""
    numbers = [value.get("double") for value in _values(container, HIGHEST)]
    return max(
        (int(number) for number in numbers if isinstance(number, int | float) and 0 < number <= MOST_VERSIONS),
        default=0,
    )


def with_act(container: Entity, act: Act) -> Aspect:
    """The aspect with one more act."""
    return _with(container, _ACTS, [*_values(container, _ACTS), {"string": json_text(act.to_json())}])


def with_highest(container: Entity, number: int) -> Aspect:
    """The aspect with a higher number; it is never lowered."""
    return _with(container, HIGHEST, [{"double": float(max(number, highest_from(container)))}])


def _values(container: Entity, urn: str) -> Sequence[dict[str, Any]]:
    assigned: Sequence[dict[str, Any]] = container.get(ACTS_ASPECT, {}).get("properties", ())
    return next((each.get("values", ()) for each in assigned if each.get("propertyUrn") == urn), ())


def _with(container: Entity, urn: str, values: Sequence[dict[str, Any]]) -> Aspect:
    before: Aspect = container.get(ACTS_ASPECT, {})
    others = [each for each in before.get("properties", ()) if each.get("propertyUrn") != urn]
    return {**before, "properties": [*others, {"propertyUrn": urn, "values": list(values)}]}

"""The stand-in's database, and what the installed DataHub package says about entities and aspects."""

from __future__ import annotations

import functools
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import quote_plus

from tests.gms.index import seen_by_search

__all__ = ["Database", "EntitySpec", "Row", "entity_spec", "is_well_formed", "key_of", "record_name", "time_series"]

Value = Mapping[str, Any]

_LONGEST_URN = 512


@dataclass(frozen=True)
class EntitySpec:
    """One entity type.

    Args:
        key: The name of its key aspect.
        key_fields: The fields of that aspect, in the order of the URN's parts.
        aspects: The names of all its aspects, the key's among them.
    """

    key: str
    key_fields: tuple[str, ...]
    aspects: frozenset[str]


@functools.cache
def _entity_specs() -> Mapping[str, EntitySpec]:
    from datahub.metadata.schema_classes import KEY_ASPECTS

    specs: dict[str, EntitySpec] = {}
    for name, key in KEY_ASPECTS.items():
        info = cast(dict[str, Any], key.ASPECT_INFO)
        fields = cast(list[Any], key.RECORD_SCHEMA.fields)
        specs[name.lower()] = EntitySpec(
            key=key.ASPECT_NAME,
            key_fields=tuple(str(each.name) for each in fields),
            aspects=frozenset([key.ASPECT_NAME, *info["entityAspects"]]),
        )
    return specs


def entity_spec(urn: str) -> EntitySpec | None:
    """The type of an entity; None for types that DataHub does not have."""
    return _entity_specs().get(urn.split(":", 3)[2].lower())


@functools.cache
def record_name(aspect: str) -> str:
    """The full name a server gives an aspect's class, e.g. `com.linkedin.common.Status`."""
    from datahub.metadata.schema_classes import ASPECT_NAME_MAP

    schema = cast(Any, ASPECT_NAME_MAP[aspect].RECORD_SCHEMA)
    return str(schema.fullname).replace(".pegasus2avro", "")


@functools.cache
def time_series() -> frozenset[str]:
    """The aspects that are series of events."""
    from datahub.metadata.schema_classes import ASPECT_NAME_MAP

    return frozenset(name for name, each in ASPECT_NAME_MAP.items() if each.ASPECT_TYPE == "timeseries")


def is_well_formed(urn: str) -> bool:
    """Whether a server takes the URN: known type, as many parts as the key has fields, short enough when encoded."""
    pieces = urn.split(":", 3)
    if len(pieces) != 4 or pieces[:2] != ["urn", "li"] or urn != urn.strip():
        return False
    spec = entity_spec(urn)
    if spec is None:
        return bool(pieces[3])
    parts = _parts(pieces[3])
    if parts is None or len(parts) != len(spec.key_fields) or not all(parts):
        return False
    return pieces[2] == "schemaField" or len(quote_plus(urn, safe="*").replace("~", "%7E")) <= _LONGEST_URN


def key_of(urn: str) -> dict[str, Any]:
    """The value of the key aspect."""
    spec = entity_spec(urn)
    assert spec is not None
    return dict(zip(spec.key_fields, _parts(urn.split(":", 3)[3]) or (), strict=True))


def _parts(content: str) -> list[str] | None:
    """`(a,(b,c),d)` → `a`, `(b,c)`, `d`. None when the brackets do not close."""
    if not content.startswith("("):
        return [content]
    if not content.endswith(")"):
        return None
    parts, depth = [""], 0
    for sign in content[1:-1]:
        depth += (sign == "(") - (sign == ")")
        if depth < 0:
            return None
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return parts if depth == 0 else None


@dataclass(frozen=True)
class Row:
    """One write of an aspect."""

    value: Value
    created: int
    system: Value


@dataclass
class Database:
    """Aspects with their history, and the search index, which lags.

    Attributes:
        rows: Entity → aspect → its writes, the current one last.
        index: What search sees: entity → aspect → value.
    """

    rows: dict[str, dict[str, list[Row]]] = field(default_factory=dict[str, dict[str, list[Row]]])
    index: dict[str, dict[str, Value]] = field(default_factory=dict[str, dict[str, Value]])

    def get(self, urn: str, aspect: str) -> Value | None:
        """The current value of an aspect."""
        writes = self.rows.get(urn, {}).get(aspect)
        return writes[-1].value if writes else None

    def version(self, urn: str, aspect: str) -> str:
        """`systemMetadata.version`: how often it was written; `-1` when it is absent."""
        return str(len(self.rows.get(urn, {}).get(aspect, ())) or -1)

    def write(self, urn: str, aspect: str, value: Value, system: Value | None = None) -> None:
        """Write an aspect. The value that stands there already makes no new version."""
        if self.get(urn, aspect) != value:
            row = Row(value, int(time.time() * 1000), system or {})
            self.rows.setdefault(urn, {}).setdefault(aspect, []).append(row)

    def delete(self, urn: str, aspect: str | None = None) -> None:
        """Remove an aspect, or the whole entity, and with it its history."""
        if aspect is None:
            self.rows.pop(urn, None)
        else:
            self.rows.get(urn, {}).pop(aspect, None)

    def current(self, urn: str) -> dict[str, Value]:
        """All current aspects of an entity."""
        return {aspect: writes[-1].value for aspect, writes in self.rows.get(urn, {}).items()}

    def system_metadata(self, urn: str, aspect: str) -> dict[str, Any]:
        """`systemMetadata` of an aspect as it stands."""
        row = self.rows[urn][aspect][-1]
        return {
            "lastObserved": row.created,
            "runId": "no-run-id-provided",
            "lastRunId": "no-run-id-provided",
            **row.system,
            "version": self.version(urn, aspect),
            "aspectCreated": {"time": row.created, "actor": "urn:li:corpuser:datahub"},
        }

    def refresh(self, urn: str) -> None:
        """Let search see an entity as it is now."""
        self.index.pop(urn, None)
        if urn in self.rows and (indexed := seen_by_search(self.current(urn))) is not None:
            self.index[urn] = indexed

    def refresh_all(self) -> None:
        """Let search see everything as it is now."""
        self.index = {}
        for urn in self.rows:
            self.refresh(urn)

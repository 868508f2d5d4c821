"""What a materialization freezes for a later publish: declaration, pinned table, and what made it, in one value."""

from __future__ import annotations

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard, cast

import dagster as dg

from registry_dagster.dagster.names import DECLARATION, FROZEN, ORIGIN, TABLE
from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.canonical_json import canonical_json
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.table import TableFacts

__all__ = ["Frozen", "freeze", "frozen_in", "is_pinned"]

_PACKED = "zlib"
_MOST_BYTES = 2**26
_FOLDED = 1000
"""Dagster's UI shows JSON of so many characters as one line, to be opened."""

Metadata = Mapping[str, Any]


@dataclass(frozen=True)
class Frozen:
    """What was frozen, as JSON.

    Args:
        declaration: The FeatureTable.
        table: The TableFacts.
        origin: What made the table: job, op, the tables it read, and from which columns. Empty if unknown.
        label, draft: As for `Publication`, where the declaration said so.
    """

    declaration: Any
    table: Any
    origin: Mapping[str, Any]
    label: str | None = None
    draft: bool = False

    @property
    def feature_table(self) -> FeatureTable:
        """The declaration.

        Raises:
            InvalidDeclaration: it is not one.
        """
        return FeatureTable.from_json(self.declaration)

    @property
    def facts(self) -> TableFacts:
        """The pinned table.

        Raises:
            InvalidDeclaration: it is not one.
        """
        return TableFacts.from_json(self.table)


def freeze(
    declared: FeatureTable,
    facts: TableFacts,
    origin: Mapping[str, Any],
    label: str | None = None,
    draft: bool = False,
) -> dict[str, Any]:
    """The metadata that freezes a declaration and a table. It is packed: every partition's event carries it."""
    said = {**({"label": label} if label is not None else {}), **({"draft": True} if draft else {})}
    parts = {"declaration": declared.to_json(), "table": facts.to_json(), "origin": dict(origin), **said}
    packed = b64encode(zlib.compress(canonical_json(parts), 9)).decode()
    return {FROZEN: dg.MetadataValue.json({_PACKED: packed.ljust(_FOLDED)})}


def is_pinned(materialization: dg.AssetMaterialization | None) -> TypeGuard[dg.AssetMaterialization]:
    """Whether a materialization has a pinned table and its declaration, so that it can be published."""
    if materialization is None:
        return False
    return FROZEN in materialization.metadata or materialization.metadata.keys() >= {DECLARATION, TABLE}


def frozen_in(metadata: Metadata) -> Frozen:
    """What was frozen in the metadata of a materialization that is pinned.

    Raises:
        InvalidDeclaration: it cannot be unpacked.
    """
    if FROZEN in metadata:
        parts = _unpacked(metadata[FROZEN].value)
        said = {name: parts[name] for name in ("label", "draft") if name in parts}
        return Frozen(parts.get("declaration"), parts.get("table"), parts.get("origin") or {}, **said)
    # Earlier releases froze each part as readable JSON of its own.
    return Frozen(_value(metadata, DECLARATION), _value(metadata, TABLE), _value(metadata, ORIGIN))


def _value(metadata: Metadata, name: str) -> Any:
    return metadata[name].value if name in metadata else {}


def _unpacked(frozen: object) -> dict[str, Any]:
    try:
        packed = cast("Mapping[str, str]", frozen)[_PACKED]
        engine = zlib.decompressobj()
        text = engine.decompress(b64decode(packed), _MOST_BYTES)
        parts = json.loads(text) if engine.eof else None
    except (KeyError, TypeError, ValueError, zlib.error) as error:
        raise InvalidDeclaration(f"{FROZEN} cannot be unpacked: {error}") from None
    if not isinstance(parts, dict):
        raise InvalidDeclaration(f"{FROZEN} cannot be unpacked: it is cut off, or holds something else")
    return cast("dict[str, Any]", parts)

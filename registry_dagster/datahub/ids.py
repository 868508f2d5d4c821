"""Which ids a column holds, as text that columns with the same ids share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["alike_ids", "id_text"]

_SPACES = ("id_space", "chunkedgraph", "source_table", "reference_table", "part")
"""The attributes that name an identifier's space; for one column of a composite key, which part of it."""

_TABLE_IDS = ("annotation_id", "nucleus_id", "synapse_id", "target_id")
"""The semantics whose space is an annotation table."""


def id_text(column: Mapping[str, Any]) -> str | None:
    """A column's semantic and the space its ids are unique in. None where the column does not say.

    Args:
        column: The JSON of a column's semantic.
    """
    space = next((str(column[name]) for name in _SPACES if name in column), None)
    return f"{column['semantic']} {space}" if space else None


def alike_ids(column: Mapping[str, Any]) -> tuple[str, ...]:
    """The texts of all columns with the same ids: those of one annotation table, whatever they are called."""
    kind, _, space = (id_text(column) or "").partition(" ")
    kinds = _TABLE_IDS if kind in _TABLE_IDS else (kind,)
    return tuple(f"{each} {space}" for each in kinds if space)

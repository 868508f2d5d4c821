"""What the gate remembers from one tick to the next."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

__all__ = ["Cursor"]

_FORMAT = 1


@dataclass
class Cursor:
    """What the gate remembers. Dagster keeps it as text, and a person may reset it at any time.

    Args:
        seen: Asset → storage id of the last materialization that was read.
        approved: Keys of the file's entries that were requested.
        pending: Ids of the requests that have not succeeded yet.
        catching_up: Whether earlier requests must still be read back from their runs.
    """

    seen: dict[str, int] = field(default_factory=dict[str, int])
    approved: set[str] = field(default_factory=set[str])
    pending: set[str] = field(default_factory=set[str])
    catching_up: bool = True

    @classmethod
    def from_text(cls, text: str | None) -> Cursor | None:
        """The cursor; None if the text was not written by `to_text`."""
        if text is None:
            return cls()
        try:
            data: Any = json.loads(text)
            if data["format"] != _FORMAT:
                return None
            seen = {str(name): int(value) for name, value in data["seen"].items()}
            return cls(seen, set(data["approved"]), set(data["asked"]), bool(data["catching_up"]))
        except (ValueError, KeyError, TypeError, AttributeError):
            return None

    def last_seen(self, asset: dg.AssetKey) -> int:
        """Storage id of the asset's last materialization that was read; 0 if none was."""
        return self.seen.get(asset.to_user_string(), 0)

    def to_text(self) -> str:
        """The cursor as Dagster keeps it."""
        return json.dumps(
            {
                "format": _FORMAT,
                "seen": self.seen,
                "approved": sorted(self.approved),
                "asked": sorted(self.pending),
                "catching_up": self.catching_up,
            }
        )

"""What the gate remembers from one tick to the next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
from typing_extensions import Self

__all__ = ["Cursor"]

_FORMAT = 2
_SECONDS_UNSAVED = 600


@dataclass
class Cursor:
    """What the gate remembers. Dagster keeps it as text, and a person may reset it at any time.

    Args:
        seen: Asset → storage id of the last materialization that was read.
        approved: Keys of the file's entries that were requested.
        pending: The tags of the requests that have not succeeded yet.
        wrong_tags: What is wrong with the tags of a run → when that was found, in seconds since 1970.
        ended: The tagged runs that ended lately, and whose materializations were read after that.
        looked_at: When runs were last looked at for new materializations, in seconds since 1970.
        scanned_at: When all assets were last looked at.
        catching_up: Whether earlier requests must still be read back from their runs.
    """

    seen: dict[str, int] = field(default_factory=dict[str, int])
    approved: set[str] = field(default_factory=set[str])
    pending: set[str] = field(default_factory=set[str])
    wrong_tags: dict[str, float] = field(default_factory=dict[str, float])
    ended: set[str] = field(default_factory=set[str])
    looked_at: float = 0.0
    scanned_at: float = 0.0
    catching_up: bool = True

    @classmethod
    def from_text(cls, text: str | None) -> Self | None:
        """The cursor; None if the text was not written by `to_text`."""
        try:
            return cls() if text is None else cls._from_json(json.loads(text))
        except (ValueError, KeyError, TypeError, AttributeError):
            return None

    @classmethod
    def _from_json(cls, data: Any) -> Self | None:
        seen = {str(name): int(value) for name, value in data["seen"].items()}
        cursor = cls(seen, set(data["approved"]))
        if data["format"] == 1:
            # An earlier release: it named its requests otherwise, so they are read back from their runs.
            return cursor
        return cursor._with_rest(data) if data["format"] == _FORMAT else None

    def _with_rest(self, data: Mapping[str, Any]) -> Self:
        self.pending = set(data["pending"])
        self.wrong_tags = {str(text): float(moment) for text, moment in data["wrong_tags"].items()}
        self.ended = set(data["ended"])
        self.looked_at, self.scanned_at = float(data["looked_at"]), float(data["scanned_at"])
        self.catching_up = bool(data["catching_up"])
        return self

    def last_seen(self, asset: dg.AssetKey) -> int:
        """Storage id of the asset's last materialization that was read; 0 if none was."""
        return self.seen.get(asset.to_user_string(), 0)

    def is_news(self, earlier: Cursor) -> bool:
        """Whether it must be kept. What only makes ticks cheaper may be lost, but not for long."""
        return self.looked_at - earlier.looked_at > _SECONDS_UNSAVED or self._progress != earlier._progress

    @property
    def _progress(self) -> Mapping[str, object]:
        """What must not be lost, as JSON: without the rest, a tick looks at more than it must."""
        return {
            "format": _FORMAT,
            "seen": self.seen,
            "approved": sorted(self.approved),
            "pending": sorted(self.pending),
            "wrong_tags": self.wrong_tags,
            "catching_up": self.catching_up,
        }

    def to_text(self) -> str:
        """The cursor as Dagster keeps it."""
        times = {"looked_at": self.looked_at, "scanned_at": self.scanned_at}
        return json.dumps({**self._progress, "ended": sorted(self.ended), **times})

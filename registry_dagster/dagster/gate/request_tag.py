"""The tag by which the gate finds its requests again among Dagster's runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from typing_extensions import Self

from registry_dagster.dagster.names import (
    OLD_APPROVALS_TAG,
    OLD_ATTEMPT_TAG,
    OLD_GATE_TAG,
    OLD_REQUEST_TAG,
    REQUEST_TAG,
)

__all__ = ["RequestTag"]

_MOST_DIGITS = 10


@dataclass(frozen=True)
class RequestTag:
    """What a run's tag says about the request.

    Dagster finds runs by the whole text of a tag, so the text of a request is always the same.

    Args:
        gate: Name of the sensor.
        id: The same for the same targets, however often they are requested.
        attempt: 1, 2, …
        approvals: Keys of the file's entries that are requested.
    """

    gate: str
    id: str
    attempt: int = 1
    approvals: tuple[str, ...] = ()

    @property
    def run_key(self) -> str:
        """Dagster launches one run for each run key, even after the cursor was lost."""
        return f"{self.id}:{self.attempt}"

    @property
    def next(self) -> Self:
        """The tag of the next attempt."""
        return replace(self, attempt=self.attempt + 1)

    def to_text(self) -> str:
        """The tag's value."""
        return json.dumps([self.gate, self.id, self.attempt, " ".join(self.approvals)])

    @classmethod
    def from_text(cls, text: str) -> Self | None:
        """The tag; None if the text was not written by `to_text`."""
        try:
            data: Any = json.loads(text)
            gate, request_id, attempt, approvals = data
            return cls(str(gate), str(request_id), int(attempt), tuple(approvals.split()))
        except (ValueError, TypeError, AttributeError):
            return None

    @classmethod
    def of_run(cls, tags: Mapping[str, str]) -> Self | None:
        """What the tags of a run say; None if the gate did not request it."""
        if REQUEST_TAG in tags:
            return cls.from_text(tags[REQUEST_TAG])
        return cls._from_old_tags(tags) if tags.keys() >= {OLD_GATE_TAG, OLD_REQUEST_TAG} else None

    @classmethod
    def _from_old_tags(cls, tags: Mapping[str, str]) -> Self:
        attempt = tags.get(OLD_ATTEMPT_TAG, "")
        is_number = attempt.isdecimal() and len(attempt) < _MOST_DIGITS
        approvals = tuple(tags.get(OLD_APPROVALS_TAG, "").split())
        return cls(tags[OLD_GATE_TAG], tags[OLD_REQUEST_TAG], int(attempt) if is_number else 1, approvals)

"""Retirement: a person's word that a published version should no longer be used."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Retirement"]


@dataclass(frozen=True)
class Retirement:
    """That a version should no longer be used. Its record stays as it is.

    Args:
        reason: Why.
        by: Who retired it.
        replacement: The version to use instead, `dataset@vN`, if there is one.
        in_datahub: Whether it was made in DataHub, not here.
        notes: What could not be done beside recording it, and which privilege brings that.
    """

    reason: str
    by: str
    replacement: str | None = None
    in_datahub: bool = False
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As JSON shows it. Notes are left out where there are none."""
        return {name: value for name, value in asdict(self).items() if name != "notes" or value}

    def __str__(self) -> str:
        instead = f"; use {self.replacement}" if self.replacement else ""
        where = " in DataHub" if self.in_datahub else ""
        return f"retired by {self.by}{where}: {self.reason}{instead}"

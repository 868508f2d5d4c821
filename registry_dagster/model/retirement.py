"""Retirement: a person's word that a published version should no longer be used."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Retirement"]


@dataclass(frozen=True)
class Retirement:
    """That a version should no longer be used. Its record stays as it is.

    Args:
        reason: Why.
        by: Who retired it.
        replacement: The version to use instead, `dataset@vN`, if there is one.
        in_datahub: Whether it was made in DataHub, not here.
    """

    reason: str
    by: str
    replacement: str | None = None
    in_datahub: bool = False

    def __str__(self) -> str:
        instead = f"; use {self.replacement}" if self.replacement else ""
        where = " in DataHub" if self.in_datahub else ""
        return f"retired by {self.by}{where}: {self.reason}{instead}"

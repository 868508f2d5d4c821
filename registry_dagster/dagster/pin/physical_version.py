"""The exact state of a table in a person's words."""

from __future__ import annotations

from registry_dagster.model.table import TableFacts

__all__ = ["physical_version"]

_DIGITS = len("sha256:") + 12


def physical_version(facts: TableFacts) -> str:
    """The pinned state as a person would say it: `version 3 of a Delta table`."""
    fingerprint: str | None = getattr(facts.pin, "fingerprint", None)
    if fingerprint is None:
        return facts.pin.in_words
    return f"{facts.format} files with the fingerprint {fingerprint[:_DIGITS]}…"

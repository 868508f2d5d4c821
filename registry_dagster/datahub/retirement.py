"""Retirement ⇄ DataHub's deprecation. The record itself stays as it is."""

from __future__ import annotations

from dataclasses import dataclass

from registry_dagster.datahub.proposal import Entity, Proposal
from registry_dagster.datahub.urns import decoded, user_urn, version_in, version_urn

__all__ = ["Retirement", "retirement_from", "retirement_proposal"]


@dataclass(frozen=True)
class Retirement:
    """That a version should no longer be used.

    Args:
        reason: Why.
        by: Who said so.
        replacement: The version to use instead, `dataset@vN`, if there is one.
    """

    reason: str
    by: str
    replacement: str | None = None

    def __str__(self) -> str:
        instead = f"; use {self.replacement}" if self.replacement else ""
        return f"retired by {self.by}: {self.reason}{instead}"


def retirement_proposal(version: str, retirement: Retirement, env: str) -> Proposal:
    """The deprecation of a version's entity."""
    replacement = {"replacement": version_urn(retirement.replacement, env)} if retirement.replacement else {}
    return Proposal(
        version_urn(version, env),
        "deprecation",
        {"deprecated": True, "note": retirement.reason, "actor": user_urn(retirement.by), **replacement},
    )


def retirement_from(entity: Entity) -> Retirement | None:
    """The retirement a stored version tells of, whether it was made here or in DataHub's UI."""
    deprecation = entity.get("deprecation", {})
    if not deprecation.get("deprecated"):
        return None
    replacement = version_in(deprecation.get("replacement") or "")
    return Retirement(
        reason=deprecation.get("note") or "no reason was given",
        by=decoded(deprecation.get("actor", "someone").removeprefix("urn:li:corpuser:")),
        replacement=str(replacement) if replacement else None,
    )

"""Retirement ⇄ DataHub's deprecation. The record itself stays as it is."""

from __future__ import annotations

from dataclasses import dataclass

from registry_dagster.datahub.proposal import Entity, Proposal
from registry_dagster.datahub.urns import decoded, parse_dataset_urn, platform_urn, user_urn, version_urn

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
    replacement: str = deprecation.get("replacement") or ""
    name, number = (None, None)
    if replacement.startswith(f"urn:li:dataset:({platform_urn()},"):
        name, number = parse_dataset_urn(replacement)
    return Retirement(
        reason=deprecation["note"],
        by=decoded(deprecation["actor"].removeprefix("urn:li:corpuser:")),
        replacement=f"{name}@v{number}" if number else None,
    )

"""Retirement ⇄ DataHub's deprecation. The record itself stays as it is."""

from __future__ import annotations

from registry_dagster.datahub.proposal import Entity, Proposal
from registry_dagster.datahub.urns import decoded, user_urn, version_in, version_urn
from registry_dagster.model.retirement import Retirement

__all__ = ["retirement_from", "retirement_proposal"]


def retirement_proposal(version: str, retirement: Retirement, env: str) -> Proposal:
    """The deprecation of a version's entity."""
    replacement = {"replacement": version_urn(retirement.replacement, env)} if retirement.replacement else {}
    return Proposal(
        version_urn(version, env),
        "deprecation",
        {"deprecated": True, "note": retirement.reason, "actor": user_urn(retirement.by), **replacement},
    )


def retirement_from(entity: Entity) -> Retirement | None:
    """The retirement of a stored version, whether it was made here or in DataHub's UI; None if it is not retired."""
    deprecation = entity.get("deprecation", {})
    if not deprecation.get("deprecated"):
        return None
    replacement = version_in(deprecation.get("replacement") or "")
    return Retirement(
        reason=deprecation.get("note") or "no reason was given",
        by=decoded(deprecation.get("actor", "someone").removeprefix("urn:li:corpuser:")),
        replacement=str(replacement) if replacement else None,
    )

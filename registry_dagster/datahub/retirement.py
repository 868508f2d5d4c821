"""Retirement ⇄ DataHub's deprecation. The record itself stays as it is."""

from __future__ import annotations

from collections.abc import Sequence

from registry_dagster.datahub.proposal import Aspect, Entity, Proposal
from registry_dagster.datahub.urns import decoded, user_urn, version_in, version_urn
from registry_dagster.model.act import Act
from registry_dagster.model.retirement import Retirement

__all__ = ["retirement_from", "retirement_proposal", "undo_proposal"]


def retirement_proposal(version: str, retirement: Retirement, env: str) -> Proposal:
    """The deprecation of a version's entity."""
    return Proposal(version_urn(version, env), "deprecation", _deprecation(retirement, env))


def undo_proposal(version: str, by: str, env: str) -> Proposal:
    """That a version's entity is no longer deprecated."""
    aspect: Aspect = {"deprecated": False, "note": "", "actor": user_urn(by)}
    return Proposal(version_urn(version, env), "deprecation", aspect)


def retirement_from(entity: Entity, version: str = "", acts: Sequence[Act] | None = None) -> Retirement | None:
    """Whether a stored version is retired, by our acts and by its deprecation, which mirrors the last of them.

    The deprecation is written after the act, so it may lag behind it; and people change it in DataHub's UI, which
    counts. It lags if it is absent, or as an earlier act left it; else it was changed in DataHub since.

    Args:
        entity: The version's aspects.
        version: Its name, where acts are given.
        acts: The acts on its Dataset, in order; None where they were not read.
    """
    ours = [act for act in acts or () if act.version == version and act.act in ("retire", "undo")]
    deprecation = entity.get("deprecation")
    last = ours[-1] if ours else None
    if last is not None and (deprecation is None or any(_mirrors(deprecation, act) for act in ours)):
        return _of(last) if last.act == "retire" else None
    if deprecation is None or not deprecation.get("deprecated"):
        return None
    replacement = version_in(deprecation.get("replacement") or "")
    return Retirement(
        reason=deprecation.get("note") or "no reason was given",
        by=decoded(deprecation.get("actor", "someone").removeprefix("urn:li:corpuser:")),
        replacement=str(replacement) if replacement else None,
        in_datahub=acts is not None,
    )


def _of(act: Act) -> Retirement:
    return Retirement(act.why, act.by, act.replacement)


def _mirrors(deprecation: Aspect, act: Act) -> bool:
    """Whether the deprecation is as this act left it."""
    if act.act == "undo":
        return not deprecation.get("deprecated") and deprecation.get("actor") == user_urn(act.by)
    replacement = version_in(deprecation.get("replacement") or "")
    return (
        bool(deprecation.get("deprecated"))
        and (deprecation.get("note"), deprecation.get("actor")) == (act.why, user_urn(act.by))
        and (str(replacement) if replacement else None) == act.replacement
    )


def _deprecation(retirement: Retirement, env: str) -> Aspect:
    replacement = {"replacement": version_urn(retirement.replacement, env)} if retirement.replacement else {}
    return {"deprecated": True, "note": retirement.reason, "actor": user_urn(retirement.by), **replacement}

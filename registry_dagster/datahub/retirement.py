"""Retirement ⇄ DataHub's deprecation. The record itself stays as it is."""

from __future__ import annotations

from collections.abc import Sequence

from registry_dagster.datahub.acts import readable_acts
from registry_dagster.datahub.proposal import Aspect, Entity, Proposal
from registry_dagster.datahub.urns import decoded, user_urn, version_in, version_urn
from registry_dagster.model.act import Act
from registry_dagster.model.retirement import Retirement

__all__ = ["is_removed", "retirement_from", "retirement_now", "retirement_proposal", "undo_proposal"]


def is_removed(entity: Entity) -> bool:
    """Whether an entity was removed in DataHub, softly: it is there, and hidden in its UI."""
    return bool(entity.get("status", {}).get("removed"))


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
    if ours and _is_ours(deprecation, ours):
        return _of(ours[-1])
    return _made_there(deprecation or {}, in_datahub=acts is not None)


def retirement_now(entity: Entity, version: str, container: Entity) -> Retirement | None:
    """As `retirement_from`, with the acts as they are in the entity of the version's Dataset."""
    return retirement_from(entity, version, readable_acts(container, f'"{version}"'))


def _is_ours(deprecation: Aspect | None, acts: Sequence[Act]) -> bool:
    """Whether the deprecation is as one of our acts left it, or not written yet: then the last act holds."""
    return deprecation is None or any(_mirrors(deprecation, act) for act in acts)


def _of(act: Act) -> Retirement | None:
    return Retirement(act.why, act.by, act.replacement) if act.act == "retire" else None


def _made_there(deprecation: Aspect, *, in_datahub: bool) -> Retirement | None:
    """What the deprecation alone says."""
    if not deprecation.get("deprecated"):
        return None
    return Retirement(
        reason=deprecation.get("note") or "no reason was given",
        by=decoded(deprecation.get("actor", "someone").removeprefix("urn:li:corpuser:")),
        replacement=_replacement(deprecation),
        in_datahub=in_datahub,
    )


def _replacement(deprecation: Aspect) -> str | None:
    found = version_in(deprecation.get("replacement") or "")
    return str(found) if found else None


def _mirrors(deprecation: Aspect, act: Act) -> bool:
    """Whether the deprecation is as this act left it."""
    if act.act == "undo":
        return not deprecation.get("deprecated") and deprecation.get("actor") == user_urn(act.by)
    said = (deprecation.get("note"), deprecation.get("actor"), _replacement(deprecation))
    return bool(deprecation.get("deprecated")) and said == (act.why, user_urn(act.by), act.replacement)


def _deprecation(retirement: Retirement, env: str) -> Aspect:
    replacement = {"replacement": version_urn(retirement.replacement, env)} if retirement.replacement else {}
    return {"deprecated": True, "note": retirement.reason, "actor": user_urn(retirement.by), **replacement}

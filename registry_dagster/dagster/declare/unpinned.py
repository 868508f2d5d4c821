"""A warning where a declared asset is materialized, but no table is pinned: then it cannot be published."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

import dagster as dg

from registry_dagster.dagster.names import FROZEN, NOT_PINNED, UNPINNED_HOOK_NAME

__all__ = ["HOW_TO_PIN", "warn_if_unpinned"]

HOW_TO_PIN = (
    "Return registry.table(context, uri) from the asset (in a graph asset, from the op that makes its output), or wrap "
    "its IO manager: rd.pinning(TheIOManager)(...)"
)
"""The end of an error or warning about a declared asset whose table is not pinned."""


def warn_if_unpinned(keys: Iterable[dg.AssetKey]) -> dg.HookDefinition:
    """A hook for the definition that makes the declared assets with these keys.

    Only after a step is it known whether its IO manager pinned the table, and nothing else of a definition
    runs then.
    """
    # Not by Dagster's decorator, which inspects the function again for each of thousands of assets.
    return dg.HookDefinition(name=UNPINNED_HOOK_NAME, hook_fn=partial(_warn, frozenset(keys)))


def _warn(
    declared: frozenset[dg.AssetKey], context: dg.HookContext, events: Sequence[dg.DagsterEvent]
) -> dg.HookExecutionResult:
    made = [event.materialization for event in events if event.event_type is dg.DagsterEventType.ASSET_MATERIALIZATION]
    unpinned = sorted({each.asset_key for each in made if each.asset_key in declared and _is_unpinned(each)})
    for key in unpinned:
        context.log.warning(
            f"{key.to_user_string()} was materialized, but no table was pinned, so it cannot be published. "
            f"{HOW_TO_PIN}."
        )
    return dg.HookExecutionResult(hook_name=UNPINNED_HOOK_NAME, is_skipped=not unpinned)


def _is_unpinned(made: dg.AssetMaterialization) -> bool:
    return made.metadata.keys().isdisjoint({FROZEN, NOT_PINNED})

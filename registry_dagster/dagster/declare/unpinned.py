"""A warning where a declared asset is materialized, but no table is pinned: then it cannot be published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

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
    declared = sorted(keys)

    @dg.success_hook(name=UNPINNED_HOOK_NAME)
    def warn(context: dg.HookContext) -> None:
        if _every_output_is_pinned(context.op_output_metadata):
            return
        for key in declared:
            if _is_unpinned(context, key):
                context.log.warning(
                    f"{key.to_user_string()} was materialized, but no table was pinned, so it cannot be published. "
                    f"{HOW_TO_PIN}."
                )

    return warn


def _every_output_is_pinned(outputs: Mapping[str, Any]) -> bool:
    """Whether the body returned what it pinned: then no event need be looked up."""
    return bool(outputs) and all(FROZEN in (metadata or {}) for metadata in outputs.values())


def _is_unpinned(context: dg.HookContext, key: dg.AssetKey) -> bool:
    event = context.instance.get_latest_materialization_event(key)
    # Another run may have materialized the asset since.
    if event is None or event.run_id != context.run_id or event.asset_materialization is None:
        return False
    return event.asset_materialization.metadata.keys().isdisjoint({FROZEN, NOT_PINNED})

"""What the context of an asset says of its run, on every supported Dagster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import dagster as dg

from registry_dagster.errors import InvalidDeclaration

__all__ = ["AssetContext", "asset_context", "is_called_directly", "only_partition", "partition_keys"]

AssetContext = dg.AssetExecutionContext | dg.OpExecutionContext
"""What a body gets as `context`, as it types it. In a graph asset it is an op's body."""


def asset_context(context: AssetContext) -> dg.AssetExecutionContext:
    """The context of an asset. That of an op within one has all that is used of it.

    Raises:
        InvalidDeclaration: it belongs to no asset.
    """
    try:
        _ = context.assets_def
    except (AttributeError, dg.DagsterError):
        raise InvalidDeclaration(
            "registry.table pins the table of an asset, and this context belongs to none; pass the context of the "
            "asset's body, or of an op inside a graph asset"
        ) from None
    return cast("dg.AssetExecutionContext", context)


def is_called_directly(context: dg.AssetExecutionContext) -> bool:
    """Whether the asset is called as a function, as unit tests do: then there is no run, and nothing is stored."""
    try:
        _ = context.run
    except dg.DagsterError:
        return True
    return False


def partition_keys(context: dg.AssetExecutionContext) -> Sequence[str]:
    """The partitions that the run makes; none if it is not partitioned."""
    if context.has_partition_key:
        return [context.partition_key]
    return context.partition_keys if _has_range(context) else ()


def only_partition(context: dg.AssetExecutionContext) -> str | None:
    """The partition of a run that makes one; else None."""
    keys = partition_keys(context)
    return keys[0] if len(keys) == 1 else None


def _has_range(context: dg.AssetExecutionContext) -> bool:
    try:
        return context.has_partition_key_range
    except AttributeError:
        # Dagster 1.11 does not know it where an asset is called as a function.
        return False

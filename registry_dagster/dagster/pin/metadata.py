"""The metadata of a materialization: rows for people first, and at the end what a publish needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from registry_dagster.dagster.declare.declaration import Declaration, declaration_of
from registry_dagster.dagster.names import COLUMN_LINEAGE, PUBLISH_LINK
from registry_dagster.dagster.pin.frozen import freeze
from registry_dagster.dagster.pin.launchpad_link import publish_link
from registry_dagster.dagster.pin.origin import given_lineage, join_lineage, origin_of
from registry_dagster.dagster.pin.rows import mismatch_of, table_rows
from registry_dagster.dagster.pin.run_context import is_called_directly, partition_keys
from registry_dagster.dagster.pin.upstream import upstream_tables
from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.table import TableFacts

__all__ = ["pinned_metadata", "resolve_declaration"]


def resolve_declaration(context: dg.AssetExecutionContext, key: dg.AssetKey) -> FeatureTable | None:
    """The asset's declaration for the partitions of this run; None if it has none.

    Raises:
        InvalidDeclaration: it differs between the partitions of the run, it depends on a partition and
            there is none, or no such asset is made here.
    """
    declaration = declaration_of(context.assets_def, key)
    return None if declaration is None else _agreed(declaration, partition_keys(context))


def pinned_metadata(
    context: dg.AssetExecutionContext,
    key: dg.AssetKey,
    declared: FeatureTable,
    facts: TableFacts,
    *,
    reported: Mapping[str, Any],
    given: Mapping[str, Any],
) -> dict[str, Any]:
    """All metadata of a pinned table's materialization, in the order in which the UI shows it.

    A table that does not fit its declaration is logged as a warning: the data is written, and only
    publishing would be refused.

    Args:
        context: The asset's context.
        key: Which asset.
        declared: Its declaration in this run.
        facts: The table.
        reported: What the table's writer reported. What is known of the table replaces it.
        given: What the author adds. It replaces both. The column lineage is taken from these two, else from
            the asset's own metadata.
    """
    mismatch = mismatch_of(declared, facts)
    if mismatch is not None:
        context.log.warning(f"Publishing this table would be refused. {mismatch}")
    rows = table_rows(declared, facts, mismatch)
    known = {**rows, **reported, **rows, **given}
    if is_called_directly(context):
        return {**known, **freeze(declared, facts, {})}
    own = given_lineage(context, key, known)
    upstream = upstream_tables(context, key)
    # What the author says a column comes from replaces what we only know it is joined to.
    lineage = {**join_lineage(context, key, declared, upstream), **own}
    return {
        **_publish_link(context, key),
        **known,
        **({COLUMN_LINEAGE: dg.MetadataValue.column_lineage(dg.TableColumnLineage(lineage))} if lineage else {}),
        **freeze(declared, facts, origin_of(context, key, upstream, own), *_said(context, key)),
    }


def _said(context: dg.AssetExecutionContext, key: dg.AssetKey) -> tuple[str | None, bool]:
    """The label, and whether it is a draft, where the declaration says so."""
    declaration = declaration_of(context.assets_def, key)
    return (None, False) if declaration is None else (declaration.label, declaration.draft)


def _publish_link(context: dg.AssetExecutionContext, key: dg.AssetKey) -> dict[str, Any]:
    """The link, first of all rows, to publish each partition of this run that is a version of its own."""
    declaration = declaration_of(context.assets_def, key)
    one_for_all = declaration is not None and declaration.partitions == "all"
    link = publish_link(context, key, () if one_for_all else partition_keys(context))
    return {} if link is None else {PUBLISH_LINK: link}


def _agreed(declaration: Declaration, keys: Sequence[str]) -> FeatureTable:
    """The declaration for the partitions of this run, which must agree on it."""
    tables = [declaration.for_partition(key) for key in keys] or [declaration.for_partition(None)]
    if any(table != tables[0] for table in tables):
        raise InvalidDeclaration(
            f"{tables[0].dataset.name}: partitions {keys[0]} to {keys[-1]} are made against different materialization "
            "versions; run them one by one"
        )
    return tables[0]

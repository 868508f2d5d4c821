"""A published version as a request to CAVE's catalogue."""

from __future__ import annotations

import re

from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.columns import AnyColumn
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.names import split_path
from registry_dagster.sources.cave_catalog.columns import catalog_columns
from registry_dagster.sources.cave_catalog.request import CatalogRequest, Maturity, Properties, Published

__all__ = ["CAVE", "copied_table", "request_of"]

CAVE = "cave"
"""The kind of the upstream system whose states are CAVE's materialization versions."""


def request_of(
    record: DatasetVersion, *, maturity: Maturity, location: str | None = None, layout: str | None = None
) -> CatalogRequest:
    """A version as a request.

    Args:
        record: The version.
        maturity: Whether it is final, and to be used.
        location: Where its table is now. Default: where the record says.
        layout: The layout that was given to it after publishing. Default: the record's.

    Raises:
        InvalidDeclaration: it is not made against one materialization version of CAVE, so it has no place there.
    """
    state = _state(record)
    layout = layout or (record.layout.name if record.layout else None)
    base = _snake(record.dataset.partition(".")[2] or record.dataset)
    table = copied_table(record)
    return CatalogRequest(
        datastack=state.system,
        name=f"{base}.{_snake(layout)}" if layout else base,
        mat_version=int(state.version),
        revision=record.number,
        uri=location or record.table.location,
        format=record.table.format,
        maturity=maturity,
        source="materialization" if table else "user",
        source_table=table,
        properties=Properties(
            base_name=base,
            layout=layout,
            feature_registry=Published(version=record.name, digest=record.digest, state=record.table.pin.in_words),
        ),
        columns=catalog_columns(record),
    )


def copied_table(record: DatasetVersion) -> str | None:
    """The upstream table that a version is a copy of: the one that each of its columns says it is from.

    Columns by which files are arranged, and those for bookkeeping, need not say it. None if another column does not.
    """
    arranged = set(record.table.partition_columns)
    paths = [each.path for each in record.table.fields if len(split_path(each.path)) == 1 and each.path not in arranged]
    tables = {_copied_from(column) for column in map(record.columns.get, paths) if not _is_bookkeeping(column)}
    return tables.pop() if len(tables) == 1 else None


def _copied_from(column: AnyColumn | None) -> str | None:
    return column.copy_of.table if column and column.copy_of else None


def _is_bookkeeping(column: AnyColumn | None) -> bool:
    return column is not None and column.semantic == "bookkeeping" and column.copy_of is None


def _state(record: DatasetVersion) -> MaterializationVersion:
    """The one state of CAVE that a version is made against."""
    states = [each for each in record.materializations if each.source == CAVE]
    against = ", ".join(each.key for each in record.materializations)
    if not states:
        raise InvalidDeclaration(
            f"{record.name} is not made against a materialization version of CAVE, so CAVE's catalogue has no place "
            f"for it: it is made against {against}. If that is a datastack of CAVE, publish it with its kind, e.g. "
            "cave/minnie65_public@1300"
        )
    if len(states) > 1:
        raise InvalidDeclaration(
            f"{record.name} is made against several materialization versions of CAVE: {against}. A request to its "
            "catalogue names one"
        )
    if not re.fullmatch(r"[0-9]{1,9}", states[0].version):
        raise InvalidDeclaration(
            f"{record.name} is made against {states[0]}; CAVE's catalogue numbers its materialization versions, so the "
            "version must be a whole number, e.g. cave/minnie65_public@1300"
        )
    return states[0]


def _snake(text: str) -> str:
    """A text as the catalogue takes names: lower-case letters, digits and `_`, a letter first."""
    name = re.sub(r"[^a-z0-9_]+", "_", text.lower())
    return name if name[:1].isalpha() else f"t_{name}"

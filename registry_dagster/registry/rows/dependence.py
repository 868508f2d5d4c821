"""What a published version depends on, by name and in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Set

from registry_dagster.answers.relations import names_of, systems_of
from registry_dagster.model.columns import AnyColumn
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.reference import Reference

__all__ = ["depends_on", "ways"]


def ways(record: DatasetVersion, names: Set[str]) -> Iterator[str]:
    """The ways in which a version depends on one of some names, in words."""
    yield from (
        f"made against {each}" for each in record.materializations if names & {*names_of(each), *systems_of(each)}
    )
    yield from (f"computed from {each}" for each in record.inputs if names & {each, each.partition("@")[0]})
    yield from _joins_to(record, names)
    yield from _columns_of(record, names)


def depends_on(record: DatasetVersion) -> set[str]:
    """Every version, dataset, materialization version and annotation table for which there are ways."""
    found = {name for each in record.materializations for name in names_of(each)}
    found.update(*({each, each.partition("@")[0]} for each in record.inputs))
    for reference in record.references:
        found |= {reference.to or "", reference.to_table or "", reference.crosswalk or "", _target(record, reference)}
    for column in record.columns.values():
        found |= {_table_of(column) or "", getattr(column, "at", None) or ""}
        found |= {column.copy_of.table} if column.copy_of else set()
    return found - {""}


def _joins_to(record: DatasetVersion, names: Set[str]) -> Iterator[str]:
    for reference in record.references:
        target = _target(record, reference)
        if names & {reference.to, reference.to_table, target}:
            yield f"{', '.join(reference.columns)} joins to {target}"
        if reference.crosswalk in names:
            yield f"{', '.join(reference.columns)} joins through {reference.crosswalk}"


def _target(record: DatasetVersion, reference: Reference) -> str:
    """The version that was current then, or what the reference names."""
    return record.reference_versions.get(reference.link or "", reference.to or reference.to_table or "")


def _columns_of(record: DatasetVersion, names: Set[str]) -> Iterator[str]:
    for path, column in record.columns.items():
        table = _table_of(column)
        if table in names:
            yield f"{path} holds ids of {table}"
        if (at := getattr(column, "at", None)) in names:
            yield f"{path} holds ids of {at}"
        if column.copy_of and column.copy_of.table in names:
            yield f"{path} is a copy of {column.copy_of}"


def _table_of(column: AnyColumn) -> str | None:
    """The annotation table whose ids a column holds."""
    return getattr(column, "source_table", None) or getattr(column, "reference_table", None)

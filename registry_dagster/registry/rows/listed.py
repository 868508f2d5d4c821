"""Tuples of versions that a notebook shows as a table, and that print as a few lines."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, ClassVar, TypeVar

from registry_dagster.answers.lifecycle import lifecycle
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.registry.rows.cells import Cells, cells_table

__all__ = ["MaterializationList", "VersionList", "lifecycle_now"]

T = TypeVar("T")
_MOST_LINES = 10


class _Listed(tuple[T, ...]):
    """A tuple like any other, and equal to one."""

    __slots__ = ()
    CELLS: ClassVar[Cells[Any]] = {}

    def __str__(self) -> str:
        more = len(self) - _MOST_LINES
        lines = [self._line(each) for each in self[:_MOST_LINES]]
        return "\n".join([*lines, *([f"… and {more:,} more"] if more > 0 else [])]) or "none"

    __repr__ = __str__

    def _line(self, thing: T) -> str:
        return str(thing)

    def _repr_html_(self) -> str:
        return cells_table(self.CELLS, self, "" if self else "none")


class VersionList(_Listed[DatasetVersion]):
    """The versions of a dataset, oldest first."""

    __slots__ = ()
    CELLS: ClassVar[Cells[DatasetVersion]] = {
        "version": lambda record: record.name,
        "label": lambda record: record.label,
        "layout": lambda record: record.layout,
        "made against": lambda record: record.materializations,
        "format": lambda record: record.table.format,
        "rows": lambda record: "unknown" if record.table.rows is None else record.table.rows,
        "published": lambda record: record.provenance.published_at,
        "publisher": lambda record: record.provenance.publisher,
        "why": lambda record: record.provenance.message,
        "location": lambda record: record.table.location,
    }

    def _line(self, thing: DatasetVersion) -> str:
        return f"{thing.name}, made against {', '.join(map(str, thing.materializations))}"


def lifecycle_now(version: MaterializationVersion) -> str:
    """Whether a materialization version can be queried now, as last recorded."""
    return lifecycle(version, at=datetime.now(timezone.utc)).state


class MaterializationList(_Listed[MaterializationVersion]):
    """Recorded materialization versions."""

    __slots__ = ()
    CELLS: ClassVar[Cells[MaterializationVersion]] = {
        "version": str,
        "source": lambda version: version.source,
        "timestamp": lambda version: version.timestamp or "unknown",
        "lifecycle": lifecycle_now,
        "expires": lambda version: version.expires_on,
        "also known as": lambda version: version.aliases,
    }

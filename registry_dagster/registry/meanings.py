"""What published tables say that a column of some name means."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from registry_dagster.datahub.search import Search, Term
from registry_dagster.datahub.urns import version_in
from registry_dagster.model.columns import AnyColumn
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.registry.records import Records

__all__ = ["Meanings", "PublishedMeaning"]

_NEWEST = 50
"""How many published tables are read for one name: enough to see whether they agree."""


@dataclass(frozen=True)
class PublishedMeaning:
    """What a column means in one published version.

    Args:
        version: `dataset@vN`.
        systems: The upstream systems it was made against.
        type: The column's Arrow type.
        column: Its meaning.
    """

    version: str
    systems: frozenset[str]
    type: str
    column: AnyColumn


@dataclass(frozen=True)
class Meanings:
    """Finds the meanings of columns by name. Reads records alone, and looks up nothing that was not asked for."""

    records: Records

    def of(self, path: str) -> list[PublishedMeaning]:
        """What the newest published versions that are not retired say about columns of a name, newest first."""
        column = frozenset([Term("column", path)])
        search = Search("version", self.records.env, (column,), frozenset([Term("retired", "yes")]))
        urns = islice(self.records.urns(search), _NEWEST)
        names = [str(version) for urn in urns if (version := version_in(urn))]
        found = self.records.readable(names)
        return [_meaning(found[name], path) for name in names if name in found and path in found[name].columns]


def _meaning(record: DatasetVersion, path: str) -> PublishedMeaning:
    dtype = next(each.type for each in record.table.fields if each.path == path)
    systems = frozenset(state.system for state in record.materializations)
    return PublishedMeaning(record.name, systems, dtype, record.columns[path])

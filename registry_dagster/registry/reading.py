"""Reader: the questions people ask of the registry, answered from its records alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from typing_extensions import Unpack

from registry_dagster.datahub.retirement import Retirement
from registry_dagster.datahub.urns import sort_id
from registry_dagster.errors import NotPublished
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.names import ParsedVersion, VersionName, parse_version
from registry_dagster.registry.filters import Filters, Question
from registry_dagster.registry.finder import Finder
from registry_dagster.registry.records import Records
from registry_dagster.registry.rows.found import Dependent, FoundDataset, FoundVersion
from registry_dagster.registry.rows.rows import R, Rows
from registry_dagster.stores.store import Store

__all__ = ["Reader"]


class Reader:
    """Reads a registry. Nothing here writes, and no table is opened."""

    def __init__(self, store: Store, env: str) -> None:
        self._store = store
        self._records = Records(store, env)
        self._finder = Finder(self._records)

    @property
    def target(self) -> str:
        """Where the registry is kept, without credentials."""
        return self._store.target

    @property
    def env(self) -> str:
        """DataHub's environment that is read."""
        return self._records.env

    def about(self) -> dict[str, str]:
        """What the registry is kept in, as far as that tells: release, flags, who asks, what is missing."""
        return self._store.about()

    def find(
        self, text: str | None = None, *, limit: int | None = 100, **filters: Unpack[Filters]
    ) -> Rows[FoundVersion]:
        """The published versions for which all of this holds, newest first.

        On a DataHub server candidates come from its search, which lags some seconds behind; each is then read
        from the primary store. The versions of one named dataset are always complete.

        Args:
            text: Words that each begin a word of the version's names, columns, descriptions, message, or of
                its dataset's title, description and tags.
            filters: What must hold; see `Filters`.
            limit: How many at most; None for all. `stream` yields all without holding them in memory.

        Raises:
            InvalidDeclaration: no such filter, or a value that a filter does not take.
        """
        return _rows(self._finder.versions(Question(text=text, **filters)), limit)

    def stream(self, **question: Unpack[Question]) -> Iterator[FoundVersion]:
        """As `find`, one by one and without end: memory does not grow with what is found."""
        return self._finder.versions(question)

    def datasets(self, text: str | None = None, *, limit: int | None = 100) -> Rows[FoundDataset]:
        """The datasets, as people describe them now.

        Args:
            text: Words that each begin a word of the name, title, description or tags.
            limit: How many at most; None for all.
        """
        return _rows(self._finder.datasets(text), limit)

    def materializations(self, name: str | None = None) -> tuple[MaterializationVersion, ...]:
        """The materialization versions that are recorded, with their lifecycle as last told.

        Args:
            name: Those of a system, or those known as `system@version`; all when left out.
        """
        found = self._finder.materializations(name)
        return tuple(sorted(found, key=lambda each: (each.source, each.system, sort_id(each.version))))

    def dependents(self, of: str | MaterializationVersion, *, limit: int | None = 100) -> Rows[Dependent]:
        """The published versions that were computed from something, join to it, or were made against it.

        Args:
            of: `dataset`, `dataset@vN`, a materialization version `system@version`, or an upstream table such as
                `nucleus_detection_v0`.
            limit: How many at most; None for all.
        """
        return _rows(self._finder.dependents(of), limit)

    def get(self, name: str) -> DatasetVersion:
        """The version `dataset@vN` or `dataset@label`, or a dataset's newest one. Proven against its digest.

        Raises:
            NotPublished: nothing is recorded under that name.
            CorruptRecord: what is stored is not what was published.
        """
        dataset, number = self._labelled(name) or parse_version(name)
        if number is None:
            number = max(self._records.summaries(dataset), default=None)
            if number is None:
                raise NotPublished(f"{name}: no version is published at {self.target}")
        version = str(VersionName(dataset, number))
        found = self._records.get([version])
        if version not in found:
            published = self._records.summaries(dataset)
            have = f"published are v{min(published)} to v{max(published)}" if published else "no version is published"
            raise NotPublished(f"{name}: not published at {self.target}; {have}")
        return found[version]

    def _labelled(self, name: str) -> ParsedVersion | None:
        dataset, at, label = name.partition("@")
        if not at or re.fullmatch(r"v[0-9]+", label):
            return None
        for number, summary in self._records.summaries(parse_version(dataset).dataset).items():
            if summary.label == label:
                return ParsedVersion(dataset, number)
        raise NotPublished(f"{name}: no version of {dataset} has the label {label!r} at {self.target}")

    def read_code(self, name: str, engine: str) -> str:
        """Python that reads a published version's table in its pinned state.

        Args:
            name: `dataset@vN`, `dataset@label`, or `dataset`, which means its newest version.
            engine: polars, duckdb, pyarrow, spark, ray or lance.

        Raises:
            NotPublished: nothing is recorded under that name.
            EngineCannotRead: no such engine, or it does not read such a table; says which do.
        """
        from registry_dagster.tables.read_code import read_code

        record = self.get(name)
        retirement = self.retirement(record.name)
        return read_code(record, engine, remark=f"It is {retirement}" if retirement else None)

    def versions(self, dataset: str) -> tuple[DatasetVersion, ...]:
        """All versions of a dataset, oldest first. Empty when there are none. `find` tells less of them, and streams.

        Raises:
            CorruptRecord: what is stored of one is not what was published.
        """
        name, _ = parse_version(dataset)
        names = [str(VersionName(name, number)) for number in self._records.summaries(name)]
        found = self._records.get(names)
        return tuple(found[version] for version in names)

    def dataset(self, name: str) -> Dataset:
        """The Dataset as people describe it now: title, description, owners, tags.

        Raises:
            NotPublished: no such dataset.
        """
        name, _ = parse_version(name)
        dataset = self._records.dataset(name)
        if dataset is None:
            raise NotPublished(f"{name}: no such dataset at {self.target}")
        return dataset

    def materialization(self, version: MaterializationVersion) -> MaterializationVersion | None:
        """What is recorded of a materialization version; None when nothing is."""
        return self._records.materialization(version)

    def retirement(self, version: str) -> Retirement | None:
        """Whether a version is retired, by whom and why."""
        return self._records.retirements([version]).get(version)

    def retirements(self, dataset: str) -> dict[str, Retirement]:
        """The retired versions of a dataset, `dataset@vN`, oldest first: by whom and why."""
        name, _ = parse_version(dataset)
        return self._records.retirements([str(VersionName(name, number)) for number in self._records.summaries(name)])


def _rows(found: Iterator[R], limit: int | None) -> Rows[R]:
    if limit is None:
        return Rows(tuple(found))
    some = tuple(islice(found, limit + 1))
    return Rows(some[:limit], more=len(some) > limit)

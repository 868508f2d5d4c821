"""Reader: the questions people ask of the registry, answered from its records alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from itertools import islice

from typing_extensions import Unpack

from registry_dagster.answers.answer import Verdict
from registry_dagster.answers.column_facts import ColumnFacts, column_facts
from registry_dagster.answers.comparison import Comparison, comparable
from registry_dagster.answers.compatibility import Compatibility, compatibility
from registry_dagster.answers.diff import Diff, diff
from registry_dagster.answers.found import Dependent, FoundDataset, FoundVersion, Newest
from registry_dagster.answers.joins import Joins, joins
from registry_dagster.answers.rows import R, Rows
from registry_dagster.datahub.retirement import Retirement
from registry_dagster.datahub.urns import sort_id
from registry_dagster.errors import NotPublished
from registry_dagster.finding import Finder, Question
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.names import ParsedVersion, parse_version
from registry_dagster.records import Records
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
        self,
        text: str | None = None,
        *,
        dataset: str | None = None,
        materialization: str | MaterializationVersion | None = None,
        semantic: str | None = None,
        annotation_type: str | None = None,
        format: str | None = None,
        owner: str | None = None,
        embedding_model: str | None = None,
        column: str | None = None,
        expiring_within: float | None = None,
        retired: bool | None = None,
        limit: int | None = 100,
    ) -> Rows[FoundVersion]:
        """The published versions of which all of this holds, newest first.

        On a DataHub server candidates come from its search, which knows what was published some seconds
        ago; each is then read from the primary store. The versions of one named dataset are always all found.

        Args:
            text: Words that each begin a word of the version's names, columns, descriptions, message, or of
                its dataset's title, description and tags.
            dataset: A dataset, or `minnie65.*` for all below.
            materialization: What it was made against: `minnie65_public@1300`, by any of its names, or
                `minnie65_public` in any version.
            semantic: What one of its columns means, e.g. `embedding`.
            annotation_type: What one of its columns or references points at, e.g. `nucleus`.
            format: parquet, delta, iceberg or lance.
            owner: Who owns the dataset now: `team:name` or an account.
            embedding_model: The model of one of its embeddings.
            column: The path of one of its columns.
            expiring_within: Days within which an upstream version of it expires; those that have are found, too.
            retired: Only retired versions, or only others; both when left out.
            limit: How many at most; None for all. `stream` has all without holding them.

        Raises:
            InvalidDeclaration: no such semantic or format, or no name of a dataset.
        """
        question = Question(
            text=text,
            dataset=dataset,
            materialization=materialization,
            semantic=semantic,
            annotation_type=annotation_type,
            format=format,
            owner=owner,
            embedding_model=embedding_model,
            column=column,
            expiring_within=expiring_within,
            retired=retired,
        )
        return _rows(self._finder.versions(question), limit)

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
        """The upstream versions that are recorded, with their lifecycle as last told.

        Args:
            name: Those of a system, or those known as `system@version`; all when left out.
        """
        found = self._finder.materializations(name)
        return tuple(sorted(found, key=lambda each: (each.source, each.system, sort_id(each.version))))

    def dependents(self, of: str | MaterializationVersion, *, limit: int | None = 100) -> Rows[Dependent]:
        """The published versions that were computed from something, join to it, or were made against it.

        Args:
            of: `dataset`, `dataset@vN`, an upstream version `system@version`, or an upstream table such as
                `nucleus_detection_v0`.
            limit: How many at most; None for all.
        """
        return _rows(self._finder.dependents(of), limit)

    def newest(self, dataset: str, *, compatible_with: str | MaterializationVersion) -> Newest:
        """The newest version of a dataset that goes with an upstream version or another table.

        A version counts when it is known to: exact, of the same moment, by stable ids, or over a crosswalk.
        Lossy and unknown ones are passed over with their reason, and so are retired ones.

        Args:
            dataset: The dataset.
            compatible_with: `system@version`, a version alone where the dataset knows one system, or a
                published `dataset@vN`.

        Raises:
            NotPublished: the dataset has no version, or what it is compared with is not known.
        """
        name = parse_version(dataset).dataset
        numbers = sorted(self._records.summaries(name), reverse=True)
        if not numbers:
            raise NotPublished(f"{name}: no version is published at {self.target}")
        other: DatasetVersion | MaterializationVersion | None = None
        first: Compatibility | None = None
        passed_over: list[str] = []
        for record in self._newest_first(name, numbers):
            other = other or self._compared_with(compatible_with, record)
            retirement = self.retirement(record.name)
            found = compatibility(record, other, at=datetime.now(timezone.utc))
            first = first or found
            if retirement is None and found.verdict >= Verdict.BRIDGEABLE:
                return Newest(f"{name} with {compatible_with}", record.name, found, tuple(passed_over))
            passed_over.append(f"{record.name}: {retirement or f'{found.verdict}; {found.reason}'}")
        return Newest(f"{name} with {compatible_with}", None, first, tuple(passed_over))

    def column(self, name: str, path: str) -> ColumnFacts:
        """What a column means: unit, frame and resolution, model and metric, joins and signals.

        Args:
            name: `dataset`, which means its newest version, or `dataset@vN`.
            path: The column's name, or nested names joined by dots.

        Raises:
            NotPublished: no such version, or no such column.
        """
        return column_facts(self.get(name), path)

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
        version = f"{dataset}@v{number}"
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
        from registry_dagster.access.read_code import read_code

        record = self.get(name)
        retirement = self.retirement(record.name)
        return read_code(record, engine, remark=f"It is {retirement}" if retirement else None)

    def versions(self, dataset: str) -> tuple[DatasetVersion, ...]:
        """All versions of a dataset, oldest first. Empty when there are none."""
        name, _ = parse_version(dataset)
        names = [f"{name}@v{number}" for number in self._records.summaries(name)]
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
        """What is recorded of an upstream version; None when nothing is."""
        return self._records.materialization(version)

    def diff(self, before: str, after: str) -> Diff:
        """What changed between two published versions: table, schema and meaning."""
        return diff(self.get(before), self.get(after))

    def compatibility(self, a: str | MaterializationVersion, b: str | MaterializationVersion) -> Compatibility:
        """Whether two versions go together, with the reason and what it rests on.

        Args:
            a, b: `dataset`, `dataset@vN`, or an upstream version, also as `system@version` when it is recorded.

        Raises:
            NotPublished: a version is not published.
        """
        return compatibility(self._side(a), self._side(b), at=datetime.now(timezone.utc))

    def join(self, a: str, b: str, *, bridges: Sequence[str] = ()) -> Joins:
        """How two published tables can be joined: on which columns, how well, and what is lost.

        Args:
            a, b: `dataset`, which means its newest version, or `dataset@vN`.
            bridges: Further tables that may hold keys of both. Crosswalks that either names, and newest tables
                that hold ids of both, are tried by themselves.

        Raises:
            NotPublished: a version is not published.
        """
        one, other = self._as_of_now(a), self._as_of_now(b)
        through = [self._as_of_now(name) for name in dict.fromkeys((*bridges, *self._finder.bridges(one, other)))]
        return joins(one, other, bridges=through, at=datetime.now(timezone.utc))

    def comparable(self, a: str, b: str) -> Comparison:
        """Whether the embeddings of two published tables can be compared.

        Args:
            a, b: `dataset`, which means its newest version, or `dataset@vN`.

        Raises:
            NotPublished: a version is not published.
        """
        return comparable(self.get(a), self.get(b))

    def _as_of_now(self, name: str) -> DatasetVersion:
        """A published version, with what is recorded by now of its upstream versions' lifecycle."""
        record = self.get(name)
        recorded = self._records.materializations(record.materializations)
        now = [recorded[version.key] or version for version in record.materializations]
        return record.model_copy(update={"materializations": tuple(now)})

    def retirement(self, version: str) -> Retirement | None:
        """Whether a version is retired, by whom and why."""
        return self._records.retirements([version]).get(version)

    def _newest_first(self, dataset: str, numbers: Sequence[int]) -> Iterator[DatasetVersion]:
        for number in numbers:
            yield self._as_of_now(f"{dataset}@v{number}")

    def _compared_with(
        self, given: str | MaterializationVersion, record: DatasetVersion
    ) -> DatasetVersion | MaterializationVersion:
        """As `_side`; and a version of a system that the record names, recorded or not."""
        systems = {each.system: each.source for each in record.materializations}
        if isinstance(given, str) and "@" not in given and len(systems) == 1:
            given = f"{next(iter(systems))}@{given}"
        try:
            return self._side(given)
        except NotPublished:
            system, _, version = str(given).rpartition("@")
            if system in systems:
                return MaterializationVersion(system=system, version=version, source=systems[system])
            raise

    def _side(self, given: str | MaterializationVersion) -> DatasetVersion | MaterializationVersion:
        """A published version, or an upstream version with its lifecycle as recorded by now."""
        if isinstance(given, MaterializationVersion):
            return self.materialization(given) or given
        name, at, _ = given.rpartition("@")
        if not at or self._records.summaries(name):
            return self._as_of_now(given)
        known = self.materializations(given)
        if not known:
            raise NotPublished(f"{given}: neither a published nor a recorded upstream version at {self.target}")
        return known[0]


def _rows(found: Iterator[R], limit: int | None) -> Rows[R]:
    if limit is None:
        return Rows(tuple(found))
    some = tuple(islice(found, limit + 1))
    return Rows(some[:limit], more=len(some) > limit)

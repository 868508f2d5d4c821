"""The questions that compare what is published: does it go together, can it be joined, what changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timezone

from registry_dagster.answers.answer import Verdict
from registry_dagster.answers.column_facts import ColumnFacts, column_facts
from registry_dagster.answers.comparison import Comparison, comparable
from registry_dagster.answers.compatibility import Compatibility, compatibility
from registry_dagster.answers.diff import Diff, diff
from registry_dagster.answers.joins import Joins, joins
from registry_dagster.errors import NotPublished
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.names import VersionName, parse_version
from registry_dagster.registry.reading import Reader
from registry_dagster.registry.rows.found import Newest

__all__ = ["Answering"]


class Answering(Reader):
    """Answers from records alone. Nothing is written, and no table is opened."""

    def newest(self, dataset: str, *, compatible_with: str | MaterializationVersion) -> Newest:
        """The newest version of a dataset that goes with a materialization version or another table.

        A version counts when it is known to: exact, of the same moment, by stable ids, or over a crosswalk.
        Lossy and unknown ones are passed over with their reason, and so are retired ones.

        Args:
            dataset: The dataset.
            compatible_with: `system@version`, a version alone where the dataset knows one system, or a
                published `dataset@vN`; a `dataset` means its newest version.

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

    def diff(self, before: str, after: str) -> Diff:
        """What changed between two published versions: table, schema and meaning."""
        return diff(self.get(before), self.get(after))

    def compatibility(self, a: str | MaterializationVersion, b: str | MaterializationVersion) -> Compatibility:
        """Whether two versions go together, with the reason and what it rests on.

        Args:
            a, b: `dataset`, `dataset@vN`, or a materialization version, as `system@version` if recorded.

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
        found = self._records.readable([name for name in self._finder.bridges(one, other) if name not in bridges])
        through = [*map(self._as_of_now, dict.fromkeys(bridges)), *map(self._with_lifecycle, found.values())]
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
        """A published version, with what is recorded by now of its materialization versions' lifecycle."""
        return self._with_lifecycle(self.get(name))

    def _with_lifecycle(self, record: DatasetVersion) -> DatasetVersion:
        recorded = self._records.materializations(record.materializations)
        now = [recorded[version.key] or version for version in record.materializations]
        return record.model_copy(update={"materializations": tuple(now)})

    def _newest_first(self, dataset: str, numbers: Sequence[int]) -> Iterator[DatasetVersion]:
        for number in numbers:
            yield self._as_of_now(str(VersionName(dataset, number)))

    def _compared_with(
        self, given: str | MaterializationVersion, record: DatasetVersion
    ) -> DatasetVersion | MaterializationVersion:
        """As `_side`; and a version of a system that the record names, recorded or not."""
        systems = {each.system: each.source for each in record.materializations}
        if isinstance(given, str) and "@" not in given and len(systems) == 1 and not self._records.summaries(given):
            given = f"{next(iter(systems))}@{given}"
        try:
            return self._side(given)
        except NotPublished:
            system, _, version = str(given).rpartition("@")
            if system in systems:
                return MaterializationVersion(system=system, version=version, source=systems[system])
            raise

    def _side(self, given: str | MaterializationVersion) -> DatasetVersion | MaterializationVersion:
        """A published version, or a materialization version with its lifecycle as recorded by now."""
        if isinstance(given, MaterializationVersion):
            return self.materialization(given) or given
        name, at, _ = given.rpartition("@")
        if not at or self._records.summaries(name):
            return self._as_of_now(given)
        known = self.materializations(given)
        if not known:
            raise NotPublished(
                f"{given}: no such published version or recorded materialization version at {self.target}"
            )
        return known[0]

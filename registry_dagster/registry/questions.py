"""The questions that compare what is published: does it go together, can it be joined, what changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from registry_dagster.answers.answer import Verdict
from registry_dagster.answers.compatibility import Compatibility, compatibility
from registry_dagster.answers.joins import Joins, joins
from registry_dagster.errors import InvalidDeclaration, NotPublished
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.names import VersionName, name_text, parse_version
from registry_dagster.registry.arguments import text_of
from registry_dagster.registry.finder import Finder
from registry_dagster.registry.records import Records
from registry_dagster.registry.rows.found import Newest

__all__ = ["Questions"]


@dataclass(frozen=True)
class Questions:
    """Answers from records alone. Nothing is written, and no table is opened."""

    records: Records
    finder: Finder

    def newest(self, dataset: str, compatible_with: str | MaterializationVersion) -> Newest:
        """The newest version of a dataset that is known to go with something.

        Raises:
            NotPublished: the dataset has no version, or what it is compared with is not recorded.
        """
        name = parse_version(dataset).dataset
        asked = f"{name} with {compatible_with}"
        other: DatasetVersion | MaterializationVersion | None = None
        first: Compatibility | None = None
        passed_over: list[str] = []
        for number in reversed(self.records.numbers(name)):
            record = self._as_of_now(str(VersionName(name, number)))
            # A version alone, such as 1300, is of the system that the dataset was made against: its newest says which.
            other = other or self._compared_with(compatible_with, record)
            retirement = self.records.retirements([record.name]).get(record.name)
            found = compatibility(record, other, at=datetime.now(timezone.utc))
            first = first or found
            if retirement is None and found.verdict >= Verdict.BRIDGEABLE:
                return Newest(asked, record.name, found, tuple(passed_over))
            passed_over.append(f"{record.name}: {retirement or f'{found.verdict}; {found.reason}'}")
        return Newest(asked, None, first, tuple(passed_over))

    def read_code(self, name: str, engine: str) -> str:
        """Python that reads a published version's table; says so if the version is retired.

        Raises:
            EngineCannotRead: no such engine, or it does not read such a table.
        """
        from registry_dagster.tables.read_code import read_code

        engine = text_of(engine, "engine", "polars")
        record = self.records.record(name)
        retirement = self.records.retirements([record.name]).get(record.name)
        return read_code(record, engine, remark=f"It is {retirement}" if retirement else None)

    def compatibility(self, a: str | MaterializationVersion, b: str | MaterializationVersion) -> Compatibility:
        """Whether two versions go together.

        Raises:
            NotPublished: a version is not published.
        """
        return compatibility(self._side(a), self._side(b), at=datetime.now(timezone.utc))

    def join(self, a: str, b: str, bridges: Sequence[str]) -> Joins:
        """How two published tables can be joined, also over the bridges given and those that are found.

        Raises:
            NotPublished: a version is not published.
        """
        if isinstance(bridges, str):
            raise InvalidDeclaration(f"bridges must be a list of names, got {bridges!r}; write [{bridges!r}]")
        one, other = self._as_of_now(a), self._as_of_now(b)
        found = self.records.readable([name for name in self.finder.bridges(one, other) if name not in bridges])
        through = [*map(self._as_of_now, dict.fromkeys(bridges)), *map(self._with_lifecycle, found.values())]
        return joins(one, other, bridges=through, at=datetime.now(timezone.utc))

    def _as_of_now(self, name: str) -> DatasetVersion:
        """A published version, with what is recorded by now of its materialization versions' lifecycle."""
        return self._with_lifecycle(self.records.record(name))

    def _with_lifecycle(self, record: DatasetVersion) -> DatasetVersion:
        recorded = self.records.materializations(record.materializations)
        now = [recorded[version.key] or version for version in record.materializations]
        return record.model_copy(update={"materializations": tuple(now)})

    def _compared_with(
        self, given: str | MaterializationVersion, record: DatasetVersion
    ) -> DatasetVersion | MaterializationVersion:
        """As `_side`; also a version of a system that the record was made against, recorded or not."""
        systems = {each.system: each.source for each in record.materializations}
        if isinstance(given, str) and "@" not in given and len(systems) == 1 and not self.records.summaries(given):
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
            return self.records.materialization(given) or given
        name, at, _ = name_text(given).rpartition("@")
        if not at or self.records.summaries(name):
            return self._as_of_now(given)
        known = self.finder.materializations(given)
        if not known:
            raise NotPublished(
                f"{given}: no such published version or recorded materialization version at {self.records.store.target}"
            )
        return known[0]

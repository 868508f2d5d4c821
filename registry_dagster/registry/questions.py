"""The questions that compare what is published: does it go together, can it be joined, what changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone

from registry_dagster.answers.answer import Verdict
from registry_dagster.answers.column_facts import ColumnFacts, column_facts
from registry_dagster.answers.comparison import Comparison, comparable
from registry_dagster.answers.compatibility import Compatibility, compatibility
from registry_dagster.answers.current import Taken, latest_earlier, newest_first
from registry_dagster.answers.diff import Diff, diff
from registry_dagster.answers.joins import Joins, joins
from registry_dagster.answers.linked import as_linked, changed_links
from registry_dagster.errors import InvalidDeclaration, NotPublished
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.names import is_dataset_name, name_text, parse_version
from registry_dagster.registry.arguments import text_of
from registry_dagster.registry.bridges import Bridges
from registry_dagster.registry.finder import Finder
from registry_dagster.registry.records import Records
from registry_dagster.registry.resolver import At, Resolved, Resolver
from registry_dagster.registry.rows.found import Newest
from registry_dagster.registry.rows.lineage import Lineage, sources_of

__all__ = ["Questions"]

_Side = DatasetVersion | MaterializationVersion


@dataclass(frozen=True)
class Questions:
    """Answers from records alone. Nothing is written, and no table is opened.

    `at` and `layout` say which version of a dataset is meant if its name alone is given; see `Resolver.taken`.
    """

    records: Records
    resolver: Resolver
    finder: Finder

    def newest(self, dataset: str, compatible_with: str | MaterializationVersion) -> Newest:
        """The newest version of a dataset that is known to go with something.

        Raises:
            NotPublished: the dataset has no version, or what it is compared with is not recorded.
        """
        name = parse_version(dataset).dataset
        asked = f"{name} with {compatible_with}"
        other: _Side | None = None
        first: Compatibility | None = None
        passed_over: list[str] = []
        versions = self.resolver.versions([name])[name]
        if not any(each.present for each in versions.candidates):
            raise self.records.unknown_dataset(name)
        for candidate in newest_first(versions.candidates, default_layout=versions.default_layout):
            record = self._as_of_now(self.records.exact(candidate.name))
            # A version alone, such as 1300, is of the system that the dataset was made against: its newest says which.
            other = other or self._compared_with(compatible_with, record)
            found = compatibility(record, other, at=datetime.now(timezone.utc))
            first = first or found
            if candidate.usable and found.verdict >= Verdict.BRIDGEABLE:
                return Newest(asked, record.name, found, tuple(passed_over))
            passed_over.append(f"{record.name}: {candidate.flaw or f'{found.verdict}; {found.reason}'}")
        return Newest(asked, None, first, tuple(passed_over))

    def lineage(self, name: str) -> Lineage:
        """What something comes from, if it is a published version, and what depends on it."""
        dependents = tuple(self.finder.dependents(name))
        dataset, _, exact = name_text(name).partition("@")
        if not self._is_dataset(dataset):
            return Lineage(name, (), dependents)
        record, taken = self.resolver.resolve(name)
        of = record.name if exact else f"{name}, taken as {record.name}"
        return Lineage(of, tuple(sources_of(record)), dependents, taken=(taken,))

    def read_code(self, name: str, engine: str, at: At, layout: str | None) -> str:
        """Python that reads a published version's table; says which version, if not simply the last one.

        Raises:
            EngineCannotRead: no such engine, or it does not read such a table.
        """
        from registry_dagster.tables.read_code import read_code

        engine = text_of(engine, "engine", "polars")
        record, taken = self.resolver.resolve(name, at=at, layout=layout)
        return read_code(record, engine, tables=self.records.tables(record), remark=taken.remark)

    def column(self, name: str, path: str, at: At, layout: str | None) -> ColumnFacts:
        """What a column means."""
        record, taken = self.resolver.resolve(name, at=at, layout=layout)
        return replace(column_facts(record, path), taken=(taken,))

    def diff(self, before: str, after: str | None) -> Diff:
        """What changed between two versions; with one name, since the latest version before it of its layout.

        Raises:
            NotPublished: a version is not published, or there is none before it.
        """
        one, taken = self.resolver.resolve(before)
        if after is not None:
            other, also = self.resolver.resolve(after)
            return replace(diff(one, other), taken=(taken, also))
        candidates = self.resolver.versions([one.dataset])[one.dataset].candidates
        own = next(each for each in candidates if each.name == one.name)
        earlier = latest_earlier(candidates, own)
        if earlier is None:
            raise NotPublished(f"{one.name}: no version of it is earlier; name two versions to compare them")
        reason = f"the latest version before {one.name}" + (f" in layout {own.layout}" if own.layout else "")
        return replace(diff(self.records.exact(earlier.name), one), taken=(Taken(earlier.name, reason), taken))

    def comparable(self, a: str, b: str, at: At, layout: str | None) -> Comparison:
        """Whether the embeddings of two published tables can be compared."""
        one, other = self._both(a, b, at, layout)
        return replace(comparable(one.record, other.record), taken=(one.taken, other.taken))

    def compatibility(
        self, a: str | MaterializationVersion, b: str | MaterializationVersion, at: At, layout: str | None
    ) -> Compatibility:
        """Whether two versions go together.

        Raises:
            NotPublished: a version is not published.
        """
        address = _address((a, b), at, layout)
        (one, taken), (other, also) = (self._side(side, *address(side)) for side in (a, b))
        now = [self._as_of_now(side) if isinstance(side, DatasetVersion) else side for side in (one, other)]
        found = compatibility(*now, at=datetime.now(timezone.utc))
        notes = found.notes
        if isinstance(one, DatasetVersion) and isinstance(other, DatasetVersion):
            notes += changed_links(one, other)
        return replace(found, taken=tuple(filter(None, (taken, also))), notes=notes)

    def join(self, a: str, b: str, bridges: Sequence[str], at: At, layout: str | None) -> Joins:
        """How two published tables can be joined, also over the bridges given and those that are found.

        Raises:
            NotPublished: a version is not published.
        """
        if isinstance(bridges, str):
            raise InvalidDeclaration(f"bridges must be a list of names, got {bridges!r}; write [{bridges!r}]")
        (one, taken), (other, also) = self._both(a, b, at, layout)
        given = {name: self.resolver.resolve(name) for name in dict.fromkeys(bridges)}
        through = self._through(self._as_of_now(one), self._as_of_now(other), given)
        stored = (one, other, *through)
        left, right, *between = [self._as_known(as_linked(each, stored)) for each in stored]
        answer = joins(left, right, bridges=between, at=datetime.now(timezone.utc))
        ways = {name for way in answer.joins for name in way.through}
        return replace(
            answer,
            taken=(taken, also, *(_gone_through(each.taken, ways) for each in given.values())),
            notes=(*answer.notes, *changed_links(one, other)),
        )

    def _both(self, a: str, b: str, at: At, layout: str | None) -> tuple[Resolved, Resolved]:
        """Two versions, of which `at` and `layout` say which one is meant where a dataset's name alone is given."""
        address = _address((a, b), at, layout)
        one, other = (self.resolver.resolve(name, *address(name)) for name in (a, b))
        return one, other

    def _through(self, a: DatasetVersion, b: DatasetVersion, given: Mapping[str, Resolved]) -> list[DatasetVersion]:
        """The bridges that were named and those that are found, each version once, as they are stored.

        A version that is named exactly is the one to go through; of a dataset, any that fits the two tables.
        """
        named = {each.record.name: each.record for each in given.values()}
        exact = {each.record.dataset for name, each in given.items() if "@" in name}
        found = Bridges(self.records, self.resolver).between(a, b, [each.dataset for each in named.values()])
        more = [name for name in found if name not in named and parse_version(name).dataset not in exact]
        through = [*named.values(), *self.records.readable(more).values()]
        self.records.materializations([state for record in through for state in record.materializations])
        return through

    def _as_of_now(self, record: DatasetVersion) -> DatasetVersion:
        """A published version, with what is recorded by now of its materialization versions' lifecycle."""
        self.records.materializations(record.materializations)
        return self._as_known(record)

    def _as_known(self, record: DatasetVersion) -> DatasetVersion:
        """As `_as_of_now`, of what was just read."""
        recorded = self.records.known_materializations(record.materializations)
        now = [recorded[version.key] or version for version in record.materializations]
        return record.model_copy(update={"materializations": tuple(now)})

    def _compared_with(self, given: str | MaterializationVersion, record: DatasetVersion) -> _Side:
        """As `_side`; also a version of a system that the record was made against, recorded or not."""
        systems = {each.system: each.source for each in record.materializations}
        if isinstance(given, str) and re.fullmatch("v?[0-9][^@:/]*", given) and len(systems) == 1:
            given = given if self._is_dataset(given) else f"{next(iter(systems))}@{given}"
        try:
            side, _ = self._side(given)
            return self._as_of_now(side) if isinstance(side, DatasetVersion) else side
        except NotPublished:
            system, _, version = str(given).rpartition("@")
            if system in systems:
                return MaterializationVersion(system=system, version=version, source=systems[system])
            raise

    def _side(
        self, given: str | MaterializationVersion, at: At = None, layout: str | None = None
    ) -> tuple[_Side, Taken | None]:
        """A published version as it is stored, or a materialization version as it is recorded by now."""
        if isinstance(given, MaterializationVersion):
            return self.records.materialization(given) or given, None
        dataset = name_text(given).partition("@")[0]
        if self._is_dataset(dataset):
            return self.resolver.resolve(given, at=at, layout=layout)
        known = self.finder.names.states(given) if "@" in given else ()
        if not known:
            known = self.finder.names.states(self._state(given))
        return known[0], None

    def _state(self, given: str) -> str:
        """The materialization version that a text means.

        Raises:
            NotPublished: none that is recorded, or a system of which no version is named.
        """
        try:
            meant = self.finder.names.state(given)
        except NotPublished as error:
            if is_dataset_name(given):
                raise self.records.unknown_dataset(given) from error
            raise
        if "@" not in meant:
            raise InvalidDeclaration(f"{given} is a system; name one of its versions, as {meant}@VERSION")
        return meant

    def _is_dataset(self, name: str) -> bool:
        return is_dataset_name(name) and bool(self.records.names(name))


def _address(
    sides: Sequence[str | MaterializationVersion], at: At, layout: str | None
) -> Callable[[str | MaterializationVersion], tuple[At, str | None]]:
    """What each side is addressed by: a dataset's bare name by state and layout, an exact name by nothing more.

    Raises:
        InvalidDeclaration: there is an address, but no bare name.
    """
    if (at is not None or layout is not None) and not any(map(_is_bare, sides)):
        raise InvalidDeclaration(
            f"{' and '.join(map(str, sides))} are each one version; leave out at and layout, or name a dataset alone"
        )
    return lambda side: (at, layout) if _is_bare(side) else (None, None)


def _is_bare(side: str | MaterializationVersion) -> bool:
    """Whether a side is named without saying which version of it."""
    return isinstance(side, str) and "@" not in side and not side.startswith("sha256:")


def _gone_through(taken: Taken, ways: Collection[str]) -> Taken:
    """Which version of a bridge that was named is gone through: its current one, unless another fits better."""
    dataset = parse_version(taken.version).dataset
    used = next((name for name in sorted(ways) if parse_version(name).dataset == dataset), taken.version)
    if taken.version in ways or used == taken.version:
        return taken
    return Taken(used, f"it fits the two tables better than the current version {taken.version}")

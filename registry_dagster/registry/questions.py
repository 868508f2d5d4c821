"""The questions that compare what is published: does it go together, can it be joined, what changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from itertools import islice

from registry_dagster.answers.answer import Verdict
from registry_dagster.answers.column_facts import ColumnFacts, column_facts
from registry_dagster.answers.comparison import Comparison, comparable
from registry_dagster.answers.compatibility import Compatibility, compatibility
from registry_dagster.answers.current import Candidate, Taken, latest_earlier, newest_first
from registry_dagster.answers.diff import Diff, diff
from registry_dagster.answers.joins import Joins, joins
from registry_dagster.answers.linked import as_linked, changed_links
from registry_dagster.errors import InvalidDeclaration, NotPublished
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.names import is_dataset_name, parse_version
from registry_dagster.registry.arguments import text_of
from registry_dagster.registry.bridges import crosswalks_of
from registry_dagster.registry.lab import Lab
from registry_dagster.registry.labs import Labs
from registry_dagster.registry.resolver import At, Resolved
from registry_dagster.registry.rows.found import Dependent, Newest
from registry_dagster.registry.rows.lineage import Lineage, sources_of
from registry_dagster.registry.rows.rows import Rows, first_rows
from registry_dagster.registry.version_index import PAGE

__all__ = ["Questions"]

_Side = DatasetVersion | MaterializationVersion


@dataclass(frozen=True)
class Questions:
    """Answers from records alone. Nothing is written, and no table is opened.

    `at` and `layout` say which version of a dataset is meant if its name alone is given; see `Resolver.taken`. Records
    of other labs take part as they are named here.
    """

    labs: Labs

    def for_one_answer(self) -> Questions:
        """To ask one question: what is read for its answer is read once, so all of it is of one moment."""
        return Questions(self.labs.for_one_answer())

    def newest(self, dataset: str, compatible_with: str | MaterializationVersion) -> Newest:
        """The newest version of a dataset that is known to go with something.

        Raises:
            NotPublished: the dataset has no version, or what it is compared with is not recorded.
        """
        lab, name = self.labs.of(dataset)
        name = parse_version(name).dataset
        asked = f"{lab.named(name)} with {compatible_with}"
        other: _Side | None = None
        first: Compatibility | None = None
        passed_over: list[str] = []
        versions = lab.resolver.versions([name])[name]
        if not any(each.present for each in versions.candidates):
            raise lab.records.unknown_dataset(name)
        for candidate in _ahead(lab, newest_first(versions.candidates, default_layout=versions.default_layout)):
            record = self._as_of_now(lab.exact(candidate.name))
            # A version alone, such as 1300, is of the system that the dataset was made against: its newest says which.
            other = other or self._compared_with(compatible_with, record)
            found = compatibility(record, other, at=datetime.now(timezone.utc))
            sides = [side for side in (record, other) if isinstance(side, DatasetVersion)]
            found = replace(found, notes=(*found.notes, *self.labs.notes(sides)))
            first = first or found
            if candidate.usable and found.verdict >= Verdict.BRIDGEABLE:
                return Newest(asked, record.name, found, tuple(passed_over), taken=self.labs.taken_elsewhere(sides))
            flaw = candidate.flaw and lab.worded(candidate.flaw, name)
            passed_over.append(f"{record.name}: {flaw or f'{found.verdict}; {found.reason}'}")
        return Newest(asked, None, first, tuple(passed_over))

    def dependents(self, of: str | MaterializationVersion, limit: int | None) -> Rows[Dependent]:
        """What depends on something, in the lab that it is of."""
        if isinstance(of, MaterializationVersion):
            return first_rows(self.labs.own.finder.dependents(of), limit)
        lab, name = self.labs.of_anything(of)
        return lab.dependents(name, limit)

    def lineage(self, name: str) -> Lineage:
        """What something comes from, if it is a published version, and what depends on it."""
        dependents = self.dependents(name, None).rows
        lab, own = self.labs.of_anything(name)
        dataset, _, exact = own.partition("@")
        if not lab.is_dataset(dataset):
            return Lineage(name, (), dependents)
        record, taken = lab.resolve(own)
        of = record.name if exact else f"{name}, taken as {record.name}"
        return Lineage(of, tuple(sources_of(record)), dependents, taken=(taken,))

    def read_code(self, name: str, engine: str, at: At, layout: str | None) -> str:
        """Python that reads a published version's table; says which version, if not simply the last one.

        Raises:
            EngineCannotRead: no such engine, or it does not read such a table.
        """
        from registry_dagster.tables.read_code import read_code

        engine = text_of(engine, "engine", "polars")
        lab, own = self.labs.of(name)
        record, taken = lab.resolver.resolve(own, at=at, layout=layout)
        tables, remark = lab.records.tables(record), lab.seen_taken(taken).remark
        return read_code(lab.seen(record), engine, tables=tables, remark=remark)

    def column(self, name: str, path: str, at: At, layout: str | None) -> ColumnFacts:
        """What a column means."""
        record, taken = self.labs.resolve(name, at, layout)
        return replace(column_facts(record, path), taken=(taken,))

    def diff(self, before: str, after: str | None) -> Diff:
        """What changed between two versions; with one name, since the latest version before it of its layout.

        Raises:
            NotPublished: a version is not published, or there is none before it.
        """
        one, taken = self.labs.resolve(before)
        if after is not None:
            other, also = self.labs.resolve(after)
            return replace(diff(one, other), taken=(taken, also))
        lab, dataset = self.labs.of(one.dataset)
        candidates = lab.resolver.versions([dataset])[dataset].candidates
        own = next(each for each in candidates if each.number == one.number)
        earlier = latest_earlier(candidates, own)
        if earlier is None:
            raise NotPublished(f"{one.name}: no version of it is earlier; name two versions to compare them")
        reason = f"the latest version before {one.name}" + (f" in layout {own.layout}" if own.layout else "")
        first = lab.exact(earlier.name)
        return replace(diff(first, one), taken=(Taken(first.name, reason, remote=lab.remote), taken))

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
            notes += (*changed_links(one, other), *self.labs.notes((one, other)))
        return replace(found, taken=tuple(filter(None, (taken, also))), notes=notes)

    def join(self, a: str, b: str, bridges: Sequence[str], at: At, layout: str | None) -> Joins:
        """How two published tables can be joined, also over the bridges given and those that are found.

        Raises:
            NotPublished: a version is not published.
        """
        if isinstance(bridges, str):
            raise InvalidDeclaration(f"bridges must be a list of names, got {bridges!r}; write [{bridges!r}]")
        (one, taken), (other, also) = self._both(a, b, at, layout)
        given = {name: self.labs.resolve(name) for name in dict.fromkeys(bridges)}
        through = self._through(self._as_of_now(one), self._as_of_now(other), given)
        stored = (one, other, *through)
        left, right, *between = [self.labs.as_known(as_linked(each, stored)) for each in stored]
        answer = joins(left, right, bridges=between, at=datetime.now(timezone.utc))
        ways = {name for way in answer.joins for name in way.through}
        used = (one, other, *(each for each in through if each.name in ways))
        return replace(
            answer,
            taken=(taken, also, *(_gone_through(each.taken, ways) for each in given.values())),
            notes=(*answer.notes, *changed_links(one, other), *self.labs.notes(used)),
        )

    def _both(self, a: str, b: str, at: At, layout: str | None) -> tuple[Resolved, Resolved]:
        """Two versions, of which `at` and `layout` say which one is meant where a dataset's name alone is given."""
        address = _address((a, b), at, layout)
        one, other = (self.labs.resolve(name, *address(name)) for name in (a, b))
        return one, other

    def _through(self, a: DatasetVersion, b: DatasetVersion, given: Mapping[str, Resolved]) -> list[DatasetVersion]:
        """The bridges that were named and those that are found, each version once, as they are stored.

        A version that is named exactly is the one to go through; of a dataset, any that fits the two tables.
        """
        named = {each.record.name: each.record for each in given.values()}
        exact = {each.record.dataset for name, each in given.items() if "@" in name}
        wanted = [*(each.dataset for each in named.values()), *crosswalks_of(a), *crosswalks_of(b)]
        found = self.labs.bridges(a, b, wanted)
        more = [name for name in found if name not in named and _dataset(name) not in exact]
        through = [*named.values(), *self.labs.readable(more)]
        self.labs.ask_states(through)
        return through

    def _as_of_now(self, record: DatasetVersion) -> DatasetVersion:
        """A published version, with what is recorded by now of its materialization versions' lifecycle."""
        self.labs.ask_states([record])
        return self.labs.as_known(record)

    def _compared_with(self, given: str | MaterializationVersion, record: DatasetVersion) -> _Side:
        """As `_side`; also a version of a system that the record was made against, recorded or not."""
        systems = {each.system: each.source for each in record.materializations}
        if isinstance(given, str) and re.fullmatch("v?[0-9][^@:/]*", given) and len(systems) == 1:
            given = given if self.labs.own.is_dataset(given) else f"{next(iter(systems))}@{given}"
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
            return self.labs.own.records.materialization(given) or given, None
        lab, name = self.labs.of_anything(given)
        if lab.resolver.is_version(name):
            return lab.resolve(name, at, layout)
        known = lab.finder.names.states(name) if "@" in name else ()
        if not known:
            known = lab.finder.names.states(_state(lab, name))
        return known[0], None


def _ahead(lab: Lab, candidates: Iterable[Candidate]) -> Iterator[Candidate]:
    """The candidates, of which some are read at once: the first alone, since it mostly is the one, then ever more."""
    waiting, size = iter(candidates), 1
    while some := list(islice(waiting, size)):
        lab.records.read_ahead([each.name for each in some])
        yield from some
        size = min(size * 2, PAGE)


def _state(lab: Lab, given: str) -> str:
    """The materialization version that a text means.

    Raises:
        NotPublished: none that is recorded, or a system of which no version is named.
    """
    try:
        meant = lab.finder.names.state(given)
    except NotPublished as error:
        if is_dataset_name(given):
            raise lab.records.unknown_dataset(given) from error
        raise
    if "@" not in meant:
        raise InvalidDeclaration(f"{given} is a system; name one of its versions, as {meant}@VERSION")
    return meant


def _dataset(name: str) -> str:
    """The dataset in `dataset@vN`, also of another lab."""
    return name.partition("@")[0]


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
    used = next((name for name in sorted(ways) if _dataset(name) == _dataset(taken.version)), taken.version)
    if taken.version in ways or used == taken.version:
        return taken
    return Taken(
        used, remote=taken.remote, reason=f"it fits the two tables better than the current version {taken.version}"
    )

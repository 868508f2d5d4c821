"""Finding the published tables through which two others may be joined, in the versions that fit them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from registry_dagster.answers.column_states import held_states
from registry_dagster.answers.current import Candidate, current, made_at
from registry_dagster.datahub.ids import alike_ids
from registry_dagster.datahub.search import Search, Term
from registry_dagster.datahub.urns import version_in
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.names import VersionName
from registry_dagster.model.signals import Crosswalk
from registry_dagster.registry.records import Records
from registry_dagster.registry.resolver import Resolver, Versions

__all__ = ["Bridges", "crosswalks_of"]

_MOST_DATASETS = 20
_MOST_VERSIONS = 400
"""How many datasets are tried, and how many versions are looked at to find them."""


@dataclass(frozen=True)
class Bridges:
    """Finds bridges in one store and environment. Retired, removed and draft versions are never among them."""

    records: Records
    resolver: Resolver

    def between(self, a: DatasetVersion, b: DatasetVersion, named: Collection[str], ends: Collection[str]) -> list[str]:
        """Versions `dataset@vN` that may hold keys of both tables: those that were named, and what holds both.

        Of each dataset those that were made against the states of either table come first, then the current one.

        Args:
            a, b: The tables.
            named: Datasets to go through that were named, also by either table as a crosswalk.
            ends: The datasets of the tables themselves, as far as they are here.
        """
        numbers = self._numbers(a, b, named)
        wanted = [dataset for dataset in numbers if dataset not in ends]
        versions = self.resolver.versions(wanted)
        return [name for each in wanted for name in _fitting(versions[each], numbers[each], a, b)]

    def _numbers(self, a: DatasetVersion, b: DatasetVersion, named: Collection[str]) -> dict[str, set[int] | None]:
        """The datasets to go through, with the numbers of the versions that were found; None for a named dataset."""
        numbers: dict[str, set[int] | None] = dict.fromkeys(named)
        for version in self._found(a, b):
            held = numbers.setdefault(version.dataset, set())
            if held is not None:
                held.add(version.number)
        return numbers

    def _found(self, a: DatasetVersion, b: DatasetVersion) -> Iterator[VersionName]:
        """The versions that hold an id of each table, the newest first, of so many datasets."""
        datasets: set[str] = set()
        for terms in _held_by_both(a, b):
            urns = self.records.urns(Search("version", self.records.env, terms, frozenset([_RETIRED])))
            for version in filter(None, map(version_in, islice(urns, _MOST_VERSIONS))):
                if version.dataset in datasets or len(datasets) < _MOST_DATASETS:
                    datasets.add(version.dataset)
                    yield version


_RETIRED = Term("retired", "yes")


def crosswalks_of(record: DatasetVersion) -> Iterator[str]:
    """The crosswalks that the references and signals of a table name."""
    yield from (each.crosswalk for each in record.references if each.crosswalk)
    yield from (each.dataset for each in record.signals if isinstance(each, Crosswalk) and each.dataset)


def _fitting(versions: Versions, numbers: set[int] | None, a: DatasetVersion, b: DatasetVersion) -> Iterator[str]:
    """The versions of a bridge to try: the current one of those made against each state, then of all.

    Args:
        versions: Of the bridge.
        numbers: Those that hold ids of both; None where that was not asked.
        a, b: The two tables.
    """
    usable = _usable(versions, numbers)
    both = [made_at(usable, state) for record in (a, b) for state in held_states(record)]
    pools: Sequence[Sequence[Candidate]] = [*both, usable]
    taken = (current(pool, default_layout=versions.default_layout) for pool in pools)
    yield from dict.fromkeys(each.version for each in taken if each is not None)


def _usable(versions: Versions, numbers: set[int] | None) -> list[Candidate]:
    """The usable versions that have one of some numbers; all that are usable where that was not asked."""
    return [each for each in versions.candidates if each.usable and (numbers is None or each.number in numbers)]


def _held_by_both(a: DatasetVersion, b: DatasetVersion) -> Iterator[tuple[frozenset[Term], ...]]:
    """What a bridge holds: two different ids, one of each table; or one id of both in the states of both."""
    left, right = (_ids(record) for record in (a, b))
    every = {**left, **right}
    # One id alone that both tables have is no bridge, so for each such id another one is wanted besides.
    besides = [_terms(_without(every, name)) for name in left.keys() & right.keys()]
    if all(alternatives := [_terms(left), _terms(right), *besides]):
        yield tuple(alternatives)
    one, other = _states(a), _states(b)
    shared = _terms({name: every[name] for name in left.keys() & right.keys()})
    if shared and one != other:
        yield one, other, shared


def _states(record: DatasetVersion) -> frozenset[Term]:
    """The terms that what holds ids of a table's states is found by."""
    return frozenset(Term("materialization", name) for name in held_states(record))


def _without(ids: Mapping[str, frozenset[Term]], name: str) -> dict[str, frozenset[Term]]:
    """All but one."""
    return {each: terms for each, terms in ids.items() if each != name}


def _ids(record: DatasetVersion) -> dict[str, frozenset[Term]]:
    """The ids that a table holds: what they are → the terms that columns with such ids are found by."""
    found = (alike_ids(column.to_json()) for column in record.columns.values())
    return {texts[0]: frozenset(Term("id", text) for text in texts) for texts in found if texts}


def _terms(ids: Mapping[str, frozenset[Term]]) -> frozenset[Term]:
    return frozenset[Term]().union(*ids.values())

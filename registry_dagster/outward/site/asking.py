"""Which tables a site says how to join: pairs of current versions with something in common, answered at build."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from registry_dagster.answers.join import Join
from registry_dagster.answers.joins import Joins
from registry_dagster.answers.keys import ids_in, space_of
from registry_dagster.model.columns import AnyColumn
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.identifiers import NucleusId, SynapseId
from registry_dagster.model.signals import Crosswalk
from registry_dagster.outward.site.catalogue import Catalogue
from registry_dagster.registry.registry import Registry

__all__ = ["Asked", "JoinAnswer", "ask", "in_common", "pairs"]

_KINDS = ("table", "annotation", "space")
"""What two tables may have in common, what says most first: few tables share a table, many an id space."""


@dataclass(frozen=True)
class JoinAnswer:
    """The registry's answer for two datasets, as `feature-registry join A B` prints it.

    Args:
        a, b: The datasets.
        joins: The answer.
    """

    a: str
    b: str
    joins: Joins

    @property
    def command(self) -> str:
        """What prints the same."""
        return f"feature-registry join {self.a} {self.b}"

    @property
    def best(self) -> Join | None:
        """The best way by key, if there is one."""
        return next(iter(self.joins.joins), None)

    @property
    def verdict(self) -> str:
        """How well the best way holds, in the answer's words."""
        if self.best is None:
            return "no way by key"
        return f"{self.best.verdict} after a cast" if self.best.casts else str(self.best.verdict)

    def other(self, dataset: str) -> str:
        """The dataset that one of the two is joined to."""
        return self.b if dataset == self.a else self.a


@dataclass(frozen=True)
class Asked:
    """What was asked at build.

    Args:
        answers: The answers, in the order of names.
        pairs: How many pairs of current versions have something in common.
        most: How many were to be answered at most.
    """

    answers: tuple[JoinAnswer, ...]
    pairs: int
    most: int

    def of(self, dataset: str) -> list[JoinAnswer]:
        """The answers about a dataset, in the order of the other's names."""
        found = (each for each in self.answers if dataset in (each.a, each.b))
        return sorted(found, key=lambda each: each.other(dataset))


def ask(registry: Registry, catalogue: Catalogue, most: int) -> Asked:
    """Let the registry answer, for pairs of current versions with something in common, how to join them.

    Args:
        registry: What answers.
        catalogue: What is in it.
        most: How many pairs at most; those that share the rarest things come first.
    """
    shared = {name: in_common(entry.record) for name, entry in catalogue.current.items()}
    chosen = sorted(islice(pairs(shared), most))
    questions = registry.holdings.questions(catalogue.holdings)
    answers = tuple(JoinAnswer(a, b, questions.join(a, b, (), None, None)) for a, b in chosen)
    return Asked(answers, _count(shared), most)


def in_common(record: DatasetVersion) -> frozenset[tuple[str, str]]:
    """What another table may have in common with a version: tables, annotation types and id spaces."""
    found = {("table", record.dataset)}
    for reference in record.references:
        found |= {("table", name) for name in (reference.to, reference.to_table, reference.crosswalk) if name}
        found.add(("annotation", reference.annotation_type))
    found |= {("table", each.dataset) for each in record.signals if isinstance(each, Crosswalk) and each.dataset}
    for column in ids_in(record.columns).values():
        found |= {("space", space) for space in [space_of(column)] if space}
    return frozenset(found | {("annotation", kind) for each in record.columns.values() if (kind := _annotation(each))})


def _annotation(column: AnyColumn) -> str | None:
    if isinstance(column, NucleusId | SynapseId):
        return column.semantic.removesuffix("_id")
    return getattr(column, "annotation_type", None)


def pairs(shared: Mapping[str, frozenset[tuple[str, str]]]) -> Iterator[tuple[str, str]]:
    """Each pair of names that share something, once: those that share the rarest things first.

    Among names that share one thing, neighbours come first, so that a few pairs say something of each name.
    """
    seen: set[tuple[str, str]] = set()
    for members in _groups(shared):
        for apart in range(1, len(members)):
            for pair in zip(members, members[apart:], strict=False):
                if pair not in seen:
                    seen.add(pair)
                    yield pair


def _groups(shared: Mapping[str, frozenset[tuple[str, str]]]) -> Iterable[list[str]]:
    """The names that share each thing, in order."""
    members: dict[tuple[str, str], list[str]] = {}
    for name in sorted(shared):
        for thing in shared[name]:
            members.setdefault(thing, []).append(name)
    things = sorted(members, key=lambda thing: (_KINDS.index(thing[0]), len(members[thing]), thing[1]))
    return [members[thing] for thing in things]


def _count(shared: Mapping[str, frozenset[tuple[str, str]]]) -> int:
    """How many pairs share something. Names are bits, since there may be very many pairs."""
    masks: dict[tuple[str, str], int] = {}
    for position, things in enumerate(shared.values()):
        for thing in things:
            masks[thing] = masks.get(thing, 0) | 1 << position
    return sum((_union(masks[thing] for thing in things)).bit_count() - 1 for things in shared.values()) // 2


def _union(masks: Iterable[int]) -> int:
    whole = 0
    for mask in masks:
        whole |= mask
    return whole

"""Comparison: whether the vectors of two embedding tables can be compared with each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import total_ordering

from registry_dagster.answers.answer import Answer, Basis
from registry_dagster.answers.current import NamedAnswer
from registry_dagster.answers.relations import names_of
from registry_dagster.model.column import MaterializationName
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.embeddings import Embedding, ReducedEmbedding
from registry_dagster.model.words import value_words

__all__ = ["Comparability", "Comparison", "EmbeddingPair", "comparable"]

_ATTRIBUTES = ("model", "checkpoint", "dim", "distance", "normalized", "trained_on", "anchor")


@total_ordering
class Comparability(Enum):
    """Whether vectors can be compared with each other. Ordered; only `COMPARABLE` says that they can."""

    COMPARABLE = "comparable"
    UNKNOWN = "unknown"
    NOT_COMPARABLE = "not_comparable"

    def __str__(self) -> str:
        return self.value.replace("_", " ")

    def __lt__(self, other: object) -> bool:
        return _ORDER.index(self) > _ORDER.index(other) if isinstance(other, Comparability) else NotImplemented


_ORDER = list(Comparability)


@dataclass(frozen=True)
class EmbeddingPair(Answer):
    """Two embedding columns side by side.

    Args:
        a, b: The columns.
        verdict: Not comparable if an attribute differs; else unknown if one is not recorded; else comparable.
        same: The attributes that agree.
        differences: The attributes that differ, each with both values.
        unknowns: The attributes that are not recorded on one side or both.
        basis: What the verdict rests on; None if it is unknown.
    """

    a: str
    b: str
    verdict: Comparability
    same: tuple[str, ...]
    differences: tuple[str, ...]
    unknowns: tuple[str, ...]
    basis: Basis | None

    def __str__(self) -> str:
        groups = (("differs", self.differences), ("unknown", self.unknowns), ("same", self.same))
        lines = [f"  {word}: {'; '.join(items)}" for word, items in groups if items]
        return "\n".join([f"{self.a} ~ {self.b}: {self.verdict}", *lines])


@dataclass(frozen=True)
class Comparison(NamedAnswer):
    """How the embeddings of two tables compare.

    Args:
        a, b: The tables.
        verdict: That of the best pair of columns; unknown if there is no pair.
        pairs: Each embedding column of `a` with each of `b`, best first.
        reason: What decides the verdict.
    """

    a: str
    b: str
    verdict: Comparability
    pairs: tuple[EmbeddingPair, ...]
    reason: str

    def words(self) -> str:
        return "\n".join([f"{self.a} ~ {self.b}: {self.verdict}; {self.reason}", *(str(pair) for pair in self.pairs)])


def comparable(a: DatasetVersion, b: DatasetVersion) -> Comparison:
    """Whether the embeddings of two tables agree in every attribute that decides it, such as the model."""
    known = _version_names(a, b)
    pairs = [_pair(*here, *there, known) for here in _embeddings(a) for there in _embeddings(b)]
    if not pairs:
        return Comparison(a.name, b.name, Comparability.UNKNOWN, (), "; ".join(_none_declared(a, b)))
    pairs.sort(key=lambda pair: (_ORDER.index(pair.verdict), len(pair.differences), len(pair.unknowns), pair.a, pair.b))
    best = pairs[0]
    decisive = "; ".join(best.differences or best.unknowns) or "nothing differs and nothing is unknown"
    return Comparison(a.name, b.name, best.verdict, tuple(pairs), f"{best.a} and {best.b}: {decisive}")


def _embeddings(version: DatasetVersion) -> Iterator[tuple[str, Embedding]]:
    for path, column in version.columns.items():
        if isinstance(column, Embedding):
            yield path, column


def _none_declared(a: DatasetVersion, b: DatasetVersion) -> Iterator[str]:
    for version in (a, b):
        if not any(_embeddings(version)):
            reduced = [path for path, column in version.columns.items() if isinstance(column, ReducedEmbedding)]
            but = f", only reduced ones ({', '.join(reduced)})" if reduced else ""
            yield f"{version.name} declares no embedding{but}"


def _version_names(a: DatasetVersion, b: DatasetVersion) -> list[frozenset[str]]:
    """All names of each materialization version of either table."""
    return [frozenset(names_of(version)) for version in (*a.materializations, *b.materializations)]


def _pair(a: str, one: Embedding, b: str, other: Embedding, versions: list[frozenset[str]]) -> EmbeddingPair:
    same: list[str] = []
    differences: list[str] = []
    unknowns: list[str] = []
    for name in _ATTRIBUTES:
        here, there = getattr(one, name), getattr(other, name)
        if here is None or there is None:
            unknowns.append(f"{name}: {_shown(here)} and {_shown(there)}")
        elif _agree(here, there, versions):
            same.append(f"{name} {_shown(here)}")
        else:
            differences.append(f"{name}: {_shown(here)} and {_shown(there)}")
    verdict = _verdict(differences, unknowns)
    basis = None if verdict is Comparability.UNKNOWN else "declared"
    return EmbeddingPair(a, b, verdict, tuple(same), tuple(differences), tuple(unknowns), basis)


def _verdict(differences: list[str], unknowns: list[str]) -> Comparability:
    if differences:
        return Comparability.NOT_COMPARABLE
    return Comparability.UNKNOWN if unknowns else Comparability.COMPARABLE


def _agree(here: object, there: object, versions: list[frozenset[str]]) -> bool:
    """Whether two values are equal, or two names of one materialization version."""
    if here == there or not isinstance(here, MaterializationName):
        return here == there
    return any({str(here), str(there)} <= names for names in versions)


def _shown(value: object) -> str:
    return "not recorded" if value is None else value_words(value)

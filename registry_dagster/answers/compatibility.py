"""Compatibility: whether two tables, or a table and an upstream version, go together, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from registry_dagster.answers.answer import Answer, Basis, Loss, Verdict, shared_basis
from registry_dagster.answers.holding import End, KeyFact, fact_about, losses_of, weakest
from registry_dagster.answers.keys import Key, ids_in, own_keys, shared_keys, space_of
from registry_dagster.answers.lifecycle import Lifecycle, lifecycles
from registry_dagster.answers.states import Relation, StatePair, relate, same_moment, systems_of
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.materialization import MaterializationVersion

__all__ = ["Compatibility", "Link", "compatibility"]


@dataclass(frozen=True)
class Link(Answer):
    """How an upstream version of one side goes together with one of the other side.

    Args:
        a, b: Their names, `system@version`.
        verdict, reason: The answer and why.
        basis: What it rests on; None when it is not known.
        keys: The keys that were considered; none where the states alone settle it.
        losses: The share of keys that do not survive, if known for every key that is lossy.
    """

    a: str
    b: str
    verdict: Verdict
    reason: str
    basis: Basis | None
    keys: tuple[KeyFact, ...] = ()
    losses: tuple[Loss, ...] = ()

    def __str__(self) -> str:
        return f"{self.a} ~ {self.b}: {self.verdict}; {self.reason}"


@dataclass(frozen=True)
class Compatibility(Answer):
    """How two sides go together.

    Args:
        a, b: What was compared.
        verdict: The weakest of the links.
        reason: Why, in words.
        basis: What it rests on; None when it is not known.
        links: Each upstream version with its best counterpart on the other side.
        not_compared: Upstream versions whose system the other side does not name.
        losses: The share of keys that do not survive, if known; empty is unknown.
        lifecycle: Whether the upstream versions can still be asked. Does not touch the verdict.
    """

    a: str
    b: str
    verdict: Verdict
    reason: str
    basis: Basis | None
    links: tuple[Link, ...]
    not_compared: tuple[str, ...]
    losses: tuple[Loss, ...]
    lifecycle: tuple[Lifecycle, ...]

    def __str__(self) -> str:
        lines = [f"{self.a} ~ {self.b}: {self.verdict} ({self.basis or 'no basis'})", f"  {self.reason}"]
        lines += [f"  {loss}" for loss in self.losses]
        lines += [f"  not compared: {name}, whose system the other side does not name" for name in self.not_compared]
        return "\n".join([*lines, *(f"  {each}" for each in self.lifecycle)])


def compatibility(
    a: DatasetVersion | MaterializationVersion,
    b: DatasetVersion | MaterializationVersion,
    *,
    keys: Sequence[Key] | None = None,
    crosswalks: bool = True,
    at: datetime | None = None,
) -> Compatibility:
    """Whether two sides go together, as a fact with its reason.

    They are compared system by system. Of a system that a side names in several versions, each counts
    with its best counterpart; the weakest of all is the verdict. A system that one side alone names is
    told and not weighed. Versions of one system that are different states are as good as the weakest
    key that both tables hold (or, where one side is no table, that the other holds).

    Args:
        a, b: Published versions, or upstream versions.
        keys: The pairs of columns asked about; all that hold the same ids when left out. A system that
            none of them belongs to is then left aside.
        crosswalks: Whether a crosswalk that a signal names counts. A direct join does without.
        at: The moment to hold dates of expiry against.
    """
    question = _Question(End.of(a), End.of(b), keys, crosswalks)
    one, two = question.one, question.two
    versions = (*one.versions, *two.versions)
    pairs = [(va, vb, state) for va in one.versions for vb in two.versions if (state := relate(va, vb))]
    compared = {str(version) for va, vb, _ in pairs for version in (va, vb)}
    links = _best(pairs, question) if pairs else (_across_systems(question),)
    decisive = weakest(links)
    return Compatibility(
        a=one.name,
        b=two.name,
        verdict=decisive[0].verdict,
        reason=decisive[0].reason,
        basis=shared_basis(link.basis for link in decisive),
        links=links,
        not_compared=tuple(dict.fromkeys(str(version) for version in versions if str(version) not in compared)),
        losses=losses_of(decisive),
        lifecycle=lifecycles(versions, at=at),
    )


_States = tuple[MaterializationVersion, MaterializationVersion]
_Pair = tuple[MaterializationVersion, MaterializationVersion, StatePair]
_NO_KEY = Key(None, None, True, "unknown", "no key is known that both hold")


@dataclass(frozen=True)
class _Question:
    """What is asked. Without keys: those that hold the same ids; else those that may; else those that do not."""

    one: End
    two: End
    keys: Sequence[Key] | None
    crosswalks: bool

    def keys_within(self, systems: frozenset[str]) -> list[Key]:
        """The keys asked about that may be of these systems: one whose id space is another system's name is not."""
        ends = (self.one, self.two)
        names = {name for end in ends for version in end.versions for name in systems_of(version)}
        return [key for key in self._candidates() if (names - systems).isdisjoint(self._spaces(key))]

    def _candidates(self) -> Iterable[Key]:
        if self.keys is not None:
            return self.keys
        if self.one.is_table and self.two.is_table:
            return shared_keys(self.one.columns, self.two.columns, one_system=True)
        return [*own_keys(self.one.columns), *(replace(key, a=None, b=key.a) for key in own_keys(self.two.columns))]

    def _spaces(self, key: Key) -> set[str | None]:
        sides = ((ids_in(self.one.columns), key.a), (ids_in(self.two.columns), key.b))
        return {space_of(ids[path]) for ids, path in sides if path is not None and path in ids}

    def facts(self, keys: Sequence[Key], states: Sequence[_States], *, moments: bool = False) -> list[KeyFact]:
        """What each deciding key is worth between each two states."""
        keys = keys or (_NO_KEY,)
        if self.keys is None:
            keys = next(found for same in (True, None, False) if (found := [key for key in keys if key.same is same]))
        facts: list[KeyFact] = []
        for key in keys:
            for va, vb in states:
                fact = fact_about(key, self.one, self.two, va, vb, crosswalks=self.crosswalks)
                facts.append(_at_moments(key, fact, va, vb) if moments else fact)
        # Where no key holds the same ids on both sides, one that a crosswalk carries over is enough.
        if self.keys is None and keys[0].same is False:
            return [max(facts, key=lambda fact: (fact.verdict.strength, fact.basis or ""))]
        return facts


def _best(pairs: Sequence[_Pair], question: _Question) -> tuple[Link, ...]:
    """Each version's link with its best counterpart."""
    if question.keys is not None:
        pairs = [pair for pair in pairs if question.keys_within(pair[2].systems)] or pairs
    links = [(va, vb, _link(va, vb, state, question)) for va, vb, state in pairs]
    chosen = [
        max((link for *both, link in links if both[side] is version), key=_quality)
        for side in (0, 1)
        for version in dict.fromkeys(pair[side] for pair in pairs)
    ]
    return tuple(dict.fromkeys(chosen))


def _link(va: MaterializationVersion, vb: MaterializationVersion, state: StatePair, question: _Question) -> Link:
    link = Link(str(va), str(vb), Verdict.UNKNOWN, state.reason, state.basis)
    if state.relation is Relation.CONTRADICTORY:
        return link
    if state.relation is Relation.OTHER_STATE:
        return _concluded(link, question.facts(question.keys_within(state.systems), [(va, vb)]))
    if unlike := [key for key in question.keys or () if not key.same]:
        return _concluded(link, question.facts(unlike, [(va, vb)]))
    return replace(link, verdict=Verdict.EXACT if state.relation is Relation.SAME_STATE else Verdict.TIMESTAMP_EQUAL)


def _across_systems(question: _Question) -> Link:
    """No system is named by both: only a shared id space can tell that they speak of one segmentation."""
    one, two = question.one, question.two
    reason = f"{one.name} and {two.name} name no upstream system in common"
    keys = question.keys
    if keys is None:
        keys = list(shared_keys(one.columns, two.columns, one_system=False))
    states = [(va, vb) for va in one.versions for vb in two.versions]
    facts = question.facts(keys, states, moments=True)
    return _concluded(Link(one.name, two.name, Verdict.UNKNOWN, reason, None), facts)


def _at_moments(key: Key, fact: KeyFact, va: MaterializationVersion, vb: MaterializationVersion) -> KeyFact:
    """A key of one id space under two names of the system: the moments tell whether the states are one."""
    if key is _NO_KEY or not key.same or fact.verdict >= Verdict.BRIDGEABLE:
        return fact
    moment = None if key.declared else same_moment(va, vb)
    if moment:
        reason = f"{va} and {vb} show one id space at the same moment ({va.timestamp})"
        return replace(fact, verdict=Verdict.TIMESTAMP_EQUAL, reason=reason, basis="derived", losses=())
    if moment is None:
        reason = f"nothing recorded tells whether {va} and {vb} are one state"
        return replace(fact, verdict=Verdict.UNKNOWN, reason=reason, basis=None, losses=())
    return fact


def _quality(link: Link) -> tuple[int, str, list[str]]:
    """What makes a counterpart the best; the rest only keeps the choice the same from either side."""
    return link.verdict.strength, link.basis or "", sorted((link.a, link.b))


def _concluded(link: Link, facts: Sequence[KeyFact]) -> Link:
    decisive = weakest(facts)
    verdict = decisive[0].verdict
    reason = "; ".join((link.reason, ": ".join(filter(None, (decisive[0].key, decisive[0].reason)))))
    if verdict is Verdict.LOSSY and (holding := [fact.key for fact in facts if fact.verdict > verdict]):
        reason += f"; not so {', '.join(holding)}"
    basis = shared_basis(fact.basis for fact in decisive)
    return replace(link, verdict=verdict, reason=reason, basis=basis, keys=tuple(facts), losses=losses_of(decisive))

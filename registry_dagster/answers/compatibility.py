"""Compatibility: whether two tables, or a table and a materialization version, go together, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from registry_dagster.answers.answer import Answer, Basis, Loss, Verdict, shared_basis
from registry_dagster.answers.casts import casts_for
from registry_dagster.answers.current import NamedAnswer
from registry_dagster.answers.holding import End, KeyFact, fact_about, losses_of, weakest
from registry_dagster.answers.keys import Key, ids_in, own_keys, shared_keys, space_of
from registry_dagster.answers.lifecycle import Lifecycle, lifecycles
from registry_dagster.answers.relations import Relation, VersionPair, relate, same_moment, systems_of
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.materialization import MaterializationVersion

__all__ = ["Compatibility", "Link", "compatibility"]


@dataclass(frozen=True)
class Link(Answer):
    """How a materialization version of one side goes together with one of the other side.

    Args:
        a, b: Their names, `system@version`.
        verdict, reason: The answer and why.
        basis: What the verdict rests on; None if it is unknown.
        keys: The keys that were considered; empty if the versions alone settle the verdict.
        losses: The share of keys that do not survive, if it is known for every lossy key.
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
class Compatibility(NamedAnswer):
    """How two sides go together.

    Args:
        a, b: What was compared.
        verdict: The weakest of the links.
        reason: Why, in words.
        basis: What the verdict rests on; None if it is unknown.
        links: Each materialization version with its best counterpart on the other side.
        not_compared: Materialization versions of a system that the other side does not have.
        losses: The share of keys that do not survive; empty if it is unknown.
        lifecycle: Whether the materialization versions can still be queried. Does not affect the verdict.
        notes: What else to know before the two are used together, such as keys of different types.
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
    notes: tuple[str, ...] = ()

    def words(self) -> str:
        lines = [f"{self.a} ~ {self.b}: {self.verdict} ({self.basis or 'no basis'})", f"  {self.reason}"]
        lines += [f"  {loss}" for loss in self.losses]
        lines += [f"  not compared: {name} (the other side has no version of its system)" for name in self.not_compared]
        lines += [f"  note: {note}" for note in self.notes]
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

    The sides are compared system by system. If a side has several versions of a system, each counts with
    its best counterpart, and the weakest of these pairs is the verdict; of versions that columns of their own
    hold, as in a crosswalk, the best counts. A system that only one side has is
    reported and does not count. Two different versions of one system are as good as the weakest key that
    both tables hold (or, if one side is not a table, that the other holds).

    Args:
        a, b: Published versions, or materialization versions.
        keys: The pairs of columns to consider; default: all that hold the same ids. Systems that none of
            them belongs to are then ignored.
        crosswalks: Whether crosswalks named by signals count. They do not for a direct join.
        at: The moment to compare expiry dates with.
    """
    one, two = _ends(a, b, keys)
    question = _Question(one, two, keys, crosswalks)
    versions = (*one.versions, *two.versions)
    pairs = [(va, vb, pair) for va in one.versions for vb in two.versions if (pair := relate(va, vb))]
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
        notes=_unlike_types(a, b) if keys is None else (),
    )


def _ends(
    a: DatasetVersion | MaterializationVersion, b: DatasetVersion | MaterializationVersion, keys: Sequence[Key] | None
) -> tuple[End, End]:
    """The two sides; of tables that are compared on some keys, as far as the columns of these go."""
    one, two = End.of(a), End.of(b)
    if keys is None:
        return one, two
    return one.at_columns(key.a for key in keys), two.at_columns(key.b for key in keys)


def _unlike_types(
    a: DatasetVersion | MaterializationVersion, b: DatasetVersion | MaterializationVersion
) -> tuple[str, ...]:
    """What to cast before two tables are joined on keys that both hold, in words."""
    if isinstance(a, MaterializationVersion) or isinstance(b, MaterializationVersion):
        return ()
    keys = shared_keys(a.columns, b.columns, one_system=True)
    pairs = [(key.a, key.b) for key in keys if key.same and key.a is not None and key.b is not None]
    return tuple(dict.fromkeys(map(str, casts_for(a, b, pairs))))


_Versions = tuple[MaterializationVersion, MaterializationVersion]
_Pair = tuple[MaterializationVersion, MaterializationVersion, VersionPair]
_NO_KEY = Key(None, None, True, "unknown", "no key is known to be in both")


@dataclass(frozen=True)
class _Question:
    """The two sides and the keys to consider.

    Without keys, those decide that hold the same ids; if there are none, those that may; else those that do not.
    """

    one: End
    two: End
    keys: Sequence[Key] | None
    crosswalks: bool

    def keys_within(self, systems: frozenset[str]) -> list[Key]:
        """The keys that may belong to these systems. A key whose id space is the name of another system does not."""
        ends = (self.one, self.two)
        names = {name for end in ends for version in end.versions for name in systems_of(version)}
        return [key for key in self._candidates() if (names - systems).isdisjoint(self._spaces(key))]

    def keys_between(
        self, va: MaterializationVersion, vb: MaterializationVersion, systems: frozenset[str]
    ) -> list[Key]:
        """As `keys_within`, those that hold ids of these two versions."""
        return [key for key in self.keys_within(systems) if self.one.holds(key.a, va) and self.two.holds(key.b, vb)]

    def _candidates(self) -> Iterable[Key]:
        if self.keys is not None:
            return self.keys
        if self.one.is_table and self.two.is_table:
            return shared_keys(self.one.columns, self.two.columns, one_system=True)
        return [*own_keys(self.one.columns), *(replace(key, a=None, b=key.a) for key in own_keys(self.two.columns))]

    def _spaces(self, key: Key) -> set[str | None]:
        sides = ((ids_in(self.one.columns), key.a), (ids_in(self.two.columns), key.b))
        return {space_of(ids[path]) for ids, path in sides if path is not None and path in ids}

    def facts(self, keys: Sequence[Key], pairs: Sequence[_Versions], *, moments: bool = False) -> list[KeyFact]:
        """Whether each deciding key holds between the two versions of each pair."""
        keys = keys or (_NO_KEY,)
        if self.keys is None:
            keys = next(found for same in (True, None, False) if (found := [key for key in keys if key.same is same]))
        facts = [self._fact(key, va, vb, moments=moments) for key in keys for va, vb in pairs]
        # If no key holds the same ids on both sides, one key that a crosswalk carries across is enough: it is how
        # the tables are meant to be joined, so the best key decides here and not the weakest.
        if self.keys is None and keys[0].same is False:
            return [max(facts, key=lambda fact: (fact.verdict.strength, fact.basis or ""))]
        return facts

    def _fact(self, key: Key, va: MaterializationVersion, vb: MaterializationVersion, *, moments: bool) -> KeyFact:
        fact = fact_about(key, self.one, self.two, va, vb, crosswalks=self.crosswalks)
        return _at_moments(key, fact, va, vb) if moments else fact


def _best(pairs: Sequence[_Pair], question: _Question) -> tuple[Link, ...]:
    """Each version's link with its best counterpart."""
    if question.keys is not None:
        pairs = [pair for pair in pairs if question.keys_within(pair[2].systems)] or pairs
    links = [((va, vb), _link(va, vb, pair, question)) for va, vb, pair in pairs]
    # Both sides in turn: a version of `b` that no version of `a` would choose still needs a counterpart.
    chosen: list[Link] = []
    for side, end in enumerate((question.one, question.two)):
        chosen += _best_each((end.choice(versions[side]), link) for versions, link in links)
    return tuple(dict.fromkeys(chosen))


def _best_each(choices: Iterable[tuple[object, Link]]) -> list[Link]:
    """The best link of each choice, in the order of choices."""
    best: dict[object, Link] = {}
    for choice, link in choices:
        best[choice] = max(best.get(choice, link), link, key=_quality)
    return list(best.values())


def _link(va: MaterializationVersion, vb: MaterializationVersion, pair: VersionPair, question: _Question) -> Link:
    link = Link(str(va), str(vb), Verdict.UNKNOWN, pair.reason, pair.basis)
    if pair.relation is Relation.CONTRADICTORY:
        return link
    if pair.relation is Relation.OTHER_VERSION:
        return _concluded(link, question.facts(question.keys_between(va, vb, pair.systems), [(va, vb)]))
    # One version holds its own keys, but a key that was asked about may still hold different ids in the two tables.
    if unlike := [key for key in question.keys or () if not key.same]:
        return _concluded(link, question.facts(unlike, [(va, vb)]))
    return replace(link, verdict=Verdict.EXACT if pair.relation is Relation.SAME_VERSION else Verdict.TIMESTAMP_EQUAL)


def _across_systems(question: _Question) -> Link:
    """The link of two sides without a common system: only a shared id space can show that their ids are the same."""
    one, two = question.one, question.two
    reason = f"{one.name} and {two.name} have no upstream system in common"
    keys = question.keys
    if keys is None:
        keys = list(shared_keys(one.columns, two.columns, one_system=False))
    pairs = [(va, vb) for va in one.versions for vb in two.versions]
    facts = question.facts(keys, pairs, moments=True)
    return _concluded(Link(one.name, two.name, Verdict.UNKNOWN, reason, None), facts)


def _at_moments(key: Key, fact: KeyFact, va: MaterializationVersion, vb: MaterializationVersion) -> KeyFact:
    """The fact about a key of one id space whose system has two names here.

    Names do not show whether the two versions are the same one, but their moments do: an id space has one
    segmentation at a moment.
    """
    if key is _NO_KEY or not key.same or fact.verdict >= Verdict.BRIDGEABLE:
        return fact
    moment = None if key.declared else same_moment(va, vb)
    if moment:
        reason = f"{va} and {vb} show one id space at the same moment ({va.timestamp})"
        return replace(fact, verdict=Verdict.TIMESTAMP_EQUAL, reason=reason, basis="derived", losses=())
    if moment is None:
        reason = f"nothing recorded says whether {va} and {vb} are the same version"
        return replace(fact, verdict=Verdict.UNKNOWN, reason=reason, basis=None, losses=())
    return fact


def _quality(link: Link) -> tuple[int, str, list[str]]:
    """How good a counterpart is. Basis and names only make the choice the same from either side."""
    return link.verdict.strength, link.basis or "", sorted((link.a, link.b))


def _concluded(link: Link, facts: Sequence[KeyFact]) -> Link:
    decisive = weakest(facts)
    verdict = decisive[0].verdict
    reason = "; ".join((link.reason, ": ".join(filter(None, (decisive[0].key, decisive[0].reason)))))
    if verdict is Verdict.LOSSY and (holding := [fact.key for fact in facts if fact.verdict > verdict]):
        reason += f"; better: {', '.join(holding)}"
    basis = shared_basis(fact.basis for fact in decisive)
    return replace(link, verdict=verdict, reason=reason, basis=basis, keys=tuple(facts), losses=losses_of(decisive))

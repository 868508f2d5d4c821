"""Which version a name means: the one rule of `answers.current`, asked by every reader, reference and door.

What may change around a version (retirement, removal, promotion, labels) is read for each answer and never kept.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from registry_dagster.answers.current import Candidate, Taken, current, made_at
from registry_dagster.datahub.proposal import Entity
from registry_dagster.datahub.retirement import is_removed, retirement_from
from registry_dagster.datahub.urns import version_urn
from registry_dagster.datahub.version import record_from
from registry_dagster.errors import InvalidDeclaration, NotPublished
from registry_dagster.model.act import Act
from registry_dagster.model.batches import grouped
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.names import VersionName, is_dataset_name, is_version_name, name_text, parse_version
from registry_dagster.model.text import suggestion
from registry_dagster.registry.numbers import Numbers
from registry_dagster.registry.records import Records

__all__ = ["At", "Resolved", "Resolver", "Versions"]

At = str | MaterializationVersion | None
"""A state that a table was made against, also as `system@version`; None for any."""


@dataclass(frozen=True)
class Versions:
    """All versions of a dataset, with what is true of them now.

    Args:
        dataset: Its name.
        candidates: Every number that was given, lowest first; those that are gone count as removed.
        default_layout: The layout that is meant where none is named.
        labels: Label → number.
    """

    dataset: str
    candidates: tuple[Candidate, ...]
    default_layout: str | None
    labels: Mapping[str, int]

    def current(self, *, at: At = None, layout: str | None = None) -> Taken | None:
        """The current version of those made against a state, in a layout; None if there is none."""
        some: Sequence[Candidate] = self.candidates
        some = made_at(some, at) if at is not None else some
        some = [each for each in some if each.layout == layout] if layout is not None else some
        return current(some, default_layout=self.default_layout if layout is None else None)

    def candidate(self, number: int) -> Candidate | None:
        """The version of a number, if it was given."""
        return next((each for each in self.candidates if each.number == number), None)


class Resolved(NamedTuple):
    """A version that a name was taken to mean.

    Args:
        record: The version, proven against its digest.
        taken: Which it is, and why.
    """

    record: DatasetVersion
    taken: Taken


class Resolver:
    """Says which published version is meant."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def versions(self, datasets: Collection[str], *, remembered: bool = False) -> dict[str, Versions]:
        """All versions of datasets, with what is true of them now.

        Args:
            datasets: Their names.
            remembered: Take what is remembered of materialization versions instead of asking again.
        """
        return self._versions(self._records.index.read(datasets), remembered)

    def known(self, datasets: Collection[str]) -> dict[str, Versions]:
        """As `versions`, without asking again for what is remembered."""
        return self._versions(self._records.index.known(datasets), True)

    def _versions(self, read: Mapping[str, Numbers], remembered: bool) -> dict[str, Versions]:
        frozen = {one.states for numbers in read.values() for one in numbers.summaries.values()}
        distinct = {state.key: state for states in frozen for state in states}
        ask = self._records.known_materializations if remembered else self._records.materializations
        recorded = ask(list(distinct.values()))
        known = {states: tuple(_as_known(each, recorded[each.key]) for each in states) for states in frozen}
        return {name: _versions(name, numbers, known) for name, numbers in read.items()}

    def resolve(self, name: str, at: At = None, layout: str | None = None) -> Resolved:
        """The version that a name means, with its record; see `taken`.

        An exact name costs one read, which also says whether the version is retired or removed.

        Raises:
            NotPublished, InvalidDeclaration: as for `taken`.
            CorruptRecord: what is stored is not what was published.
        """
        name, digest = self._named(name)
        exact = parse_version(name).exact if re.search(r"@v[0-9]+$", name_text(name)) else None
        if exact is None:
            taken = self.taken(name, at=at, layout=layout)
            return Resolved(self._records.exact(taken.version), taken)
        _refuse_address(name, at, layout)
        entity = self._records.stored(name)
        if not entity:
            versions = self.versions([exact.dataset])[exact.dataset]
            if not versions.candidates:
                raise self._records.unknown_dataset(exact.dataset)
            raise NotPublished(f"{name}: not published at {self._records.where}; {_published(versions)}")
        record = record_from(entity, version_urn(name, self._records.env))
        flaw = self._flaw(name, entity) or (self._draft(exact) if record.draft else None)
        return Resolved(record, Taken(name, _and(digest, f"it is {flaw}" if flaw else None)))

    def is_version(self, name: str) -> bool:
        """Whether a name is of a dataset that has a version. If it is exact and published, that costs one read."""
        if is_version_name(name) and self._records.stored(name):
            return True
        dataset = name.partition("@")[0]
        return is_dataset_name(dataset) and bool(self._records.names(dataset))

    def _flaw(self, name: str, entity: Entity) -> str | None:
        """Why a stored version is not to be used. Who retired it, and where, is in the acts: read only if it is."""
        if not entity.get("deprecation"):
            return _removed(entity)
        retirement = self._records.retirements([name]).get(name)
        return _removed(entity) or (str(retirement) if retirement else None)

    def _draft(self, exact: VersionName) -> str | None:
        """Whether a version that was published as a draft still is one, in words. Its promotion is in the acts."""
        candidate = self.versions([exact.dataset])[exact.dataset].candidate(exact.number)
        return None if candidate and not candidate.draft else "a draft"

    def taken(self, name: str, *, at: At = None, layout: str | None = None) -> Taken:
        """The version that a name means.

        Args:
            name: `dataset`, `dataset@vN` or `dataset@label`.
            at: Only versions made against this state, `system@version` by any of its names.
            layout: Only versions in this layout.

        Raises:
            NotPublished: nothing is published under that name; says what is.
            InvalidDeclaration: the name is not well formed, or is exact and yet addressed by clock or layout.
        """
        name, digest = self._named(name)
        if digest:
            taken = self.taken(name, at=at, layout=layout)
            return replace(taken, reason=_and(digest, taken.reason))
        dataset, _, exact = name_text(name).partition("@")
        dataset = parse_version(dataset).dataset
        if exact:
            _refuse_address(name, at, layout)
        versions = self.versions([dataset])[dataset]
        if exact:
            return self._exact(name, exact, versions)
        if not versions.candidates:
            raise self._records.unknown_dataset(dataset)
        taken = versions.current(at=at, layout=layout)
        if taken is None and isinstance(at, str):
            # As it was typed, it is the name of no state that a version was made against.
            from registry_dagster.registry.known_names import KnownNames

            at = KnownNames(self._records).state(at)
            taken = versions.current(at=at, layout=layout)
        if taken is None:
            raise NotPublished(self._nothing(versions, at, layout))
        return taken

    def _named(self, name: str) -> tuple[str, str | None]:
        """The name, and why, if a digest was given instead of it.

        Raises:
            NotPublished: no version has the digest.
            InvalidDeclaration: it is not a digest or too short a beginning, or that of several digests.
        """
        if not name_text(name).startswith("sha256:"):
            return name, None
        from registry_dagster.registry.digests import named_digests

        found = named_digests(self._records, name)
        if not found:
            raise NotPublished(
                f"{name}: no version with this digest is published at {self._records.where}; show prints a version's"
            )
        if len(digests := sorted(set(found.values()))) > 1:
            which = "; ".join(f"{version} has {digest}" for version, digest in found.items())
            raise InvalidDeclaration(f"{name} is the beginning of {len(digests)} digests; give more of it: {which}")
        first, *others = found
        also = f", as have {', '.join(others)}" if others else ""
        return first, f"it has the digest that was asked for{also}"

    def _exact(self, name: str, exact: str, versions: Versions) -> Taken:
        if not versions.candidates:
            raise self._records.unknown_dataset(versions.dataset)
        where = self._records.where
        number = int(exact[1:]) if re.fullmatch(r"v[1-9][0-9]{0,8}", exact) else versions.labels.get(exact)
        if number is None:
            known = suggestion(exact, versions.labels) if versions.labels else "."
            raise NotPublished(f"{name}: no version of {versions.dataset} has the label {exact!r} at {where}{known}")
        candidate = versions.candidate(number)
        if candidate is None or not candidate.present:
            raise NotPublished(f"{name}: not published at {where}; {_published(versions)}")
        return Taken(candidate.name, f"it is {candidate.flaw}" if candidate.flaw else None)

    def _nothing(self, versions: Versions, at: At, layout: str | None) -> str:
        where = self._records.where
        if all(each.removed for each in versions.candidates):
            return f"{versions.dataset}: every version was removed in DataHub, at {where}"
        asked = " and ".join(
            [*([f"made against {at}"] if at is not None else []), *([f"in layout {layout}"] if layout else [])]
        )
        return f"{versions.dataset}: no version {asked} is published at {where}; {_published(versions)}"


def _removed(entity: Entity) -> str | None:
    """Whether a stored version was removed, in words."""
    return "removed in DataHub" if is_removed(entity) else None


def _and(*reasons: str | None) -> str | None:
    return ", and ".join(filter(None, reasons)) or None


def _refuse_address(name: str, at: At, layout: str | None) -> None:
    if at is not None or layout is not None:
        raise InvalidDeclaration(
            f"{name} is one version; leave out at and layout, or name the dataset: {name.partition('@')[0]}"
        )


_States = tuple[MaterializationVersion, ...]


def _versions(name: str, numbers: Numbers, states: Mapping[_States, _States]) -> Versions:
    present = set(numbers.present)
    acts = grouped(numbers.acts, key=lambda act: act.version)
    candidates = [
        _candidate(version, number, numbers, states, acts.get(version, ()))
        if number in present
        else Candidate(number, version, (), removed=True, hidden=number in numbers.hidden)
        for number, version in enumerate((f"{name}@v{number}" for number in range(1, numbers.last + 1)), 1)
    ]
    return Versions(name, tuple(candidates), _default_layout(numbers), {**numbers.labels_given, **_labels(numbers)})


def _candidate(
    version: str, number: int, numbers: Numbers, states: Mapping[_States, _States], acts: Sequence[Act]
) -> Candidate:
    """A version that reads back, with the acts on it."""
    summary, entity = numbers.summaries[number], numbers.now[number]
    retirement = retirement_from(entity, version, acts)
    return Candidate(
        number,
        version,
        states[summary.states],
        layout=next((act.layout for act in reversed(acts) if act.act == "layout"), summary.layout),
        retired=str(retirement) if retirement else None,
        replacement=retirement.replacement if retirement else None,
        removed=is_removed(entity),
        draft=summary.draft and not any(act.act == "promote" for act in acts),
    )


def _default_layout(numbers: Numbers) -> str | None:
    """The Dataset's default layout: as last recorded by an act, else as declared."""
    declared = numbers.dataset.default_layout if numbers.dataset else None
    return next((act.layout for act in reversed(numbers.acts) if act.act == "layout" and not act.version), declared)


def _labels(numbers: Numbers) -> dict[str, int]:
    """Label → number, of the labels that versions were published with."""
    return {one.label: number for number, one in numbers.summaries.items() if one.label}


def _as_known(frozen: MaterializationVersion, recorded: MaterializationVersion | None) -> MaterializationVersion:
    """A state as it was frozen, with the timestamp and the names that are recorded of it by now."""
    if recorded is None:
        return frozen
    names = tuple(dict.fromkeys((*frozen.aliases, *recorded.aliases)))
    if (frozen.timestamp or recorded.timestamp, names) == (frozen.timestamp, frozen.aliases):
        return frozen
    return frozen.model_copy(update={"timestamp": frozen.timestamp or recorded.timestamp, "aliases": names})


def _published(versions: Versions) -> str:
    """What there is of a dataset, in words."""
    present = [each for each in versions.candidates if not each.removed]
    if not present:
        return "no version is published"
    first, last = present[0].number, present[-1].number
    parts = [
        f"published: v{first}" if first == last else f"published: v{first} to v{last}",
        *_without(versions.candidates),
    ]
    return "; ".join([", ".join(parts), f"made against {', '.join(_last_states(present))}", *_in_layouts(present)])


def _without(candidates: Sequence[Candidate]) -> list[str]:
    gone = [f"v{each.number}" for each in candidates if each.removed]
    return [f"without {', '.join(gone)}, which were removed"] if gone else []


def _last_states(candidates: Sequence[Candidate]) -> list[str]:
    return list(dict.fromkeys(str(state) for each in candidates for state in each.states))[-5:]


def _in_layouts(candidates: Sequence[Candidate]) -> list[str]:
    layouts = sorted({each.layout for each in candidates if each.layout})
    return [f"layouts {', '.join(layouts)}"] if layouts else []

"""Carrying acts from a hand-off to another registry: with their authors, words and times, and each once."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from registry_dagster.datahub.retirement import retirement_proposal, undo_proposal
from registry_dagster.model.act import Act
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.retirement import Retirement
from registry_dagster.registry.act_log import ActLog
from registry_dagster.registry.act_merge import ActsHere, CarriedAct, Judged, Outcome, holds, merged
from registry_dagster.registry.records import Records
from registry_dagster.registry.resolver import Resolver
from registry_dagster.registry.writer import Writer

__all__ = ["ActCarrier", "HandedActs"]

_log = logging.getLogger(__name__)

_VERSIONS = ("version", "replacement")
_MOVES_CURRENT = ("retire", "undo", "layout", "promote", "describe")
"""The acts after which another version may be current."""


@dataclass(frozen=True)
class HandedActs:
    """What was done elsewhere to one dataset and its versions.

    Args:
        dataset: How it is described there.
        acts: The acts, oldest first.
    """

    dataset: Dataset
    acts: tuple[Act, ...]


@dataclass(frozen=True)
class ActCarrier:
    """Carries acts into one registry."""

    records: Records
    resolver: Resolver
    writer: Writer

    def __call__(self, handed: HandedActs, names: Mapping[str, str], *, write: bool) -> list[CarriedAct]:
        """Record the acts that are not here yet, and contradict nothing that was said here later.

        Args:
            handed: What was done elsewhere.
            names: `dataset@vN` there → the version here.
            write: If false, only say what would become of each.

        Raises:
            RegistryUnavailable: the store failed. Running again is safe, and finishes what is left.
        """
        known = [named for act in handed.acts if (named := _renamed(act, names)) is not None]
        rows = [_lost(act) for act in handed.acts if _renamed(act, names) is None]
        if not known:
            return rows
        here = self._here(handed.dataset.name, known, names)
        ends = self._recorded(handed, known, here) if write else merged(known, here)
        return [*rows, *(_row(act, handed, outcome, reason) for act, outcome, reason in ends)]

    def _recorded(self, handed: HandedActs, known: Sequence[Act], here: ActsHere) -> list[Judged]:
        """What became of each act. Which are added is decided by the acts that are here at that moment."""
        dataset, ends = handed.dataset.name, list[Judged]()

        def chosen(acts: Sequence[Act]) -> Sequence[Act]:
            ends[:] = merged(known, replace(here, acts=acts))
            return [act for act, outcome, _ in ends if outcome == "recorded"]

        log = ActLog(self.records, lambda: self.writer)
        log.add(dataset, chosen)
        added = [act for act, outcome, _ in ends if outcome == "recorded"]
        for act in {act.version: act for act in added if act.act in ("retire", "undo")}.values():
            self._mirror(log, act)
        self._describe(
            handed.dataset, [act for act in known if holds(act, known, replace(here, acts=log.read(dataset)[1]))]
        )
        if any(act.act in _MOVES_CURRENT for act in added):
            self.writer.sets.settle([dataset])
        return ends

    def _mirror(self, log: ActLog, act: Act) -> None:
        """Let DataHub's own deprecation show the last retirement, or undo, of a version."""
        version, env = str(act.version), self.records.env
        retirement = Retirement(act.why, act.by, act.replacement)
        undone = act.act == "undo"
        proposal = undo_proposal(version, act.by, env) if undone else retirement_proposal(version, retirement, env)
        for note in log.mirror(version, proposal):
            _log.warning(note)

    def _describe(self, handed: Dataset, acts: Sequence[Act]) -> None:
        """Describe the Dataset as the hand-off does now, in the fields that these acts are about."""
        fields = {name for act in acts for name in act.changes}
        said = {name: value for name, value in handed.to_json().items() if name in fields or name == "name"}
        now, wanted = self.records.dataset(handed.name), Dataset.from_json(said)
        if now is not None and wanted.added_to(now) != now:
            self.writer.write_datasets([wanted])

    def _here(self, dataset: str, coming: Sequence[Act], names: Mapping[str, str]) -> ActsHere:
        """What is said here. Of versions that are only about to be published: nothing, and each may be a draft."""
        versions = self.resolver.versions([dataset])[dataset]
        if not versions.candidates:
            return ActsHere(drafts=frozenset(names.values()))
        acts = ActLog(self.records, lambda: self.writer).read(dataset)[1]
        about = {act.version for act in coming if act.version and act.act in ("retire", "undo")}
        others = [each.name for each in versions.candidates if each.present and each.name not in names.values()]
        describes = any(act.act == "describe" for act in coming)
        return ActsHere(
            acts=acts,
            labels=versions.labels,
            drafts=frozenset(each.name for each in versions.candidates if each.draft),
            by_hand=frozenset(self._by_hand(about, acts)),
            republished=self._last_published(others) if describes else None,
        )

    def _by_hand(self, versions: Collection[str], acts: Sequence[Act]) -> Iterator[str]:
        """The versions whose retirement is not as our last act on it left it."""
        retired = self.records.retirements(versions) if versions else {}
        last = {act.version: act.act for act in acts if act.act in ("retire", "undo")}
        for version in versions:
            found = retired.get(version)
            if found.in_datahub if found else last.get(version) == "retire":
                yield version

    def _last_published(self, versions: Collection[str]) -> datetime | None:
        """When the last of some versions was published, or handed off."""
        found = (each.provenance for each in self.records.readable(versions).values())
        return max((each.handed_off_at or each.published_at for each in found), default=None)


def _renamed(act: Act, names: Mapping[str, str]) -> Act | None:
    """An act with its versions as they are called here; None if one of them is not here."""
    if any(version not in names for version in (act.version, act.replacement) if version):
        return None
    here = {name: version and names[version] for name in _VERSIONS if (version := getattr(act, name))}
    return act.model_copy(update=here)


def _lost(act: Act) -> CarriedAct:
    return CarriedAct(act.version or "", _said(act), "skipped", "its version was not published there")


def _row(act: Act, handed: HandedActs, outcome: Outcome, reason: str | None) -> CarriedAct:
    return CarriedAct(act.version or handed.dataset.name, _said(act), outcome, reason)


def _said(act: Act) -> str:
    return f"{act.words}, {act.at:%Y-%m-%d %H:%M:%SZ}, {act.by}: {act.why}"

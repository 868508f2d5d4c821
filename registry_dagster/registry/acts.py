"""Acts after publishing: what a named person does around an immutable version, or to its Dataset.

Each is one more entry on the Dataset, written only if nobody wrote in between, so that acts have an order and a label
has one version. DataHub's own deprecation mirrors retirements; it is written after the entry, and may lag behind it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from typing_extensions import TypedDict, Unpack

from registry_dagster.answers.current import Candidate
from registry_dagster.datahub.acts import fitting
from registry_dagster.datahub.limits import refuse_long_urns
from registry_dagster.datahub.retirement import retirement_proposal, undo_proposal
from registry_dagster.datahub.urns import owner_urn
from registry_dagster.errors import (
    InvalidDeclaration,
    NotPublished,
    VersionConflict,
)
from registry_dagster.model.act import Act, ActKind
from registry_dagster.model.canonical_json import json_text
from registry_dagster.model.citable import license_doubt
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.names import exact_version, name_text, parse_version
from registry_dagster.model.place import Place
from registry_dagster.model.retirement import Retirement
from registry_dagster.registry.act_log import ActLog
from registry_dagster.registry.arguments import instance_of, reason_of
from registry_dagster.registry.publisher import provenance
from registry_dagster.registry.records import Records
from registry_dagster.registry.resolver import Resolver
from registry_dagster.registry.rows.now import DatasetNow, dataset_now
from registry_dagster.tables.storage.options import OptionsOf

if TYPE_CHECKING:
    from registry_dagster.registry.writer import Writer

__all__ = ["Acts"]

_log = logging.getLogger(__name__)


class Said(TypedDict, total=False):
    """What may be said besides, when a table's place is given.

    Args:
        publisher: Who says so. Default: the registry's publisher.
        storage_options: See `inspect_table`. Never recorded.
    """

    publisher: str | None
    storage_options: OptionsOf | None


Refuse = Callable[[Sequence[Act]], None]
"""Raises, given the acts so far, if one more would be false."""


@dataclass(frozen=True)
class Acts:
    """Records acts in one registry, and reads their history.

    Each takes the reason in the person's words, and the publisher: an e-mail address or account name. Default: the
    registry's publisher.

    Raises:
        PublishRefused: no reason, or nobody who says so.
        NotPublished: the dataset or version is not published.
        RegistryUnavailable: the store failed. It is safe to try again.
    """

    records: Records
    resolver: Resolver
    writer: Callable[[], Writer]
    publisher: str | None = None

    def history(self, name: str) -> tuple[Act, ...]:
        """What was done to a Dataset and its versions, or to one version `dataset@vN`, oldest first."""
        dataset, _, exact = name_text(name).partition("@")
        acts = self._kept.read(dataset)[1]
        return tuple(act for act in acts if not exact or act.version == name)

    def now(self, dataset: str) -> DatasetNow:
        """What is true now of a dataset and of every number that was given."""
        dataset = parse_version(dataset).dataset
        versions = self.resolver.versions([dataset])[dataset]
        return dataset_now(versions, self.records.index.known([dataset])[dataset].acts)

    def retire(
        self, version: str, *, reason: str, replacement: str | None = None, publisher: str | None = None
    ) -> Retirement:
        """Record that a version should no longer be used.

        Args:
            version: `dataset@vN`.
            reason: Why.
            replacement: The version to use instead, `dataset@vN`.
            publisher: Who says so.
        """
        if replacement == version:
            raise InvalidDeclaration(f"{version} cannot be replaced by itself; name the version to use instead")
        self._published(*filter(None, (version, replacement)))
        said = (reason, publisher)
        act = self._act("retire", said, "retiring a version", version=version, replacement=replacement)
        self._add(version, act)
        retirement = Retirement(act.why, act.by, act.replacement)
        notes = self._kept.mirror(version, retirement_proposal(version, retirement, self.records.env))
        self._settle_set(version)
        return replace(retirement, notes=notes)

    def undo(self, version: str, *, reason: str, publisher: str | None = None) -> None:
        """Record that a version may be used again.

        Raises:
            InvalidDeclaration: it is not retired.
        """
        self._published(version)
        act = self._act("undo", (reason, publisher), "undoing a retirement", version=version)
        if self._candidate(version).retired is None:
            raise InvalidDeclaration(f"{version} is not retired, so there is nothing to undo")
        self._add(version, act)
        for note in self._kept.mirror(version, undo_proposal(version, act.by, self.records.env)):
            _log.warning(note)
        self._settle_set(version)

    @property
    def _kept(self) -> ActLog:
        return ActLog(self.records, self.writer)

    def label(self, version: str, label: str, *, reason: str, publisher: str | None = None) -> None:
        """Give a version an alias, which is unique in its dataset and never moves.

        Raises:
            VersionConflict: the label belongs to another version.
        """
        self._published(version)
        act = self._act("label", (reason, publisher), "labelling a version", version=version, label=label)

        def refuse(acts: Sequence[Act]) -> None:
            dataset, number = exact_version(version)
            taken = self.resolver.versions([dataset])[dataset].labels
            owner = {**_given_labels(acts), **taken}.get(label)
            if owner == number:
                raise VersionConflict(f"{version} has the label {label!r} already; nothing was recorded")
            if owner is not None:
                raise VersionConflict(
                    f"label {label!r} belongs to {dataset}@v{owner}, and a label never moves; choose another"
                )

        self._add(version, act, refuse)

    def layout(self, name: str, layout: str, *, reason: str, publisher: str | None = None) -> None:
        """Record the layout of a version, or, for a dataset's name, its default layout."""
        self._state("layout", name, layout, reason, publisher)
        self._settle_set(name)

    def promote(self, version: str, *, reason: str, publisher: str | None = None) -> None:
        """Record that a draft is final.

        Raises:
            InvalidDeclaration: it is not a draft.
        """
        candidate = self._candidate(version)
        if not candidate.draft:
            raise InvalidDeclaration(f"{version} is not a draft, so it cannot be promoted")
        self._add(version, self._act("promote", (reason, publisher), "promoting a draft", version=version))
        self._settle_set(version)

    def license(self, name: str, license: str, *, reason: str, publisher: str | None = None) -> None:
        """Record the license of a version, or of a Dataset: an SPDX expression, a web address, or words.

        The newest holds; a version without one has that of its Dataset.
        """
        self._state("license", name, license, reason, publisher)
        if doubt := license_doubt(license):
            _log.warning(doubt)

    licence = license

    def citation(self, name: str, citation: str, *, reason: str, publisher: str | None = None) -> None:
        """Record how to cite a version, or a Dataset, in words. The newest holds, as for `license`."""
        self._state("citation", name, citation, reason, publisher)

    def doi(self, version: str, doi: str, *, reason: str, publisher: str | None = None) -> None:
        """Record the DOI of a version `dataset@vN`, which is minted after publishing. The newest holds.

        Args:
            version: `dataset@vN`.
            doi: `10.prefix/suffix`, or its address at doi.org.
            reason: Why.
            publisher: Who says so.
        """
        exact_version(version)
        self._state("doi", version, doi, reason, publisher)

    def _state(self, kind: ActKind, name: str, value: str, reason: str, publisher: str | None) -> None:
        """Record something of a version, or of a Dataset as a whole."""
        dataset, _, exact = name_text(name).partition("@")
        if exact:
            self._published(name)
        said = {"version": name if exact else None, kind: value}
        self._add(dataset, self._act(kind, (reason, publisher), f"recording a {kind}", **said))

    def relocate(self, version: str, location: str, *, reason: str, **said: Unpack[Said]) -> Place:
        """Record that the table of a version was moved. Its record and digest do not change.

        Args:
            version: `dataset@vN`.
            location: Where the table is now.
            reason: Why.
            said: Who says so, and the options of the store.

        Raises:
            OtherTable: what is there is not known to be that table in its recorded state.
            TableError: it cannot be looked at.
        """
        return self._place("relocate", version, location, reason, said)

    def also_at(self, version: str, location: str, *, reason: str, **said: Unpack[Said]) -> Place:
        """Record that the table of a version is at one more place. Arguments and errors are those of `relocate`."""
        return self._place("also_at", version, location, reason, said)

    def _place(self, kind: ActKind, version: str, location: str, reason: str, said: Said) -> Place:
        self._published(version)
        table = self.records.exact(version).table
        from registry_dagster.tables.formats import format_of

        place = format_of(table).place(table, location, said.get("storage_options"))
        who = (reason, said.get("publisher"))
        self._add(version, self._act(kind, who, "giving a table's place", version=version, place=place))
        return place

    def describe(self, dataset: Dataset, *, reason: str, publisher: str | None = None) -> None:
        """Record how a Dataset is described now. What the description leaves out is unchanged.

        Raises:
            NotPublished: there is no such dataset.
        """
        instance_of(Dataset, dataset, "dataset")
        changes = {name: _text(value) for name, value in dataset.to_json().items() if name != "name"}
        if not changes:
            raise InvalidDeclaration(f"{dataset.name}: nothing to describe; give a title, description, owners or tags")
        if self.records.dataset(dataset.name) is None:
            raise NotPublished(
                f"{dataset.name}: no such dataset at {self.records.store.target}; publish a version first"
            )
        refuse_long_urns(map(owner_urn, dataset.owners))
        act = self._act("describe", (reason, publisher), "describing a dataset", changes=changes)
        self._add(dataset.name, act)
        self.writer().write_datasets([dataset])
        if dataset.default_layout is not None:
            self._settle_set(dataset.name)

    def _act(self, kind: ActKind, said: tuple[str, str | None], what: str, **parts: Any) -> Act:
        reason, publisher = said
        reason = reason_of(reason, f"{what} needs a reason: say why")
        who = provenance(publisher or self.publisher, reason, act=what)
        return fitting(Act(act=kind, by=who.publisher, why=who.message, at=who.published_at, **parts))

    def _add(self, name: str, act: Act, refuse: Refuse = lambda acts: None) -> None:
        """Add one act, unless it would be false; see `ActLog.add`."""

        def chosen(acts: Sequence[Act]) -> Sequence[Act]:
            if act not in acts:
                refuse(acts)
            return [act]

        self._kept.add(name.partition("@")[0], chosen)

    def _settle_set(self, name: str) -> None:
        """Another version may be current now: let the version set name it."""
        self.writer().sets.settle([name.partition("@")[0]])

    def _published(self, *versions: str) -> None:
        for version in versions:
            exact_version(version)
        for version in sorted(set(versions) - self.records.present(versions)):
            raise self._not_published(version)

    def _candidate(self, version: str) -> Candidate:
        dataset, number = exact_version(version)
        candidate = self.resolver.versions([dataset])[dataset].candidate(number)
        if candidate is None or not candidate.present:
            raise self._not_published(version)
        return candidate

    def _not_published(self, version: str) -> NotPublished:
        return NotPublished(f"{version}: not published at {self.records.store.target}")


def _text(value: object) -> str:
    """A field of a description, as history shows it."""
    return value if isinstance(value, str) else json_text(value)


def _given_labels(acts: Sequence[Act]) -> dict[str, int]:
    """The labels that were given to versions after publishing, with the numbers of these versions."""
    return {each.label: exact_version(each.version).number for each in acts if each.label and each.version}

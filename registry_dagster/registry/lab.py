"""One registry that is asked: this one, or that of another lab, whose datasets have its name before theirs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from typing_extensions import Self

from registry_dagster.answers.current import Taken
from registry_dagster.answers.remote import Remote, lab_of
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.names import is_dataset_name
from registry_dagster.registry.records import Records
from registry_dagster.registry.resolver import At, Resolved, Resolver
from registry_dagster.registry.rows.rows import Rows, first_rows
from registry_dagster.stores.read_once import ReadOnce
from registry_dagster.stores.store import Store

if TYPE_CHECKING:
    from registry_dagster.registry.filters import Question
    from registry_dagster.registry.finder import Finder
    from registry_dagster.registry.rows.found import Dependent, FoundDataset, FoundVersion

__all__ = ["Lab"]


@dataclass(frozen=True)
class Lab:
    """Reads one registry. It is asked by its own names; what it returns is named as here.

    Args:
        records, resolver: Of the registry.
        remote: The lab's name and address; None for this registry.
        pages: Where what is found is read, page by page; None if that is `records`.
    """

    records: Records
    resolver: Resolver
    remote: Remote | None = None
    pages: Records | None = None

    @classmethod
    def of(cls, store: Store, env: str, remote: Remote | None = None) -> Self:
        """The registry in a store."""
        records = Records(store, env)
        return cls(records, Resolver(records), remote)

    @cached_property
    def finder(self) -> Finder:
        """What searches. Who asks for one record does not wait for it to load."""
        from registry_dagster.registry.finder import Finder

        records = self.pages or self.records
        return Finder(records, Resolver(records))

    def for_one_answer(self) -> Self:
        """The lab as one answer sees it: what is read to name, resolve and compare versions is read once.

        What is found may be any number, and is read page by page as ever.
        """
        records = self.records.through(ReadOnce(self.records.store))
        return replace(self, records=records, resolver=Resolver(records), pages=self.pages or self.records)

    def named(self, name: str) -> str:
        """A name of this lab, as it is written here."""
        return self.remote.named(name) if self.remote else name

    def worded(self, text: str, dataset: str) -> str:
        """A text of this lab, in which one of its datasets is named as here."""
        return self.remote.worded(text, dataset) if self.remote else text

    def own(self, name: str) -> str | None:
        """The lab's own name for what is written so here; None if it is another's."""
        lab = self.remote.name if self.remote else None
        return name.removeprefix(f"{lab}/") if lab_of(name) == lab else None

    def is_dataset(self, name: str) -> bool:
        """Whether a dataset of that name has a version."""
        return is_dataset_name(name) and bool(self.records.names(name))

    def seen(self, record: DatasetVersion) -> DatasetVersion:
        """A record of the lab, with its names as they are written here."""
        return self.remote.seen(record) if self.remote else record

    def taken(self, name: str, at: At = None, layout: str | None = None) -> Taken:
        """The version that a name means; see `Resolver.taken`."""
        return self.seen_taken(self.resolver.taken(name, at=at, layout=layout))

    def resolve(self, name: str, at: At = None, layout: str | None = None) -> Resolved:
        """The version that a name means, with its record; see `Resolver.resolve`."""
        record, taken = self.resolver.resolve(name, at=at, layout=layout)
        return Resolved(self.seen(record), self.seen_taken(taken))

    def exact(self, version: str) -> DatasetVersion:
        """The version `dataset@vN`; see `Records.exact`."""
        return self.seen(self.records.exact(version))

    def readable(self, versions: Collection[str]) -> list[DatasetVersion]:
        """Those of some versions that read back; see `Records.readable`."""
        return [*map(self.seen, self.records.readable(versions).values())] if versions else []

    def ask_states(self, records: Sequence[DatasetVersion]) -> None:
        """Ask what is recorded by now of the states that versions of this lab were made against."""
        if records:
            self.records.materializations([state for record in records for state in record.materializations])

    def as_known(self, record: DatasetVersion) -> DatasetVersion:
        """A version of this lab with what was last read of its states' lifecycle."""
        recorded = self.records.known_materializations(record.materializations)
        now = [recorded[version.key] or version for version in record.materializations]
        return record.model_copy(update={"materializations": tuple(now)})

    def find(self, question: Question, limit: int | None) -> Rows[FoundVersion]:
        """The versions that a question asks for."""
        found = first_rows(self.finder.versions(question), limit)
        remote = self.remote
        return found if remote is None else found.each(lambda row: _version(row, remote))

    def datasets(self, text: str | None, limit: int | None) -> Rows[FoundDataset]:
        """The datasets with some words."""
        found = first_rows(self.finder.datasets(text), limit)
        remote = self.remote
        return found if remote is None else found.each(lambda row: _dataset(row, remote))

    def dependents(self, of: str, limit: int | None) -> Rows[Dependent]:
        """What depends on something in the lab."""
        found = first_rows(self.finder.dependents(of), limit)
        remote = self.remote
        if remote is None:
            return found
        dataset = of.partition("@")[0]
        names = [dataset] if self.is_dataset(dataset) else []
        return found.each(lambda row: _dependent(row, remote, names))

    def seen_taken(self, taken: Taken) -> Taken:
        """Which version of the lab was taken, and why, with its names as they are written here."""
        return taken.of(self.remote) if self.remote else taken


def _version(row: FoundVersion, remote: Remote) -> FoundVersion:
    retired = row.retired and remote.worded(row.retired, row.version)
    return replace(row, version=remote.named(row.version), retired=retired, remote=remote.name)


def _dataset(row: FoundDataset, remote: Remote) -> FoundDataset:
    return replace(
        row,
        name=remote.named(row.name),
        newest=row.newest and remote.named(row.newest),
        passed_over=tuple(remote.worded(each, row.name) for each in row.passed_over),
        remote=remote.name,
    )


def _dependent(row: Dependent, remote: Remote, names: Sequence[str]) -> Dependent:
    return replace(
        row,
        version=remote.named(row.version),
        how=tuple(remote.worded(each, *names) if names else each for each in row.how),
        retired=row.retired and remote.worded(row.retired, row.version),
    )

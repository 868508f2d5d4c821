"""What papers need of published versions: how to cite one, a lock of several, whether it still holds, a statement."""

from __future__ import annotations

from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path

from registry_dagster.answers.citation import Citation, citation
from registry_dagster.answers.lock import Lock, LockedVersion
from registry_dagster.answers.lock_check import LockCheck
from registry_dagster.answers.statement import Statement, Used, statement
from registry_dagster.errors import NotPublished
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.registry.acts import Acts
from registry_dagster.registry.locks import Locks
from registry_dagster.registry.questions import Questions
from registry_dagster.registry.resolver import At, Resolved
from registry_dagster.registry.rows.now import VersionNow
from registry_dagster.tables.storage.options import OptionsOf

__all__ = ["Papers"]


@dataclass(frozen=True)
class Papers:
    """What papers need. Nothing is written.

    Raises:
        NotPublished: a version is not published.
        RegistryUnavailable: the store failed. It is safe to try again.
    """

    acts: Acts
    questions: Questions

    def cite(self, name: str, at: At = None, layout: str | None = None) -> Citation:
        """See `Registry.cite`."""
        once = self._for_one_answer()
        resolved = once.acts.resolver.resolve(name, at=at, layout=layout)
        return _cited(resolved, *once._described(resolved.record))

    def lock(self, *names: str) -> Lock:
        """See `Registry.lock`."""
        return self._locks.lock(names)

    def check(self, lock: Lock | str | PathLike[str], *, storage_options: OptionsOf | None = None) -> LockCheck:
        """Whether all that a lock says is still so: records, tables, retirements, expiry, and how they join.

        Args:
            lock: A lock, the `Path` of its file, or its text.
            storage_options: See `inspect_table`; or a function of the location. Never recorded.

        Raises:
            InvalidDeclaration: it is not a lock.
        """
        return self._locks.check(_lock(lock), storage_options)

    def statement(self, lock: Lock | str | PathLike[str]) -> Statement:
        """A paragraph on data availability, and BibTeX, for the versions of a lock, as they are described now.

        Args:
            lock: A lock, the `Path` of its file, or its text.

        Raises:
            InvalidDeclaration: it is not a lock.
            NotPublished: what is published under a name is not what was locked.
        """
        once = self._for_one_answer()
        used = [once._used(each) for each in _lock(lock).versions]
        return statement(used, "its lock file" if isinstance(lock, Lock | str) else f"the lock file {Path(lock).name}")

    def _for_one_answer(self) -> Papers:
        """See `Questions.for_one_answer`."""
        questions = self.questions.for_one_answer()
        own = questions.labs.own
        return Papers(replace(self.acts, records=own.records, resolver=own.resolver), questions)

    @property
    def _locks(self) -> Locks:
        once = self._for_one_answer()
        return Locks(once.acts, once.questions)

    def _used(self, locked: LockedVersion) -> Used:
        resolved = self.acts.resolver.resolve(locked.version)
        record = resolved.record
        if record.digest != locked.digest:
            raise NotPublished(
                f"{record.name}: its digest is {record.digest}, and {locked.digest} is locked; see what else changed "
                "with feature-registry lock --check"
            )
        now, described = self._described(record)
        cited = _cited(resolved, now, described)
        table = self.acts.records.tables(record)[0]
        return Used(record, table, described.title, now.license, now.doi, cited)

    def _described(self, record: DatasetVersion) -> tuple[VersionNow, Dataset]:
        """What is true of a version now, and its Dataset."""
        now = self.acts.now(record.dataset).version(record.name)
        return now, self.acts.records.described(record.dataset)


def _cited(resolved: Resolved, now: VersionNow, described: Dataset) -> Citation:
    cited = citation(resolved.record, described, license=now.license, citation=now.citation, doi=now.doi)
    return replace(cited, taken=(resolved.taken,))


def _lock(given: Lock | str | PathLike[str]) -> Lock:
    return given if isinstance(given, Lock) else Lock.from_yaml(given)

"""What papers need of published versions: how to cite one, a lock of several, and whether that still holds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from os import PathLike

from registry_dagster.answers.citation import Citation, citation
from registry_dagster.answers.lock import Lock
from registry_dagster.answers.lock_check import LockCheck
from registry_dagster.registry.acts import Acts
from registry_dagster.registry.locks import Locks
from registry_dagster.registry.questions import Questions
from registry_dagster.registry.resolver import At, Resolved
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
        resolved = self.acts.resolver.resolve(name, at=at, layout=layout)
        return replace(self._citation(resolved), taken=(resolved.taken,))

    def lock(self, *names: str) -> Lock:
        """See `Registry.lock`."""
        return Locks(self.acts, self.questions).lock(names)

    def check(self, lock: Lock | str | PathLike[str], *, storage_options: OptionsOf | None = None) -> LockCheck:
        """Whether all that a lock says is still so: records, tables, retirements, expiry, and how they join.

        Args:
            lock: A lock, the `Path` of its file, or its text.
            storage_options: See `inspect_table`; or a function of the location. Never recorded.

        Raises:
            InvalidDeclaration: it is not a lock.
        """
        return Locks(self.acts, self.questions).check(_lock(lock), storage_options)

    def _citation(self, resolved: Resolved) -> Citation:
        record = resolved.record
        now = self.acts.now(record.dataset).version(record.name)
        described = self.acts.records.described(record.dataset)
        return citation(record, described, license=now.license, citation=now.citation, doi=now.doi)


def _lock(given: Lock | str | PathLike[str]) -> Lock:
    return given if isinstance(given, Lock) else Lock.from_yaml(given)

"""What is exported of one version: its record, and what is said around it now."""

from __future__ import annotations

from dataclasses import dataclass

from registry_dagster.answers.expiry import Expiry
from registry_dagster.answers.places import tables_at
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.registry.registry import Registry
from registry_dagster.registry.shown import shown

__all__ = ["Subject", "subject_of"]


@dataclass(frozen=True)
class Subject:
    """One version, as documents describe it.

    Args:
        record: The version as it was published.
        dataset: The Dataset as people describe it now.
        license: An SPDX identifier, a URL or words; None if it is unknown.
        citation: How people cite it, in words.
        doi: Its DOI.
        retired: Why it should no longer be used; None if it may be.
        draft: Whether it is not final.
        layout: The name of its layout.
        moved_to: Where its table is now, if that is not where the record says.
        expiries: When what it was made against expires, as last recorded.
    """

    record: DatasetVersion
    dataset: Dataset
    license: str | None = None
    citation: str | None = None
    doi: str | None = None
    retired: str | None = None
    draft: bool = False
    layout: str | None = None
    moved_to: str | None = None
    expiries: tuple[Expiry, ...] = ()

    @property
    def location(self) -> str:
        """Where its table is now."""
        return self.moved_to or self.record.table.location

    @property
    def title(self) -> str:
        """What people call it."""
        return f"{self.dataset.title or self.record.dataset}, version {self.record.number}"

    @property
    def description(self) -> str:
        """What it is, in sentences that rest on the record alone."""
        against = ", ".join(map(str, self.record.materializations))
        sentences = [
            self.dataset.description,
            f"Made against {against}.",
            f"Published because: {self.record.provenance.message}",
            f"RETIRED: {self.retired}" if self.retired else None,
        ]
        return "\n\n".join(filter(None, sentences))


def subject_of(registry: Registry, name: str) -> Subject:
    """What is exported of the version that a name means: of another lab's, the record and the names that it has there.

    Raises:
        RegistryError: see `Registry.get`.
    """
    registry, name = registry.holder(name)
    found = shown(registry, name)
    retired = str(found.retirement) if found.retirement else None
    now = found.version
    first, *_ = tables_at(found.record.table, found.record.name, registry.acts.history(found.record.dataset))
    return Subject(
        found.record,
        found.dataset,
        license=now.license,
        citation=now.citation,
        doi=now.doi,
        retired=retired,
        draft=now.draft,
        layout=now.layout,
        moved_to=None if first.location == found.record.table.location else first.location,
        expiries=found.expiries,
    )

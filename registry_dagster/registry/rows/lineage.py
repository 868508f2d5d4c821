"""Lineage in both directions: what a version comes from, and what depends on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from registry_dagster.answers.current import NamedAnswer
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.registry.rows.found import Dependent

__all__ = ["Lineage", "sources_of"]


@dataclass(frozen=True)
class Lineage(NamedAnswer):
    """What something comes from, and what depends on it.

    Args:
        of: What was asked about.
        upstream: What it was made against, computed from and joins to, in words; empty for what is not a published
            version.
        dependents: The versions that depend on it.
    """

    of: str
    upstream: tuple[str, ...]
    dependents: tuple[Dependent, ...]

    def words(self) -> str:
        down = [f"  ↓ {each}" for each in self.dependents] or ["  ↓ nothing published depends on it"]
        return "\n".join([*(f"  ↑ {each}" for each in self.upstream), self.of, *down])


def sources_of(record: DatasetVersion) -> Iterator[str]:
    """What a version comes from, in words."""
    yield from (f"made against {each}" for each in record.materializations)
    yield from (f"computed from {each}" for each in record.inputs)
    for reference in record.references:
        target = record.reference_versions.get(reference.link or "", reference.link)
        here = ", ".join(reference.columns)
        if target or reference.to_table:
            yield f"{here} joins to {target or reference.to_table}"
        if reference.crosswalk:
            yield f"{here} joins through {reference.crosswalk}"

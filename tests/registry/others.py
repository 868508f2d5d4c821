"""A registry in each kind of store, and what others do to it behind the registry's back."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry_dagster.datahub.proposal import Proposal
from registry_dagster.datahub.urns import version_urn
from registry_dagster.registry.registry import Registry
from registry_dagster.stores.open import open_store
from tests.gms.server import StandInGms

__all__ = ["Place", "lite_place", "place_of"]


@dataclass(frozen=True)
class Place:
    """Where a registry is kept.

    Args:
        target: Its address.
        delete: Delete an entity's rows past all rules; None where nobody can.
    """

    target: str
    delete: Callable[[str], None] | None

    def open(self, publisher: str = "ada@lab.org") -> Registry:
        """One more registry on it, which remembers nothing."""
        return Registry.open(self.target, publisher=publisher)

    def delete_version(self, name: str) -> None:
        """Delete a version's rows, as an administrator's hard delete does."""
        assert self.delete is not None
        self.delete(version_urn(name, "PROD"))

    def edit(self, name: str, aspect: str, value: dict[str, Any]) -> None:
        """Write an aspect of a version, as somebody in DataHub's UI."""
        self._edit(version_urn(name, "PROD"), aspect, value)

    def _edit(self, urn: str, aspect: str, value: dict[str, Any]) -> None:
        store = open_store(self.target, None)
        try:
            store.upsert([Proposal(urn, aspect, value)])
        finally:
            store.close()

    def remove(self, name: str, removed: bool = True) -> None:
        """Remove a version as DataHub's UI does, or restore it."""
        self.remove_entity(version_urn(name, "PROD"), removed)

    def remove_entity(self, urn: str, removed: bool = True) -> None:
        """Remove any entity, or restore it."""
        self._edit(urn, "status", {"removed": removed})


def lite_place(folder: Path) -> Place:
    """An embedded file."""
    path = folder / "registry.db"

    def delete(urn: str) -> None:
        with sqlite3.connect(path) as connection:
            connection.execute("DELETE FROM metadata_aspect_v2 WHERE urn = ?", (urn,))
        connection.close()

    return Place(f"lite://{path}", delete)


@contextmanager
def place_of(kind: str, folder: Path) -> Iterator[Place]:
    """A place of a kind: `lite`, `file` for a hand-off folder, whose rows nobody can delete, or `gms`."""
    if kind == "gms":
        with StandInGms() as gms:
            yield Place(gms.url, gms.delete)
    else:
        yield lite_place(folder) if kind == "lite" else Place(f"file://{folder}/handoff", None)

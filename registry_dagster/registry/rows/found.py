"""What a search finds: versions, datasets, and what depends on something."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from registry_dagster.answers.current import NamedAnswer
from registry_dagster.registry.rows.cells import Cells, Row

if TYPE_CHECKING:
    from registry_dagster.answers.compatibility import Compatibility

__all__ = ["Dependent", "FoundDataset", "FoundVersion", "Newest"]


def _state(found: FoundVersion | Dependent) -> str:
    """Why a version is not to be used."""
    return "; ".join(filter(None, [found.retired, "removed in DataHub" if found.removed else None]))


@dataclass(frozen=True)
class FoundVersion(Row):
    """A published version, in brief. `Registry.get` returns all of it, proven.

    Args:
        version: `dataset@vN`.
        title: What people call the dataset now.
        label: The version's alias.
        materializations: The materialization versions it was made against, `system@version`.
        format, rows, location: The table, where it is now; rows are None if nobody counted them.
        published_at, publisher, message: When, by whom, why.
        retired: Why it should no longer be used; None if it may be.
        expires_on: When the first of its materialization versions is dropped, if the search was for that.
        removed: Whether it was removed in DataHub.
        remote: The lab that has it; None if it is in this registry.
    """

    CELLS: ClassVar[Cells[FoundVersion]] = {
        "version": lambda found: found.version,
        "label": lambda found: found.label,
        "title": lambda found: found.title,
        "made against": lambda found: found.materializations,
        "expires": lambda found: found.expires_on,
        "format": lambda found: found.format,
        "rows": lambda found: "unknown" if found.rows is None else found.rows,
        "published": lambda found: found.published_at,
        "publisher": lambda found: found.publisher,
        "why": lambda found: found.message,
        "location": lambda found: found.location,
        "state": _state,
    }

    version: str
    title: str | None
    label: str | None
    materializations: tuple[str, ...]
    format: str
    rows: int | None
    location: str
    published_at: datetime
    publisher: str
    message: str
    retired: str | None = None
    expires_on: datetime | None = None
    removed: bool = False
    remote: str | None = None

    def __str__(self) -> str:
        marks = [f"retired: {self.retired}"] if self.retired else []
        marks += [f"expires {self.expires_on:%Y-%m-%d}"] if self.expires_on else []
        marks += ["removed in DataHub"] if self.removed else []
        return " · ".join([self.version, ", ".join(self.materializations), self.format, *marks])


@dataclass(frozen=True)
class FoundDataset(Row):
    """A dataset, as people describe it now.

    Args:
        name: Its name.
        newest: Its current version.
        title, owners, tags, description: Its description.
        passed_over: Later numbers than the current version, each with the reason why it is not.
        remote: The lab that has it; None if it is in this registry.
    """

    CELLS: ClassVar[Cells[FoundDataset]] = {
        "dataset": lambda found: found.name,
        "current": lambda found: found.newest,
        "title": lambda found: found.title,
        "owners": lambda found: found.owners,
        "tags": lambda found: found.tags,
        "description": lambda found: found.description,
        "passed over": lambda found: "; ".join(found.passed_over),
    }

    name: str
    newest: str | None
    title: str | None
    owners: tuple[str, ...]
    tags: tuple[str, ...]
    description: str | None
    passed_over: tuple[str, ...] = ()
    remote: str | None = None

    def __str__(self) -> str:
        passed_over = f"passed over: {'; '.join(self.passed_over)}" if self.passed_over else None
        return " · ".join(filter(None, [self.newest or self.name, self.title, ", ".join(self.owners), passed_over]))


@dataclass(frozen=True)
class Dependent(Row):
    """A published version that depends on something.

    Args:
        version: `dataset@vN`.
        how: Each way it does, in words.
        retired: Why it should no longer be used; None if it may be.
        removed: Whether it was removed in DataHub.
    """

    CELLS: ClassVar[Cells[Dependent]] = {
        "version": lambda found: found.version,
        "how": lambda found: "; ".join(found.how),
        "state": _state,
    }

    version: str
    how: tuple[str, ...]
    retired: str | None = None
    removed: bool = False

    def __str__(self) -> str:
        marks = [f"retired: {self.retired}"] if self.retired else []
        marks += ["removed in DataHub"] if self.removed else []
        return f"{self.version}: {'; '.join(self.how)}" + (f" ({'; '.join(marks)})" if marks else "")


@dataclass(frozen=True)
class Newest(NamedAnswer):
    """The newest version that goes with something.

    Args:
        asked: The dataset, and what its version must go with.
        version: `dataset@vN`; None if no version is known to go with it.
        compatibility: How it goes with it; if none does, that of the newest version.
        passed_over: Newer versions, each with the reason it was passed over.
    """

    asked: str
    version: str | None
    compatibility: Compatibility | None
    passed_over: tuple[str, ...]

    def words(self) -> str:
        lines = [self.version or f"{self.asked}: no version is known to go with it"]
        lines += [f"  {self.compatibility.reason}"] if self.version and self.compatibility else []
        return "\n".join([*lines, *(f"  passed over: {each}" for each in self.passed_over)])

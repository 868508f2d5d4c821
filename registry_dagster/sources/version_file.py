"""A YAML or JSON file of materialization versions, for systems that do not publish theirs in any other way.

materializations:
  - {system: h01, version: c3, source: h01}
  - {system: minnie65_public, version: 1300, source: cave, timestamp: 2025-01-13T10:10:01Z}
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from registry_dagster.model.base import Model, Several
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.spelling import declared_from, read_declared
from registry_dagster.sources.source import SourceReport

__all__ = ["VersionFile"]


class MaterializationVersions(Model):
    """What the file holds."""

    materializations: Several[MaterializationVersion] = Field(min_length=1)


@dataclass(frozen=True)
class VersionFile:
    """A file of versions.

    Args:
        path: The file.
    """

    path: Path

    @property
    def name(self) -> tuple[str, ...]:
        return "file", self.path.stem

    def ask(self) -> SourceReport:
        """Read the file.

        Raises:
            InvalidDeclaration: the file cannot be read, or what it holds are not versions: one line for each problem,
                with the file, the line, the field and the fix.
        """
        document = read_declared(self.path, MaterializationVersions)
        versions = declared_from(document, MaterializationVersions).materializations
        return SourceReport(tuple(versions))

"""What papers need of published versions: how to cite one."""

from __future__ import annotations

from dataclasses import dataclass, replace

from registry_dagster.answers.citation import Citation, citation
from registry_dagster.registry.acts import Acts
from registry_dagster.registry.resolver import At, Resolved

__all__ = ["Papers"]


@dataclass(frozen=True)
class Papers:
    """Answers from records and acts. Nothing is written.

    Args:
        acts: Of the registry.
    """

    acts: Acts

    def cite(self, name: str, at: At, layout: str | None) -> Citation:
        """How to cite the version that a name means."""
        resolved = self.acts.resolver.resolve(name, at=at, layout=layout)
        return replace(self._citation(resolved), taken=(resolved.taken,))

    def _citation(self, resolved: Resolved) -> Citation:
        record = resolved.record
        now = self.acts.now(record.dataset).version(record.name)
        described = self.acts.records.described(record.dataset)
        return citation(record, described, license=now.license, citation=now.citation, doi=now.doi)

"""What other labs published, under the names that it has here: `laba/minnie65.nuclei@v3`. Pure.

Names of two labs never merge: in a record as it is seen from here, all names of datasets are those of its lab.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from registry_dagster.answers.answer import Answer
from registry_dagster.model.columns import AnyColumn
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.identifiers import TargetId
from registry_dagster.model.signals import Crosswalk

__all__ = ["Remote", "lab_of"]

_REPLACEMENT = re.compile(r"(?<=; use )(?=[^\s/@]+@v[0-9]+$)", re.MULTILINE)
"""Before the version that a retirement, in words, ends with."""


def lab_of(name: str) -> str | None:
    """The lab in `lab/dataset@vN`; None for a name of this registry."""
    lab, slash, _ = name.partition("/")
    return lab if slash else None


@dataclass(frozen=True)
class Remote(Answer):
    """The registry of another lab.

    Args:
        name: What it is called here.
        address: Where it is read, without credentials.
    """

    name: str
    address: str

    def __str__(self) -> str:
        return f"{self.name}: {self.address}"

    def named(self, name: str) -> str:
        """A name of that lab, as it is written here."""
        return f"{self.name}/{name}"

    def worded(self, text: str, *names: str) -> str:
        """A text of that lab, in which some datasets, and what replaces a retired version, are named as here."""
        known = "|".join(sorted({re.escape(name.partition("@")[0]) for name in names}))
        text = re.sub(rf"(?<![\w./])(?=({known})(@|[^\w.]|$))", f"{self.name}/", text)
        return _REPLACEMENT.sub(f"{self.name}/", text)

    def seen(self, record: DatasetVersion) -> DatasetVersion:
        """A record as answers take it: every dataset in it is named as here. Its digests are those that prove it."""
        named = self.named
        seen = record.model_copy(
            update={
                "dataset": named(record.dataset),
                "references": tuple(self._changed(each, "to", "crosswalk") for each in record.references),
                "signals": tuple(
                    self._changed(each, "dataset") if isinstance(each, Crosswalk) else each for each in record.signals
                ),
                "columns": {path: self._column(column) for path, column in record.columns.items()},
                "inputs": tuple(map(named, record.inputs)),
                "column_lineage": {
                    path: tuple(self._changed(each, "version") for each in sources)
                    for path, sources in record.column_lineage.items()
                },
                "reference_versions": {named(k): named(v) for k, v in record.reference_versions.items()},
                "linked_content": {named(version): digest for version, digest in record.linked_content.items()},
            }
        )
        vars(seen).update(digest=record.digest, content_digest=record.content_digest)
        return seen

    def _column(self, column: AnyColumn) -> AnyColumn:
        return self._changed(column, "dataset") if isinstance(column, TargetId) else column

    def _changed(self, part: Any, *fields: str) -> Any:
        """A part of a record whose names of datasets are written as here."""
        return part.model_copy(update={each: self.named(name) for each in fields if (name := getattr(part, each))})

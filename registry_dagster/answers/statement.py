"""A data availability statement: which published versions a paper used, and how to cite them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from registry_dagster.answers.citation import Citation, short_digest
from registry_dagster.answers.current import NamedAnswer
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.table import TableFacts

__all__ = ["Statement", "Used", "statement"]


@dataclass(frozen=True)
class Used:
    """One version that a paper used.

    Args:
        record: The version.
        table: Its table, where it is to be read now.
        title: What people call its dataset; None if nobody said.
        license, doi: Those of the version, as far as they are known.
        citation: How to cite it.
    """

    record: DatasetVersion
    table: TableFacts
    title: str | None
    license: str | None
    doi: str | None
    citation: Citation

    def __str__(self) -> str:
        name = self.record.name
        return f"{f'{self.title} is {name}' if self.title else name} ({'; '.join(self._facts())})."

    def _facts(self) -> Iterator[str]:
        yield f"made against {', '.join(map(str, self.record.materializations))}"
        if self.license:
            yield f"license {self.license}"
        if self.doi:
            yield f"https://doi.org/{self.doi}"
        words = self.table.pin.in_words
        yield f"{words} at {self.table.location}" if self._is_elsewhere else words
        yield f"record {short_digest(self.record.digest)}"

    @property
    def _is_elsewhere(self) -> bool:
        """Whether its location means something to others: a path of one machine does not."""
        return "://" in self.table.location and not self.table.location.startswith("file:")


@dataclass(frozen=True)
class Statement(NamedAnswer):
    """What a paper says of the tables that it used.

    Args:
        text: A paragraph on data availability.
        bibtex: The entries to cite them by.
    """

    text: str
    bibtex: str

    def words(self) -> str:
        return f"{self.text}\n\n{self.bibtex}"


def statement(used: Sequence[Used], lock: str) -> Statement:
    """What a paper says of the versions that it used.

    Args:
        used: The versions.
        lock: What the lock is called, to complete "are in …".
    """
    what = "table" if len(used) == 1 else "tables"
    text = [
        f"The feature {what} of this work {'is an immutable version' if len(used) == 1 else 'are immutable versions'} "
        "in a feature registry, whose record says what each column means.",
        *map(str, used),
        f"The exact digests, and how tables join, are in {lock}; feature-registry lock --check compares them with "
        "what is published.",
    ]
    entries = dict.fromkeys(each.citation.bibtex for each in used)
    return Statement(" ".join(text), "\n\n".join(entries), taken=tuple(t for each in used for t in each.citation.taken))

"""How a version is cited: as people said, else from what is known of it. What is unknown is left out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from registry_dagster.answers.bibtex import entry, key_of, latex, people, verbatim
from registry_dagster.answers.current import NamedAnswer
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion

__all__ = ["Citation", "citation", "short_digest"]

_BIBTEX = re.compile(r"@[A-Za-z]+\s*\{")
_TEAM = "team:"
_DIGITS = len("sha256:") + 12
"""So much of a digest is a name of its version, too."""


@dataclass(frozen=True)
class Citation(NamedAnswer):
    """How to cite one version.

    Args:
        version: `dataset@vN`.
        text: In words.
        bibtex: As a BibTeX entry.
        given: Whether people said how to cite it; else it is made of what is known.
        unknown: What a citation should have and nobody has said.
    """

    version: str
    text: str
    bibtex: str
    given: bool
    unknown: tuple[str, ...]

    def words(self) -> str:
        return f"{self.text}\n\n{self.bibtex}"


@dataclass(frozen=True)
class _Facts:
    """What is known of a version, as far as a citation says it."""

    record: DatasetVersion
    dataset: Dataset
    license: str | None
    doi: str | None

    @property
    def title(self) -> str:
        return self.dataset.title or self.record.dataset

    @property
    def owners(self) -> tuple[str, ...]:
        return tuple(each.removeprefix(_TEAM) for each in self.dataset.owners)

    @property
    def year(self) -> str:
        return str(self.record.provenance.published_at.year)

    def remarks(self) -> Iterator[str]:
        """What distinguishes this version from others, a sentence each."""
        yield f"Made against {', '.join(map(str, self.record.materializations))}"
        publisher = self.record.provenance.publisher
        if publisher not in self.owners:
            yield f"Published by {publisher}"
        if self.license:
            yield f"License: {self.license}"
        yield f"Record {short_digest(self.record.digest)}"


def citation(
    record: DatasetVersion,
    dataset: Dataset,
    *,
    license: str | None = None,
    citation: str | None = None,
    doi: str | None = None,
) -> Citation:
    """How a version is cited.

    Args:
        record: The version.
        dataset: The Dataset as people describe it now.
        license, doi: Those of the version, as far as they are known.
        citation: What people said; it is used as it is.
    """
    facts = _Facts(record, dataset, license, doi)
    asked = {"title": dataset.title, "owners": dataset.owners, "license": license}
    unknown = () if citation else tuple(name for name, value in asked.items() if not value)
    text = citation or _text(facts)
    bibtex = _bibtex(facts) if citation is None else _bibtex_of(citation, facts)
    return Citation(record.name, text, bibtex, citation is not None, unknown)


def short_digest(digest: str) -> str:
    """The beginning of a digest that a paper prints; it names the version, too."""
    return digest[:_DIGITS]


def _text(facts: _Facts) -> str:
    name, number = facts.record.name, facts.record.number
    what = f"{facts.title}, version {number} (feature table {name})"
    first = f"{', '.join(facts.owners)} ({facts.year}). {what}" if facts.owners else f"{what}, {facts.year}"
    doi = [f"https://doi.org/{facts.doi}"] if facts.doi else []
    return _sentences([first, *facts.remarks(), *doi])


def _bibtex(facts: _Facts) -> str:
    return entry(
        key_of(facts.record.name),
        {
            "author": people(facts.owners),
            "title": f"{{{latex(facts.title)}}}",
            "year": facts.year,
            "version": str(facts.record.number),
            "howpublished": latex(f"Feature table {facts.record.name}"),
            "doi": verbatim(facts.doi) if facts.doi else None,
            "note": latex(_sentences(list(facts.remarks())).removesuffix(".")),
        },
    )


def _bibtex_of(said: str, facts: _Facts) -> str:
    """An entry that prints what people said. `key` is what BibTeX sorts by where there is no author."""
    if _BIBTEX.match(said):
        return said
    doi = verbatim(facts.doi) if facts.doi and facts.doi not in said.lower() else None
    return entry(key_of(facts.record.name), {"key": facts.record.dataset, "note": latex(said), "doi": doi})


def _sentences(texts: Sequence[str]) -> str:
    """Texts as sentences. An address keeps no full stop, which people would copy with it."""
    return " ".join(text if text.startswith("https://") else f"{text.rstrip('.')}." for text in texts)

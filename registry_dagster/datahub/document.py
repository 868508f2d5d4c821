"""A version's page in words: what DataHub shows as its documentation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.markdown import code
from registry_dagster.model.words import reference_words, signal_words

__all__ = ["version_document"]


def version_document(record: DatasetVersion) -> str:
    """Markdown, made from the record alone."""
    return "\n".join(_lines(record))


def _lines(record: DatasetVersion) -> Iterator[str]:
    yield f"Version {record.number} of `{record.dataset}`, published by {record.provenance.publisher}:"
    yield ""
    yield from (f"> {line}" for line in record.provenance.message.splitlines())
    yield ""
    yield f"A {record.table.format} table at `{record.table.location}`."
    if record.provenance.code:
        yield from ("", f"Made by the code {code(record.provenance.code)}.")
    yield from _section("Made against", (f"`{version}`" for version in record.materializations))
    yield from _section("Computed from", (f"`{name}`" for name in record.inputs))
    yield from _section("Joins", map(reference_words, record.references))
    yield from _section("Signals", map(signal_words, record.signals))


def _section(title: str, items: Iterable[str]) -> Iterator[str]:
    for position, item in enumerate(items):
        if position == 0:
            yield from ("", f"**{title}**", "")
        yield f"- {item}"

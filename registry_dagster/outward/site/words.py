"""The search of a site: the words of every version, in small files that a page loads as it needs them.

A version is found by what `Registry.find` finds it by: names, columns, descriptions, message, who published.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from registry_dagster.answers.relations import names_of
from registry_dagster.datahub.search import words_of
from registry_dagster.outward.site.catalogue import Catalogue, Entry
from registry_dagster.registry.holdings import Holding

__all__ = ["FIRST_LETTERS", "in_ranges", "shard_of", "shards"]

FIRST_LETTERS = 2
"""All words with the same first letters are in one file."""

Ranges = list[int]
"""Numbers in order as pairs: the first of a run, and how many follow each other from there."""


def shards(catalogue: Catalogue) -> dict[str, dict[str, Ranges]]:
    """File → word → the versions that it is found by, as their places in the order of names."""
    found: dict[str, list[int]] = {}
    place = 0
    for holding in catalogue.holdings:
        described = set(_words(_described(holding)))
        for record in holding.records:
            for word in described.union(_words(_published(catalogue.entries[record.name]))):
                found.setdefault(word, []).append(place)
            place += 1
    files: dict[str, dict[str, Ranges]] = {}
    for word in sorted(found):
        files.setdefault(shard_of(word), {})[word] = in_ranges(found[word])
    return files


def shard_of(word: str) -> str:
    """The name of the file of a word: its first letters, as hexadecimal digits."""
    return word[:FIRST_LETTERS].encode().hex()


def in_ranges(numbers: Iterable[int]) -> Ranges:
    """Numbers in rising order, as runs."""
    found: Ranges = []
    for number in numbers:
        if found and found[-2] + found[-1] == number:
            found[-1] += 1
        else:
            found += [number, 1]
    return found


def _words(texts: Iterable[str | None]) -> Iterator[str]:
    return (word for text in texts if text for word in words_of(text))


def _described(holding: Holding) -> Iterator[str | None]:
    dataset = holding.dataset
    yield from (dataset.name, dataset.title, dataset.description, *dataset.tags)


def _published(entry: Entry) -> Iterator[str | None]:
    record = entry.record
    yield from (record.label, record.provenance.message, record.provenance.publisher)
    yield from (name for state in record.materializations for name in names_of(state))
    yield from (field.path for field in record.table.fields)
    yield from _descriptions(record.columns)
    yield from (each.description for each in record.references)


def _descriptions(columns: Mapping[str, object]) -> Iterator[str | None]:
    return (getattr(column, "description", None) for column in columns.values())

"""The fields that entities are found by, and where their values are: a row each.

To add a filter, name its field in `Field`, say in `FIELDS` where its values are, and add it to `registry/filters.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal, NamedTuple

from registry_dagster.datahub.ids import id_text

__all__ = ["DIGEST_PREFIX", "FIELDS", "Facts", "Field", "FieldRule", "digests_in", "names_in"]

DIGEST_PREFIX = len("sha256:") + 12
"""How many characters of a digest are enough to look it up."""

Field = Literal[
    "annotation_type",
    "column",
    "copy_of",
    "dataset",
    "digest",
    "embedding_model",
    "format",
    "id",
    "materialization",
    "owner",
    "points_at",
    "retired",
    "semantic",
    "system",
    "tag",
]


class Facts(NamedTuple):
    """What terms are made from, read from an entity's aspects once. What its kind does not have is empty.

    Args:
        dataset: The name of the Dataset that it is, or is a version of.
        properties: A version's custom properties.
        materializations, references: Their JSON.
        paths: All columns, with and without a semantic.
        owners, tags: The Dataset's.
        retired: `yes` of a version that is.
    """

    dataset: str = ""
    properties: Mapping[str, str] = {}
    materializations: Sequence[Mapping[str, Any]] = ()
    references: Sequence[Mapping[str, Any]] = ()
    paths: Sequence[str] = ()
    owners: Sequence[str] = ()
    tags: Sequence[str] = ()
    retired: Sequence[str] = ()


def _nothing(_: object) -> Iterable[str | None]:
    return ()


@dataclass(frozen=True)
class FieldRule:
    """Where the values of a field are; empty ones do not count.

    Args:
        values: In an entity's facts.
        in_column: In the JSON of a column's semantic, by which a version is found, too.
        on_server: Whether a server can filter by the structured property of the field's name, which has the very
            same values. Embedded stores index every field.
    """

    values: Callable[[Facts], Iterable[str | None]] = _nothing
    in_column: Callable[[Mapping[str, Any]], Iterable[str | None]] = _nothing
    on_server: bool = False


def names_in(version: Mapping[str, Any]) -> list[str]:
    return [f"{version['system']}@{version['version']}", *version.get("aliases", ())]


def _with_those_above(name: str) -> Iterator[str]:
    """`a.b.c`, and `a.b.*`, `a.*` for all that is below."""
    yield name
    parts = name.split(".")
    for length in range(1, len(parts)):
        yield ".".join(parts[:length]) + ".*"


def _points_at(facts: Facts) -> Iterator[str]:
    """Versions and datasets that it was computed from or joins to."""
    return chain(_linked_versions(facts), _join_targets(facts))


def _linked_versions(facts: Facts) -> Iterator[str]:
    """Each version, and its dataset."""
    pinned: dict[str, str] = json.loads(facts.properties.get("reference_versions", "{}"))
    for name in (*json.loads(facts.properties.get("inputs", "[]")), *pinned.values()):
        yield name
        yield name.partition("@")[0]


def _join_targets(facts: Facts) -> Iterator[str]:
    for reference in facts.references:
        yield from (reference[name] for name in ("to", "to_table", "crosswalk") if name in reference)


def _source_tables(column: Mapping[str, Any]) -> Iterator[str]:
    """The tables that a column points at."""
    yield from (column[name] for name in ("source_table", "reference_table") if isinstance(column.get(name), str))
    yield from _copied_tables(column)


def _copied_tables(column: Mapping[str, Any]) -> Iterator[str]:
    if "copy_of" in column:
        yield column["copy_of"]["table"]


def digests_in(properties: Mapping[str, str]) -> list[str]:
    """The digests in a version's custom properties: that of its content, then that of the record."""
    return [properties[name] for name in _DIGESTS if name in properties]


_DIGESTS = ("content_digest", "digest", "handed_off_digest")


def _digests(facts: Facts) -> Iterator[str]:
    """Each digest, and its beginning, by which people name it."""
    for digest in digests_in(facts.properties):
        yield from (digest, digest[:DIGEST_PREFIX])


def _states(facts: Facts) -> Iterator[str]:
    """What it was made against, by every name."""
    return (name for each in facts.materializations for name in names_in(each))


def _state_held(column: Mapping[str, Any]) -> Iterator[str]:
    """The state that a single column holds."""
    if isinstance(state := column.get("at"), str):
        yield state


FIELDS: Mapping[Field, FieldRule] = {
    "annotation_type": FieldRule(
        lambda facts: (each.get("annotation_type") for each in facts.references),
        lambda column: [column.get("annotation_type")],
    ),
    "column": FieldRule(lambda facts: facts.paths),
    "copy_of": FieldRule(in_column=_copied_tables),
    "dataset": FieldRule(lambda facts: _with_those_above(facts.dataset)),
    "digest": FieldRule(_digests),
    "embedding_model": FieldRule(in_column=lambda column: [column.get("model")], on_server=True),
    "format": FieldRule(lambda facts: [facts.properties.get("format")], on_server=True),
    "id": FieldRule(in_column=lambda column: [id_text(column)]),
    "materialization": FieldRule(_states, _state_held),
    "owner": FieldRule(lambda facts: facts.owners),
    "points_at": FieldRule(_points_at, _source_tables),
    "retired": FieldRule(lambda facts: facts.retired),
    "semantic": FieldRule(in_column=lambda column: [column["semantic"]], on_server=True),
    "system": FieldRule(lambda facts: (name.partition("@")[0] for name in _states(facts))),
    "tag": FieldRule(lambda facts: facts.tags),
}
"""Every field that entities are found by: one row each."""

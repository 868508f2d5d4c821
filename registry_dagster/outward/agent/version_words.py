"""One version in words, whole: an assistant reads all of it, and it cannot scroll or click."""

from __future__ import annotations

from collections.abc import Iterator

from registry_dagster.model.table import TableField
from registry_dagster.model.words import column_words, reference_words, signal_words
from registry_dagster.registry.shown import Shown

__all__ = ["version_words"]

_MOST_COLUMNS = 300


def version_words(shown: Shown) -> str:
    """What the version is, what its columns mean, how it joins, and what is true of it now."""
    return "\n".join([*_about(shown), *_state(shown), "columns:", *_columns(shown), *_relations(shown)])


def _about(shown: Shown) -> Iterator[str]:
    record = shown.seen
    table, provenance = record.table, record.provenance
    rows = "an unknown number of" if table.rows is None else f"{table.rows:,}"
    yield str(shown.taken)
    if shown.taken.remote:
        yield f"of another lab, {shown.taken.remote}"
    if shown.dataset.title:
        yield f"title: {shown.dataset.title}"
    if shown.dataset.description:
        yield f"description: {shown.dataset.description}"
    yield f"made against: {', '.join(map(str, record.materializations)) or 'nothing that was declared'}"
    if record.inputs:
        yield f"computed from: {', '.join(record.inputs)}"
    yield f"table: {table.format}, {rows} rows, at {table.location}"
    yield f"published {provenance.published_at:%Y-%m-%d} UTC by {provenance.publisher}: {provenance.message}"
    yield f"digest: {record.digest}"


def _state(shown: Shown) -> Iterator[str]:
    now = shown.version
    yield from (f"state: {shown.worded(mark)}" for mark in now.marks)
    yield from (f"expiry: {each}" for each in shown.expiries)
    yield f"license: {now.license or 'unknown'}"


def _columns(shown: Shown) -> Iterator[str]:
    fields = shown.seen.table.fields
    for field in fields[:_MOST_COLUMNS]:
        yield f"- {field.path} ({field.type}): {_meaning(shown, field)}"
    if len(fields) > _MOST_COLUMNS:
        yield f"- … and {len(fields) - _MOST_COLUMNS:,} more; ask for one by its name"


def _meaning(shown: Shown, field: TableField) -> str:
    declared = shown.seen.columns.get(field.path)
    if declared is None:
        return "not declared"
    return " · ".join([*column_words(declared), *filter(None, [declared.description])])


def _relations(shown: Shown) -> Iterator[str]:
    yield from (f"reference: {reference_words(each)}" for each in shown.seen.references)
    yield from (f"signal: {signal_words(each)}" for each in shown.seen.signals)

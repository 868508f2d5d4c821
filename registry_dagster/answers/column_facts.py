"""What one column of a published version means."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry_dagster.answers.current import NamedAnswer
from registry_dagster.errors import NotPublished
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.names import split_path
from registry_dagster.model.signals import AnySignal
from registry_dagster.model.spans import covering
from registry_dagster.model.text import suggestion
from registry_dagster.model.words import column_words, reference_words, signal_words

__all__ = ["ColumnFacts", "column_facts"]


@dataclass(frozen=True)
class ColumnFacts(NamedAnswer):
    """A column of a published version.

    Args:
        version, path: The version, and the column's path in it.
        type, nullable: As in the table.
        semantic: The declared semantic, also of the vector that it is part of; None if there is none.
        attributes: The semantic's attributes: unit, frame, model, ….
        meaning: The same in words.
        references: The joins it takes part in, in words.
        signals: The signals about it and about the whole table, in words.
        computed_from: The columns of other published versions it was computed from.
    """

    version: str
    path: str
    type: str
    nullable: bool
    semantic: str | None
    attributes: Mapping[str, Any]
    meaning: str
    references: tuple[str, ...]
    signals: tuple[str, ...]
    computed_from: tuple[str, ...]

    def words(self) -> str:
        facts = [*self.references, *self.signals, *(f"computed from {each}" for each in self.computed_from)]
        return "\n".join(
            [f"{self.version} {self.path}: {self.type}", f"  {self.meaning}", *(f"  {fact}" for fact in facts)]
        )


def column_facts(record: DatasetVersion, path: str) -> ColumnFacts:
    """What is recorded about a column.

    Raises:
        NotPublished: the table has no such column; the message names the nearest.
    """
    fields = {field.path: field for field in record.table.fields}
    if path not in fields:
        raise NotPublished(f"{record.name} has no column {path!r}{suggestion(path, list(fields))}")
    declared_at = covering(path, record.columns, list(fields))
    column = record.columns.get(declared_at or "")
    attributes = column.to_json() if column else {}
    semantic = attributes.pop("semantic", None)
    names = {path, declared_at}
    return ColumnFacts(
        version=record.name,
        path=path,
        type=fields[path].type,
        nullable=fields[path].nullable,
        semantic=semantic,
        attributes=attributes,
        meaning=_meaning(record, path, declared_at),
        references=tuple(reference_words(each) for each in record.references if path in each.columns),
        signals=tuple(signal_words(each) for each in record.signals if _is_about(each, names)),
        computed_from=tuple(f"{each.version} {each.column}" for each in record.column_lineage.get(path, ())),
    )


def _meaning(record: DatasetVersion, path: str, declared_at: str | None) -> str:
    """The meaning in words: its own, that of the vector it is part of, or where those of its fields are declared."""
    if declared_at is not None:
        words = " · ".join(column_words(record.columns[declared_at]))
        return words if declared_at == path else f"part of the vector declared at {declared_at}: {words}"
    inside = [each for each in record.columns if split_path(each)[: len(split_path(path))] == split_path(path)]
    return f"declared by its fields: {', '.join(inside)}" if inside else "no meaning is declared"


def _is_about(signal: AnySignal, names: Collection[str | None]) -> bool:
    """Whether a signal is about a column, by one of its names, or about the whole table."""
    columns: Sequence[str] = getattr(signal, "columns", ())
    return not columns or any(name in columns for name in names)

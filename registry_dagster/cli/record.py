"""What commands print of a record, whether it is published or planned: where its table is, and what it means."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from registry_dagster.cli.listing import Listing
from registry_dagster.cli.output import line, output, report
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.table import TableFacts, TableField
from registry_dagster.model.words import column_words, reference_words, signal_words

__all__ = ["physical_table", "print_items", "print_meaning"]


class _Field(NamedTuple):
    """A column of a table, with the record that says what it means."""

    field: TableField
    record: DatasetVersion

    @property
    def meaning(self) -> str:
        declared = self.record.columns.get(self.field.path)
        return " · ".join(column_words(declared)) if declared else ""

    @property
    def description(self) -> str | None:
        declared = self.record.columns.get(self.field.path)
        return declared.description if declared else None


_FIELDS: Listing[_Field] = Listing(
    {
        "column": lambda row: row.field.path,
        "type": lambda row: row.field.type,
        "meaning": lambda row: row.meaning,
        "description": lambda row: row.description,
    },
    shown=("column", "type", "meaning", "description"),
)


def physical_table(table: TableFacts) -> dict[str, object]:
    """Where a table is, and in which state."""
    pinned = table.pin.identity.items()
    return {
        "location": table.location,
        "format": table.format,
        "pinned": ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in pinned if value),
        "rows": "unknown" if table.rows is None else table.rows,
    }


def print_meaning(record: DatasetVersion) -> None:
    """Print its columns, joins and signals: each of these is a line in a pipe."""
    fields = [_Field(field, record) for field in record.table.fields]
    if output.is_terminal:
        output.print()
        _FIELDS.show(fields)
    else:
        for field in fields:
            line("column", *(value(field) for value in _FIELDS.values.values()))
    print_items("reference", map(reference_words, record.references))
    print_items("signal", map(signal_words, record.signals))


def print_items(kind: str, texts: Iterable[str]) -> None:
    """Print a list of things of one kind."""
    for text in texts:
        report(f"- {text}", [(kind, text)])

"""A draft of a declaration, as the text of a file that a person reviews."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from registry_dagster.adopt.proposal import Proposal
from registry_dagster.adopt.todo import TODO
from registry_dagster.adopt.yaml_text import flow, printable, scalar

__all__ = ["SCHEMA_FILE", "Draft", "DraftColumn", "DraftTable", "column_lines", "table_lines"]

SCHEMA_FILE = "declaration.schema.json"
"""The JSON Schema beside drafts, which editors check them with."""

_WIDTH = 118
_HEAD = f"""\
# yaml-language-server: $schema={SCHEMA_FILE}
# A draft, made from metadata alone. Check every line. Replace each TODO, or delete what it is part of: a column that
# is left out is published without a meaning. Then run feature-registry review with this file, or write your name after
# reviewed_by. Nothing is published before."""


@dataclass(frozen=True)
class DraftColumn:
    """A column of a draft.

    Args:
        path, type: The column.
        proposal: What it may mean.
    """

    path: str
    type: str
    proposal: Proposal


@dataclass(frozen=True)
class DraftTable:
    """One of the tables of a draft.

    Args:
        source: Where it is, and what its files do not say; see `TableSource`.
        materializations: What it is made against, each `system@version`.
        layout: The name of its layout.
        columns: Columns that only it has.
        absent: Columns of the draft that it lacks.
        remark: What a person should know.
        draft: Whether it is not final.
    """

    source: Mapping[str, Any]
    materializations: Sequence[str] = ()
    layout: str | None = None
    columns: Sequence[DraftColumn] = ()
    absent: Sequence[str] = ()
    remark: str | None = None
    draft: bool = False


@dataclass(frozen=True)
class Draft:
    """A draft of a dataset.

    Args:
        name: Of the dataset; None for people to say.
        columns: What its tables have in common.
        table: Its one table, where it is not expected to have several.
        tables: Its tables.
        description: Of the dataset, where an upstream system has one.
        references: Its joins, as YAML has them.
    """

    name: str | None
    columns: Sequence[DraftColumn]
    table: DraftTable | None = None
    tables: Sequence[DraftTable] = field(default=())
    description: str | None = None
    references: Sequence[Mapping[str, Any]] = ()

    def text(self) -> str:
        """The file."""
        return "\n".join([_HEAD, "reviewed_by:", *self._dataset(), *self._body()]) + "\n"

    def _dataset(self) -> Iterator[str]:
        yield "dataset:"
        yield f"  name: {self.name}" if self.name else f"  name: {TODO}  # e.g. minnie65.synapses"
        yield "  # title: What people call it"
        yield "  # owners: [ada@lab.org]"
        if self.description:
            yield f"  description: {scalar(self.description)}"

    def _body(self) -> Iterator[str]:
        yield from _states(self.table) if self.table else ()
        yield "columns:" if self.columns else "columns: {}"
        for column in self.columns:
            yield from column_lines(column)
        yield from _reference_lines(self.references)
        yield from [*_layout(self.table), f"table: {_source(self.table)}"] if self.table else ["versions:"]
        for table in self.tables:
            yield from table_lines(table)


def column_lines(column: DraftColumn, indent: str = "  ") -> Iterator[str]:
    """The lines of a column: its type and why it is proposed, then what is proposed."""
    comment = f"{column.type}: {column.proposal.why}"
    yield from _comment(comment, indent)
    line = f"{indent}{scalar(column.path)}: {flow(column.proposal.meaning)}"
    if len(line) <= _WIDTH:
        yield line
        return
    yield f"{indent}{scalar(column.path)}:"
    yield from (f"{indent}  {name}: {flow(value)}" for name, value in column.proposal.meaning.items())


def table_lines(table: DraftTable, indent: str = "  ") -> Iterator[str]:
    """The lines of one item of `versions`."""
    inner = f"{indent}  "
    if table.remark:
        yield from _comment(table.remark, indent)
    yield f"{indent}- table: {_source(table)}"
    yield from (inner + line for line in (*_states(table), *_layout(table), *(["draft: true"] if table.draft else [])))
    if table.columns or table.absent:
        yield f"{inner}columns:"
    for column in table.columns:
        yield from column_lines(column, f"{inner}  ")
    yield from (f"{inner}  {scalar(path)}:  # this table does not have it" for path in table.absent)


def _reference_lines(references: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield from ["references:"] if references else []
    for reference in references:
        for position, (name, value) in enumerate(reference.items()):
            yield f"  {'-' if position == 0 else ' '} {name}: {flow(value)}"


def _comment(text: str, indent: str) -> Iterator[str]:
    """A comment on as many lines as it takes. What others wrote may break lines; a comment must not end there."""
    start = f"{indent}# "
    yield from textwrap.wrap(
        printable(" ".join(text.split())),
        _WIDTH,
        initial_indent=start,
        subsequent_indent=start,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _states(table: DraftTable) -> Iterator[str]:
    if table.materializations:
        yield f"materializations: {flow(list(table.materializations))}"
    else:
        yield f"materializations: [{TODO}]  # system@version, e.g. cave/minnie65_public@1300"


def _layout(table: DraftTable) -> list[str]:
    return [f"layout: {scalar(table.layout)}"] if table.layout else []


def _source(table: DraftTable) -> str:
    source = dict(table.source)
    return scalar(source["location"]) if len(source) == 1 else flow(source)

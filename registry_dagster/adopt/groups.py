"""Tables of one dataset: the same table in several materialization versions and layouts."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from registry_dagster.adopt.draft import Draft, DraftColumn, DraftTable
from registry_dagster.adopt.drafting import dataset_name, draft_columns
from registry_dagster.adopt.known import Known, with_known
from registry_dagster.adopt.proposal import Context
from registry_dagster.adopt.published import Published
from registry_dagster.adopt.todo import TODO
from registry_dagster.adopt.walk import FoundTable
from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.table import TableFacts

__all__ = ["NAME_TEMPLATE", "Group", "Naming", "draft_of_group", "draft_table", "grouped", "table_columns"]

NAME_TEMPLATE = "{system}.{table}"
_PARTS = ("system", "version", "table", "layout")
_TWICE = "another table has the same state and layout: name the layout of each, or delete one"


@dataclass(frozen=True)
class Naming:
    """How tables that were found are named.

    Args:
        template: Of the dataset's name: `{system}` and `{table}`.
        sources: System → kind of system, such as `cave`; under "" that of systems that are not named.
        materializations: What all tables are made against, where their paths do not say it.
    """

    template: str = NAME_TEMPLATE
    sources: Mapping[str, str] = field(default_factory=dict[str, str])
    materializations: Sequence[str] = ()

    def dataset(self, table: FoundTable) -> str:
        """The name of the dataset of a table; what its path does not say is left out of it.

        Raises:
            InvalidDeclaration: the template has another name in braces.
        """
        if table.known and table.known.dataset:
            return table.known.dataset
        parts = {name: getattr(table.matched, name) or "" for name in _PARTS}
        try:
            return dataset_name(self.template.format(**parts))
        except (KeyError, IndexError, ValueError):
            raise InvalidDeclaration(f"name {self.template!r}: use {{system}} and {{table}} in it") from None

    def states(self, table: FoundTable) -> list[str]:
        """What a table is made against, each `system@version`; empty if nothing says it."""
        system, version = table.matched.system, table.matched.version
        if not system or not version:
            return list(self.materializations)
        source = self.sources.get(system) or self.sources.get("")
        return [f"{source}/{system}@{version}" if source else f"{system}@{version}"]


@dataclass(frozen=True)
class Group:
    """The tables of one dataset, in the order of their versions and layouts."""

    name: str
    tables: Sequence[FoundTable]


def grouped(tables: Sequence[FoundTable], naming: Naming) -> list[Group]:
    """The tables by their datasets, in the order of names."""
    of: defaultdict[str, list[FoundTable]] = defaultdict(list)
    for table in tables:
        of[naming.dataset(table)].append(table)
    return [Group(name, sorted(of[name], key=_in_order)) for name in sorted(of)]


def _in_order(table: FoundTable) -> tuple[list[tuple[bool, int, str]], str, str]:
    parts = re.findall(r"\d+|\D+", table.matched.version or "")
    natural = [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts]
    return natural, table.matched.layout or "", table.location


def draft_of_group(group: Group, facts: Mapping[str, TableFacts], naming: Naming, published: Published | None) -> Draft:
    """The draft of a dataset: what its tables have in common, and for each what it alone has.

    Args:
        group: The tables.
        facts: Location → facts, for those that could be inspected.
        naming, published: How they are named, and the registry's columns.
    """
    tables = [table for table in group.tables if table.location in facts]
    columns = {each.location: table_columns(each, facts[each.location], published) for each in tables}
    common = _common(list(columns.values()))
    drafted = [
        draft_table(
            table,
            facts[table.location],
            group,
            naming,
            [each for each in columns[table.location] if each.path not in common],
        )
        for table in tables
    ]
    return Draft(group.name, list(common.values()), tables=drafted, references=_references(tables, common))


def _references(tables: Sequence[FoundTable], common: Collection[str]) -> list[dict[str, Any]]:
    """The joins that other catalogues name, of columns that all tables have."""
    named = [each for table in tables if table.known for each in table.known.references]
    usable = [each for each in named if each["columns"][0] in common]
    return [each for position, each in enumerate(usable) if each not in usable[:position]]


def table_columns(table: FoundTable, facts: TableFacts, published: Published | None) -> list[DraftColumn]:
    """The columns of a table that was found, each with a proposal."""
    matched = table.matched
    known = table.known
    context = Context.of(facts, system=matched.system, table=known.table if known else matched.table)
    columns = draft_columns(facts, context, published)
    return with_known(columns, known) if known else columns


def draft_table(
    table: FoundTable,
    facts: TableFacts,
    group: Group,
    naming: Naming,
    columns: Sequence[DraftColumn],
    absent: Sequence[str] = (),
) -> DraftTable:
    """One of the tables of a draft. Two with the same state and layout are for a person to distinguish."""
    is_one = sum(_address(each) == _address(table) for each in group.tables) == 1
    known = table.known or Known()
    remarks = [known.remark, known.lacks([each.path for each in facts.fields]), None if is_one else _TWICE]
    return DraftTable(
        {"location": table.location},
        naming.states(table),
        table.matched.layout if is_one else TODO,
        columns,
        absent,
        remark="; ".join(filter(None, remarks)) or None,
        draft=known.draft,
    )


def _address(table: FoundTable) -> tuple[str | None, str | None, str | None]:
    return table.matched.system, table.matched.version, table.matched.layout


def _common(of: Sequence[Sequence[DraftColumn]]) -> dict[str, DraftColumn]:
    """The columns that all tables have, with one meaning; their types are those of the last table."""
    last = {column.path: column for column in of[-1]}
    for columns in of[:-1]:
        meanings = {column.path: column.proposal.meaning for column in columns}
        last = {path: each for path, each in last.items() if meanings.get(path) == each.proposal.meaning}
    return last

"""Adopting what is in a bucket or folder: a draft for each dataset, and only what is new in drafts that exist."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from registry_dagster.adopt.declaration_file import DeclarationFile
from registry_dagster.adopt.draft import SCHEMA_FILE, DraftTable
from registry_dagster.adopt.files import write_whole
from registry_dagster.adopt.groups import Group, Naming, draft_of_group, draft_table, table_columns
from registry_dagster.adopt.merge import ExistingDraft, read_existing
from registry_dagster.adopt.published import Published
from registry_dagster.adopt.walk import FoundTable
from registry_dagster.errors import RegistryError
from registry_dagster.model.table import TableFacts
from registry_dagster.tables import inspect_table
from registry_dagster.tables.storage.options import OptionsOf, options_of
from registry_dagster.tables.storage.read_ahead import ahead

__all__ = ["Adopted", "Adoption"]


@dataclass(frozen=True)
class Adopted:
    """What became of a dataset.

    Args:
        name: The dataset.
        file: Its draft.
        word: `drafted`, `added to`, `filled`, `unchanged` or `skipped`.
        tables: How many tables were added.
        problems: Each table or file that could not be used, with the reason.
    """

    name: str
    file: Path
    word: str
    tables: int = 0
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Adoption:
    """Writes drafts into a folder.

    Args:
        folder: Where drafts are.
        naming: How tables are named.
        options: Of the tables' stores.
        published: The registry's columns.
    """

    folder: Path
    naming: Naming
    options: OptionsOf | None = None
    published: Published | None = None

    def adopt(self, groups: Sequence[Group]) -> Iterator[Adopted]:
        """Draft each dataset. A draft is written whole, so running again after an interruption finishes the rest."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(self.folder / SCHEMA_FILE, f"{json.dumps(DeclarationFile.model_json_schema(), indent=2)}\n")
        yield from ahead(self._adopted, groups)

    def _adopted(self, group: Group) -> Adopted:
        path = self.folder / f"{group.name}.yaml"
        try:
            existing = read_existing(path)
            return self._added(group, existing) if existing else self._drafted(group, path)
        except RegistryError as error:
            return Adopted(group.name, path, "skipped", problems=(str(error),))

    def _drafted(self, group: Group, path: Path) -> Adopted:
        facts, problems = self._facts(group.tables)
        if not facts:
            return Adopted(group.name, path, "skipped", problems=problems)
        draft = draft_of_group(group, facts, self.naming, self.published)
        write_whole(path, draft.text())
        return Adopted(group.name, path, "drafted", len(draft.tables), problems)

    def _added(self, group: Group, existing: ExistingDraft) -> Adopted:
        known = existing.locations
        new = [table for table in group.tables if table.location not in known]
        facts, problems = self._facts(new)
        if not facts:
            return Adopted(group.name, existing.path, "unchanged", problems=problems)
        seen = self._columns_seen([table for table in group.tables if table.location in known])
        usable = [table for table in new if table.location in facts]
        tables = [self._more(table, group, facts[table.location], existing.columns, seen) for table in usable]
        write_whole(existing.path, existing.with_tables(tables))
        return Adopted(group.name, existing.path, "added to", len(tables), problems)

    def _columns_seen(self, tables: Sequence[FoundTable]) -> set[str]:
        """The columns of the last of the tables that a draft has already: what people deleted of them stays deleted."""
        before, _ = self._facts(tables[-1:])
        return {each.path for table in before.values() for each in table.fields}

    def _more(
        self, table: FoundTable, group: Group, facts: TableFacts, declared: set[str], seen: set[str]
    ) -> DraftTable:
        """A table for a draft that exists. Columns that were deleted from it are not proposed again."""
        paths = {each.path for each in facts.fields}
        columns = table_columns(table, facts, self.published)
        extra = [column for column in columns if column.path not in declared | seen]
        return draft_table(table, facts, group, self.naming, extra, sorted(declared - paths))

    def _facts(self, tables: Sequence[FoundTable]) -> tuple[dict[str, TableFacts], tuple[str, ...]]:
        """The facts of tables by location, and why there are none of others."""
        facts: dict[str, TableFacts] = {}
        problems: list[str] = []
        for table in tables:
            try:
                facts[table.location] = inspect_table(
                    table.location, table.format, storage_options=options_of(self.options, table.location)
                )
            except RegistryError as error:
                problems.append(str(error))
        return facts, tuple(problems)

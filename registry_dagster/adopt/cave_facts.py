"""Filling in drafts what CAVE's metadata of its tables says. What people wrote is kept: only a TODO is replaced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry_dagster.adopt.adopting import Adopted
from registry_dagster.adopt.draft import DraftColumn
from registry_dagster.adopt.drafting import dataset_name, draft_columns
from registry_dagster.adopt.files import write_whole
from registry_dagster.adopt.merge import ExistingDraft, read_existing
from registry_dagster.adopt.proposal import Context
from registry_dagster.adopt.todo import TODO
from registry_dagster.errors import RegistryError
from registry_dagster.model.vocabulary import ANNOTATION_TYPES
from registry_dagster.sources.cave_tables import CaveTable, CaveTables
from registry_dagster.tables import inspect_table
from registry_dagster.tables.storage.options import OptionsOf, options_of

__all__ = ["CaveFilling"]

_OWN_SEMANTICS = ("synapse_id", "nucleus_id")
_OF_ANY_COLUMN = ("description", "copy_of")
_TYPES = {schema: kind for kind, schemas in ANNOTATION_TYPES.items() for schema in (kind, *schemas)}


@dataclass(frozen=True)
class CaveFilling:
    """Fills the drafts of a datastack's tables.

    Args:
        folder: Where drafts are.
        cave: What CAVE says.
        options: Of the tables' stores.
    """

    folder: Path
    cave: CaveTables
    options: OptionsOf | None = None

    def fill(self) -> Iterator[Adopted]:
        """Fill each draft whose dataset is named as a table of the datastack, and say what became of it."""
        tables = {dataset_name(table.name): table for table in self.cave.tables.values()}
        for path in sorted(self.folder.glob("*.yaml")):
            if table := tables.get(path.stem.rpartition(".")[2]):
                yield from self._filled(path, table)

    def _filled(self, path: Path, table: CaveTable) -> Iterator[Adopted]:
        try:
            draft = read_existing(path)
            if draft is None or f"{self.cave.datastack}@" not in draft.text:
                return
            meanings = dict(self._meanings(draft, table))
            text = draft.with_meanings(meanings, table.description, self._source(table))
        except RegistryError as error:
            yield Adopted(path.stem, path, "skipped", problems=(str(error),))
            return
        if text is None:
            yield Adopted(path.stem, path, "unchanged")
            return
        write_whole(path, text)
        yield Adopted(path.stem, path, "filled")

    def _source(self, table: CaveTable) -> str:
        return f"CAVE's metadata of {table.name} at {self.cave.datastack}@{self.cave.version}"

    def _meanings(self, draft: ExistingDraft, table: CaveTable) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """The columns of a draft of which CAVE says more, with their meanings."""
        proposed = {column.path: column for column in self._proposed(draft, table)}
        for path, meaning in draft.meanings.items():
            if path in proposed and TODO in meaning.values():
                yield path, _completed(meaning, proposed[path].proposal.meaning)

    def _proposed(self, draft: ExistingDraft, table: CaveTable) -> list[DraftColumn]:
        places = sorted(draft.locations)
        if not places:
            return []
        facts = inspect_table(places[0], storage_options=options_of(self.options, places[0]))
        context = Context.of(
            facts,
            system=self.cave.datastack,
            table=table.name,
            resolution_nm=table.resolution_nm,
            annotation_type=_annotation_type(table.schema),
            chunkedgraph=self.cave.chunkedgraph,
            reference_table=table.reference_table,
        )
        return draft_columns(facts, context, None)


def _annotation_type(schema: str | None) -> str | None:
    """The annotation type of a schema; None for one that is not in the vocabulary."""
    if schema and schema.startswith("reference_"):
        return "generic_reference"
    return _TYPES.get(schema or "")


def _completed(meaning: Mapping[str, Any], proposed: Mapping[str, Any]) -> Mapping[str, Any]:
    """A meaning with what is proposed in the place of each TODO, and with what belongs to it."""
    decided = {name: value for name, value in meaning.items() if value != TODO}
    semantic, found = decided.get("semantic"), proposed.get("semantic")
    if semantic == found:
        return {**meaning, **proposed, **decided}
    # Of an annotation of a known type, there may be a semantic of its own, such as nucleus_id.
    is_of_a_kind = semantic == "annotation_id" and "annotation_type" not in decided and found in _OWN_SEMANTICS
    if semantic is not None and not is_of_a_kind:
        return meaning
    kept = _OF_ANY_COLUMN if semantic is None else (*_OF_ANY_COLUMN, "source_table")
    return {**proposed, **{name: decided[name] for name in kept if name in decided}}

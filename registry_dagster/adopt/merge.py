"""Adding tables to a draft that people have edited: what they wrote is kept, and the draft must be read again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard, cast

import yaml

from registry_dagster.adopt.declaration_file import DeclarationFile
from registry_dagster.adopt.draft import DraftTable, table_lines
from registry_dagster.adopt.review import with_review
from registry_dagster.adopt.yaml_text import flow, printable, scalar
from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.canonical_json import is_json_object
from registry_dagster.model.spelling import read_declared
from registry_dagster.tables.storage.locations import normalise

__all__ = ["ExistingDraft", "read_existing"]

Change = tuple[int, int, list[str]]
"""From which line up to which, and what is there then."""


@dataclass(frozen=True)
class ExistingDraft:
    """A draft as it is on disk.

    Args:
        path: The file.
        text: What it holds.
        data, root: The same as plain data, and as nodes that know their lines.
    """

    path: Path
    text: str
    data: Any
    root: yaml.MappingNode

    @property
    def locations(self) -> set[str]:
        """Where its tables are."""
        sources = [self.data.get("table"), *(each.get("table") for each in self._versions())]
        places = [source.get("location") if is_json_object(source) else source for source in sources]
        return {self._location(place) for place in places if isinstance(place, str)}

    @property
    def columns(self) -> set[str]:
        """The columns that it declares for all its tables."""
        return set(self.data.get("columns") or {})

    def with_tables(self, tables: Sequence[DraftTable]) -> str:
        """The text with more tables after those that it has, and without the name of a reviewer.

        Raises:
            InvalidDeclaration: its tables are not written one below the other; says what to add by hand.
        """
        lines = self.text.splitlines()
        at, indent = self._end(tables)
        added = [line for table in tables for line in table_lines(table, indent)]
        whole = [*lines[:at], *([] if "versions" in self.data else ["versions:"]), *added, *lines[at:]]
        return "\n".join([*self._unreviewed(whole, "tables were added"), ""])

    @property
    def meanings(self) -> dict[str, dict[str, Any]]:
        """Column → its meaning, as plain data, for all that have one."""
        columns: dict[str, Any] = self.data.get("columns") or {}
        return {path: meaning for path, meaning in columns.items() if is_json_object(meaning)}

    def with_meanings(self, meanings: Mapping[str, Mapping[str, Any]], description: str | None, why: str) -> str | None:
        """The text with other meanings of some columns, and with a description of the dataset if it has none.

        Args:
            meanings: Column → its meaning.
            description: Of the dataset.
            why: What they are from, for a comment.

        Returns:
            The text, without the name of a reviewer; None if nothing in it changes.
        """
        lines = self.text.splitlines()
        changes = [*self._changed_columns(meanings, why), *self._described(description)]
        for start, end, new in sorted(changes, key=lambda change: change[0], reverse=True):
            lines[start:end] = new
        return "\n".join([*self._unreviewed(lines, f"it was filled from {why}"), ""]) if changes else None

    def _changed_columns(self, meanings: Mapping[str, Mapping[str, Any]], why: str) -> Iterator[Change]:
        node = self._node("columns")
        if not isinstance(node, yaml.MappingNode) or node.flow_style:
            return
        now = self.meanings
        for key, value in cast("list[tuple[yaml.Node, yaml.Node]]", node.value):
            path, mark = str(cast("object", key.value)), cast("yaml.Mark", key.start_mark)
            if path in meanings and meanings[path] != now.get(path):
                indent = " " * mark.column
                new = [f"{indent}# from {why}", f"{indent}{scalar(path)}: {flow(meanings[path])}"]
                yield mark.line, _last_line(value) + 1, new

    def _described(self, description: str | None) -> Iterator[Change]:
        node, dataset = self._node("dataset"), self.data.get("dataset")
        if not description or not isinstance(node, yaml.MappingNode) or node.flow_style or "description" in dataset:
            return
        mark = cast("yaml.Mark", node.start_mark)
        yield mark.line, mark.line, [f"{' ' * mark.column}description: {scalar(description)}"]

    def _versions(self) -> list[dict[str, Any]]:
        versions = self.data.get("versions")
        return (
            [each for each in cast("list[Any]", versions) if is_json_object(each)] if isinstance(versions, list) else []
        )

    def _location(self, place: str) -> str:
        return place if "://" in place else normalise(self.path.parent / place)

    def _end(self, tables: Sequence[DraftTable]) -> tuple[int, str]:
        """The number of lines up to the end of `versions`, and how its items are indented."""
        node = self._node("versions")
        if _is_list_of_lines(node):
            return _last_line(node) + 1, " " * cast("yaml.Mark", node.start_mark).column
        if node is None and "table" not in self.data:
            return len(self.text.splitlines()), "  "
        by_hand = "\n".join(line for table in tables for line in table_lines(table))
        raise InvalidDeclaration(
            f"{self.path} has new tables, but no list versions with one table below the other to add them to. Write "
            f"its own table as an item of versions, too, and add:\n{by_hand}"
        )

    def _unreviewed(self, lines: Sequence[str], what: str) -> list[str]:
        """The lines, with a reviewer taken off because of what was done since."""
        name = self.data.get("reviewed_by")
        if name is None and "reviewed_by" in self.data:
            return list(lines)
        was = f"  # {printable(name)} had reviewed it; {what} since" if name is not None else ""
        return with_review(lines, self.root, [f"reviewed_by:{was}"])

    def _node(self, name: str) -> yaml.Node | None:
        pairs = cast("list[tuple[yaml.Node, yaml.Node]]", self.root.value)
        return next((value for key, value in pairs if key.value == name), None)


def read_existing(path: Path) -> ExistingDraft | None:
    """The draft at a path; None if there is none.

    Raises:
        InvalidDeclaration: the file is not a declaration.
    """
    if not path.exists():
        return None
    document = read_declared(path, DeclarationFile)
    if not isinstance(document.root, yaml.MappingNode):
        raise InvalidDeclaration(f"{path} is not a declaration; move it away, or correct it")
    return ExistingDraft(path, path.read_text(encoding="utf-8"), document.data, document.root)


def _is_list_of_lines(node: yaml.Node | None) -> TypeGuard[yaml.SequenceNode]:
    return isinstance(node, yaml.SequenceNode) and not node.flow_style and bool(node.value)


def _last_line(node: yaml.Node) -> int:
    """The line on which the last value below a node ends. The node's own end is after the comments that follow it."""
    if isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
        last = cast("list[yaml.Node | tuple[yaml.Node, yaml.Node]]", node.value)[-1]
        return _last_line(last[1] if isinstance(last, tuple) else last)
    end = cast("yaml.Mark", node.end_mark)
    is_next_line = end.column == 0 and end.line > cast("yaml.Mark", node.start_mark).line
    return end.line - 1 if is_next_line else end.line

"""Adding tables to a draft that people have edited: what they wrote is kept, and the draft must be read again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard, cast

import yaml

from registry_dagster.adopt.declaration_file import DeclarationFile
from registry_dagster.adopt.draft import DraftTable, table_lines
from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.canonical_json import is_json_object
from registry_dagster.model.spelling import read_declared
from registry_dagster.tables.storage.locations import normalise

__all__ = ["ExistingDraft", "read_existing"]


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
        return "\n".join([*self._unreviewed(whole), ""])

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

    def _unreviewed(self, lines: Sequence[str]) -> Iterator[str]:
        """The lines, with a reviewer taken off."""
        node = self._node("reviewed_by")
        if node is None:
            yield "reviewed_by:"
            yield from lines
            return
        mark = cast("yaml.Mark", node.start_mark)
        name = self.data["reviewed_by"]
        was = f"  # {name} had reviewed it; tables were added since" if name is not None else ""
        for number, line in enumerate(lines):
            yield f"reviewed_by:{was}" if number == mark.line and was else line

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

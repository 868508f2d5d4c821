"""Diff: what changed between two records, in table, schema and meaning."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from registry_dagster.answers.answer import Answer
from registry_dagster.answers.current import NamedAnswer
from registry_dagster.model.canonical_json import is_json_object
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.words import attribute_words

__all__ = ["Change", "Diff", "diff"]

_SIZES = {"rows", "bytes", "files"}
_PARTS = ("layout", "materializations", "columns", "references", "signals", "inputs")


@dataclass(frozen=True)
class Change(Answer):
    """One difference between two records.

    Args:
        part: `table`, `schema`, `layout`, `columns`, `materializations`, `references`, `signals` or `inputs`.
        what: Where in that part.
        before, after: The values; None if there is none, or if a size of the table is unknown.
    """

    part: str
    what: str
    before: Any
    after: Any

    def __str__(self) -> str:
        if self.part == "table" and self.what in _SIZES:
            return f"{self.part}: {self.what}: {_size(self.before)} → {_size(self.after)}"
        if self.before is None:
            return f"{self.part}: {self.what} added: {_shown(self.after)}"
        if self.after is None:
            return f"{self.part}: {self.what} removed: {_shown(self.before)}"
        return f"{self.part}: {self.what}: {_shown(self.before)} → {_shown(self.after)}"


@dataclass(frozen=True)
class Diff(NamedAnswer):
    """What changed from one version to another."""

    before: str
    after: str
    changes: tuple[Change, ...]

    def words(self) -> str:
        if not self.changes:
            return f"{self.before} → {self.after}: nothing changed"
        return "\n".join([f"{self.before} → {self.after}:", *(f"  {change}" for change in self.changes)])


def diff(before: DatasetVersion, after: DatasetVersion) -> Diff:
    """What changed in table, schema and meaning. Numbers, labels and publishers are not compared."""
    return Diff(before.name, after.name, tuple(_changes(before, after)))


def _changes(before: DatasetVersion, after: DatasetVersion) -> Iterator[Change]:
    was, now = before.json_form, after.json_form
    tables = [dict(whole["table"]) for whole in (was, now)]
    fields = [{field["path"]: _but_path(field) for field in table.pop("fields")} for table in tables]
    exact = [table.pop("arrow_schema") for table in tables]
    yield from _compare("table", tables[0], tables[1])
    yield from _compare("schema", fields[0], fields[1])
    if fields[0] == fields[1] and exact[0] != exact[1]:
        yield Change("schema", "Arrow metadata", "as published", "changed")
    for part in _PARTS:
        yield from _compare(part, _keyed(was.get(part) or {}), _keyed(now.get(part) or {}))


def _but_path(field: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in field.items() if name != "path"}


def _keyed(value: Any) -> Mapping[str, Any]:
    """The items of a list, each under a name of its own, so that their order does not matter."""
    if is_json_object(value):
        return value
    names = [_item_name(item) for item in value]
    return {
        name if names.count(name) == 1 else f"{name} #{names[:position].count(name) + 1}": item
        for position, (name, item) in enumerate(zip(names, value, strict=True))
    }


def _item_name(item: Any) -> str:
    if isinstance(item, str):
        return item
    if "system" in item and "signal" not in item:
        return f"{item['system']}@{item['version']}"
    if "cardinality" in item:
        return f"{', '.join(item['columns'])} → {item.get('to') or item.get('to_table') or item['annotation_type']}"
    return " ".join(str(item[name]) for name in ("signal", "kind") if name in item)


def _compare(part: str, before: Mapping[str, Any], after: Mapping[str, Any], within: str = "") -> Iterator[Change]:
    """The attributes that differ of what is on both sides, and the whole of what is on one side."""
    for name in _in_order(before, after):
        was, now = before.get(name), after.get(name)
        if is_json_object(was) and is_json_object(now):
            yield from _compare(part, was, now, f"{within}{name}.")
        elif was != now:
            yield Change(part, within + name, was, now)


def _in_order(*names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name for some in names for name in some))


def _size(value: int | None) -> str:
    """A size that is not recorded is unknown: it does not mean that rows were added or removed."""
    return "unknown" if value is None else str(value)


def _shown(value: Any, limit: int = 100) -> str:
    if is_json_object(value):
        text = ", ".join(attribute_words(value))
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= limit else f"{text[:limit]}…"

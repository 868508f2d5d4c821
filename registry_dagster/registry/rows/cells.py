"""What lists show of a thing: the command line and a notebook have the same cells, in one order under one name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, ClassVar, TypeVar, cast

from registry_dagster.answers.answer import Answer
from registry_dagster.model.html import html_table

__all__ = ["Cells", "Row", "cells_table", "value_text"]

T = TypeVar("T")
Cells = Mapping[str, Callable[[T], object]]
"""Heading → what a thing has there, in the order of all lists."""


@dataclass(frozen=True)
class Row(Answer):
    """Base of what is listed."""

    CELLS: ClassVar[Cells[Any]] = {}


def cells_table(cells: Cells[T], things: Sequence[T], caption: str = "") -> str:
    """A table for a notebook, without columns in which nothing has a value."""
    columns = {heading: [value_text(value(thing)) for thing in things] for heading, value in cells.items()}
    shown = {heading: texts for heading, texts in columns.items() if any(texts)}
    return html_table(list(shown), zip(*shown.values(), strict=True), caption)


def value_text(value: object) -> str:
    """A value as people read it: moments to the minute with their zone, numbers with separators."""
    if isinstance(value, (tuple, list)):
        return ", ".join(map(str, cast("Iterable[object]", value)))
    if isinstance(value, datetime):
        return f"{value.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "" if value is None else str(value)

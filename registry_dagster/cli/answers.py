"""Answers as commands print them: in words on a terminal, as JSON, or a line for each thing that programs read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from registry_dagster.answers.answer import Answer
from registry_dagster.cli.output import report, show
from registry_dagster.model.act import Act

__all__ = ["act_cells", "answer_rows", "show_answer"]


def show_answer(as_json: bool, answer: Answer) -> None:
    """Print an answer in the form that is asked for."""
    show(as_json, answer.to_dict(), lambda: report(answer, answer_rows(answer)))


def answer_rows(answer: Answer) -> Iterator[tuple[object, ...]]:
    """A row for each field: its name and its value. What a field holds several of has a row each; if none, none."""
    for name in answer.fields:
        for cells in _rows(getattr(answer, name)):
            yield name.replace("_", " "), *cells


def act_cells(act: Act) -> tuple[object, ...]:
    """An act as one row: when, of what, what was done, by whom, why."""
    return act.at, act.version or "dataset", act.words, act.by, act.why


def _rows(value: object) -> Iterator[tuple[object, ...]]:
    match value:
        case Answer():
            yield from answer_rows(value)
        case Mapping():
            yield from cast("Mapping[object, object]", value).items()
        case tuple():
            yield from map(_cells, cast("tuple[object, ...]", value))
        case _:
            yield (value,)


def _cells(value: object) -> tuple[object, ...]:
    """One of several things: of an answer the values of its fields, in their order."""
    return tuple(getattr(value, name) for name in value.fields) if isinstance(value, Answer) else (value,)

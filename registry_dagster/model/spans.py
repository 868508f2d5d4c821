"""Which columns a declaration speaks of: those it names, those of a vector spread over several, and whole structs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from registry_dagster.model.columns import AnyColumn
from registry_dagster.model.embeddings import Embedding, ReducedEmbedding
from registry_dagster.model.names import split_path

__all__ = ["covering", "neighbours", "span", "undeclared"]

Columns = Mapping[str, AnyColumn]


def neighbours(path: str, paths: Sequence[str]) -> list[str]:
    """The columns beside one: at the top, or in the same struct. It is one of them."""
    above = split_path(path)[:-1]
    return [each for each in paths if split_path(each)[:-1] == above]


def span(first: str, last: str, paths: Sequence[str]) -> list[str]:
    """The columns from one to another beside it."""
    columns = neighbours(first, paths)
    return columns[columns.index(first) : columns.index(last) + 1]


def covering(path: str, columns: Columns, paths: Sequence[str]) -> str | None:
    """The column at which the meaning of a column is declared: itself, or the first one of its vector."""
    return path if path in columns else _covered(columns, paths).get(path)


def undeclared(columns: Columns, paths: Sequence[str]) -> Iterator[str]:
    """The columns without a declared meaning: whole where nothing in them is declared, else the fields that are left.

    Args:
        columns: Column path → semantic, as declared.
        paths: Every column and nested field, in table order.
    """
    known = {*columns, *_covered(columns, paths)}
    inside: dict[tuple[str, ...], list[str]] = {}
    for path in paths:
        inside.setdefault(split_path(path)[:-1], []).append(path)
    begun = {split_path(path)[:depth] for path in known for depth in range(1, len(split_path(path)))}
    yield from _gaps(inside.get((), []), known, inside, begun)


def _gaps(
    paths: Sequence[str], known: set[str], inside: Mapping[tuple[str, ...], Sequence[str]], begun: set[tuple[str, ...]]
) -> Iterator[str]:
    for path in paths:
        if path in known:
            continue
        if split_path(path) in begun:
            yield from _gaps(inside.get(split_path(path), []), known, inside, begun)
        else:
            yield path


def _covered(columns: Columns, paths: Sequence[str]) -> dict[str, str]:
    """Every column of a vector that is spread over several → the first of them."""
    return {
        each: first
        for first, column in columns.items()
        if isinstance(column, Embedding | ReducedEmbedding) and column.last_column in neighbours(first, paths)
        for each in span(first, column.last_column or first, paths)
    }

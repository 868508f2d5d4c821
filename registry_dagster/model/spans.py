"""Which columns a declaration speaks of: those it names, those of a vector spread over several, and whole structs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from registry_dagster.model.columns import AnyColumn
from registry_dagster.model.names import split_path

__all__ = ["Structs", "covering", "neighbours", "span", "structs", "undeclared"]

Columns = Mapping[str, AnyColumn]

Structs = Mapping[tuple[str, ...], Sequence[str]]
"""The names that lead to a struct → the paths of what is in it, in table order; no names lead to the top."""


def structs(paths: Iterable[str]) -> Structs:
    """What is in each struct, and at the top."""
    inside: dict[tuple[str, ...], list[str]] = {}
    for path in paths:
        inside.setdefault(split_path(path)[:-1], []).append(path)
    return inside


def neighbours(path: str, inside: Structs) -> Sequence[str]:
    """The columns beside one: at the top, or in the same struct. It is one of them."""
    return inside.get(split_path(path)[:-1], ())


def span(first: str, last: str, inside: Structs) -> Sequence[str]:
    """The columns from one to another beside it."""
    columns = neighbours(first, inside)
    return columns[columns.index(first) : columns.index(last) + 1]


def covering(path: str, columns: Columns, paths: Sequence[str]) -> str | None:
    """The column at which the meaning of a column is declared: itself, or the first one of its vector."""
    return path if path in columns else _covered(columns, structs(paths)).get(path)


def undeclared(columns: Columns, paths: Sequence[str]) -> Iterator[str]:
    """The columns without a declared meaning: whole where nothing in them is declared, else the fields that are left.

    Args:
        columns: Column path → semantic, as declared.
        paths: Every column and nested field, in table order.
    """
    inside = structs(paths)
    known = {*columns, *_covered(columns, inside)}
    if known.issuperset(paths):
        return
    begun = {split_path(path)[:depth] for path in known for depth in range(1, len(split_path(path)))}
    yield from _gaps(inside.get((), []), known, inside, begun)


def _gaps(paths: Sequence[str], known: set[str], inside: Structs, begun: set[tuple[str, ...]]) -> Iterator[str]:
    for path in paths:
        if path in known:
            continue
        if split_path(path) in begun:
            yield from _gaps(inside.get(split_path(path), []), known, inside, begun)
        else:
            yield path


def _covered(columns: Columns, inside: Structs) -> dict[str, str]:
    """Every column of a vector that is spread over several → the first of them."""
    return {
        each: first
        for first, column in columns.items()
        if (column.semantic == "embedding" or column.semantic == "reduced_embedding")
        and column.last_column is not None
        and column.last_column in neighbours(first, inside)
        for each in span(first, column.last_column, inside)
    }

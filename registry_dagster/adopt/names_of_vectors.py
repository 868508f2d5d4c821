"""Conventions for vectors: lists of numbers, and vectors that are spread over neighbouring columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from registry_dagster.adopt.proposal import Context, Proposal
from registry_dagster.adopt.todo import TODO
from registry_dagster.model import dtypes

__all__ = ["Spread", "spread_vectors", "vector_proposal"]

_EMBEDDING = re.compile(r"(?:\w+_)?(?:embeddings?|emb)(?:_\w+)?", re.IGNORECASE)
_METHOD = re.compile(r"(?P<method>umap|tsne|t_sne|pca)_?(?P<part>\d+|[xy])?", re.IGNORECASE)
_METHODS = {"umap": "UMAP", "tsne": "t-SNE", "t_sne": "t-SNE", "pca": "PCA"}
_NUMBERED = re.compile(r"(?P<prefix>(?:emb|embedding|embed|feat|feature|dim|d|v)_?)(?P<number>\d+)", re.IGNORECASE)
_FEWEST = 8
"""Neighbouring numbered columns that are one vector. Fewer may be anything."""


class Spread(NamedTuple):
    """A vector over neighbouring columns, from the first to the last."""

    first: str
    last: str
    inner: frozenset[str]
    proposal: Proposal


def vector_proposal(name: str, dtype: str, width: int | None) -> Proposal | None:
    """What the name and the type of a column say, if it is a vector or a component of one.

    Args:
        name: The column's.
        dtype: Its type.
        width: How many elements each list has, where the table's metadata says so.
    """
    found = dtypes.list_of(dtype)
    if found is None:
        return _component(name, dtype)
    if not dtypes.is_number(found[0]):
        return None
    known = found[1] or width
    sized: dict[str, Any] = {} if known else {"dim": TODO}
    if match := _METHOD.fullmatch(name):
        meaning = {"semantic": "reduced_embedding", "method": _METHODS[match["method"].lower()], **sized}
        return Proposal(meaning, "the name is that of a method of reduction")
    if _EMBEDDING.fullmatch(name):
        return Proposal({"semantic": "embedding", "model": TODO, "anchor": TODO, **sized}, "the name says embedding")
    return None


def _component(name: str, dtype: str) -> Proposal | None:
    match = _METHOD.fullmatch(name)
    if match is None or match["part"] is None or not dtypes.is_float(dtype):
        return None
    part = match["part"].lower()
    component: Any = {"x": 0, "y": 1}.get(part, TODO)
    meaning = {
        "semantic": "reduced_embedding",
        "method": _METHODS[match["method"].lower()],
        "dim": 1,
        "component": component,
    }
    return Proposal(meaning, "one component, by its name; component counts from 0")


def spread_vectors(context: Context) -> Iterator[Spread]:
    """The vectors that numbered neighbouring columns of floats make up."""
    run: list[str] = []
    for path, dtype in context.types.items():
        if run and not _continues(run[-1], path, dtype):
            yield from _spread(run)
            run = []
        if run or _begins(path, dtype):
            run.append(path)
    yield from _spread(run)


def _begins(path: str, dtype: str) -> bool:
    match = _NUMBERED.fullmatch(path)
    return match is not None and int(match["number"]) in (0, 1) and dtypes.is_float(dtype)


def _continues(last: str, path: str, dtype: str) -> bool:
    before, now = _NUMBERED.fullmatch(last), _NUMBERED.fullmatch(path)
    if before is None or now is None or not dtypes.is_float(dtype):
        return False
    return now["prefix"] == before["prefix"] and int(now["number"]) == int(before["number"]) + 1


def _spread(run: Sequence[str]) -> Iterator[Spread]:
    if len(run) < _FEWEST:
        return
    says_embedding = run[0].lower().startswith("emb")
    meaning: dict[str, Any] = {"semantic": "embedding", "last_column": run[-1], "model": TODO, "anchor": TODO}
    why = f"{len(run)} neighbouring columns, numbered to {run[-1]}"
    if says_embedding:
        yield Spread(run[0], run[-1], frozenset(run[1:]), Proposal(meaning, why))
    else:
        doubt = f"{why}: an embedding or reduced_embedding with last_column: {run[-1]}, or features of their own"
        yield Spread(run[0], run[-1], frozenset(run[1:]), Proposal({"semantic": TODO, "last_column": run[-1]}, doubt))

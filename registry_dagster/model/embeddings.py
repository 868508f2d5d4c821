"""Embeddings: which model made them, and what one row embeds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from registry_dagster.model import dtypes
from registry_dagster.model.column import AnyMaterializationName, Column
from registry_dagster.model.names import ColumnPath
from registry_dagster.model.text import Text
from registry_dagster.model.vocabulary import AnnotationType

__all__ = ["Embedding", "ReducedEmbedding"]

Dim = Annotated[int, Field(ge=1, le=1_000_000, strict=True)]


class _Vector(Column):
    dim: Dim | None = None
    last_column: ColumnPath | None = None

    @property
    def expected_type(self) -> str:
        if self.last_column:
            return f"{self.dim or 'several'} columns of floats"
        if self.dim == 1:
            return "float, or list of 1 float"
        return "list of floats" if self.dim is None else f"list of {self.dim} floats"

    def dtype_problem(self, dtype: str) -> str | None:
        if dtypes.is_number(dtype) and (self.dim == 1 or self.last_column is not None):
            return None
        if self.last_column is not None:
            return f"a vector spread over columns needs numbers, the column is {dtype}"
        return None if dtypes.is_binary(dtype) else self._list_problem(dtype)

    def _list_problem(self, dtype: str) -> str | None:
        found = dtypes.list_of(dtype)
        if found is None or not dtypes.is_number(found[0]):
            return (
                f"needs a list of numbers, the column is {dtype}; for a vector spread over columns, "
                "declare its first column and name the last one in last_column"
            )
        width = found[1]
        if width is not None and self.dim is not None and width != self.dim:
            return f"dim is declared as {self.dim}, the column is {width} wide; correct dim or the table"
        return None

    def doubts(self, dtype: str) -> Iterator[str]:
        """Components that are not plain floats."""
        one = dtypes.element(dtype)
        if dtypes.is_binary(dtype) and not dtypes.is_bfloat16(dtype):
            yield f"a vector as {dtype}: its type does not say how to read the components; say it in the description"
        elif not dtypes.is_float(one):
            yield f"a vector of {one}: if it is quantized, say in the description how to get the numbers back"


class Embedding(_Vector):
    """A learned or computed vector.

    Args:
        dim: Number of components. May be left out where the table says it: by a fixed-size list, by the field
            metadata `dim`, or by `last_column`.
        model: The model or method that made it.
        checkpoint: Which trained state of it.
        trained_on: The materialization version its training data came from.
        distance: The metric it is meant for.
        normalized: Whether vectors have unit length; leave out when unknown.
        anchor: What one row embeds.
        last_column: For a vector spread over neighbouring float columns: its last column. Declare
            the vector at the first one.
    """

    semantic: Literal["embedding"] = "embedding"
    model: Text
    checkpoint: Text | None = None
    trained_on: AnyMaterializationName | None = None
    distance: Literal["cosine", "l2", "dot"] | None = None
    normalized: bool | None = None
    anchor: AnnotationType


class ReducedEmbedding(_Vector):
    """A projection of an embedding, such as UMAP coordinates.

    Args:
        dim: Number of components, as for `Embedding`; 1 for a column that holds one of them.
        method: How it was reduced.
        source: The column or dataset it was reduced from.
        component: Which component a single column holds, counted from 0.
        last_column: As for `Embedding`.
    """

    semantic: Literal["reduced_embedding"] = "reduced_embedding"
    method: Text
    source: Text | None = None
    component: Annotated[int, Field(ge=0, lt=1_000_000)] | None = None

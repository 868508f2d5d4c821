"""The column semantics, as one discriminated union."""

from __future__ import annotations

from typing import Annotated, get_args

from pydantic import BeforeValidator

from registry_dagster.model.embeddings import Embedding, ReducedEmbedding
from registry_dagster.model.geometry import Position, TransformedPosition
from registry_dagster.model.identifiers import (
    AnnotationId,
    BodyId,
    FunctionalUnitKey,
    Level2Id,
    NucleusId,
    RootId,
    SkeletonNodeId,
    SupervoxelId,
    SynapseId,
    TargetId,
)
from registry_dagster.model.quantities import (
    Area,
    Bookkeeping,
    Count,
    Density,
    Feature,
    Flag,
    Label,
    Length,
    Probability,
    Ratio,
    Score,
    Size,
    Timestamp,
    Volume,
)
from registry_dagster.model.variants import OneOf, variants_by

__all__ = ["SEMANTICS", "AnyColumn"]

_Columns = (
    AnnotationId
    | SynapseId
    | NucleusId
    | RootId
    | BodyId
    | SupervoxelId
    | Level2Id
    | SkeletonNodeId
    | TargetId
    | FunctionalUnitKey
    | Position
    | TransformedPosition
    | Size
    | Area
    | Volume
    | Length
    | Density
    | Ratio
    | Count
    | Embedding
    | ReducedEmbedding
    | Feature
    | Label
    | Score
    | Probability
    | Timestamp
    | Flag
    | Bookkeeping
)

SEMANTICS = variants_by("semantic", *get_args(_Columns))
"""Name of a semantic → its class."""


def _more_than_a_semantic(value: object) -> object:
    if isinstance(value, str) and value in SEMANTICS:
        raise ValueError(f"{value!r} is a semantic alone; write {{semantic: {value}}}, with its other keys")
    return value


AnyColumn = Annotated[_Columns, OneOf("semantic", SEMANTICS), BeforeValidator(_more_than_a_semantic)]

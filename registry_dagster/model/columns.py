"""The column semantics, as one discriminated union."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator

from registry_dagster.model.column import Column
from registry_dagster.model.variants import OneOf, Variants

__all__ = ["SEMANTICS", "AnyColumn"]

if TYPE_CHECKING:
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
else:
    # A record has a few of them, and `SEMANTICS` loads those.
    _Columns = Any

SEMANTICS: Variants[Column] = Variants(
    ("identifiers", "annotation_id synapse_id nucleus_id root_id body_id supervoxel_id level2_id skeleton_node_id"),
    ("identifiers", "target_id functional_unit_key"),
    ("geometry", "position transformed_position"),
    ("quantities", "size area volume length density ratio count"),
    ("embeddings", "embedding reduced_embedding"),
    ("quantities", "feature label score probability timestamp flag bookkeeping"),
)
"""Name of a semantic → its class."""


def _more_than_a_semantic(value: object) -> object:
    if isinstance(value, str) and value in SEMANTICS:
        raise ValueError(f"{value!r} is a semantic alone; write {{semantic: {value}}}, with its other keys")
    return value


AnyColumn = Annotated[_Columns, OneOf("semantic", SEMANTICS), BeforeValidator(_more_than_a_semantic)]

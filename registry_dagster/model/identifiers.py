"""Identifier columns. Most are 64-bit integers or text: as floats they are corrupted.

A float64 keeps 53 bits; 99.2 % of FlyWire's root ids do not survive it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from registry_dagster.model import dtypes
from registry_dagster.model.base import Int64
from registry_dagster.model.column import Column, Side
from registry_dagster.model.names import DatasetName, MaterializationNameText, VersionText
from registry_dagster.model.text import Text
from registry_dagster.model.vocabulary import AnnotationType

__all__ = [
    "AnnotationId",
    "BodyId",
    "FunctionalUnitKey",
    "Identifier",
    "Level2Id",
    "NucleusId",
    "RootId",
    "SkeletonNodeId",
    "SupervoxelId",
    "SynapseId",
    "TargetId",
]


class Identifier(Column):
    """Base of the identifier semantics.

    Args:
        null_sentinel: The value that means "none", e.g. 0 for a point outside the segmentation.
    """

    null_sentinel: Int64 | None = None
    _wide: ClassVar[bool] = False

    @property
    def expected_type(self) -> str:
        return "int64, uint64 or string"

    def dtype_problem(self, dtype: str) -> str | None:
        one = dtypes.element(dtype)
        fix = "write it as int64, uint64 or string"
        if dtypes.is_float(one):
            return f"an id stored as {dtype} loses digits above 2^53; {fix}"
        is_whole = dtypes.is_integer(one) or dtypes.is_decimal(one)
        if is_whole or dtypes.is_text(one) or dtypes.is_binary(one) or one == "null":
            return None
        return f"an id cannot be {dtype}; {fix}"

    def doubts(self, dtype: str) -> Iterator[str]:
        """Types in which an id is kept whole, but which readers and joins do not take as they are."""
        one = dtypes.element(dtype)
        if one != dtype:
            yield f"each row holds a list of ids ({dtype}), which a join by this column needs unnested"
        if dtypes.is_decimal(one):
            yield f"ids as {one}: readers that make floats of decimals lose digits above 2^53; int64 or uint64 is safe"
        elif dtypes.is_binary(one):
            yield f"ids as {one} join only to the same bytes; int64, uint64 or string is understood by every reader"
        elif one == "null":
            yield "the column holds nulls only, so its ids have no type"
        elif self._wide and dtypes.is_integer(one) and dtypes.storage(one) not in {"int64", "uint64"}:
            yield f"ids of this kind take 64 bits, the column is {dtype}; check that they are whole"


class AnnotationId(Identifier):
    """Id of an annotation, stable within the annotation table it comes from.

    Args:
        annotation_type: What is annotated.
        source_table: The upstream annotation table, e.g. `nucleus_detection_v0`.
    """

    semantic: Literal["annotation_id"] = "annotation_id"
    annotation_type: AnnotationType
    source_table: Text | None = None


class SynapseId(Identifier):
    """Id of a synapse, stable within its table.

    Args:
        source_table: The upstream annotation table, e.g. `synapses_pni_2`.
    """

    semantic: Literal["synapse_id"] = "synapse_id"
    source_table: Text | None = None


class NucleusId(Identifier):
    """Id of a nucleus, stable within its table.

    Args:
        source_table: The upstream annotation table, e.g. `nucleus_detection_v0`.
    """

    semantic: Literal["nucleus_id"] = "nucleus_id"
    source_table: Text | None = None


class RootId(Identifier):
    """Id of one state of a proofread segment (CAVE). It expires with any edit.

    Args:
        id_space: The segmentation in which the id means something, e.g. `minnie65_public`.
        side: Which partner of a connection, where the table has two.
        at: The materialization version whose ids these are, `system@version`, where columns of one table differ,
            as in a crosswalk. Default: what the table is made against.
    """

    _wide: ClassVar[bool] = True
    semantic: Literal["root_id"] = "root_id"
    id_space: Text
    side: Side | None = None
    at: MaterializationNameText | None = None


class BodyId(Identifier):
    """Id of a body (neuPrint, DVID).

    Args:
        id_space: The segmentation in which the id means something, e.g. `hemibrain`.
        side: Which partner of a connection, where the table has two.
        at: The materialization version whose ids these are, `system@version`, where columns of one table differ,
            as in a crosswalk. Default: what the table is made against.
    """

    semantic: Literal["body_id"] = "body_id"
    id_space: Text
    side: Side | None = None
    at: MaterializationNameText | None = None


class SupervoxelId(Identifier):
    """Id of a supervoxel, stable within one chunkedgraph.

    Args:
        chunkedgraph: The chunkedgraph in which the id means something, e.g. `minnie3_v1`.
        side: Which partner of a connection, where the table has two.
    """

    _wide: ClassVar[bool] = True
    semantic: Literal["supervoxel_id"] = "supervoxel_id"
    chunkedgraph: Text
    side: Side | None = None


class Level2Id(Identifier):
    """Id of a level-2 chunk, stable within one chunkedgraph.

    Args:
        chunkedgraph: The chunkedgraph in which the id means something, e.g. `minnie3_v1`.
        side: Which partner of a connection, where the table has two.
    """

    _wide: ClassVar[bool] = True
    semantic: Literal["level2_id"] = "level2_id"
    chunkedgraph: Text
    side: Side | None = None


class SkeletonNodeId(Identifier):
    """Number of a node within its neuron's skeleton: means nothing without the skeleton's id.

    Args:
        skeleton_source: Where the skeletons come from.
        skeleton_version: Their version there.
    """

    semantic: Literal["skeleton_node_id"] = "skeleton_node_id"
    skeleton_source: Text
    skeleton_version: VersionText | None = None

    @property
    def expected_type(self) -> str:
        return "integer"


class TargetId(Identifier):
    """Id of the annotation this row is about (CAVE reference tables).

    Args:
        reference_table: The upstream table the id is from.
        dataset: The published dataset that holds it, when there is one.
    """

    semantic: Literal["target_id"] = "target_id"
    reference_table: Text
    dataset: DatasetName | None = None


class FunctionalUnitKey(Identifier):
    """One part of the composite key of a functionally imaged unit (MICrONS).

    Args:
        part: Which part this column holds.
    """

    semantic: Literal["functional_unit_key"] = "functional_unit_key"
    part: Literal["session", "scan_idx", "unit_id"]

    @property
    def expected_type(self) -> str:
        return "integer"

"""Which Arrow types a column semantic fits, and what is said of those it does not."""

from __future__ import annotations

import pytest

from registry_dagster.model.column import Column
from registry_dagster.model.columns import SEMANTICS
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

DICTIONARY = "dictionary<values=string, indices=int32>"
DICTIONARY_OF_IDS = "dictionary<values=int64, indices=int32>"
RUNS = "run_end_encoded<run_ends=int32, values=int64>"
EXTENSION = "extension<mylab.id, int64>"
BFLOAT16 = "extension<lance.bfloat16, fixed_size_binary[2]>"
EXTENSION_OF_FRACTIONS = "extension<mylab.vector, fixed_size_list<float32>[32]>"

_IDS = (
    (
        *("int64", "uint64", "string", "large_string", "string_view", DICTIONARY, DICTIONARY_OF_IDS, RUNS, EXTENSION),
        *("int32", "uint8", "binary", "fixed_size_binary[16]", "decimal128(20, 0)", "list<int64>", "null"),
    ),
    ("float64", "float32", "list<double>", "list<float64>", "bool", "struct", "date32"),
)
_COUNTS = (("int8", "int64", "uint16", "float64", "decimal128(9, 0)", EXTENSION), ("string", "bool", "list<int32>"))
_NUMBERS = (("int32", "uint8", "float16", "float64", "decimal128(10, 2)"), ("string", "bool", "struct", "list<int8>"))
_FRACTIONS = (("float16", "float64", BFLOAT16, "int64", "decimal128(3, 2)"), ("string", "bool", "list<float32>"))

RULES: dict[str, tuple[Column, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "annotation_id": (AnnotationId(annotation_type="synapse"), _IDS),
    "synapse_id": (SynapseId(), _IDS),
    "nucleus_id": (NucleusId(), _IDS),
    "root_id": (RootId(id_space="minnie65_public"), _IDS),
    "body_id": (BodyId(id_space="hemibrain"), _IDS),
    "supervoxel_id": (SupervoxelId(chunkedgraph="minnie65"), _IDS),
    "level2_id": (Level2Id(chunkedgraph="minnie65"), _IDS),
    "target_id": (TargetId(reference_table="nucleus_detection_v0"), _IDS),
    "skeleton_node_id": (SkeletonNodeId(skeleton_source="hemibrain"), _IDS),
    "functional_unit_key": (FunctionalUnitKey(part="session"), _IDS),
    "position": (Position(axis="x", frame="hemibrain", unit="nm"), _NUMBERS),
    "position, xyz": (
        Position(axis="xyz", frame="hemibrain", unit="nm"),
        (
            (
                "fixed_size_list<int32>[3]",
                "list<float32 not null>",
                "large_list<int64>",
                "list_view<float64>",
                "struct",
            ),
            ("fixed_size_list<float32>[2]", "int32", "list<string>", "list<struct>", "binary"),
        ),
    ),
    "transformed_position": (
        TransformedPosition(axis="z", frame="FAFB14.1", unit="nm", transform="elastic"),
        _FRACTIONS,
    ),
    "transformed_position, xyz": (
        TransformedPosition(axis="xyz", frame="FAFB14.1", unit="nm", transform="elastic"),
        (("fixed_size_list<float32>[3]", "list<float64>", "list<int64>"), ("fixed_size_list<int32>[2]", "float32")),
    ),
    "size": (Size(unit="nm"), _NUMBERS),
    "area": (Area(unit="nm2"), _NUMBERS),
    "volume": (Volume(unit="um3"), _NUMBERS),
    "length": (Length(unit="um"), _NUMBERS),
    "density": (Density(numerator_unit="synapse", denominator_unit="um"), _FRACTIONS),
    "ratio": (Ratio(numerator_unit="um2", denominator_unit="um2"), _FRACTIONS),
    "count": (Count(counted="synapse"), _COUNTS),
    "embedding": (
        Embedding(dim=32, model="segclr", anchor="segment"),
        (
            (
                "fixed_size_list<float32>[32]",
                "fixed_size_list<float16 not null>[32]",
                "list<float64>",
                EXTENSION_OF_FRACTIONS,
                "fixed_size_list<int8>[32]",
                f"fixed_size_list<{BFLOAT16}>[32]",
                "binary",
                "fixed_size_binary[64]",
            ),
            ("fixed_size_list<float32>[64]", "float32", "string", "list<struct>", "list<string>"),
        ),
    ),
    "embedding over columns": (Embedding(dim=32, model="segclr", anchor="segment", last_column="f31"), _FRACTIONS),
    "reduced_embedding": (
        ReducedEmbedding(dim=2, method="umap"),
        (("fixed_size_list<float32>[2]", "list<float32>"), ("fixed_size_list<float32>[3]", "float32", "int64")),
    ),
    "reduced_embedding, one component": (
        ReducedEmbedding(dim=1, method="umap", component=0),
        (("float32", "float64", "int32", "fixed_size_list<float32>[1]"), ("bool", "string")),
    ),
    "feature": (
        Feature(),
        (("int8", "float32", "decimal256(40, 3)", "list<float32>", "fixed_size_list<int16>[7]"), ("string", "struct")),
    ),
    "label": (
        Label(),
        (
            ("string", "large_string", DICTIONARY, DICTIONARY_OF_IDS, "int32", "float64", "bool", "list<string>"),
            ("struct", "list<struct>", "map<string, int64>"),
        ),
    ),
    "score": (Score(range=(0, 1)), _FRACTIONS),
    "probability": (Probability(of="GABA"), _FRACTIONS),
    "timestamp": (
        Timestamp(),
        (
            ("timestamp[us, tz=UTC]", "timestamp[ns]", "date32", "date64", "string", "int64"),
            ("bool", "time64[us]", "duration[s]", "struct", "list<string>"),
        ),
    ),
    "flag": (Flag(), (("bool", "int8", "string", "float32"), ("list<bool>", "struct"))),
    "bookkeeping": (Bookkeeping(), (("int64", "string", "struct", "null", "map<string, int64>"), ())),
}


def test_every_semantic_has_its_rule_here() -> None:
    assert {column.to_json()["semantic"] for column, _ in RULES.values()} == set(SEMANTICS)


@pytest.mark.parametrize(
    ("column", "dtype"),
    [
        pytest.param(column, dtype, id=f"{name}-{dtype}")
        for name, (column, (fits, _)) in RULES.items()
        for dtype in fits
    ],
)
def test_a_fitting_type_is_accepted(column: Column, dtype: str) -> None:
    assert column.dtype_problem(dtype) is None


@pytest.mark.parametrize(
    ("column", "dtype"),
    [
        pytest.param(column, dtype, id=f"{name}-{dtype}")
        for name, (column, (_, misfits)) in RULES.items()
        for dtype in misfits
    ],
)
def test_a_type_that_does_not_fit_is_named_in_the_refusal(column: Column, dtype: str) -> None:
    problem = column.dtype_problem(dtype)
    assert problem is not None
    assert dtype in problem or "wide" in problem


def test_an_id_in_floats_is_refused_with_the_reason_and_the_fix() -> None:
    assert RootId(id_space="minnie65_public").dtype_problem("float64") == (
        "an id stored as float64 loses digits above 2^53; write it as int64, uint64 or string"
    )


def test_a_width_other_than_the_declared_dim_is_refused_with_both() -> None:
    problem = Embedding(dim=32, model="segclr", anchor="segment").dtype_problem("fixed_size_list<float32>[64]")
    assert problem == "dim is declared as 32, the column is 64 wide; correct dim or the table"


def test_a_lone_float_column_for_a_vector_is_told_of_last_column() -> None:
    problem = Embedding(dim=32, model="segclr", anchor="segment").dtype_problem("float32")
    assert problem is not None
    assert "last_column" in problem


@pytest.mark.parametrize("name", RULES)
def test_the_expected_type_is_said_in_words(name: str) -> None:
    column, _ = RULES[name]
    assert column.expected_type.strip()


@pytest.mark.parametrize(
    ("column", "dtype", "doubt"),
    [
        (RootId(id_space="minnie65_public"), "int32", "take 64 bits, the column is int32"),
        (RootId(id_space="minnie65_public"), "decimal128(20, 0)", "make floats of decimals lose digits above 2^53"),
        (SynapseId(), "list<int64>", "needs unnested"),
        (SynapseId(), "binary", "join only to the same bytes"),
        (SynapseId(), "null", "nulls only"),
        (Count(counted="synapse"), "float64", "exact only up to 2^53"),
        (Count(counted="synapse"), "float32", "exact only up to 2^24"),
        (Label(), "bool", "is it a category?"),
        (Probability(), "int64", "can be only 0 or 1"),
        (Timestamp(), "string", "does not say how to read it"),
        (Embedding(dim=32, model="segclr", anchor="segment"), "fixed_size_list<int8>[32]", "if it is quantized"),
        (Embedding(dim=32, model="segclr", anchor="segment"), "binary", "does not say how to read the components"),
        (Position(axis="x", frame="minnie65", unit="nm", resolution_nm=(4, 4, 40)), "int64", "declare unit voxel"),
        (Length(unit="um", resolution_nm=(4, 4, 40)), "float64", "the unit is um, but the size of a voxel is given"),
    ],
)
def test_what_is_true_but_doubtful_is_asked_about(column: Column, dtype: str, doubt: str) -> None:
    assert column.dtype_problem(dtype) is None
    (said,) = column.doubts(dtype)
    assert doubt in said


@pytest.mark.parametrize(
    ("column", "dtype"),
    [
        (NucleusId(), "int32"),
        (RootId(id_space="minnie65_public"), "uint64"),
        (RootId(id_space="minnie65_public"), DICTIONARY),
        (Score(range=(0, 255)), "uint8"),
        (Count(counted="synapse"), "decimal128(9, 0)"),
        (Label(), "list<string>"),
        (Embedding(dim=32, model="segclr", anchor="segment"), f"fixed_size_list<{BFLOAT16}>[32]"),
        (Position(axis="x", frame="minnie65", unit="voxel", resolution_nm=(4, 4, 40)), "int64"),
    ],
)
def test_what_is_usual_is_not_asked_about(column: Column, dtype: str) -> None:
    assert not list(column.doubts(dtype))

"""A declaration held against the table it speaks of."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from registry_dagster.errors import TableMismatch
from registry_dagster.model.column import Column
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.embeddings import Embedding
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.geometry import Position
from registry_dagster.model.identifiers import BodyId
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.quantities import Bookkeeping
from registry_dagster.model.table import DeltaPin, TableFacts, TableField


def declared(**columns: Column) -> FeatureTable:
    return declared_by_path(columns)


def declared_by_path(columns: Mapping[str, Column]) -> FeatureTable:
    return FeatureTable(
        dataset=Dataset(name="hemibrain.neurons"),
        materializations=(MaterializationVersion(system="hemibrain", version="v1.2.1"),),
        columns=columns,
    )


def table(**types: str) -> TableFacts:
    return TableFacts(
        location="/data/neurons",
        pin=DeltaPin(table_id="a0", version=0),
        fields=tuple(TableField(path=path, type=dtype) for path, dtype in types.items()),
        arrow_schema="",
    )


def problems(feature_table: FeatureTable, facts: TableFacts) -> tuple[str, ...]:
    with pytest.raises(TableMismatch) as refusal:
        feature_table.check(facts)
    assert "/data/neurons" in str(refusal.value)
    return refusal.value.problems


VECTOR = Embedding(dim=3, model="m", anchor="segment", last_column="f2")
SPREAD = {"body_id": "int64", "f0": "float32", "f1": "float32", "f2": "float32", "name": "string"}


def test_a_declaration_that_fits_passes() -> None:
    declared(body_id=BodyId(id_space="hemibrain")).check(table(body_id="int64", other="struct"))


def test_a_declared_column_that_is_absent_gets_a_suggestion() -> None:
    assert problems(declared(body_id=BodyId(id_space="hemibrain")), table(bodyId="int64", x="int32")) == (
        "body_id: declared, but the table has no such column; did you mean 'bodyId'?",
    )


@pytest.mark.parametrize(("written", "meant"), [("x", "X"), ("total.length", r"total\.length")])
def test_a_suggestion_is_written_as_it_must_be_typed(written: str, meant: str) -> None:
    (problem,) = problems(declared(**{written: Bookkeeping()}), table(**{meant: "double"}))
    assert problem.endswith(f"; did you mean '{meant}'?")


def test_a_declared_column_unlike_any_other_gets_no_suggestion() -> None:
    assert problems(declared(note=Bookkeeping()), table(x="int32")) == (
        "note: declared, but the table has no such column.",
    )


def test_an_id_on_a_float_column_is_refused() -> None:
    (problem,) = problems(declared(body_id=BodyId(id_space="hemibrain")), table(body_id="float64"))
    assert problem.startswith("body_id: an id stored as float64 loses digits above 2^53")


def test_all_problems_are_told_at_once() -> None:
    feature_table = declared(
        body_id=BodyId(id_space="hemibrain"),
        x=Position(axis="x", frame="hemibrain", unit="nm"),
        vector=Embedding(dim=32, model="m", anchor="segment"),
    )
    found = problems(feature_table, table(body_id="float32", x="string", vector="fixed_size_list<float32>[64]"))
    assert [problem.split(":")[0] for problem in found] == ["body_id", "x", "vector"]


def test_a_nested_column_is_addressed_by_path() -> None:
    point = Position(axis="xyz", frame="minnie65", unit="nm")
    feature_table = declared_by_path({"pt.position": point, r"a\.b": Bookkeeping()})
    feature_table.check(table(**{"pt": "struct", "pt.position": "list<float64>", r"a\.b": "int8"}))


def test_a_vector_over_neighbouring_columns_passes() -> None:
    declared(f0=VECTOR).check(table(**SPREAD))


@pytest.mark.parametrize(
    ("types", "problem"),
    [
        (SPREAD | {"f2": "string"}, "f0: the vector's columns must be numbers; f2 is string"),
        (SPREAD | {"f0": "string"}, "f0: a vector spread over columns needs numbers, the column is string"),
        ({"f0": "float32", "f1": "float32"}, "f0: last_column 'f2' is not in the table."),
        ({"f0": "float32", "f2": "float32"}, "f0: dim is declared as 3, but f0 to f2 are 2 columns"),
        (
            {"f2": "float32", "f1": "float32", "f0": "float32"},
            "f0: last_column is before it, but f0 to f2 are 0 columns",
        ),
    ],
)
def test_a_vector_over_columns_that_are_not_those_is_refused(types: dict[str, str], problem: str) -> None:
    assert problems(declared(f0=VECTOR), table(**types)) == (problem,)


def test_a_vector_over_nested_columns_stays_within_its_struct() -> None:
    spread = VECTOR.model_copy(update={"last_column": "a.f2"})
    types = {"a": "struct", "a.f0": "float32", "a.f1": "float32", "a.f2": "float32"}
    declared_by_path({"a.f0": spread}).check(table(**types))


def test_a_vector_that_ends_in_another_struct_is_refused() -> None:
    spread = VECTOR.model_copy(update={"last_column": "b.f2"})
    types = {"a": "struct", "a.f0": "float32", "a.f1": "float32", "b": "struct", "b.f2": "float32"}
    (problem,) = problems(declared_by_path({"a.f0": spread}), table(**types))
    assert problem == "a.f0: last_column 'b.f2' is not beside it."


def test_a_last_column_at_another_depth_is_refused() -> None:
    spread = VECTOR.model_copy(update={"last_column": "a.f2"})
    types = {"f0": "float32", "f1": "float32", "a": "struct", "a.f2": "float32"}
    (problem,) = problems(declared(f0=spread), table(**types))
    assert problem == "f0: last_column 'a.f2' is not beside it."


def embedded(dtype: str, dim: int | None = None, width: int | None = None) -> tuple[FeatureTable, TableFacts]:
    """A declared embedding, and a table that may say its width in the metadata of the column."""
    facts = table(v=dtype).model_copy(update={"widths": {} if width is None else {"v": width}})
    return declared(v=Embedding(dim=dim, model="m", anchor="segment")), facts


@pytest.mark.parametrize(
    ("dtype", "dim", "width"),
    [
        ("fixed_size_list<float32>[64]", None, None),
        ("fixed_size_list<float32>[64]", 64, 64),
        ("list<float32>", None, 64),
        ("list<float32>", 64, None),
        ("extension<arrow.fixed_shape_tensor, fixed_size_list<float32>[64]>", None, None),
    ],
)
def test_the_width_of_an_embedding_comes_from_type_metadata_or_declaration(
    dtype: str, dim: int | None, width: int | None
) -> None:
    feature_table, facts = embedded(dtype, dim, width)
    assert feature_table.fitted(facts).columns["v"] == Embedding(dim=64, model="m", anchor="segment")


@pytest.mark.parametrize(
    ("dtype", "dim", "width", "problem"),
    [
        ("fixed_size_list<float32>[64]", 32, None, "v: dim is declared as 32, the column is 64 wide; correct dim or"),
        ("fixed_size_list<float32>[64]", None, 32, "v: the vector is 64 wide by its type and 32 wide by its metadata;"),
        ("list<float32>", 64, 32, "v: the vector is 32 wide by its metadata and 64 wide by its declaration; correct"),
        ("list<float32>", None, None, "v: neither its type nor its metadata says how wide the vector is; declare dim"),
    ],
)
def test_widths_that_contradict_each_other_or_are_nowhere_are_told(
    dtype: str, dim: int | None, width: int | None, problem: str
) -> None:
    (told,) = problems(*embedded(dtype, dim, width))
    assert told.startswith(problem)


def test_a_vector_over_columns_is_as_wide_as_they_are_many() -> None:
    spread = Embedding(model="m", anchor="segment", last_column="f2")
    assert declared(f0=spread).fitted(table(**SPREAD)).columns["f0"] == VECTOR
    (told,) = problems(declared(f2=spread.model_copy(update={"last_column": "f0"})), table(**SPREAD))
    assert told == "f2: last_column is before it, but f2 to f0 are 0 columns"


def test_a_declaration_that_says_every_width_stays_as_it_is() -> None:
    feature_table = declared(f0=VECTOR)
    assert feature_table.fitted(table(**SPREAD)) is feature_table


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"x": "float32", "y": "float32", "z": "int32"}, None),
        ({"x": "float32", "y": "float32"}, "pt: axis 'xyz' needs three numbers, the struct holds x float32, y float32"),
        (
            {"x": "float32", "y": "float32", "z": "string"},
            "pt: axis 'xyz' needs three numbers, the struct holds x float32, y float32, z string",
        ),
    ],
)
def test_a_struct_of_three_numbers_is_a_position(fields: dict[str, str], problem: str | None) -> None:
    position = declared(pt=Position(axis="xyz", frame="hemibrain", unit="nm"))
    facts = table(pt="struct", **{f"pt.{name}": dtype for name, dtype in fields.items()})
    if problem is None:
        position.check(facts)
    else:
        assert problems(position, facts) == (problem,)

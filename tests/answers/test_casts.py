"""The same ids in two types: what to cast before a join. Checked with the engines themselves."""

from __future__ import annotations

import polars as pl
import pyarrow as pa
import pytest

from registry_dagster.answers.answer import Verdict
from registry_dagster.answers.casts import casts_for
from registry_dagster.answers.compatibility import compatibility
from registry_dagster.answers.joins import joins
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.identifiers import RootId
from tests.registry.records import record

IDS = [1, 720575940596125868]
TEXTS = pa.array(list(map(str, IDS)))
ARRAYS = {
    "int64": pa.array(IDS),
    "uint64": pa.array(IDS, pa.uint64()),
    "string": TEXTS,
    "large_string": TEXTS.cast(pa.large_string()),
    "dictionary<values=string, indices=int32>": TEXTS.dictionary_encode(),
    "dictionary<values=int64, indices=int32>": pa.array(IDS).dictionary_encode(),
    "decimal128(20, 0)": pa.array(IDS).cast(pa.decimal128(20, 0)),
}
PAIRS = [(one, other) for one in ARRAYS for other in ARRAYS]


def table(name: str, dtype: str) -> DatasetVersion:
    return record(name, "m@1", columns={"root_id": RootId(id_space="m")}, types={"root_id": dtype})


def joined_by(engine: str, one: str, other: str) -> bool:
    tables = [pa.table({"root_id": ARRAYS[dtype]}) for dtype in (one, other)]
    try:
        if engine == "pyarrow":
            return tables[0].join(tables[1], "root_id", join_type="inner").num_rows == len(IDS)
        if engine == "pandas":
            return len(tables[0].to_pandas().merge(tables[1].to_pandas(), on="root_id")) == len(IDS)
        frames = [pl.DataFrame({"root_id": pl.Series(values=ARRAYS[dtype])}) for dtype in (one, other)]
        return frames[0].join(frames[1], on="root_id").height == len(IDS)
    except (pa.ArrowInvalid, pl.exceptions.PolarsError, ValueError):
        return False


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_int64_with_text_was_exact_though_no_engine_joins_it(one: str, other: str) -> None:
    casts = casts_for(table("a", one), table("b", other), [("root_id", "root_id")])
    refused = {engine for engine in ("polars", "pandas", "pyarrow") if not joined_by(engine, one, other)}
    assert refused <= {engine for cast in casts for engine in cast.refused_by}
    types = {"a@v1": one, "b@v1": other} | {cast.version: cast.to or "" for cast in casts}
    assert all(joined_by(engine, *types.values()) for engine in ("polars", "pandas", "pyarrow"))


def test_a_join_names_the_cast_that_it_takes() -> None:
    (join,) = joins(table("a", "int64"), table("b", "string")).joins
    assert join.verdict is Verdict.EXACT
    assert str(join).splitlines()[0] == "a@v1 ↔ b@v1: exact after a cast (derived)"
    said = "cast root_id of b@v1 from string to int64: polars, pandas and pyarrow do not join string with int64"
    assert f"  {said}" in str(join).splitlines()
    assert join.to_dict()["steps"][0]["casts"][0]["to"] == "int64"
    assert compatibility(table("a", "int64"), table("b", "string")).notes == (said,)


def test_a_join_without_a_cast_comes_first() -> None:
    columns = {"text": RootId(id_space="m"), "whole": RootId(id_space="m")}
    both = record("b", "m@1", columns=columns, types={"text": "string", "whole": "int64"})
    assert [join.columns for join in joins(table("a", "int64"), both).joins] == [
        (("root_id", "whole"),),
        (("root_id", "text"),),
    ]


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ("int32", "int64", "cast root_id of a@v1 from int32 to int64: pyarrow does not join int32 with int64"),
        ("list<int64>", "int64", "make each element of root_id of a@v1, list<int64>, a row: "),
        ("uint32", "int32", "cast root_id of a@v1 from uint32 to int64: pyarrow does not join uint32 with int32"),
    ],
)
def test_other_types_are_told(one: str, other: str, said: str) -> None:
    assert str(casts_for(table("a", one), table("b", other), [("root_id", "root_id")])[0]).startswith(said)


def test_equal_types_take_no_cast() -> None:
    assert casts_for(table("a", "int64"), table("b", "int64"), [("root_id", "root_id"), ("x", "root_id")]) == ()

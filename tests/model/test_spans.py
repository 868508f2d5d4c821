"""Which columns a declaration speaks of: a vector's every column, and a struct whose fields are declared."""

from __future__ import annotations

from time import process_time
from typing import Any

import pytest

from registry_dagster.answers.column_facts import column_facts
from registry_dagster.model.embeddings import Embedding, ReducedEmbedding
from registry_dagster.model.geometry import Position
from registry_dagster.model.identifiers import RootId
from registry_dagster.model.signals import Note, SpatialDrift
from registry_dagster.model.spans import covering, undeclared
from registry_dagster.registry.plan import warnings_for
from tests.registry.declared import declared, facts
from tests.registry.records import record

WIDE: dict[str, Any] = {
    "root_id": RootId(id_space="m"),
    "r0": Embedding(model="rank", anchor="segment", last_column="r3"),
}
TYPES = {"root_id": "int64", **{f"r{number}": "float32" for number in range(4)}, "other": "float32"}
POINT = {"pt": "struct", "pt.x": "float64", "pt.y": "float64", "pt.at": "struct", "pt.at.t": "float64"}


def axis(name: str) -> Position:
    return Position(axis=name, frame="m", unit="nm")  # pyright: ignore[reportArgumentType]


def test_columns_of_a_spread_vector_had_no_meaning() -> None:
    wide = record("g.wide", "m@1", columns=WIDE, types=TYPES)
    inner = column_facts(wide, "r2")
    assert (inner.semantic, inner.attributes["model"]) == ("embedding", "rank")
    assert inner.meaning.startswith("part of the vector declared at r0: embedding")
    assert column_facts(wide, "r0").meaning.startswith("embedding")
    assert column_facts(wide, "other").meaning == "no meaning is declared"


def test_columns_of_a_spread_vector_were_called_undeclared() -> None:
    declaration = declared("g.wide", columns=WIDE)
    (warning, *_) = warnings_for(declaration, facts(**TYPES))
    assert warning == "1 of 6 columns have no declared meaning: other"


def test_a_signal_about_the_vector_is_about_each_of_its_columns() -> None:
    drift = SpatialDrift(kind="frame_offset", p95_nm=1, columns=["r0"], basis="measured")
    wide = record("g.wide", "m@1", columns=WIDE, types=TYPES, signals=[drift, Note(text="all", basis="declared")])
    assert len(column_facts(wide, "r3").signals) == 2
    assert len(column_facts(wide, "other").signals) == 1


@pytest.mark.parametrize(
    ("columns", "left"),
    [
        ({}, ["pt"]),
        ({"pt": axis("xyz")}, []),
        ({"pt.x": axis("x"), "pt.y": axis("y")}, ["pt.at"]),
        ({"pt.x": axis("x"), "pt.y": axis("y"), "pt.at.t": axis("z")}, []),
        ({"pt.at.t": axis("z")}, ["pt.x", "pt.y"]),
    ],
)
def test_a_struct_was_undeclared_though_its_fields_are_declared(columns: dict[str, Any], left: list[str]) -> None:
    assert list(undeclared(columns, list(POINT))) == left


def test_a_struct_is_explained_by_its_fields() -> None:
    placed = record("g.points", "m@1", columns={"pt.x": axis("x"), "pt.y": axis("y")}, types=POINT)
    assert column_facts(placed, "pt").meaning == "declared by its fields: pt.x, pt.y"


def test_a_vector_inside_a_struct_covers_the_fields_beside_it() -> None:
    columns: dict[str, Any] = {"pt.x": ReducedEmbedding(method="umap", last_column="pt.y")}
    assert covering("pt.y", columns, list(POINT)) == "pt.x"
    assert covering("pt.at", columns, list(POINT)) is None


def test_a_last_column_elsewhere_covers_nothing() -> None:
    columns: dict[str, Any] = {"pt.x": ReducedEmbedding(method="umap", last_column="other")}
    assert covering("pt.y", columns, [*POINT, "other"]) is None


def test_what_a_wide_table_takes_grows_with_its_width() -> None:
    """It was looked through as a whole for each position, each vector and each column of a signal: a minute here."""
    many = [f"p{number}" for number in range(2000)]
    vectors = [f"v{number}" for number in range(2000)]
    types = {f"{path}{end}": "float64" if end else "struct" for path in many for end in ("", ".x", ".y", ".z")}
    types |= dict.fromkeys(vectors, "fixed_size_list<float32>[2]")
    columns: dict[str, Any] = {path: axis("xyz") for path in many}
    columns |= {path: Embedding(model="m", anchor="segment") for path in vectors}
    drift = SpatialDrift(kind="frame_offset", p95_nm=1, columns=list(types), basis="measured")
    declaration, table = declared("g.wide", columns=columns, signals=[drift]), facts(**types)
    start = process_time()
    assert list(warnings_for(declaration.fitted(table), table)) == []
    assert process_time() - start < 2

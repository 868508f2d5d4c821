"""Bad input is refused with an error that names the field, the value and the fix."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from registry_dagster.errors import InvalidDeclaration, RegistryError
from registry_dagster.model.base import Model
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion, Provenance
from registry_dagster.model.embeddings import Embedding, ReducedEmbedding
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.geometry import Position
from registry_dagster.model.identifiers import AnnotationId, BodyId, RootId
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.names import parse_version
from registry_dagster.model.quantities import Label, Length, Score
from registry_dagster.model.reference import Reference
from registry_dagster.model.signals import CompatibilityRange, Crosswalk, Note, SpatialDrift
from registry_dagster.model.table import DeltaPin, IcebergPin, TableFacts, TableField

Values = dict[str, Any]

_HEMIBRAIN: Values = {"system": "hemibrain", "version": "v1.2.1"}
_VECTOR: Values = {"dim": 32, "model": "segclr", "anchor": "segment"}
_POINT: Values = {"axis": "x", "frame": "hemibrain", "unit": "nm"}
_JOIN: Values = {"columns": ["body_id"], "annotation_type": "segment", "cardinality": "n:1", "stability": "unknown"}
_DRIFT: Values = {"kind": "frame_offset", "basis": "measured"}
_ICEBERG: Values = {"table_uuid": "u", "snapshot_id": 1, "schema_id": 0, "metadata_location": "m"}
_PIN = DeltaPin(table_id="a0", version=3)
_TABLE: Values = {"location": "/data/t", "pin": _PIN, "arrow_schema": ""}

CASES: dict[str, tuple[type[Model], Values, tuple[str, ...]]] = {
    "a moment without a time zone": (
        MaterializationVersion,
        _HEMIBRAIN | {"timestamp": datetime(2025, 1, 13, 9, 30)},  # noqa: DTZ001
        ("timestamp", "2025-01-13T09:30:00 has no time zone", "write it as 2025-01-13T09:30:00Z"),
    ),
    "a moment without a time zone, as text": (
        MaterializationVersion,
        _HEMIBRAIN | {"timestamp": "2025-01-13T09:30:00"},
        ("timestamp", "2025-01-13T09:30:00 has no time zone", "2025-01-13T09:30:00Z"),
    ),
    "a day for a moment": (
        MaterializationVersion,
        _HEMIBRAIN | {"expires_on": date(2026, 7, 1)},
        ("expires_on", "2026-07-01 is a day", "2026-07-01T00:00:00Z"),
    ),
    "a number for a moment": (
        MaterializationVersion,
        _HEMIBRAIN | {"timestamp": 1736760600},
        ("timestamp", "1736760600 is a number", "write the moment as 2025-01-13T09:30:00Z"),
    ),
    "a number for a moment, as text": (
        MaterializationVersion,
        _HEMIBRAIN | {"timestamp": "1736760600"},
        ("timestamp", "'1736760600' is a number", "2025-01-13T09:30:00Z"),
    ),
    "a moment that is no moment in UTC": (
        MaterializationVersion,
        _HEMIBRAIN | {"timestamp": datetime.max.replace(tzinfo=timezone(-timedelta(hours=2)))},
        ("timestamp", "9999-12-31", "outside the years 1 to 9999"),
    ),
    "a version as a float": (
        MaterializationVersion,
        {"system": "hemibrain", "version": 1.10},
        ("version", "1.1 is a number with a point", "put the version in quotes"),
    ),
    "a version as a truth value": (
        MaterializationVersion,
        {"system": "hemibrain", "version": True},
        ("version", "True", "must be text"),
    ),
    "an empty system": (MaterializationVersion, {"system": "", "version": "1"}, ("system", "''", "minnie65_public")),
    "an empty version": (MaterializationVersion, {"system": "a", "version": ""}, ("version", "''", "v1.2.1")),
    "a system outside the pattern": (
        MaterializationVersion,
        {"system": "minnie 65", "version": "1300"},
        ("system", "'minnie 65'", "use letters, digits and . _ + -"),
    ),
    "the registry as an upstream": (
        MaterializationVersion,
        _HEMIBRAIN | {"source": "feature-registry"},
        ("source", "'feature-registry' is the registry itself", "e.g. cave or neuprint"),
    ),
    "an empty dataset name": (Dataset, {"name": ""}, ("name", "''", "minnie65.synapse_embeddings")),
    "a dataset name in capitals": (Dataset, {"name": "Minnie65"}, ("name", "'Minnie65'", "lower-case")),
    "a dataset name with an empty segment": (Dataset, {"name": "a..b"}, ("name", "'a..b'", "segments joined by dots")),
    "a dataset name with a line break": (Dataset, {"name": "a\n"}, ("name", r"'a\n'", "lower-case")),
    "a dataset name that is too long": (Dataset, {"name": "a" * 201}, ("name", "at most 200", "(203 characters)")),
    "a title that is too long": (Dataset, {"name": "a", "title": "t" * 201}, ("title", "at most 200", "203")),
    "an empty title": (Dataset, {"name": "a", "title": " "}, ("title", "empty text", "leave it out")),
    "a title with a line break": (Dataset, {"name": "a", "title": "a\nb"}, ("title", "line breaks", "use a space")),
    "a description that is too long": (
        Dataset,
        {"name": "a", "description": "d" * 20_001},
        ("description", "at most 20000", "(20003 characters)"),
    ),
    "a control character in a description": (
        Dataset,
        {"name": "a", "description": "one\n\x00two"},
        ("description", r"'\x00' at position 4", "remove it"),
    ),
    "a control character in a name": (
        Embedding,
        _VECTOR | {"model": "seg\x1bclr"},
        ("model", r"'\x1b' at position 3", "remove it"),
    ),
    "half a surrogate pair": (Embedding, _VECTOR | {"model": "\ud800"}, ("model", "Unicode", r"'\ud800'")),
    "an owner who is neither person nor team": (
        Dataset,
        {"name": "a", "owners": ["ada lovelace"]},
        ("owners.0", "'ada lovelace'", "team:olfaction"),
    ),
    "a voxel position without resolution": (
        Position,
        _POINT | {"unit": "voxel"},
        ("resolution_nm", "needs the size of a voxel", "[8, 8, 8]"),
    ),
    "a voxel length without resolution": (
        Length,
        {"unit": "voxel"},
        ("resolution_nm", "needs the size of a voxel", "[4, 4, 40]"),
    ),
    "a voxel without extent": (
        Position,
        _POINT | {"unit": "voxel", "resolution_nm": (8, 8, 0)},
        ("resolution_nm.2", "greater than 0", "got 0"),
    ),
    "an unknown unit": (Position, _POINT | {"unit": "mm"}, ("unit", "'mm'", "'nm', 'um' or 'voxel'")),
    "an unknown key": (Position, _POINT | {"units": "nm"}, ("units", "unknown key", "Position")),
    "a missing field": (Position, {"axis": "x", "unit": "nm"}, ("frame", "required")),
    "not a number": (
        Position,
        _POINT | {"unit": "voxel", "resolution_nm": (8, 8, float("nan"))},
        ("resolution_nm.2", "finite", "nan"),
    ),
    "an infinite range": (Score, {"range": (0, float("inf"))}, ("range.1", "finite", "inf")),
    "a range the wrong way round": (Score, {"range": (1, 0)}, ("range", "[1.0, 0.0]", "[lowest, highest]")),
    "a vector without components": (Embedding, _VECTOR | {"dim": 0}, ("dim", "greater than or equal to 1", "got 0")),
    "a component no JSON reader keeps": (
        ReducedEmbedding,
        {"dim": 1, "method": "umap", "component": 2**60},
        ("component", "less than", str(2**60)),
    ),
    "an unknown annotation type": (
        AnnotationId,
        {"annotation_type": "sinapse"},
        ("annotation_type", "'sinapse'", "did you mean 'synapse'?", "mylab.sinapse"),
    ),
    "an id as a float": (
        RootId,
        {"id_space": "minnie65_public", "null_sentinel": 0.0},
        ("null_sentinel", "0.0", "a float loses digits"),
    ),
    "an id of more than 64 bits": (
        BodyId,
        {"id_space": "hemibrain", "null_sentinel": 2**64},
        ("null_sentinel", str(2**64)),
    ),
    "a label value that is too long": (Label, {"values": ["a", "v" * 201]}, ("values.1", "at most 200")),
    "text for a list of texts": (Label, {"values": "abc"}, ("values: must be a list", "'abc'")),
    "a reference without columns": (Reference, _JOIN | {"columns": []}, ("columns", "at least 1")),
    "a reference that names a column twice": (
        Reference,
        _JOIN | {"columns": ["a", "a"]},
        ("columns", "a, a names a column twice"),
    ),
    "a reference with keys of two lengths": (
        Reference,
        _JOIN | {"columns": ["pre", "post"], "to_columns": ["body_id"]},
        ("to_columns", "2 columns here, 1 there", "leave to_columns out"),
    ),
    "an empty column name in a reference": (Reference, _JOIN | {"columns": [""]}, ("columns.0", "''", "column path")),
    "more matches than rows": (
        Reference,
        _JOIN | {"expected_match_rate": 1.5},
        ("expected_match_rate", "less than or equal to 1", "1.5"),
    ),
    "an unknown cardinality": (Reference, _JOIN | {"cardinality": "many"}, ("cardinality", "'many'", "'n:1'")),
    "a drift that says no distance": (SpatialDrift, _DRIFT, ("p50_nm, p95_nm, max_nm",)),
    "a drift whose quantiles are out of order": (
        SpatialDrift,
        _DRIFT | {"p50_nm": 40, "p95_nm": 20},
        ("p50_nm ≤ p95_nm ≤ max_nm", "[40.0, 20.0]"),
    ),
    "a negative distance": (SpatialDrift, _DRIFT | {"p95_nm": -1}, ("p95_nm", "greater than or equal to 0", "-1")),
    "an infinite distance": (SpatialDrift, _DRIFT | {"p95_nm": float("inf")}, ("p95_nm", "finite", "inf")),
    "a signal without a basis": (SpatialDrift, {"kind": "frame_offset", "p95_nm": 1}, ("basis", "required")),
    "a range without an end": (
        CompatibilityRange,
        {"system": "minnie65_public", "basis": "declared"},
        ("open at both ends", "give from_version or to_version"),
    ),
    "a crosswalk that is no table": (Crosswalk, {"basis": "declared"}, ("name the crosswalk", "upstream table")),
    "an empty note": (Note, {"text": "", "basis": "declared"}, ("text", "at least 1")),
    "a table with duplicate columns": (
        TableFacts,
        _TABLE | {"fields": [TableField(path="a", type="int64"), TableField(path="a", type="string")]},
        ("fields", "duplicate columns: a", "rename one"),
    ),
    "a table column without a name": (TableField, {"path": "", "type": "int64"}, ("path", "''", "column path")),
    "a negative number of rows": (
        TableFacts,
        _TABLE | {"fields": [], "rows": -1},
        ("rows", "greater than or equal to 0", "-1"),
    ),
    "a schema number no JSON reader keeps": (
        IcebergPin,
        _ICEBERG | {"schema_id": 2**60},
        ("schema_id", "less than", str(2**60)),
    ),
    "an empty message": (
        Provenance,
        {"publisher": "ada", "message": "", "published_at": "2025-01-13T09:30:00Z"},
        ("message", "at least 1"),
    ),
    "a feature table against nothing": (
        FeatureTable,
        {"dataset": Dataset(name="a"), "materializations": []},
        ("materializations", "at least 1"),
    ),
    "a materialization named twice": (
        FeatureTable,
        {"dataset": Dataset(name="a"), "materializations": [_HEMIBRAIN, _HEMIBRAIN]},
        ("materializations", "hemibrain@v1.2.1", "twice"),
    ),
    "a reference from a column that is not there": (
        FeatureTable,
        {
            "dataset": Dataset(name="a"),
            "materializations": [_HEMIBRAIN],
            "columns": {"bodyid": BodyId(id_space="hemibrain")},
            "references": [_JOIN],
        },
        ("references", "'body_id'", "did you mean 'bodyid'?"),
    ),
    "an unknown semantic": (
        FeatureTable,
        {"dataset": Dataset(name="a"), "materializations": [_HEMIBRAIN], "columns": {"x": {"semantic": "positon"}}},
        ("columns.x", "'positon'", "did you mean 'position'?"),
    ),
    "a column without a semantic": (
        FeatureTable,
        {"dataset": Dataset(name="a"), "materializations": [_HEMIBRAIN], "columns": {"x": {"unit": "nm"}}},
        ("columns.x.semantic: missing", "annotation_id"),
    ),
    "an unknown signal": (
        FeatureTable,
        {"dataset": Dataset(name="a"), "materializations": [_HEMIBRAIN], "signals": [{"signal": "crosswalks"}]},
        ("signals.0", "'crosswalks'", "did you mean 'crosswalk'?"),
    ),
    "a column the recorded table lacks": (
        DatasetVersion,
        {
            "dataset": "a",
            "number": 1,
            "materializations": [_HEMIBRAIN],
            "columns": {"x": {"semantic": "bookkeeping"}},
            "table": _TABLE | {"fields": []},
            "provenance": Provenance(publisher="ada", message="m", published_at=datetime.now(timezone.utc)),
        },
        ("columns", "x are not in the table"),
    ),
}


@pytest.mark.parametrize(("kind", "values", "said"), [pytest.param(*case, id=name) for name, case in CASES.items()])
def test_bad_input_is_refused_by_field_value_and_fix(kind: type[Model], values: Values, said: tuple[str, ...]) -> None:
    with pytest.raises(InvalidDeclaration) as refusal:
        kind(**values)
    message = str(refusal.value)
    assert message.startswith(kind.__name__)
    for words in said:
        assert words in message


def test_a_problem_within_is_told_by_its_whole_path_and_in_the_words_of_who_declares() -> None:
    columns: Values = {"x": {"semantic": "position", "axis": "q", "frame": 3}, "y": {"semantic": "flags"}}
    with pytest.raises(InvalidDeclaration) as refusal:
        FeatureTable.from_json({"dataset": {"name": "a", "owners": "ada@lab.org"}, "columns": columns})
    assert [(each.path, each.text.partition(";")[0]) for each in refusal.value.problems] == [
        (("dataset", "owners"), "must be a list"),
        (("materializations",), "required, but missing"),
        (("columns", "x", "axis"), "must be 'x', 'y', 'z' or 'xyz', got 'q'"),
        (("columns", "x", "frame"), "must be text, got 3"),
        (("columns", "x", "unit"), "required, but missing"),
        (("columns", "y", "semantic"), "unknown 'flags'"),
    ]
    assert "columns.x.axis: must be" in str(refusal.value)


def test_fields_that_are_given_by_position_are_refused_with_their_name() -> None:
    build: Any = Dataset
    with pytest.raises(InvalidDeclaration, match=r"by name; write Dataset\(name='a.b'\)"):
        build("a.b")


def test_all_problems_are_told_at_once_a_line_each() -> None:
    with pytest.raises(InvalidDeclaration) as refusal:
        Embedding(dim=0, model="", anchor="sinapse")
    title, *lines = str(refusal.value).splitlines()
    assert title == "Embedding:"
    assert [line.split(":")[0].strip(" -") for line in lines] == ["dim", "model", "anchor"]


def test_a_long_value_is_not_repeated_whole() -> None:
    with pytest.raises(InvalidDeclaration) as refusal:
        Dataset(name="a", description="d" * 1_000_000)
    assert len(str(refusal.value)) < 300


@pytest.mark.parametrize("build", [lambda: Dataset(name=""), lambda: parse_version("A B")])
def test_a_refusal_is_a_registry_error_and_a_value_error(build: Callable[[], object]) -> None:
    with pytest.raises(RegistryError) as refusal:
        build()
    assert isinstance(refusal.value, ValueError)


@pytest.mark.parametrize("data", [None, [], "hemibrain@v1.2.1", {1: 2}])
def test_json_that_is_no_mapping_is_refused_with_what_it_is(data: object) -> None:
    with pytest.raises(InvalidDeclaration, match="MaterializationVersion: expected a mapping of keys to values, got"):
        MaterializationVersion.from_json(data)


@pytest.mark.parametrize("name", ["", "A.b", "a@v0", "a@v01", "a@3", "a@v1@v2", "a b", "a.", "ü"])
def test_a_name_that_names_no_dataset_or_version_is_refused_with_an_example(name: str) -> None:
    with pytest.raises(InvalidDeclaration, match=r"minnie65\.synapse_embeddings@v3") as refusal:
        parse_version(name)
    assert repr(name) in str(refusal.value)

"""Models as JSON: the same values in Python, JSON and YAML, one canonical form, one digest."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta, timezone
from typing import Any, get_args

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter, ValidationError

from registry_dagster.answers.lock import Lock
from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.base import Model
from registry_dagster.model.canonical_json import canonical_json, json_text, sha256_digest
from registry_dagster.model.columns import SEMANTICS, AnyColumn
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.embeddings import Embedding
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.identifiers import RootId
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.quantities import Bookkeeping, Probability, Score
from registry_dagster.model.signals import SIGNALS
from registry_dagster.model.table import AnyPin
from registry_dagster.model.vocabulary import ANNOTATION_TYPES
from registry_dagster.stores.mirror.layout import Index
from tests.strategies import dataset_versions, models

DECLARATION: dict[str, Any] = {
    "dataset": {"name": "hemibrain.synapses", "title": "Synapses", "owners": ["team:olfaction", "ada@lab.org"]},
    "materializations": [
        {"system": "hemibrain", "version": "v1.2.1", "source": "neuprint", "timestamp": "2021-06-01T00:00:00Z"}
    ],
    "columns": {
        "connector_id": {"semantic": "annotation_id", "annotation_type": "synapse"},
        "body_id": {"semantic": "body_id", "id_space": "hemibrain", "null_sentinel": "0"},
        "x": {"semantic": "position", "axis": "x", "frame": "hemibrain", "unit": "voxel", "resolution_nm": [8, 8, 8]},
        "confidence": {"semantic": "score", "range": [0, 1]},
    },
    "references": [
        {
            "columns": ["body_id"],
            "annotation_type": "segment",
            "to": "hemibrain.neurons",
            "to_columns": ["body_id"],
            "cardinality": "n:1",
            "stability": "version_pinned",
            "expected_match_rate": 0.98,
        }
    ],
    "signals": [{"signal": "spatial_drift", "kind": "representative_point", "p95_nm": 16, "basis": "measured"}],
}


@pytest.mark.parametrize("kind", [*SEMANTICS.values(), *SIGNALS.values()], ids=lambda kind: kind.__name__)
def test_every_column_and_signal_reads_back_from_its_json(kind: type[Model]) -> None:
    @given(models(kind))
    def reads_back(value: Model) -> None:
        text = canonical_json(value.to_json())
        again = kind.from_json(json.loads(text))
        assert again == value
        assert canonical_json(again.to_json()) == text

    reads_back()


@given(dataset_versions())
def test_every_record_reads_back_from_its_json_with_the_same_digest(record: DatasetVersion) -> None:
    again = DatasetVersion.from_json(json.loads(canonical_json(record.to_json())))
    assert again == record
    assert again.digest == record.digest
    assert again.content_digest == record.content_digest


@given(models(RootId))
def test_a_column_of_a_mapping_is_of_the_class_its_semantic_names(column: RootId) -> None:
    assert TypeAdapter[Any](AnyColumn).validate_python(column.to_json()) == column


def test_a_declaration_in_json_is_the_one_in_python() -> None:
    declared = FeatureTable.from_json(DECLARATION)
    assert declared.columns["body_id"].to_json() == DECLARATION["columns"]["body_id"]
    assert FeatureTable(**dict(declared)) == declared
    assert FeatureTable.from_json(declared.to_json()) == declared


def problems(data: object) -> list[str]:
    """Where the JSON Schema of declarations finds fault."""
    validator = Draft202012Validator(FeatureTable.model_json_schema())
    return [".".join(map(str, error.path)) for error in validator.iter_errors(data)]


def test_the_json_schema_accepts_what_a_declaration_may_hold() -> None:
    assert problems(DECLARATION) == []
    assert problems(FeatureTable.from_json(DECLARATION).to_json()) == []
    assert (
        problems({"dataset": {"name": "a"}, "materializations": [{"system": "minnie65_public", "version": 1300}]}) == []
    )


@pytest.mark.parametrize(
    "part",
    [
        {"columns": {"x": {"unit": "nm"}}},
        {"columns": {"x": {"semantic": "positon"}}},
        {"columns": {"x": {"semantic": "score", "unit": "nm"}}},
        {"signals": [{"kind": "frame_offset", "p95_nm": 1, "basis": "measured"}]},
        {"materializations": []},
        {"owners": ["team:olfaction"]},
    ],
)
def test_the_json_schema_refuses_what_a_declaration_refuses(part: dict[str, Any]) -> None:
    with pytest.raises(InvalidDeclaration):
        FeatureTable.from_json(DECLARATION | part)
    assert len(problems(DECLARATION | part)) == 1


def test_fields_at_their_default_are_left_out_of_the_json() -> None:
    assert Score().to_json() == {"semantic": "score"}
    assert Score(direction="higher_is_more", calibrated=None).to_json() == {"semantic": "score"}
    assert Dataset(name="a").to_json() == {"name": "a"}


def test_a_dataset_without_owners_differs_from_one_that_does_not_say() -> None:
    before = Dataset(name="a", owners=["team:flies"])
    assert Dataset.from_json(Dataset(name="a", owners=[]).to_json()).added_to(before).owners == ()
    assert Dataset.from_json(Dataset(name="a").to_json()).added_to(before).owners == ("team:flies",)


def test_what_differs_from_the_default_is_in_the_json_even_when_it_is_nothing() -> None:
    assert Probability(range=None).to_json() == {"semantic": "probability", "range": None}
    assert Probability.from_json({"range": None}).range is None


TAGGED = (*SEMANTICS.values(), *SIGNALS.values(), *get_args(get_args(AnyPin)[0]), DatasetVersion, Lock, Index)


@pytest.mark.parametrize("kind", TAGGED, ids=lambda kind: kind.__name__)
def test_a_tag_is_always_in_the_json(kind: type[Model]) -> None:
    assert kind._tags
    assert kind._tags <= kind.model_construct().to_json().keys()


def test_64_bit_integers_are_text_in_json_so_that_no_reader_rounds_them() -> None:
    column = RootId(id_space="minnie65_public", null_sentinel=2**64 - 1)
    assert column.to_json()["null_sentinel"] == "18446744073709551615"
    assert RootId.from_json(column.to_json()) == column


def test_moments_are_kept_in_utc() -> None:
    moment = datetime(2025, 1, 13, 9, 30, tzinfo=timezone(timedelta(hours=2)))
    version = MaterializationVersion(system="hemibrain", version="v1.2.1", timestamp=moment)
    assert version.to_json()["timestamp"] == "2025-01-13T07:30:00Z"
    assert version == MaterializationVersion(
        system="hemibrain",
        version="v1.2.1",
        timestamp="2025-01-13T07:30:00Z",
    )


def test_a_version_may_be_written_as_a_whole_number() -> None:
    assert MaterializationVersion.from_json({"system": "minnie65_public", "version": 1300}).version == "1300"


@pytest.mark.parametrize("name", [name for names in ANNOTATION_TYPES.values() for name in names])
def test_a_cave_schema_name_is_read_as_the_annotation_type_it_belongs_to(name: str) -> None:
    column = Embedding(dim=1, model="m", anchor=name)
    assert column.anchor in ANNOTATION_TYPES
    assert name in ANNOTATION_TYPES[column.anchor]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [True, None, "x"]}, '{"a":[true,null,"x"],"b":1}'),
        ([8.0, 0.1, -0.0, 1e21, 1e-7, 333333333.33333329], "[8,0.1,0,1e+21,1e-7,333333333.3333333]"),
        ({"\u20ac": "€", "\r": "cr", "1": "one", "\U0001f600": "smile", "\ufb33": "dalet"}, None),
        ('\u000f\n"\\/é\u2028', '"\\u000f\\n\\"\\\\/é\u2028"'),
    ],
)
def test_canonical_json_is_rfc_8785(value: object, text: str | None) -> None:
    # names are ordered by UTF-16 code units, where the smiley's surrogates come before U+FB33
    expected = text or '{"\\r":"cr","1":"one","€":"€","\U0001f600":"smile","\ufb33":"dalet"}'
    assert canonical_json(value).decode() == expected
    assert sha256_digest(value) == "sha256:" + hashlib.sha256(expected.encode()).hexdigest()


@pytest.mark.parametrize("field", ["name", "title", "owners", "unheard_of"])
def test_a_model_never_changes(field: str) -> None:
    dataset = Dataset(name="a", owners=["team:olfaction"])
    with pytest.raises(ValidationError, match="frozen"):
        setattr(dataset, field, "b")
    assert dataset == Dataset(name="a", owners=["team:olfaction"])


def test_what_a_model_was_made_from_may_change_without_it() -> None:
    owners = ["team:olfaction"]
    columns: dict[str, Any] = {"a": Bookkeeping()}
    dataset = Dataset(name="a", owners=owners)
    declared = FeatureTable(
        dataset=dataset,
        materializations=[MaterializationVersion(system="hemibrain", version="v1.2.1")],
        columns=columns,
    )
    owners.append("team:vision")
    columns["b"] = Bookkeeping()
    assert dataset.owners == ("team:olfaction",)
    assert set(declared.columns) == {"a"}


@given(dataset_versions())
def test_the_content_is_the_same_whoever_publishes_it_under_whatever_number(record: DatasetVersion) -> None:
    words = record.provenance.model_copy(update={"publisher": "somebody else", "message": "other words"})
    again = record.model_copy(update={"number": record.number - 1 or 2, "label": "a label", "provenance": words})
    assert again.content_digest == record.content_digest
    assert again.digest != record.digest


@given(dataset_versions())
def test_what_a_changed_copy_takes_over_is_what_it_would_compute(record: DatasetVersion) -> None:
    changes: list[dict[str, Any]] = [
        {"number": record.number - 1 or 2, "label": None},
        {"provenance": record.provenance.model_copy(update={"message": "other words"})},
        {"columns": {}, "references": ()},
        {"draft": not record.draft, "reference_versions": {}},
    ]
    for computed in (False, True):
        for change in changes:
            copy = record.model_copy(update=change)
            fresh = DatasetVersion(**{name: getattr(copy, name) for name in DatasetVersion.model_fields})
            assert (copy.digest, copy.content_digest) == (fresh.digest, fresh.content_digest)
            assert copy.json_form == fresh.to_json()
        assert computed or (record.digest and record.content_digest)


def test_the_content_is_another_when_the_table_or_its_meaning_is() -> None:
    record = DatasetVersion.from_json(
        {
            "dataset": "a",
            "number": 1,
            "materializations": [{"system": "hemibrain", "version": "v1.2.1"}],
            "columns": {"x": {"semantic": "score"}},
            "table": {
                "location": "/data/a",
                "pin": {"format": "delta", "table_id": "a0", "version": 1},
                "fields": [{"path": "x", "type": "float32"}],
                "arrow_schema": "",
            },
            "provenance": {"publisher": "ada", "message": "m", "published_at": "2025-01-13T09:30:00Z"},
        }
    )
    newer = record.table.model_copy(update={"pin": record.table.pin.model_copy(update={"version": 2})})
    changes: list[dict[str, object]] = [
        {"table": newer},
        {"columns": {"x": Score(calibrated=True)}},
        {"columns": {}},
        {"materializations": (MaterializationVersion(system="hemibrain", version="v1.2"),)},
    ]
    digests = {record.model_copy(update=change).content_digest for change in changes}
    assert len(digests) == len(changes)
    assert record.content_digest not in digests


def test_an_unknown_record_format_is_refused() -> None:
    with pytest.raises(InvalidDeclaration, match="record_format"):
        DatasetVersion.from_json({"record_format": 2})


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
)


@given(JSON_VALUES)
@example({"\ufb33": 1, "\U0001f600": 2})
@example(["\x7f\u2028", {"a": 1e-7, "b": -0.0, "c": 2**53}])
def test_canonical_json_is_what_the_library_of_the_scheme_writes(value: object) -> None:
    try:
        expected = rfc8785.dumps(value)
    except rfc8785.CanonicalizationError as refused:
        with pytest.raises(type(refused)):
            canonical_json(value)
    else:
        assert canonical_json(value) == expected


@given(JSON_VALUES)
@example(["\x00\x1f\x7f\u2028\ud7ff\U0001f600", {"a": 1e16, "b": -0.0, "c": 2**64, "\u00e9": '"\\/'}])
def test_compact_json_is_what_pythons_own_encoder_writes(value: object) -> None:
    own = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    try:
        expected = own.encode(value)
    except ValueError:
        with pytest.raises(ValueError, match="JSON compliant"):
            json_text(value)
    else:
        assert json_text(value) == expected

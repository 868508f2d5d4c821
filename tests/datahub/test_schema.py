"""Arrow schemas in DataHub's words."""

from __future__ import annotations

import pyarrow as pa
import pytest

from registry_dagster.datahub.proposal import Proposal
from registry_dagster.datahub.schema import fields_from, schema_metadata
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.table import TableField
from registry_dagster.tables.arrow import decode_schema, encode_schema, fields_of
from tests.datahub.wire import read_by_datahub
from tests.golden.records import records
from tests.strategies import ARROW_TYPES

SCHEMA = pa.schema(
    [
        pa.field("null", pa.null()),
        pa.field("bool", pa.bool_(), nullable=False),
        *(pa.field(str(dtype), dtype) for dtype in (pa.int8(), pa.uint64(), pa.float16(), pa.float64())),
        *(pa.field(str(dtype), dtype) for dtype in (pa.decimal128(38, 9), pa.decimal256(76, 0))),
        *(pa.field(str(dtype), dtype) for dtype in (pa.string(), pa.large_string(), pa.string_view())),
        *(pa.field(str(dtype), dtype) for dtype in (pa.binary(), pa.binary(16), pa.large_binary(), pa.binary_view())),
        *(pa.field(str(dtype), dtype) for dtype in (pa.date32(), pa.time64("ns"), pa.duration("s"))),
        pa.field("moment", pa.timestamp("us", tz="Europe/Zurich"), nullable=False),
        pa.field("interval", pa.month_day_nano_interval()),
        pa.field("vector", pa.list_(pa.field("item", pa.float32(), nullable=False), 32)),
        pa.field("category", pa.dictionary(pa.int8(), pa.string())),
        pa.field("map", pa.map_(pa.string(), pa.list_(pa.int64()))),
        pa.field("ree", pa.run_end_encoded(pa.int32(), pa.int8())),
        pa.field("union", pa.dense_union([pa.field("a", pa.int32()), pa.field("b", pa.string())])),
        pa.field(
            "pt.raw",
            pa.struct(
                [
                    pa.field("position", pa.list_(pa.int32(), 3), nullable=False),
                    pa.field("parts", pa.list_(pa.struct([pa.field("größe, (nm)", pa.float32())]))),
                ]
            ),
        ),
    ],
    metadata={"made by": "nobody"},
)


def with_fields(fields: tuple[TableField, ...], arrow_schema: str = "") -> DatasetVersion:
    record = records()["bookkeeping"]
    table = record.table.model_copy(update={"fields": fields, "arrow_schema": arrow_schema, "partition_columns": ()})
    return record.model_copy(update={"table": table, "columns": {}})


WHOLE = with_fields(fields_of(SCHEMA), encode_schema(SCHEMA))


def datahub_type(dtype: str) -> str:
    """Which of DataHub's types a column of an Arrow type is shown as."""
    schema = schema_metadata(with_fields((TableField(path="x", type=dtype),)), "PROD")
    typed = read_by_datahub(Proposal("urn:li:dataset:(urn:li:dataPlatform:x,x,PROD)", "schemaMetadata", schema))
    return type(typed.fields[0].type.type).__name__.removesuffix("TypeClass")


def test_the_same_table_always_gives_the_same_schema() -> None:
    assert schema_metadata(WHOLE, "PROD") == schema_metadata(WHOLE, "PROD")
    remade = pa.ipc.read_schema(SCHEMA.serialize())
    assert schema_metadata(with_fields(fields_of(remade), encode_schema(remade)), "PROD") == (
        schema_metadata(WHOLE, "PROD")
    )


def test_every_arrow_field_comes_back_with_its_type_and_nullability() -> None:
    assert fields_from(schema_metadata(WHOLE, "PROD")) == WHOLE.table.to_json()["fields"]


def test_the_exact_arrow_schema_comes_back_with_its_metadata() -> None:
    raw = schema_metadata(WHOLE, "PROD")["platformSchema"]["com.linkedin.schema.OtherSchema"]["rawSchema"]
    assert decode_schema(raw).equals(SCHEMA, check_metadata=True)


def test_nested_fields_stand_below_their_parents() -> None:
    paths = [field["fieldPath"] for field in schema_metadata(WHOLE, "PROD")["fields"]]
    start = paths.index(r"pt\.raw")
    assert paths[start:] == [
        r"pt\.raw",
        r"pt\.raw.position",
        r"pt\.raw.parts",
        r"pt\.raw.parts.element",
        r"pt\.raw.parts.element.größe, (nm)",
    ]


@pytest.mark.parametrize("dtype", ARROW_TYPES)
def test_every_arrow_type_is_one_datahub_shows(dtype: str) -> None:
    assert datahub_type(dtype) != "Null" or dtype == "null"


@pytest.mark.parametrize(
    ("dtype", "shown"),
    [
        ("bool", "Boolean"),
        ("uint64", "Number"),
        ("decimal128(10, 2)", "Number"),
        ("large_string", "String"),
        ("timestamp[us, tz=UTC]", "Time"),
        ("date32", "Date"),
        ("fixed_size_binary[16]", "Fixed"),
        ("binary_view", "Bytes"),
        ("struct", "Record"),
        ("map<string, int64>", "Map"),
        ("map<string, struct>", "Map"),
        ("list<int64>", "Array"),
        ("fixed_size_list<float32 not null>[32]", "Array"),
        ("dictionary<values=string, indices=int8>", "Enum"),
        ("dense_union<a: int32=0>", "Union"),
        ("extension<arrow.uuid, fixed_size_binary[16]>", "Fixed"),
        ("extension<mylab.ids, list<int64>>", "Array"),
        ("run_end_encoded<run_ends=int32, values=int8>", "Number"),
    ],
)
def test_a_type_is_shown_as_datahub_would(dtype: str, shown: str) -> None:
    assert datahub_type(dtype) == shown


def test_a_column_carries_its_meaning_in_words_terms_and_json() -> None:
    record = records()["body_id"]
    plain, column = schema_metadata(record, "PROD")["fields"]
    assert column["description"].splitlines()[0] == "The neuron."
    assert "body_id · id_space hemibrain · side self" in column["description"]
    assert [term["urn"] for term in column["glossaryTerms"]["terms"]] == [
        "urn:li:glossaryTerm:FeatureRegistry.semantic.body_id"
    ]
    assert "jsonProps" not in plain
    assert "glossaryTerms" not in plain


def test_a_partition_column_is_shown_as_one() -> None:
    fields = schema_metadata(records()["delta"], "PROD")["fields"]
    assert [field.get("isPartitioningKey", False) for field in fields] == [True, False]


def test_a_join_to_a_published_version_is_a_foreign_key_to_its_columns() -> None:
    (key,) = schema_metadata(records()["delta"], "PROD")["foreignKeys"]
    there = "urn:li:dataset:(urn:li:dataPlatform:feature-registry,hemibrain.neurons@v3,PROD)"
    assert key["foreignDataset"] == there
    assert key["foreignFields"] == [f"urn:li:schemaField:({there},body_id)"]


def test_a_join_to_what_is_not_published_is_no_foreign_key() -> None:
    record = records()["delta"].model_copy(update={"reference_versions": {}})
    assert "foreignKeys" not in schema_metadata(record, "PROD")

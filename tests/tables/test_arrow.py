"""Arrow schemas as fields, and as text that does not depend on where it was made."""

from __future__ import annotations

import subprocess
import sys

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry_dagster.model import dtypes
from registry_dagster.tables import decode_schema, encode_schema, fields_of

NOT_NULL_FLOAT = pa.field("item", pa.float32(), nullable=False)
POINT = pa.struct([("x", pa.int32()), pa.field("y", pa.int32(), nullable=False)])
MEMBERS = [pa.field("a", pa.int8()), pa.field("b", pa.string(), nullable=False)]

TYPES = [
    *[
        (getattr(pa, name)(), name)
        for name in [
            "null",
            "int8",
            "int16",
            "int32",
            "int64",
            "uint8",
            "uint16",
            "uint32",
            "uint64",
            "float16",
            "float32",
            "float64",
            "string",
            "large_string",
            "string_view",
            "binary",
            "large_binary",
            "binary_view",
            "date32",
            "date64",
        ]
    ],
    (pa.bool_(), "bool"),
    (pa.month_day_nano_interval(), "interval[month_day_nano]"),
    (pa.binary(16), "fixed_size_binary[16]"),
    (pa.decimal32(7, 2), "decimal32(7, 2)"),
    (pa.decimal64(15, 2), "decimal64(15, 2)"),
    (pa.decimal128(20, 5), "decimal128(20, 5)"),
    (pa.decimal256(50, -3), "decimal256(50, -3)"),
    (pa.timestamp("us", "UTC"), "timestamp[us, tz=UTC]"),
    (pa.timestamp("ns"), "timestamp[ns]"),
    (pa.time32("ms"), "time32[ms]"),
    (pa.time64("us"), "time64[us]"),
    (pa.duration("ns"), "duration[ns]"),
    (pa.list_(pa.float32()), "list<float32>"),
    (pa.list_(NOT_NULL_FLOAT), "list<float32 not null>"),
    (pa.large_list(pa.int64()), "large_list<int64>"),
    (pa.list_view(pa.int64()), "list_view<int64>"),
    (pa.large_list_view(pa.int64()), "large_list_view<int64>"),
    (pa.list_(pa.float32(), 32), "fixed_size_list<float32>[32]"),
    (pa.list_(NOT_NULL_FLOAT, 3), "fixed_size_list<float32 not null>[3]"),
    (pa.list_(pa.list_(pa.float16(), 2)), "list<fixed_size_list<float16>[2]>"),
    (POINT, "struct"),
    (pa.list_(POINT), "list<struct>"),
    (pa.map_(pa.string(), pa.int64()), "map<string, int64>"),
    (pa.map_(pa.string(), pa.field("value", POINT, nullable=False)), "map<string, struct not null>"),
    (pa.dictionary(pa.int32(), pa.string()), "dictionary<values=string, indices=int32>"),
    (pa.dictionary(pa.int8(), pa.int64(), ordered=True), "dictionary<values=int64, indices=int8>"),
    (pa.run_end_encoded(pa.int32(), pa.float64()), "run_end_encoded<run_ends=int32, values=float64>"),
    (pa.dense_union(MEMBERS), "dense_union<a: int8=0, b: string not null=1>"),
    (pa.sparse_union(MEMBERS, [5, 7]), "sparse_union<a: int8=5, b: string not null=7>"),
    (pa.uuid(), "extension<arrow.uuid, fixed_size_binary[16]>"),
    (pa.json_(), "extension<arrow.json, string>"),
    (pa.bool8(), "extension<arrow.bool8, int8>"),
    (pa.opaque(pa.binary(), "geo", "pg"), "extension<arrow.opaque, binary>"),
    (
        pa.fixed_shape_tensor(pa.float32(), [2, 3]),
        "extension<arrow.fixed_shape_tensor, fixed_size_list<float32>[6]>",
    ),
]


@pytest.mark.parametrize(("dtype", "text"), TYPES, ids=[text for _, text in TYPES])
def test_every_arrow_type_has_a_text_and_survives_encoding(dtype: pa.DataType, text: str) -> None:
    schema = pa.schema([pa.field("c", dtype, nullable=text == "null")])
    first = fields_of(schema)[0]
    assert (first.path, first.type, first.nullable) == ("c", text, text == "null")
    assert decode_schema(encode_schema(schema)).equals(schema, check_metadata=True)


def test_nested_fields_follow_their_column_with_paths() -> None:
    schema = pa.schema(
        [
            ("pt", POINT),
            ("all", pa.list_(pa.struct([("a", pa.list_(pa.struct([("deep", pa.bool_())])))]))),
            ("m", pa.map_(pa.string(), POINT)),
            ("mm", pa.list_(pa.list_(pa.int8()))),
            ("with.dot", pa.struct([("b\\c", pa.int8())])),
        ]
    )
    assert [(field.path, field.type) for field in fields_of(schema)] == [
        ("pt", "struct"),
        ("pt.x", "int32"),
        ("pt.y", "int32"),
        ("all", "list<struct>"),
        ("all.element", "struct"),
        ("all.element.a", "list<struct>"),
        ("all.element.a.element", "struct"),
        ("all.element.a.element.deep", "bool"),
        ("m", "map<string, struct>"),
        ("m.value", "struct"),
        ("m.value.x", "int32"),
        ("m.value.y", "int32"),
        ("mm", "list<list<int8>>"),
        ("mm.element", "list<int8>"),
        (r"with\.dot", "struct"),
        (r"with\.dot.b\\c", "int8"),
    ]


def test_the_rules_of_the_model_understand_the_texts() -> None:
    texts = {
        field.path: field.type
        for field in fields_of(
            pa.schema(
                {
                    "v": pa.list_(NOT_NULL_FLOAT, 3),
                    "id": pa.dictionary(pa.int32(), pa.int64()),
                    "u": pa.uuid(),
                    "t": pa.timestamp("us", "UTC"),
                }
            )
        )
    }
    assert dtypes.list_of(texts["v"]) == ("float32", 3)
    assert dtypes.is_integer(texts["id"])
    assert dtypes.storage(texts["u"]) == "fixed_size_binary[16]"
    assert dtypes.is_timestamp(texts["t"])


def test_a_very_long_type_is_cut() -> None:
    union = pa.dense_union([pa.field(f"member_{number}", pa.int64()) for number in range(120)])
    text = fields_of(pa.schema({"u": union}))[0].type
    assert len(text) == 2000
    assert text.startswith("dense_union<member_0: int64=0, ")
    assert text.endswith("…")


@given(st.permutations([("b", "1"), ("a", "2"), ("PARQUET:field_id", "3"), ("z", "4")]))
@settings(max_examples=24, deadline=None)
def test_the_order_of_metadata_does_not_matter(order: list[tuple[str, str]]) -> None:
    def schema(metadata: dict[str, str]) -> pa.Schema:
        inner = pa.field("x", pa.int8(), metadata=metadata)
        nested = pa.list_(pa.field("item", pa.map_(pa.string(), pa.struct([inner]))))
        return pa.schema([pa.field("c", nested, metadata=metadata)], metadata=metadata)

    mixed = schema(dict(order))
    assert encode_schema(mixed) == encode_schema(schema(dict(sorted(order))))
    assert decode_schema(encode_schema(mixed)).equals(mixed, check_metadata=True)


def test_an_extension_type_unknown_to_this_process_reads_the_same_as_a_known_one() -> None:
    metadata = {"z": "1", "A": "2"}
    tensor = pa.fixed_shape_tensor(pa.float32(), [2, 3])
    known = pa.schema([pa.field("v", tensor, metadata=metadata)])
    raw = {
        "ARROW:extension:name": "arrow.fixed_shape_tensor",
        "ARROW:extension:metadata": '{"shape":[2,3]}',
        **metadata,
    }
    unknown = pa.schema([pa.field("v", tensor.storage_type, metadata=raw)])
    assert fields_of(known) == fields_of(unknown)
    assert encode_schema(known) == encode_schema(unknown)


def test_importing_tables_loads_no_table_library() -> None:
    heavy = "{'pyarrow', 'deltalake', 'pyiceberg', 'lance'}"
    code = f"import sys, registry_dagster.tables; print(sorted({heavy} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"

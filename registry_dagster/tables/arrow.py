"""Arrow schemas, written as fields whose types are text, and as base64 of the Arrow IPC schema message.

Both are the same for equal schemas on any machine: they do not depend on the order metadata happens to
be in, on how pyarrow prints a type, or on which extension types a process has registered.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, TypeVar

from registry_dagster.errors import UnsupportedTable
from registry_dagster.model.names import join_path
from registry_dagster.model.table import TableField

__all__ = ["WIDTH", "decode_schema", "encode_schema", "fields_of", "widths_of"]

T = TypeVar("T")
WIDTH = "dim"
"""The field metadata that says how many elements each list of a column has."""

_LONGEST_TYPE = 2000
_EXTENSION = b"ARROW:extension:"


def fields_of(schema: Any) -> tuple[TableField, ...]:
    """Every column of a `pyarrow.Schema`, each followed by the fields nested in it.

    The fields of a struct have their own names. A list's elements are called `element`, a map's keys and values
    `key` and `value`; they are included only if they are nested themselves. `model.dtypes` defines how types are
    written; a type longer than 2,000 characters is cut off with `…`.

    Raises:
        UnsupportedTable: an Arrow type that registry-dagster cannot name.
    """
    return tuple(
        TableField(path=join_path(path), type=_cut(_text(field)), nullable=field.nullable)
        for path, field in _all_fields(schema)
    )


def widths_of(schema: Any) -> dict[str, int]:
    """Path of a list column → how many elements each list has, if the metadata of its field says so under `dim`."""
    widths = ((path, _width(field)) for path, field in _all_fields(schema))
    return {join_path(path): width for path, width in widths if width is not None}


def encode_schema(schema: Any) -> str:
    """A `pyarrow.Schema` with all its metadata, as base64 of the Arrow IPC schema message."""
    pa = _arrow()
    canonical = pa.schema([_canonical(field) for field in schema], metadata=_sorted(schema.metadata))
    return base64.b64encode(canonical.serialize().to_pybytes()).decode("ascii")


def decode_schema(text: str) -> Any:
    """The `pyarrow.Schema` that `encode_schema` wrote."""
    pa = _arrow()
    return pa.ipc.read_schema(pa.py_buffer(base64.b64decode(text, validate=True)))


def _arrow() -> Any:
    """pyarrow, imported where it is needed; `Any`, since its stubs do not cover all types."""
    import pyarrow

    return pyarrow


def _all_fields(schema: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    for column in schema:
        yield from _nested((column.name,), column)


def _width(field: Any) -> int | None:
    said = _metadata(field).get(WIDTH.encode(), b"")
    return int(said) if _is_list(_stored(field)) and said.isdigit() else None


def _metadata(field: Any) -> dict[bytes, bytes]:
    return field.metadata or {}


def _nested(path: tuple[str, ...], field: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, field
    for name, child in _children(_stored(field)):
        yield from _nested((*path, name), child)


def _children(dtype: Any) -> list[tuple[str, Any]]:
    """The fields below a type that get a path of their own."""
    if _arrow().types.is_struct(dtype):
        return [(field.name, field) for field in dtype]
    return [(name, field) for name, field in _inner(dtype) if _is_nested(_stored(field))]


def _inner(dtype: Any) -> list[tuple[str, Any]]:
    """The fields inside a map or a list."""
    if _arrow().types.is_map(dtype):
        return [("key", dtype.key_field), ("value", dtype.item_field)]
    return [("element", dtype.value_field)] if _is_list(dtype) else []


def _is_nested(dtype: Any) -> bool:
    types = _arrow().types
    return types.is_struct(dtype) or types.is_map(dtype) or _is_list(dtype)


def _is_list(dtype: Any) -> bool:
    types = _arrow().types
    return any(getattr(types, is_list)(dtype) for is_list in ("is_fixed_size_list", *_LISTS))


def _of_kind(dtype: Any, kinds: Mapping[str, T]) -> T | None:
    """What is given for the first of pyarrow's tests of a type that is true; None if none is."""
    types = _arrow().types
    return next((given for is_kind, given in kinds.items() if getattr(types, is_kind)(dtype)), None)


def _extension_name(field: Any) -> str | None:
    """The extension a field has, whether this process knows its type or reads its metadata only."""
    pa = _arrow()
    if isinstance(field.type, pa.BaseExtensionType):
        return str(field.type.extension_name)
    name = _metadata(field).get(_EXTENSION + b"name")
    return None if name is None else name.decode("utf-8", "replace")


def _stored(field: Any) -> Any:
    pa = _arrow()
    return field.type.storage_type if isinstance(field.type, pa.BaseExtensionType) else field.type


def _text(field: Any) -> str:
    name = _extension_name(field)
    text = _type_text(_stored(field))
    return text if name is None else f"extension<{name}, {text}>"


def _element_text(field: Any) -> str:
    return _text(field) if field.nullable else f"{_text(field)} not null"


def _type_text(dtype: Any) -> str:
    if isinstance(dtype, _arrow().BaseExtensionType):
        return f"extension<{dtype.extension_name}, {_type_text(dtype.storage_type)}>"
    if (name := _simple_types().get(dtype)) is not None:
        return name
    if (text := _of_kind(dtype, _TEXTS)) is not None:
        return text(dtype)
    raise UnsupportedTable(f"registry-dagster does not know the Arrow type {dtype}; store the column as another type.")


def _map_text(dtype: Any) -> str:
    return f"map<{_text(dtype.key_field)}, {_element_text(dtype.item_field)}>"


def _fixed_size_list_text(dtype: Any) -> str:
    return f"fixed_size_list<{_element_text(dtype.value_field)}>[{dtype.list_size}]"


def _list_text(name: str) -> Callable[[Any], str]:
    return lambda dtype: f"{name}<{_element_text(dtype.value_field)}>"


def _dictionary_text(dtype: Any) -> str:
    return f"dictionary<values={_type_text(dtype.value_type)}, indices={_type_text(dtype.index_type)}>"


def _run_end_encoded_text(dtype: Any) -> str:
    return f"run_end_encoded<run_ends={_type_text(dtype.run_end_type)}, values={_type_text(dtype.value_type)}>"


def _union_text(dtype: Any) -> str:
    members = [dtype.field(index) for index in range(dtype.num_fields)]
    codes = zip(members, dtype.type_codes, strict=True)
    inside = ", ".join(f"{member.name}: {_element_text(member)}={code}" for member, code in codes)
    return f"{dtype.mode}_union<{inside}>"


def _timestamp_text(dtype: Any) -> str:
    return f"timestamp[{dtype.unit}, tz={dtype.tz}]" if dtype.tz else f"timestamp[{dtype.unit}]"


_LISTS = {
    "is_list": "list",
    "is_large_list": "large_list",
    "is_list_view": "list_view",
    "is_large_list_view": "large_list_view",
}
"""pyarrow's test of a list type without a fixed size → the name of the type."""

_TEXTS: dict[str, Callable[[Any], str]] = {
    "is_struct": lambda _: "struct",
    "is_map": _map_text,
    "is_fixed_size_list": _fixed_size_list_text,
    **{is_list: _list_text(name) for is_list, name in _LISTS.items()},
    "is_dictionary": _dictionary_text,
    "is_run_end_encoded": _run_end_encoded_text,
    "is_union": _union_text,
    "is_decimal": lambda dtype: f"decimal{dtype.bit_width}({dtype.precision}, {dtype.scale})",
    "is_timestamp": _timestamp_text,
    "is_time": lambda dtype: f"time{dtype.bit_width}[{dtype.unit}]",
    "is_duration": lambda dtype: f"duration[{dtype.unit}]",
    "is_fixed_size_binary": lambda dtype: f"fixed_size_binary[{dtype.byte_width}]",
}
"""pyarrow's test of a type → how the type is written."""


@cache
def _simple_types() -> dict[Any, str]:
    pa = _arrow()
    names = "null int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 date32 date64 string"
    named = {getattr(pa, name)(): name for name in f"{names} binary large_string large_binary".split()}
    views = {pa.string_view(): "string_view", pa.binary_view(): "binary_view"}
    return {**named, **views, pa.bool_(): "bool", pa.month_day_nano_interval(): "interval[month_day_nano]"}


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_TYPE else text[: _LONGEST_TYPE - 1] + "…"


def _sorted(metadata: dict[bytes, bytes] | None) -> dict[bytes, bytes] | None:
    """By key, extension keys last: where Arrow itself puts those of a registered extension type."""
    if not metadata:
        return None
    return dict(sorted(metadata.items(), key=lambda item: (item[0].startswith(_EXTENSION), item[0])))


def _canonical(field: Any) -> Any:
    pa = _arrow()
    return pa.field(field.name, _canonical_type(field.type), field.nullable, _sorted(field.metadata))


def _canonical_type(dtype: Any) -> Any:
    """The same type, the metadata of the fields inside it sorted."""
    canonical = _of_kind(dtype, _CANONICAL)
    return dtype if canonical is None else canonical(dtype)


def _canonical_struct(dtype: Any) -> Any:
    return _arrow().struct([_canonical(field) for field in dtype])


def _canonical_map(dtype: Any) -> Any:
    return _arrow().map_(_canonical(dtype.key_field), _canonical(dtype.item_field), dtype.keys_sorted)


def _canonical_union(dtype: Any) -> Any:
    members = [_canonical(dtype.field(index)) for index in range(dtype.num_fields)]
    return _arrow().union(members, dtype.mode, dtype.type_codes)


def _canonical_dictionary(dtype: Any) -> Any:
    return _arrow().dictionary(dtype.index_type, _canonical_type(dtype.value_type), dtype.ordered)


def _canonical_fixed_size_list(dtype: Any) -> Any:
    return _arrow().list_(_canonical(dtype.value_field), dtype.list_size)


def _canonical_list(name: str) -> Callable[[Any], Any]:
    # The function that makes a plain list has an underscore, since `list` is Python's own.
    function = {"list": "list_"}.get(name, name)
    return lambda dtype: getattr(_arrow(), function)(_canonical(dtype.value_field))


_CANONICAL: dict[str, Callable[[Any], Any]] = {
    "is_struct": _canonical_struct,
    "is_map": _canonical_map,
    "is_union": _canonical_union,
    "is_dictionary": _canonical_dictionary,
    "is_fixed_size_list": _canonical_fixed_size_list,
    **{is_list: _canonical_list(name) for is_list, name in _LISTS.items()},
}
"""pyarrow's test of a type with fields inside → how the type is made again."""

"""Which columns may hold nulls, in a folder whose files do not all say, or were not all asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["loosened"]


def loosened(schema: Any) -> Any:
    """A `pyarrow.Schema` in which every column, and everything nested in one, may be null; but for keys of maps."""
    return _arrow().schema([_field(field) for field in schema], metadata=schema.metadata)


def _arrow() -> Any:
    """pyarrow, imported where it is needed; `Any`, since its stubs do not cover all types."""
    import pyarrow

    return pyarrow


def _field(field: Any) -> Any:
    return field.with_type(_type(field.type)).with_nullable(True)


def _type(dtype: Any) -> Any:
    types = _arrow().types
    makers = (make for is_kind, make in _NESTED.items() if getattr(types, is_kind)(dtype))
    make: Callable[[Any], Any] = next(makers, _same)
    return make(dtype)


def _same(dtype: Any) -> Any:
    return dtype


def _struct(dtype: Any) -> Any:
    return _arrow().struct([_field(field) for field in dtype])


def _map(dtype: Any) -> Any:
    key = dtype.key_field.with_type(_type(dtype.key_type))
    return _arrow().map_(key, _field(dtype.item_field), dtype.keys_sorted)


def _fixed_size_list(dtype: Any) -> Any:
    return _arrow().list_(_field(dtype.value_field), dtype.list_size)


def _list(dtype: Any) -> Any:
    return _arrow().list_(_field(dtype.value_field))


def _large_list(dtype: Any) -> Any:
    return _arrow().large_list(_field(dtype.value_field))


_NESTED: dict[str, Callable[[Any], Any]] = {
    "is_struct": _struct,
    "is_map": _map,
    "is_fixed_size_list": _fixed_size_list,
    "is_list": _list,
    "is_large_list": _large_list,
}
"""pyarrow's test of a nested type that Parquet has → how the type is made again."""

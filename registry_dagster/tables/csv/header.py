"""The columns of a CSV file: declared, in a header file beside it, or named by its first line."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry_dagster.errors import InvalidDeclaration, TableAccessDenied, TableError, TableNotFound, UnsupportedTable
from registry_dagster.tables.csv.text import ENDINGS, first_record
from registry_dagster.tables.declared import type_of
from registry_dagster.tables.storage.above import storage_above
from registry_dagster.tables.storage.protocol import Storage

__all__ = ["Header", "columns_of"]

_MOST = 1024 * 1024
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|nan|null", re.IGNORECASE)
_FLAT = re.compile(r"bool|u?int\d+|float(32|64)|(large_)?string|date32|timestamp\[.*|decimal128.*")
_TYPES = {
    "bigint": "int64",
    "integer": "int32",
    "smallint": "int16",
    "double precision": "float64",
    "double": "float64",
    "float": "float64",
    "real": "float32",
    "boolean": "bool",
    "int": "int64",
}
"""Names of types in header files, of Postgres and numpy, by Arrow's names where these differ."""


@dataclass(frozen=True)
class Header:
    """The columns of a CSV file.

    Args:
        schema: A `pyarrow.Schema`.
        is_line: Whether the first line of the file has their names.
    """

    schema: Any
    is_line: bool


def columns_of(storage: Storage, declared: Mapping[str, str] | None) -> Header:
    """The columns of a CSV file. Those whose type nobody says are text.

    Args:
        storage: At the file.
        declared: Column → type.

    Raises:
        InvalidDeclaration: what is declared does not fit the file.
        UnsupportedTable: the file says no names of columns, and nobody else does.
    """
    first = first_record(storage)
    said = declared or {}
    beside = {} if set(said) >= set(first) else _header_file(storage)
    types = {**beside, **said}
    is_line = bool(set(types) & set(first)) or not types
    names = first if is_line else list(beside or types)
    _refuse_unfit(storage, first, names, said, named=bool(types))
    return Header(_schema(names, types), is_line)


def _schema(names: Sequence[str], types: Mapping[str, str]) -> Any:
    import pyarrow as pa

    return pa.schema([pa.field(name, _flat_type(name, types.get(name, "string"))) for name in names])


def _flat_type(name: str, text: str) -> Any:
    dtype = type_of(name, text)
    if not _FLAT.fullmatch(text):
        raise InvalidDeclaration.at(["schema", name], f"a CSV file holds no {text}; declare the text that it holds")
    return dtype


def _refuse_unfit(
    storage: Storage, first: Sequence[str], names: Sequence[str], said: Mapping[str, str], *, named: bool
) -> None:
    if missing := [name for name in said if name not in names]:
        raise InvalidDeclaration.at(["schema", missing[0]], f"{storage.location} has no such column; leave it out")
    if len(names) != len(first):
        raise InvalidDeclaration(
            f"schema: {len(names)} columns, but the first line of {storage.location} has {len(first)} fields, and none "
            "is the name of one; name all columns in their order."
        )
    if not named:
        _refuse_data(storage, first)
    _refuse_other_separators(storage, first)


def _refuse_data(storage: Storage, first: Sequence[str]) -> None:
    """A first line of data, taken for names, would lose a row and name the columns wrongly."""
    if unfit := [name for name in first if not name.strip() or _NUMBER.fullmatch(name.strip())]:
        raise UnsupportedTable(
            f"{storage.location} does not say the names of its columns: its first line has {unfit[0]!r}. Name them "
            'with schema=, such as schema={"root_id": "uint64"}, in their order.'
        )


def _refuse_other_separators(storage: Storage, first: Sequence[str]) -> None:
    if len(first) == 1 and (found := re.search(r"[;\t|]", first[0])):
        raise UnsupportedTable(
            f"{storage.location} is separated by {found[0]!r}. Write it with commas, or publish it as opaque."
        )


def _header_file(storage: Storage) -> dict[str, str]:
    """Column → type, from CAVE's `{table}_header.csv` beside `{table}.csv.gz`; nothing where there is none."""
    name = storage.location.rpartition("/")[2]
    ending = next(ending for ending in reversed(ENDINGS) if name.lower().endswith(ending))
    above = storage_above(storage)
    if above is None:
        return {}
    path = f"{name[: -len(ending)]}_header.csv"
    try:
        data = above.read(path, 0, _MOST) if above.is_object(path) else b""
    except (TableNotFound, TableAccessDenied):
        return {}
    return dict(_lines(f"{above.location}/{path}", data)) if data else {}


def _lines(where: str, data: bytes) -> list[tuple[str, str]]:
    """Its lines, `name,type`, with or without a line of names before them."""
    try:
        lines = [line for line in csv.reader(data.decode("utf-8-sig").splitlines(), strict=True) if line]
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnsupportedTable(f"{where} is not a header file: it is not CSV in UTF-8. Write it again.") from error
    if bad := [line for line in lines if len(line) != 2]:
        raise TableError(f"{where} is not a header file: {bad[0]!r} is not the name and the type of a column.")
    columns = lines[1:] if lines and lines[0] in _FIRST_LINES else lines
    return [(name, _arrow_name(dtype)) for name, dtype in columns]


_FIRST_LINES = [["field", "dtype"], ["column_name", "data_type"], ["name", "type"]]


def _arrow_name(dtype: str) -> str:
    """Arrow's name of a type; text for all others, which the file holds as text."""
    name = _TYPES.get(dtype.strip().lower(), dtype.strip().lower())
    return name if _FLAT.fullmatch(name) and "decimal" not in name and "timestamp" not in name else "string"

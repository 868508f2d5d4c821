"""Avro files, as far as lists of manifests need it: pyiceberg's own decoder ends the process on some damaged files.

The terms are those of the Avro specification, "Object Container Files" and "Binary Encoding".
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator
from typing import Any, cast

from registry_dagster.tables.json_text import json_value

__all__ = ["MARKER_BYTES", "marker_of", "records_in"]

MARKER_BYTES = 16
_MAGIC = b"Obj\x01"
_MOST_ITEMS = 1_000_000
_MOST_BYTES = 64 << 20


def marker_of(head: bytes) -> bytes:
    """The marker that ends every block of a file, from its header.

    Raises:
        ValueError: it is not an Avro file, or is cut off.
    """
    return _header(io.BytesIO(head))[1]


def records_in(data: bytes) -> Iterator[Any]:
    """Every record of a file, by the schema in its header. Codecs other than `null` and `deflate` are not read.

    Raises:
        ValueError, LookupError, TypeError, AttributeError: it is damaged, or of another codec.
    """
    file = io.BytesIO(data)
    metadata, marker = _header(file)
    schema = json_value(metadata["avro.schema"])
    unpack = _CODECS[metadata.get("avro.codec", b"null")]
    while file.tell() < len(data):
        count, block = _count(file), io.BytesIO(unpack(_taken(file, _long(file))))
        yield from (_value(schema, block) for _ in range(count))
        if _taken(file, MARKER_BYTES) != marker:
            raise ValueError("a block does not end in the file's marker")


def _header(file: io.BytesIO) -> tuple[dict[str, bytes], bytes]:
    if _taken(file, len(_MAGIC)) != _MAGIC:
        raise ValueError("it does not start as an Avro file")
    metadata = _map({"values": "bytes"}, file)
    return metadata, _taken(file, MARKER_BYTES)


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, _MOST_BYTES)
    except zlib.error as error:
        raise ValueError("a block cannot be unpacked") from error


_CODECS: dict[bytes, Callable[[bytes], bytes]] = {b"null": bytes, b"deflate": _inflated}


def _taken(file: io.BytesIO, length: int) -> bytes:
    taken = file.read(length) if length >= 0 else b""
    if len(taken) != length:
        raise ValueError("it is cut off")
    return taken


def _long(file: io.BytesIO) -> int:
    """A zigzag varint of at most 64 bits."""
    value = 0
    for shift in range(0, 70, 7):
        byte = _taken(file, 1)[0]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1)
    raise ValueError("it has a number of more than 64 bits")


def _count(file: io.BytesIO) -> int:
    count = _long(file)
    if not -_MOST_ITEMS < count < _MOST_ITEMS:
        raise ValueError(f"it claims to have {count} items")
    return count


def _value(schema: Any, file: io.BytesIO) -> Any:
    """A value of a type, which is a union (a list), a name, or an object whose own type is one of the three."""
    if isinstance(schema, list):
        return _value(_member(cast("list[Any]", schema), _long(file)), file)
    if isinstance(schema, str):
        return _READERS[schema](schema, file)
    kind = schema["type"]
    return _READERS[kind](schema, file) if isinstance(kind, str) else _value(kind, file)


def _member(union: list[Any], number: int) -> Any:
    if number < 0:
        raise ValueError("it has a negative member of a union")
    return union[number]


def _blocks(file: io.BytesIO) -> Iterator[None]:
    """Once for each item of an array or a map. A block whose count is negative says how many bytes it has."""
    while count := _count(file):
        if count < 0:
            _long(file)
        yield from (None for _ in range(abs(count)))


def _record(schema: Any, file: io.BytesIO) -> dict[str, Any]:
    return {field["name"]: _value(field["type"], file) for field in schema["fields"]}


def _array(schema: Any, file: io.BytesIO) -> list[Any]:
    return [_value(schema["items"], file) for _ in _blocks(file)]


def _map(schema: Any, file: io.BytesIO) -> dict[str, Any]:
    return {_text(schema, file): _value(schema["values"], file) for _ in _blocks(file)}


def _bytes(schema: Any, file: io.BytesIO) -> bytes:
    return _taken(file, _long(file))


def _text(schema: Any, file: io.BytesIO) -> str:
    return _bytes(schema, file).decode()


_READERS: dict[str, Callable[[Any, io.BytesIO], Any]] = {
    "null": lambda schema, file: None,
    "boolean": lambda schema, file: _taken(file, 1) == b"\x01",
    "int": lambda schema, file: _long(file),
    "long": lambda schema, file: _long(file),
    "float": lambda schema, file: _taken(file, 4),
    "double": lambda schema, file: _taken(file, 8),
    "bytes": _bytes,
    "string": _text,
    "fixed": lambda schema, file: _taken(file, schema["size"]),
    "enum": lambda schema, file: _long(file),
    "record": _record,
    "array": _array,
    "map": _map,
}
"""Kind of type → how a value of it is read. Floating-point numbers stay bytes: nothing needs them."""

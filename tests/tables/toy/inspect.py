"""Toy tables: the columns from the schema file, the state from the listing."""

from __future__ import annotations

import json
from typing import Any

from registry_dagster.errors import TableNotFound
from registry_dagster.model.table import TableFacts
from registry_dagster.tables.arrow import encode_schema, fields_of
from registry_dagster.tables.fingerprint import Fingerprint
from registry_dagster.tables.storage.options import StorageOptions
from registry_dagster.tables.storage.pages import pages_of
from registry_dagster.tables.storage.protocol import Storage
from tests.tables.toy.pin import ToyPin

__all__ = ["fingerprint_of", "inspect_toy"]


def inspect_toy(
    storage: Storage,
    version: int | str | None = None,
    *,
    storage_options: StorageOptions | None = None,
    count_bytes: int | None = None,
) -> TableFacts:
    """Facts of a toy table."""
    import pyarrow as pa

    fingerprint = fingerprint_of(storage)
    if version not in {None, fingerprint}:
        raise TableNotFound(f"{storage.location} is not in state {version}.")
    columns: dict[str, str] = json.loads(storage.read("_toy/schema.json"))
    schema: Any = pa.schema([pa.field(name, getattr(pa, dtype)()) for name, dtype in columns.items()])
    pin: Any = ToyPin(fingerprint=fingerprint)
    return TableFacts(location=storage.location, pin=pin, fields=fields_of(schema), arrow_schema=encode_schema(schema))


def fingerprint_of(storage: Storage) -> str:
    """The state of a toy table's files."""
    fingerprint = Fingerprint()
    for page in pages_of(storage):
        fingerprint.add(page)
    return str(fingerprint)

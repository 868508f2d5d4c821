"""CSV files: the first line and what was declared for the schema, the file's head for everything else."""

from __future__ import annotations

from registry_dagster.errors import TableError, UnsupportedTable
from registry_dagster.model.table import CsvPin, TableFacts
from registry_dagster.tables.arrow import encode_schema, fields_of
from registry_dagster.tables.csv.header import columns_of
from registry_dagster.tables.csv.rows import rows_of
from registry_dagster.tables.csv.text import ENDINGS
from registry_dagster.tables.declared import Declared
from registry_dagster.tables.one_file import fingerprint_of, refuse_other_state
from registry_dagster.tables.storage.options import StorageOptions
from registry_dagster.tables.storage.protocol import Storage

__all__ = ["inspect_csv"]


def inspect_csv(
    storage: Storage,
    version: int | str | None = None,
    *,
    storage_options: StorageOptions | None = None,
    count_bytes: int | None = None,
    declared: Declared | None = None,
) -> TableFacts:
    """Facts of one CSV file, plain or compressed by gzip, whose fields are separated by commas.

    Args:
        storage: At the file.
        version: The fingerprint that it must have.
        storage_options: Not needed: the storage reads all.
        count_bytes: How many bytes may be read, and inflated, to count rows; None: no counting.
        declared: Types of columns; and the names of all, in order, if nothing else says them.

    Raises:
        TableNotFound: `version` is not the fingerprint of what is stored now.
        InvalidDeclaration: what is declared does not fit the file.
        UnsupportedTable: the file is not CSV, or does not say the names of its columns.
        TableError: the file changed while it was read.
    """
    declared = declared or Declared()
    _refuse_other_files(storage, declared)
    stored = storage.head()
    fingerprint = fingerprint_of(storage, stored)
    refuse_other_state(storage, stored, version, "CSV")
    header = columns_of(storage, declared.schema)
    rows = None if count_bytes is None else rows_of(storage, header, count_bytes)
    if fingerprint_of(storage, storage.head()) != fingerprint:
        raise TableError(f"{storage.location} changed while it was read. Inspect it again when it is written.")
    return TableFacts(
        location=storage.location,
        pin=CsvPin(fingerprint=fingerprint, last_modified=stored.modified, header_line=header.is_line),
        fields=fields_of(header.schema),
        arrow_schema=encode_schema(header.schema),
        rows=rows,
        bytes=stored.size,
        files=1,
    )


def _refuse_other_files(storage: Storage, declared: Declared) -> None:
    if declared.how_to_read is not None:
        raise UnsupportedTable("how_to_read is for opaque tables; leave it out.")
    if not storage.is_object() or not storage.location.lower().endswith(ENDINGS):
        raise UnsupportedTable(
            f"{storage.location} is not one CSV file: its name ends in {' or '.join(ENDINGS)}, and its fields are "
            "separated by commas. Give the location of such a file, or publish the table as opaque."
        )

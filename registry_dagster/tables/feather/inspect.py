"""Feather files: the footer for the schema, the store's own facts for everything else."""

from __future__ import annotations

from registry_dagster.model.table import FeatherPin, TableFacts
from registry_dagster.tables.arrow import encode_schema, fields_of, widths_of
from registry_dagster.tables.feather.file import refuse_directory
from registry_dagster.tables.feather.footer import read_footer
from registry_dagster.tables.feather.rows import count_rows
from registry_dagster.tables.one_file import fingerprint_of, refuse_other_state
from registry_dagster.tables.storage.options import StorageOptions
from registry_dagster.tables.storage.protocol import Storage

__all__ = ["inspect_feather"]


def inspect_feather(
    storage: Storage,
    version: int | str | None = None,
    *,
    storage_options: StorageOptions | None = None,
    count_bytes: int | None = None,
) -> TableFacts:
    """Facts of a Feather file of version 2, which is an Arrow IPC file, from its last bytes.

    Args:
        storage: At the file.
        version: The fingerprint that it must have.
        storage_options: Not needed: the storage reads all.
        count_bytes: How many bytes of the record batches' metadata may be read to count rows; None: no counting.

    Raises:
        TableNotFound: `version` is not the fingerprint of what is stored now.
        UnsupportedTable: a damaged file, a stream, or Feather of version 1.
        UnknownFormat: the location is a directory.
    """
    refuse_directory(storage)
    footer = read_footer(storage)
    refuse_other_state(storage, footer.stored, version, "Feather")
    return TableFacts(
        location=storage.location,
        pin=FeatherPin(fingerprint=fingerprint_of(storage, footer.stored), last_modified=footer.stored.modified),
        fields=fields_of(footer.schema),
        arrow_schema=encode_schema(footer.schema),
        widths=widths_of(footer.schema),
        rows=None if count_bytes is None else count_rows(storage, footer, count_bytes),
        bytes=footer.stored.size,
        files=1,
    )

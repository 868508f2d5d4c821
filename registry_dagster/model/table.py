"""TableFacts: what the storage itself says about a table, pinned to one physical version."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field, model_validator
from typing_extensions import Self

from registry_dagster.model.base import Int64, Model, Several, in_json
from registry_dagster.model.html import html_table
from registry_dagster.model.moments import UtcDateTime
from registry_dagster.model.names import ColumnPath
from registry_dagster.model.recorded import is_recorded
from registry_dagster.model.secrets import credential_in, secret_in
from registry_dagster.model.text import Description, Text
from registry_dagster.model.variants import OneOf, variants_by

__all__ = [
    "PINS",
    "AnyPin",
    "CsvPin",
    "DeltaPin",
    "FeatherPin",
    "FingerprintPin",
    "IcebergPin",
    "LancePin",
    "OpaquePin",
    "ParquetPin",
    "Pin",
    "TableFacts",
    "TableField",
    "TableFormat",
    "table_identity",
]

TableFormat = Literal["parquet", "delta", "iceberg", "lance", "feather", "csv", "opaque"]


def _without_credentials(location: str) -> str:
    if found := credential_in(location, recorded=is_recorded()):
        raise ValueError(f"the location carries {found.what}, which must not be published; write it as {found.clean}")
    return location


def _without_secrets(text: str) -> str:
    if found := secret_in(text, recorded=is_recorded()):
        raise ValueError(f"the text carries {found}, which must not be published; leave it out")
    return text


Location = Annotated[str, Field(min_length=1, max_length=4000), AfterValidator(_without_credentials)]
"""A URI without credentials."""

Quantity = Annotated[int, Field(ge=0, lt=2**53)]


class TableField(Model):
    """A column, or a field nested in one.

    Args:
        path: Nested names joined by dots; `element`, `key` and `value` are what lists and maps hold.
        type: The Arrow type as text; `struct` for a struct, whose fields follow.
        nullable: Whether nulls may occur.
    """

    path: ColumnPath
    type: Annotated[str, Field(min_length=1, max_length=2000)]
    nullable: bool = True


class Pin(Model):
    """One physical state of a table, named by its format's own identifiers.

    A format's pin is a subclass whose first field is its tag: `format: Literal["delta"] = "delta"`.
    """

    _tag = in_json("format")

    @property
    @abstractmethod
    def identity(self) -> dict[str, str]:
        """What distinguishes this state from every other one of a table at the same location."""

    @property
    @abstractmethod
    def in_words(self) -> str:
        """The state as a person would say it, to complete "this program reads …"."""

    def read_from(self, location: str) -> str:
        """Where a reader of this state starts: the table's own location, unless the format says otherwise."""
        return location


class DeltaPin(Pin):
    """One version of a Delta table.

    Args:
        table_id: Given when the table was created.
        version: The version.
        committed_at: When it was committed.
        commit_digest: `sha256:` over the size of its commit file in digits, NUL, and the file's first MiB; no other
            commit shares it. None if the file was cleaned up.
        reader_features: What a reader of its data must know beyond plain Parquet files, such as `columnMapping`.
    """

    format: Literal["delta"] = "delta"
    table_id: Text
    version: Quantity
    committed_at: UtcDateTime | None = None
    commit_digest: Text | None = None
    reader_features: Several[Text] = ()

    @property
    def identity(self) -> dict[str, str]:
        """The table's id, which a table created again does not share, and the version."""
        return {"table_id": self.table_id, "version": str(self.version)}

    @property
    def in_words(self) -> str:
        """The version."""
        return f"version {self.version} of a Delta table"


class IcebergPin(Pin):
    """One snapshot of an Iceberg table, with the schema that belongs to it."""

    format: Literal["iceberg"] = "iceberg"
    table_uuid: Text
    snapshot_id: Int64
    schema_id: Annotated[int, Field(ge=0, lt=2**31)]
    metadata_location: Location
    committed_at: UtcDateTime | None = None
    catalog: Text | None = None
    identifier: Text | None = None

    @property
    def identity(self) -> dict[str, str]:
        """The table's uuid, the snapshot and its schema; not the metadata file, which is replaced at every commit."""
        return {
            "table_uuid": self.table_uuid,
            "snapshot_id": str(self.snapshot_id),
            "schema_id": str(self.schema_id),
        }

    @property
    def in_words(self) -> str:
        """The snapshot."""
        return f"snapshot {self.snapshot_id} of an Iceberg table"

    def read_from(self, location: str) -> str:
        """The metadata file, so that no catalog is needed."""
        return self.metadata_location


class LancePin(Pin):
    """One version of a Lance dataset. The transaction's uuid distinguishes it from one of a recreated dataset."""

    format: Literal["lance"] = "lance"
    version: Annotated[int, Field(ge=1, lt=2**53)]
    transaction_uuid: Text | None = None
    branch: Text | None = None

    @property
    def identity(self) -> dict[str, str]:
        """The version, the transaction that made it, and the branch; empty text where one is not known."""
        return {
            "version": str(self.version),
            "transaction_uuid": self.transaction_uuid or "",
            "branch": self.branch or "",
        }

    @property
    def in_words(self) -> str:
        """The version."""
        return f"version {self.version} of a Lance dataset"


class FingerprintPin(Pin):
    """The state of a table whose format keeps no versions: a fingerprint over the listing of its files.

    The fingerprint is sha256 over one line per data file in key order: relative path, NUL, size in
    bytes, NUL, the store's change token (an ETag, or the modification time in ns on a local disk).
    Every such format has a subclass that adds its tag, and what a reader must know that the files do not say.
    """

    # Declared here so that the tag comes first in the JSON of every subclass, which narrows it.
    format: Any
    fingerprint: Text
    last_modified: UtcDateTime | None = None

    @property
    def identity(self) -> dict[str, str]:
        """The fingerprint."""
        return {"fingerprint": self.fingerprint}

    @property
    def in_words(self) -> str:
        """Its files, since no version has a name."""
        return f"the {str(self.format).capitalize()} files of its fingerprint"


class ParquetPin(FingerprintPin):
    """The state of a Parquet file, or of a directory of Parquet files."""

    format: Literal["parquet"] = "parquet"


class FeatherPin(FingerprintPin):
    """The state of a Feather file, which is an Arrow IPC file."""

    format: Literal["feather"] = "feather"


class CsvPin(FingerprintPin):
    """The state of a CSV file.

    Args:
        header_line: Whether its first line is the names of its columns.
    """

    format: Literal["csv"] = "csv"
    header_line: bool = True

    @property
    def in_words(self) -> str:
        """Its file, since no version has a name."""
        return "the CSV file of its fingerprint"


class OpaquePin(Pin):
    """The state of a table in a form that registry-dagster does not read: one of the two is there.

    Args:
        fingerprint: Over the listing of all its files, as `FingerprintPin` defines it.
        state: What its publisher calls the state. Nobody can compare it with what is stored.
        how_to_read: In words, for people who want to read the table.
        last_modified: When the latest of its files was written.
    """

    format: Literal["opaque"] = "opaque"
    fingerprint: Text | None = None
    state: Text | None = None
    how_to_read: Annotated[Description, Field(min_length=1), AfterValidator(_without_secrets)]
    last_modified: UtcDateTime | None = None

    @model_validator(mode="after")
    def _has_a_state(self) -> Self:
        if (self.fingerprint is None) == (self.state is None):
            raise ValueError("give its state by a fingerprint or by a name, one of the two")
        return self

    @property
    def identity(self) -> dict[str, str]:
        """The fingerprint, or the name."""
        return {"state": self.state} if self.state else {"fingerprint": self.fingerprint or ""}

    @property
    def in_words(self) -> str:
        """The name, or its files."""
        return f"the state {self.state}" if self.state else "the files of its fingerprint"


_Pins = DeltaPin | IcebergPin | LancePin | ParquetPin | FeatherPin | CsvPin | OpaquePin
PINS = variants_by("format", *get_args(_Pins))
"""Name of a format → the class of its pins."""

AnyPin = Annotated[_Pins, OneOf("format", PINS)]


class TableFacts(Model):
    """Where a table is, its exact physical version, and its schema. Never its data.

    Args:
        location: URI without credentials.
        pin: The physical version, by the format's own identifiers.
        fields: Every column and nested field, in table order.
        arrow_schema: The Arrow schema, as base64 of the Arrow IPC schema message.
        widths: List column → how many elements each list has, where field metadata says so. Delta and Iceberg
            have no type for it; an Arrow fixed-size list says it in its type.
        partition_columns: Columns whose values are in the directory names.
        rows, bytes, files: Counts where the metadata has them cheaply and exactly; None is unknown.
    """

    location: Location
    pin: AnyPin
    fields: Several[TableField]
    arrow_schema: str
    widths: Mapping[ColumnPath, Quantity] = {}
    partition_columns: Several[ColumnPath] = ()
    rows: Quantity | None = None
    bytes: Quantity | None = None
    files: Quantity | None = None

    @model_validator(mode="after")
    def _columns_are_distinct(self) -> Self:
        twice = [path for path, times in Counter(field.path for field in self.fields).items() if times > 1]
        if twice:
            raise ValueError(f"fields: the table has duplicate columns: {', '.join(twice)}; rename one of each")
        return self

    def __str__(self) -> str:
        rows = "an unknown number of rows" if self.rows is None else f"{self.rows:,} rows"
        return f"{self.pin.in_words} at {self.location}: {len(self.fields):,} columns and nested fields, {rows}"

    def _repr_html_(self) -> str:
        """Its columns, as a notebook shows them."""
        rows = [(each.path, each.type, "yes" if each.nullable else "no") for each in self.fields]
        return html_table(("column", "type", "nullable"), rows, str(self))

    @property
    def format(self) -> TableFormat:
        """The table's format, which is that of its pin."""
        return self.pin.format

    @property
    def identity(self) -> dict[str, object]:
        """What makes it this physical table in this state, as JSON."""
        return table_identity(self.location, self.pin)


def table_identity(location: str, pin: AnyPin) -> dict[str, object]:
    """What makes it this physical table in this state, as JSON."""
    return {"format": pin.format, "location": location, **pin.identity}

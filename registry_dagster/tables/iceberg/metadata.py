"""An Iceberg table's metadata: the one place where its JSON is read.

The fields named here are those of the Iceberg table spec, appendix "JSON serialization".
"""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, cast

from registry_dagster.errors import TableNotFound, UnsupportedTable
from registry_dagster.model.canonical_json import is_json_object
from registry_dagster.tables.json_text import json_value
from registry_dagster.tables.storage.locations import plain_text
from registry_dagster.tables.whole_number import whole_number

__all__ = ["MOST_BYTES", "Json", "Metadata", "Snapshot", "is_metadata_file"]

Json = dict[str, Any]
_NO_CURRENT = (None, -1)
_FORMAT_VERSIONS = (1, 2, 3)
MOST_BYTES = 128 << 20
"""Of a metadata file, unpacked: several hundred thousand snapshots."""

_COUNT = re.compile(r"[0-9]{1,15}")


def is_metadata_file(name: str) -> bool:
    """Whether a file is named as a table's metadata."""
    return name.endswith((".metadata.json", ".metadata.json.gz"))


@dataclass(frozen=True)
class Snapshot:
    """One snapshot in a table's metadata.

    Args:
        json: Its entry.
    """

    json: Json

    @property
    def id(self) -> int:
        """Its id."""
        return self.json["snapshot-id"]

    @property
    def committed_at(self) -> datetime:
        """When it was committed."""
        milliseconds = self.json["timestamp-ms"]
        try:
            return datetime.fromtimestamp(milliseconds / 1000, tz=timezone.utc)
        except (ValueError, OverflowError, OSError) as error:
            raise TypeError(f"timestamp-ms {milliseconds}") from error

    @property
    def manifests(self) -> list[str]:
        """The file that lists its manifests; or the manifests themselves, which format v1 may name instead."""
        if listed := self.json.get("manifest-list"):
            return [listed]
        return self.json.get("manifests") or []

    def count(self, key: str) -> int | None:
        """A count of its summary; None where the writer left it out."""
        summary: dict[str, str] = self.json.get("summary") or {}
        value = str(summary.get(key, ""))
        return int(value) if _COUNT.fullmatch(value) else None


@dataclass(frozen=True)
class Metadata:
    """A table's metadata.

    Args:
        json: As the spec has it.
        where: Location of the metadata file.
    """

    json: Json
    where: str

    @classmethod
    def parse(cls, data: bytes, where: str) -> Metadata:
        """The content of a metadata file, which may be compressed.

        Raises:
            UnsupportedTable: it is not JSON, or not of a known format version.
        """
        try:
            value = json_value(_unpacked(data))
        except (ValueError, OSError, EOFError, zlib.error) as error:
            raise UnsupportedTable(
                f"{where} is not Iceberg metadata: it cannot be read as JSON ({plain_text(error)})."
            ) from error
        return cls.of(value, where)

    @classmethod
    def of(cls, value: object, where: str) -> Metadata:
        """Metadata that was parsed from JSON.

        Raises:
            UnsupportedTable: it is not a JSON object, or not of a known format version.
        """
        if not is_json_object(value):
            raise _incomplete(where, "it is not a JSON object")
        if "format-version" not in value:
            raise _incomplete(where, "'format-version' is missing")
        if (version := value["format-version"]) not in _FORMAT_VERSIONS:
            raise UnsupportedTable(
                f"{where} is an Iceberg table of format version {version}; this version of registry-dagster reads "
                "1 to 3. Upgrade it."
            )
        return cls(value, where)

    @contextmanager
    def complete(self) -> Generator[None, None, None]:
        """Wraps code that relies on the fields that the spec requires, and on their types.

        Raises:
            UnsupportedTable: one is missing or of another type.
        """
        try:
            yield
        except (KeyError, TypeError, AttributeError) as error:
            raise _incomplete(self.where, f"{plain_text(error)} is missing or of another type") from error

    def snapshot(self, version: int | str | None) -> Snapshot:
        """A snapshot by its id, or by a tag or branch; the current one if the version is None.

        Raises:
            TableNotFound: no such snapshot.
            UnsupportedTable: the table has no snapshot yet.
        """
        wanted = self._current_id() if version is None else self._id_of(version)
        if (found := self.find(wanted)) is not None:
            return found
        raise TableNotFound(
            f"{self.where} has no snapshot {wanted if version is None else version}; it has "
            f"{len(self._snapshots)} of them{self._and_refs()}. It may have expired, or be of another table."
        )

    def find(self, snapshot_id: int | None) -> Snapshot | None:
        """The snapshot of an id; None if the table does not have it."""
        return next((Snapshot(each) for each in self._snapshots if each.get("snapshot-id") == snapshot_id), None)

    def schema_of(self, snapshot: Snapshot) -> Json:
        """The schema of a snapshot; the table's current one for a snapshot that names none (format v1)."""
        schemas = cast("list[Json]", self.json.get("schemas") or [self.json["schema"]])
        current = self.json.get("current-schema-id", schemas[-1].get("schema-id"))
        wanted = snapshot.json.get("schema-id", current)
        for schema in schemas:
            if schema.get("schema-id") == wanted:
                return schema
        raise KeyError(f"schema {wanted}")

    @property
    def partition_specs(self) -> list[Json]:
        """By which columns files are partitioned, now and earlier. Format v1 may have one spec without a number."""
        unnumbered: Json = {"spec-id": 0, "fields": self.json.get("partition-spec") or []}
        return self.json.get("partition-specs") or [unnumbered]

    def _current_id(self) -> int:
        current = self.json.get("current-snapshot-id")
        if current in _NO_CURRENT:
            raise UnsupportedTable(
                f"{self.where}: the Iceberg table has no snapshot; nothing was written to it yet. Write to it first."
            )
        return current

    @property
    def _snapshots(self) -> list[Json]:
        return self.json.get("snapshots") or []

    def _id_of(self, version: int | str) -> int | None:
        refs: dict[str, Json] = self.json.get("refs") or {}
        if str(version) in refs:
            return int(refs[str(version)]["snapshot-id"])
        return whole_number(version)

    def _and_refs(self) -> str:
        names = sorted(self.json.get("refs") or {})
        return f" and the tags or branches {', '.join(names[:5])}" if names else ""


def _unpacked(data: bytes) -> bytes:
    """What may be compressed; no more of it is unpacked than may be read."""
    if data[:2] != b"\x1f\x8b":
        return data
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
        unpacked = file.read(MOST_BYTES + 1)
    if len(unpacked) > MOST_BYTES:
        raise ValueError(f"it unpacks to more than {MOST_BYTES:,} bytes")
    return unpacked


def _incomplete(where: str, what: str) -> UnsupportedTable:
    return UnsupportedTable(f"{where} is not complete Iceberg metadata: {what}.")

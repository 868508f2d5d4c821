"""Lance: the version's manifest, and the transaction that made it. The lance package is not needed."""

from __future__ import annotations

import re

from registry_dagster.errors import TableNotFound
from registry_dagster.model.table import LancePin
from registry_dagster.tables.storage.protocol import Storage
from registry_dagster.tables.verdict import Finding, Saw

__all__ = ["verify_lance"]

_VERSIONS = "_versions/"
_LAST = 2**64 - 1
_MANIFEST = re.compile(rf"{_VERSIONS}(?P<number>\d{{1,20}})\.manifest")


def verify_lance(storage: Storage, pin: LancePin, saw: Saw) -> Finding:
    """Finds a version that was cleaned up, and a dataset that was made anew. Data files are not looked at.

    Raises:
        TableError: the store cannot answer.
    """
    for name in _names(pin.version):
        where = f"{storage.location}/{name}"
        try:
            manifest = storage.read(name)
        except TableNotFound:
            saw(where, "not there")
            continue
        if pin.transaction_uuid is None:
            saw(where, "there")
            return Finding(
                "unknown",
                f"version {pin.version} is there, but its record names no transaction that would tell it from "
                "the same version of a dataset made anew.",
            )
        # The manifest names its transaction as plain text, in a field or inside the transaction itself.
        if pin.transaction_uuid.encode() in manifest:
            saw(where, f"made by transaction {pin.transaction_uuid}, as recorded")
            return Finding("intact", f"version {pin.version} stands, made by the recorded transaction.")
        saw(where, f"not made by transaction {pin.transaction_uuid}")
        return Finding(
            "changed",
            f"version {pin.version} was not made by the recorded transaction {pin.transaction_uuid}: "
            "the dataset was made anew.",
        )
    return Finding("missing", _what_is_there(storage, pin.version))


def _names(version: int) -> tuple[str, str]:
    """Lance's two naming schemes: counted down, so that the newest lists first; and the older plain one."""
    return f"{_VERSIONS}{_LAST - version:020}.manifest", f"{_VERSIONS}{version}.manifest"


def _what_is_there(storage: Storage, wanted: int) -> str:
    found = [int(match["number"]) for each in storage.list(_VERSIONS) if (match := _MANIFEST.fullmatch(each.path))]
    versions = [min(number, _LAST - number) for number in found]
    if not versions:
        return f"there is no Lance dataset at {storage.location}: {_VERSIONS} holds no manifest."
    return (
        f"{storage.location} has no version {wanted} (any more); it has {len(versions)}, "
        f"from {min(versions)} to {max(versions)}. It was cleaned up, or the dataset made anew."
    )

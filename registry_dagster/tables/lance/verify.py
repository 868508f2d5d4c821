"""Lance: the version's manifest, and the transaction that made it. The lance package is not needed."""

from __future__ import annotations

import re

from registry_dagster.errors import TableNotFound
from registry_dagster.model.table import LancePin, TableFacts
from registry_dagster.tables.storage.open import open_storage
from registry_dagster.tables.storage.options import StorageOptions
from registry_dagster.tables.storage.protocol import Storage
from registry_dagster.tables.verdict import Look, Note

__all__ = ["verify_lance"]

_VERSIONS = "_versions/"
_LAST = 2**64 - 1
_FOOTER, _LENGTH = 16, 4
"""Bytes of a manifest's end, and of the length before its message."""
_MANIFEST = re.compile(rf"{_VERSIONS}(?P<number>\d{{1,20}})\.manifest")


def verify_lance(table: TableFacts, pin: LancePin, options: StorageOptions | None, note: Note) -> Look:
    """Finds a version that was cleaned up, and a dataset that was created again. Data files are not looked at.

    Raises:
        TableError: the store cannot answer.
    """
    storage = open_storage(table.location, options)
    for name in _names(pin.version):
        where = f"{storage.location}/{name}"
        try:
            manifest = storage.read(name)
        except TableNotFound:
            note(where, "not there")
            continue
        return _compared(manifest, where, pin, note)
    return Look("missing", _what_is_there(storage, pin.version))


def _compared(manifest: bytes, where: str, pin: LancePin, note: Note) -> Look:
    """Whether a version's manifest is that of the recorded transaction."""
    if not _is_whole(manifest):
        note(where, f"damaged, {len(manifest):,} bytes")
        return Look("changed", f"the manifest of version {pin.version} is damaged: it is cut off or overwritten.")
    if pin.transaction_uuid is None:
        note(where, "there")
        return Look(
            "unknown",
            f"version {pin.version} is there, but no transaction was recorded that would distinguish it from the "
            "same version of a dataset that was created again.",
        )
    # The manifest names its transaction as plain text, in a field or inside the transaction itself.
    if pin.transaction_uuid.encode() in manifest:
        note(where, f"made by transaction {pin.transaction_uuid}, as recorded")
        return Look("intact", f"version {pin.version} is there, made by the recorded transaction.")
    note(where, f"not made by transaction {pin.transaction_uuid}")
    return Look(
        "changed",
        f"version {pin.version} was not made by the recorded transaction {pin.transaction_uuid}: "
        "the dataset was created again.",
    )


def _is_whole(manifest: bytes) -> bool:
    """Whether a manifest ends as one: with where its message starts, the version of the format, and the magic."""
    if not manifest.endswith(b"LANC") or len(manifest) < _FOOTER + _LENGTH:
        return False
    start = int.from_bytes(manifest[-_FOOTER : -_FOOTER + 8], "little")
    length = int.from_bytes(manifest[start : start + _LENGTH], "little")
    return 0 < length <= len(manifest) - _FOOTER - _LENGTH - start


def _names(version: int) -> tuple[str, str]:
    """Lance's two naming schemes: counted down, so that the newest lists first; and the older plain one."""
    return f"{_VERSIONS}{_LAST - version:020}.manifest", f"{_VERSIONS}{version}.manifest"


def _versions(storage: Storage) -> list[int]:
    matches = filter(None, (_MANIFEST.fullmatch(each.path) for each in storage.list(_VERSIONS)))
    numbers = (int(match["number"]) for match in matches)
    # A number of the scheme that counts down is far greater than any version.
    return [min(number, _LAST - number) for number in numbers]


def _what_is_there(storage: Storage, wanted: int) -> str:
    versions = _versions(storage)
    if not versions:
        return f"there is no Lance dataset at {storage.location}: {_VERSIONS} holds no manifest."
    return (
        f"{storage.location} does not have version {wanted}; it has {len(versions)}, from {min(versions)} to "
        f"{max(versions)}. The version was cleaned up, or the dataset was created again."
    )

"""Listings page by page, so that a million files take no more memory than a thousand."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, NamedTuple, Protocol, cast

from registry_dagster.errors import TableError
from registry_dagster.tables.storage.options import AZURE, GCS, S3
from registry_dagster.tables.storage.protocol import StoredObject

__all__ = ["Entry", "Page", "PageReader", "page_reader", "stored_object", "walk"]

Entry = Mapping[str, Any]

_TOKENS = ("ETag", "generation", "etag", "version_id", "checksum", "md5")
_TIMES = ("LastModified", "timeCreated", "last_modified", "mtime", "modified", "updated", "created")
_PAGE = 1000


class Page(NamedTuple):
    """Objects in key order, each by its name in the bucket, with what the store says about it; and where to go on."""

    entries: Sequence[tuple[str, Entry]]
    next: str | None


class PageReader(Protocol):
    """Reads one page of a bucket: the keys with a prefix that sort after a key, from where the last page ended."""

    async def __call__(self, fs: Any, bucket: str, prefix: str, after: str, start: str | None) -> Page:
        """The page; `start` is the `next` of the page before."""
        ...


def page_reader(scheme: str) -> PageReader | None:
    """How a store lists page by page; None for filesystems that list by directory."""
    for schemes, read in ((S3, _s3_page), (GCS, _gcs_page), (AZURE, _azure_page)):
        if scheme in schemes:
            return read
    return None


async def _s3_page(fs: Any, bucket: str, prefix: str, after: str, start: str | None) -> Page:
    client = await fs.set_session()
    where: dict[str, Any] = {"ContinuationToken": start} if start else {"StartAfter": after} if after else {}
    found = await client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=_PAGE, **where, **fs.req_kw)
    entries = [(entry["Key"], {**entry, "size": entry["Size"]}) for entry in found.get("Contents", ())]
    return Page(entries, found.get("NextContinuationToken"))


async def _gcs_page(fs: Any, bucket: str, prefix: str, after: str, start: str | None) -> Page:
    asked = {
        "prefix": prefix,
        "startOffset": after,
        "pageToken": start,
        "maxResults": _PAGE,
        "fields": "nextPageToken,items(name,size,generation,timeCreated)",
    }
    given = {name: value for name, value in asked.items() if value}
    found = await fs._call("GET", "b/{}/o", bucket, json_out=True, **given)
    return Page([(entry["name"], entry) for entry in found.get("items", ())], found.get("nextPageToken"))


async def _azure_page(fs: Any, bucket: str, prefix: str, after: str, start: str | None) -> Page:
    async with fs.service_client.get_container_client(bucket) as container:
        listed = container.list_blobs(name_starts_with=prefix or None, include=["metadata"], results_per_page=_PAGE)
        pages = listed.by_page(continuation_token=start)
        try:
            blobs = [blob async for blob in await anext(pages)]
        except StopAsyncIteration:
            return Page([], None)
    entries = [
        (cast(str, blob.name), {"size": blob.size, "etag": blob.etag, "last_modified": blob.last_modified})
        for blob in blobs
        if not _is_folder(blob)
    ]
    return Page(entries, pages.continuation_token or None)


def _is_folder(blob: Any) -> bool:
    metadata: Mapping[str, str] = blob.metadata or {}
    return metadata.get("hdi_isfolder") == "true"


def walk(listed: Any, directory: str, relative: str = "") -> Iterator[tuple[str, Entry]]:
    """Every file below a directory, by path relative to it, in the order of whole keys.

    Args:
        listed: Path of a directory → what is in it, as fsspec's `ls` returns it.
        directory: Path of the directory.
        relative: Prepended to every path.
    """
    named = [(_name(entry), entry) for entry in listed(directory)]
    for name, entry in sorted(named, key=lambda one: os.fsencode(one[0])):
        if name.endswith("/"):
            yield from walk(listed, f"{directory.rstrip('/')}/{name[:-1]}", relative + name)
        else:
            yield relative + name, entry


def _name(entry: Entry) -> str:
    """Sorting a directory as `name/` among its sibling files gives the order of whole keys."""
    name = str(entry["name"]).rstrip("/").rpartition("/")[2]
    return f"{name}/" if entry.get("type") == "directory" else name


def stored_object(path: str, entry: Entry, where: str) -> StoredObject:
    """An object as `Storage` describes it, from what fsspec or a listing says about it.

    Raises:
        TableError: nothing says when its content changes.
    """
    token = next((entry[name] for name in _TOKENS if entry.get(name)), None)
    time = _first_time(entry)
    if time is None:
        raise TableError(
            f"{where}: its store does not say when the file was written, so a change to it could not be noticed. "
            "Keep the table in another store."
        )
    return StoredObject(path, int(entry["size"]), str(token or time.isoformat()).strip('"'), time)


def _first_time(entry: Entry) -> datetime | None:
    """When an object was written; None where the entry says no time, or one that is in no year from 1 to 9999."""
    try:
        return next((_time(entry[name]) for name in _TIMES if entry.get(name)), None)
    except (ValueError, OverflowError, OSError):
        return None


def _time(value: Any) -> datetime:
    if isinstance(value, str):
        value = datetime.fromisoformat(value.replace("Z", "+00:00"))
    elif not isinstance(value, datetime):
        value = datetime.fromtimestamp(float(value), tz=timezone.utc)
    return value if value.tzinfo else value.replace(tzinfo=timezone.utc)

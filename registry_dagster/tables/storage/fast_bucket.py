"""Reading S3 with obstore, if it is installed: what fsspec reads, in a tenth of the time or less.

At the first doubt (an option it does not know, an error, a key it cannot read) fsspec takes over from there. So
obstore changes how long reading takes and nothing else.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from importlib.util import find_spec
from typing import Any, cast

from registry_dagster.tables.storage.listing import Entry
from registry_dagster.tables.storage.object_page import ObjectPage
from registry_dagster.tables.storage.object_store import for_s3
from registry_dagster.tables.storage.options import S3, StorageOptions, scheme_of

__all__ = ["FastBucket", "FastListing"]

_KNOWN = {"anon", "client_kwargs", "endpoint_url", "key", "profile", "requester_pays", "secret", "token"}
_KNOWN_OF_CLIENT = {"endpoint_url", "region_name"}
_CLIENT = ("allow_http", "allow_invalid_certificates")
_PAGE = 1000
_SHARE = 0.4
"""Of the time for an answer; the rest is left to fsspec."""
_KEPT = 600.0
"""Seconds for which credentials that were looked up are used; those of a role may end some time."""
_PLAIN = re.compile(r"[A-Za-z0-9_=.-]+(?:/[A-Za-z0-9_=.-]+)*")
"""Keys that are the same to every library, whatever they do to others."""
_NOT_NAMES = {".", ".."}


class FastBucket:
    """A bucket as obstore reads it. One for all tables in it, so that they share its connections.

    Args:
        location: Of something in it.
        options: As `options.prepared` returns them.
        seconds: How long to wait for one answer; a part of it, so that fsspec has the rest.
    """

    def __init__(self, location: str, options: StorageOptions, seconds: float) -> None:
        self._bucket = location.partition("://")[2].partition("/")[0]
        self._options = options
        self._seconds = seconds
        self._is_possible = scheme_of(location) in S3 and _maps(options) and find_spec("obstore") is not None
        self._store: Any = None
        self._since = 0.0

    def list(self, prefix: str, after: str) -> FastListing:
        """The objects with a prefix, as far as obstore gets.

        Args:
            prefix: Of the keys: whole names, ending in a slash, since obstore compares names and not texts.
            after: The key to begin after; empty for the first.
        """
        return FastListing(self._opened if self._is_possible and prefix.endswith("/") else None, prefix, after)

    def info(self, key: str) -> Entry | None:
        """What S3 says of an object; of what only begins the keys of others, that it is a directory.

        None if that has to be asked of fsspec.
        """
        try:
            meta = self._asked("head", key)
        except FileNotFoundError:
            return {"type": "directory", "size": 0} if any(map(len, self.list(f"{key}/", ""))) else None
        if meta is None or not meta["e_tag"]:
            return None
        known = {"ETag": meta["e_tag"], "LastModified": meta["last_modified"], "size": meta["size"]}
        return {**known, "type": "file"}

    def read(self, key: str, start: int, length: int) -> bytes | None:
        """A part of an object; None if it has to be read with fsspec.

        Raises:
            FileNotFoundError: there is no such object.
        """
        data = self._asked("get_range", key, start=start, length=length)
        return None if data is None else bytes(data)

    def _asked(self, function: str, key: str, **options: int) -> Any:
        if not self._is_possible or not _PLAIN.fullmatch(key) or not _NOT_NAMES.isdisjoint(key.split("/")):
            return None
        import obstore
        from obstore.exceptions import BaseError

        store = self._opened()
        try:
            return None if store is None else getattr(obstore, function)(store, key, **options)
        except (BaseError, ValueError):
            return None

    def _opened(self) -> Any:
        """None if there are no credentials, or none that obstore can use: fsspec reports why."""
        # Two threads may both open one; the second stays.
        if self._store is None or time.monotonic() - self._since > _KEPT:
            try:
                self._store, self._since = self._open(), time.monotonic()
            except Exception:
                self._is_possible, self._store = False, None
        return self._store

    def _open(self) -> Any:
        from obstore.store import S3Store

        named, wait = for_s3(self._options, self._seconds), self._seconds * _SHARE
        return cast(Any, S3Store)(
            self._bucket,
            config={name: value for name, value in named.items() if name not in _CLIENT},
            client_options={
                "timeout": f"{wait:g}s",
                "connect_timeout": f"{min(2.0, wait):g}s",
                **{name: True for name in _CLIENT if name in named},
            },
            retry_config={"max_retries": 0, "retry_timeout": timedelta(seconds=wait)},
        )


class FastListing:
    """The objects of a bucket by their keys, page by page, in order, as far as obstore gets.

    Args:
        store: Gives the bucket, opened, or None; None if obstore cannot list it.
        prefix, after: See `FastBucket.list`.

    Attributes:
        complete: Whether it reached the end.
    """

    def __init__(self, store: Callable[[], Any] | None, prefix: str, after: str) -> None:
        self.complete = False
        self._store = store
        self._prefix = prefix
        self._after = after

    def __iter__(self) -> Iterator[ObjectPage]:
        store = self._store() if self._store is not None else None
        if store is None:
            return
        import obstore
        from obstore.exceptions import BaseError

        try:
            pages: Iterator[Any] = cast(Any, obstore).list(
                store, prefix=self._prefix, offset=self._after or None, chunk_size=_PAGE, return_arrow=True
            )
            for page in pages:
                if (objects := _objects(page)) is None:
                    return
                yield objects
        except (BaseError, FileNotFoundError, ValueError):
            # fsspec goes on from the last key, and reports what is wrong.
            return
        self.complete = True


def _objects(page: Any) -> ObjectPage | None:
    """The objects of a page; None if something is not said of one of them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    batch: Any = pa.record_batch(page)
    types = {"path": pa.string(), "size": pa.int64(), "e_tag": pa.string(), "last_modified": pa.timestamp("us", "UTC")}
    paths, sizes, tokens, modified = (_cast(batch.column(name), type) for name, type in types.items())
    tokens = cast(Any, pc).utf8_trim(tokens, '"')
    if tokens.null_count or "" in tokens.to_pylist():
        return None
    return ObjectPage(paths, sizes, tokens, modified.view(pa.int64()))


def _cast(column: Any, type: Any) -> Any:
    return column if column.type == type else column.cast(type)


def _maps(options: StorageOptions) -> bool:
    """Whether every option means the same to obstore."""
    client: Mapping[str, Any] = options.get("client_kwargs") or {}
    return options.keys() <= _KNOWN and client.keys() <= _KNOWN_OF_CLIENT

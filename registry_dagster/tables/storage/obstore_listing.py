"""Listing S3 with obstore, if it is installed: what fsspec lists, in a tenth of the time or less.

At the first doubt (an option it does not know, an error, a key it cannot read) fsspec takes over from there. So
obstore changes how long a listing takes and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, cast

from registry_dagster.tables.storage.object_page import ObjectPage
from registry_dagster.tables.storage.object_store import for_s3
from registry_dagster.tables.storage.options import S3, StorageOptions, scheme_of

__all__ = ["FastListing"]

_KNOWN = {"anon", "client_kwargs", "endpoint_url", "key", "profile", "requester_pays", "secret", "token"}
_KNOWN_OF_CLIENT = {"endpoint_url", "region_name"}
_CLIENT = ("allow_http", "allow_invalid_certificates")
_PAGE = 1000
_SHARE = 0.4
"""Of the time for an answer; the rest is left to fsspec."""


class FastListing:
    """The objects of a bucket by their keys, page by page, in order, as far as obstore gets.

    Args:
        location: An `s3://` URI.
        options: As `options.prepared` returns them.
        seconds: How long to wait for one answer; a part of it, so that fsspec has the rest.
        prefix: Of the keys: whole names, ending in a slash, since obstore compares names and not texts.
        after: The key to begin after; empty for the first.

    Attributes:
        complete: Whether it reached the end.
    """

    def __init__(self, location: str, options: StorageOptions, seconds: float, prefix: str, after: str) -> None:
        self.complete = False
        self._location = location
        self._options = options
        self._seconds = seconds
        self._prefix = prefix
        self._after = after

    def __iter__(self) -> Iterator[ObjectPage]:
        if not self._is_possible():
            return
        try:
            import obstore
            from obstore.exceptions import BaseError
        except ImportError:
            return
        try:
            pages: Iterator[Any] = cast(Any, obstore).list(
                self._store(), prefix=self._prefix, offset=self._after or None, chunk_size=_PAGE, return_arrow=True
            )
            for page in pages:
                if (objects := _objects(page)) is None:
                    return
                yield objects
        except BaseError:
            # fsspec goes on from the last key, and reports what is wrong.
            return
        self.complete = True

    def _is_possible(self) -> bool:
        return scheme_of(self._location) in S3 and self._prefix.endswith("/") and _maps(self._options)

    def _store(self) -> Any:
        from obstore.store import S3Store

        named, wait = for_s3(self._options, self._seconds), self._seconds * _SHARE
        return cast(Any, S3Store)(
            self._location.partition("://")[2].partition("/")[0],
            config={name: value for name, value in named.items() if name not in _CLIENT},
            client_options={
                "timeout": f"{wait:g}s",
                "connect_timeout": f"{min(2.0, wait):g}s",
                **{name: True for name in _CLIENT if name in named},
            },
            retry_config={"max_retries": 0, "retry_timeout": timedelta(seconds=wait)},
        )


def _objects(page: Any) -> ObjectPage | None:
    """The objects of a page; None if something is not said of one of them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    functions: Any = pc
    batch: Any = pa.record_batch(page)
    paths, sizes, tokens, modified = (batch.column(name) for name in ("path", "size", "e_tag", "last_modified"))
    tokens = functions.utf8_trim(tokens.cast(pa.string()), '"')
    if tokens.null_count or functions.min(functions.binary_length(tokens)).as_py() == 0:
        return None
    times = modified.cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    return ObjectPage(paths.cast(pa.string()), sizes.cast(pa.int64()), tokens, times)


def _maps(options: StorageOptions) -> bool:
    """Whether every option means the same to obstore."""
    client: Mapping[str, Any] = options.get("client_kwargs") or {}
    return options.keys() <= _KNOWN and client.keys() <= _KNOWN_OF_CLIENT

"""Tables in stores that fsspec reads, with a time limit for each request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from itertools import chain
from typing import Any, cast

from registry_dagster.errors import TableAccessDenied, TableError, TableNotFound, TableUnreachable
from registry_dagster.tables.storage.deadline import within
from registry_dagster.tables.storage.failures import reading
from registry_dagster.tables.storage.fast_bucket import FastBucket
from registry_dagster.tables.storage.filesystems import open_filesystem
from registry_dagster.tables.storage.listing import Entry, page_reader, stored_object, walk
from registry_dagster.tables.storage.locations import below
from registry_dagster.tables.storage.object_page import ObjectPage, in_pages
from registry_dagster.tables.storage.options import StorageOptions, prepared, scheme_of
from registry_dagster.tables.storage.protocol import StoredObject

__all__ = ["FsspecStorage"]

_FIRST_READ = 1 << 20
_NEXT_READ = 8 << 20
_SLOWEST = 256 * 1024
"""The fewest bytes per second that a store may give: a long read may take that much longer."""


class FsspecStorage:
    """What is stored below a URI of any scheme that fsspec knows.

    Args:
        location: A URI without credentials.
        storage_options: By fsspec's names; kept inside the filesystem only.
    """

    def __init__(self, location: str, storage_options: StorageOptions | None = None) -> None:
        options, self._seconds = prepared(storage_options)
        self._options = options
        self._location = location
        self._fs, root = open_filesystem(location, options, self._seconds)
        self._root = root.rstrip("/")
        self._page = page_reader(scheme_of(location))
        self._fast = FastBucket(location, options, self._seconds)
        self._root_info: Entry | None = None

    def at(self, location: str) -> FsspecStorage:
        """Another place in the same bucket, over the same connections."""
        storage = copy(self)
        storage._location, storage._root_info = location, None
        storage._root = location.partition("://")[2].rstrip("/")
        return storage

    def __repr__(self) -> str:
        return f"FsspecStorage({self._location!r})"

    @property
    def location(self) -> str:
        """See `Storage.location`."""
        return self._location

    def above(self) -> FsspecStorage | None:
        """The same store one level up; None where that would be all of a bucket or of the filesystem."""
        location, root = self._location.rpartition("/")[0], self._root.rpartition("/")[0]
        if not root.strip("/"):
            return None
        storage = copy(self)
        storage._location, storage._root, storage._root_info = location, root, None
        return storage

    def exists(self, path: str = "") -> bool:
        """See `Storage.exists`."""
        try:
            self._info(path)
        except TableNotFound:
            return False
        return True

    def is_object(self, path: str = "") -> bool:
        """See `Storage.is_object`."""
        return self._info(path)["type"] == "file"

    def head(self, path: str = "") -> StoredObject:
        """See `Storage.head`."""
        return stored_object(path, self._info(path), self._where(path))

    def read(self, path: str = "", start: int = 0, length: int | None = None) -> bytes:
        """See `Storage.read`."""
        if length is not None:
            return self._range(path, start, length)
        parts, wanted = [self._range(path, start, _FIRST_READ)], _FIRST_READ
        while len(parts[-1]) == wanted:
            start, wanted = start + wanted, _NEXT_READ
            parts.append(self._range(path, start, wanted))
        return b"".join(parts)

    def write(self, path: str, content: bytes) -> None:
        """Write an object whole, whatever was there before."""
        self._called(path, "pipe_file", self._full(path), content)

    def read_suffix(self, path: str, length: int) -> tuple[StoredObject, bytes]:
        """See `Storage.read_suffix`."""
        stored = self.head(path)
        start = max(0, stored.size - length)
        return stored, self._range(path, start, stored.size - start)

    def list(self, prefix: str = "", start_after: str = "") -> Iterator[StoredObject]:
        """See `Storage.list`."""
        if self._page is None:
            return self._objects(self._directories(prefix), prefix, start_after)
        return chain.from_iterable(self._pages(prefix, start_after))

    def pages(self) -> Iterator[ObjectPage]:
        """All that `list` gives, page by page; none is empty."""
        return in_pages(self.list()) if self._page is None else filter(len, self._pages("", ""))

    def _objects(self, entries: Iterable[tuple[str, Entry]], prefix: str, after: str) -> Iterator[StoredObject]:
        for path, entry in entries:
            if path.startswith(prefix) and path > after and not path.endswith("/"):
                yield stored_object(path, entry, self._where(path))

    def _pages(self, prefix: str, start_after: str) -> Iterator[ObjectPage]:
        bucket, _, key = self._root.partition("/")
        root = f"{key}/" if key else ""
        after = root + start_after if start_after else ""
        # The store's own client lists from the last key that obstore gave, so no object is missed or listed twice.
        listing = self._fast.list(root + prefix, after)
        for page in listing:
            after = page[-1].path
            yield self._without_markers(page.below(root))
        if not listing.complete:
            for entries in self._rest(prefix, bucket, root, after):
                yield ObjectPage.of(list(self._objects(entries, prefix, start_after)))

    def _without_markers(self, page: ObjectPage) -> ObjectPage:
        """obstore lists the marker of a directory, `a/`, as an empty object `a`."""
        if not page.has_empty:
            return page
        import pyarrow as pa

        are_objects = pa.array([each.size > 0 or self.is_object(each.path) for each in page])
        return page.split(are_objects)[0]

    def _rest(self, prefix: str, bucket: str, root: str, after: str) -> Iterator[Sequence[tuple[str, Entry]]]:
        start: str | None = None
        while True:
            page = self._asked(prefix, self._page, self._fs, bucket, root + prefix, after, start)
            yield [(name[len(root) :], entry) for name, entry in page.entries]
            if page.next is None:
                return
            start = page.next

    def _directories(self, prefix: str) -> Iterator[tuple[str, Entry]]:
        directory, slash, _ = prefix.rpartition("/")
        if self.exists(directory) and not self.is_object(directory):
            yield from walk(self._ls, self._full(directory), directory + slash)

    def _ls(self, directory: str) -> list[Entry]:
        return cast("list[Entry]", self._called(directory, "ls", directory, detail=True))

    def _info(self, path: str) -> Entry:
        if path == "" and self._root_info is not None:
            return self._root_info
        info = self._fast.info(self._key(path)) or cast(Entry, self._called(path, "info", self._full(path)))
        if path == "":
            self._root_info = info
        return info

    def _range(self, path: str, start: int, length: int) -> bytes:
        if length <= 0:
            return b""
        with reading(self._where(path), self._seconds):
            data = self._fast.read(self._key(path), start, length)
        if data is not None:
            return data
        try:
            return cast(bytes, self._called(path, "cat_file", self._full(path), start=start, end=start + length))
        except (TableAccessDenied, TableNotFound, TableUnreachable):
            raise
        except TableError:
            # A range that starts at the end of an object, or in an empty one, is an error to most stores.
            if start >= self.head(path).size:
                return b""
            raise

    def _called(self, path: str, method: str, *args: Any, **options: Any) -> object:
        """Calls a method of the filesystem, by its coroutine if there is one, since that can be cancelled."""
        if self._fs.async_impl:
            return self._asked(path, getattr(self._fs, f"_{method}"), *args, **options)
        seconds = self._limit(options)
        with reading(self._where(path), seconds):
            return within(seconds, lambda: getattr(self._fs, method)(*args, **options))

    def _asked(self, path: str, coroutine: Any, *args: Any, **options: Any) -> Any:
        from fsspec import asyn

        seconds = self._limit(options)
        with reading(self._where(path), seconds):
            return cast(Any, asyn).sync(self._fs.loop, coroutine, *args, timeout=seconds, **options)

    def _limit(self, options: dict[str, Any]) -> float:
        return self._seconds + (options.get("end", 0) - options.get("start", 0)) / _SLOWEST

    def _key(self, path: str) -> str:
        return self._full(path).partition("/")[2]

    def _full(self, path: str) -> str:
        return f"{self._root}/{path}".rstrip("/") if path else self._root

    def _where(self, path: str) -> str:
        return below(self._location, path)

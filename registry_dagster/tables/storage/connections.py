"""One connection to a bucket for all tables in it, for as long as many tables are looked at."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock

from registry_dagster.tables.storage.fsspec import FsspecStorage
from registry_dagster.tables.storage.options import GCS, S3, StorageOptions, scheme_of
from registry_dagster.tables.storage.places import place_of

__all__ = ["Connections", "fsspec_storage"]


class Connections:
    """The buckets that were opened, each with the options that were given for it. For several threads at once."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._locks: dict[str, Lock] = {}
        self._opened: dict[str, FsspecStorage] = {}

    @contextmanager
    def shared(self) -> Generator[None, None, None]:
        """What this thread opens meanwhile is opened once for all."""
        before = _SHARED.set(self)
        try:
            yield
        finally:
            _SHARED.reset(before)

    def storage(self, location: str, options: StorageOptions | None) -> FsspecStorage:
        """The storage behind a location of a bucket."""
        # With other credentials it is another connection. The options stay in memory, here as in the storage itself.
        key = f"{scheme_of(location)} {place_of(location)} {sorted((options or {}).items(), key=repr)!r}"
        with self._lock:
            lock = self._locks.setdefault(key, Lock())
        with lock:
            if key not in self._opened:
                self._opened[key] = FsspecStorage(location, options)
            return self._opened[key].at(location)


_SHARED: ContextVar[Connections | None] = ContextVar("registry-dagster-connections", default=None)


def fsspec_storage(location: str, options: StorageOptions | None) -> FsspecStorage:
    """The storage behind a location that fsspec reads, over a connection that is shared, if one is."""
    shared = _SHARED.get()
    # The paths of other stores are not their locations without the scheme.
    if shared is None or scheme_of(location) not in S3 | GCS:
        return FsspecStorage(location, options)
    return shared.storage(location, options)

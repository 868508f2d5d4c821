"""What the tests of tables share: storage that counts what is read, and damage done to data files."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from registry_dagster.tables import inspect as inspect_module
from registry_dagster.tables.storage.open import open_storage
from registry_dagster.tables.storage.options import StorageOptions
from registry_dagster.tables.storage.protocol import Storage, StoredObject
from tests.tables.places import Place, S3Server, place_in, s3_server

_CLOUDS = ("AWS_", "AZURE_", "GOOGLE_", "GCE_", "CLOUDSDK_")


@pytest.fixture(autouse=True)
def no_credentials_of_this_machine(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither credentials nor settings of a cloud come from outside a test."""
    for name in [name for name in os.environ if name.startswith(_CLOUDS)]:
        monkeypatch.delenv(name)
    nowhere = tmp_path_factory.getbasetemp() / "no-such-directory"
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "CLOUDSDK_CONFIG"):
        monkeypatch.setenv(name, str(nowhere))


@pytest.fixture(scope="session")
def s3() -> Generator[S3Server, None, None]:
    with s3_server() as server:
        yield server


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Place, None, None]:
    """Where a test keeps its tables, of the kind that it is parametrized with."""
    with place_in(request.param, tmp_path, lambda: request.getfixturevalue("s3")) as place:
        yield place


class CountingStorage:
    """A storage that notes what is asked of it and, per object, how many bytes were read."""

    def __init__(self, inner: Storage) -> None:
        self._inner = inner
        self.read_of: dict[str, int] = {}
        self.asked: list[str] = []

    @property
    def location(self) -> str:
        return self._inner.location

    def exists(self, path: str = "") -> bool:
        self.asked.append(f"exists {path}")
        return self._inner.exists(path)

    def is_object(self, path: str = "") -> bool:
        self.asked.append(f"is_object {path}")
        return self._inner.is_object(path)

    def head(self, path: str = "") -> StoredObject:
        self.asked.append(f"head {path}")
        return self._inner.head(path)

    def read(self, path: str = "", start: int = 0, length: int | None = None) -> bytes:
        self.asked.append(f"read {path}")
        return self._counted(path, self._inner.read(path, start, length))

    def read_suffix(self, path: str, length: int) -> tuple[StoredObject, bytes]:
        self.asked.append(f"read {path}")
        stored, data = self._inner.read_suffix(path, length)
        return stored, self._counted(path, data)

    def list(self, prefix: str = "", start_after: str = "") -> Iterator[StoredObject]:
        self.asked.append(f"list {prefix}")
        return self._inner.list(prefix, start_after)

    def _counted(self, path: str, data: bytes) -> bytes:
        self.read_of[path] = self.read_of.get(path, 0) + len(data)
        return data


@pytest.fixture
def bytes_read(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Path below the table → bytes that `inspect_table` read of it."""
    read_of: dict[str, int] = {}

    def counting(location: str, options: StorageOptions | None = None) -> CountingStorage:
        storage = CountingStorage(open_storage(location, options))
        storage.read_of = read_of
        return storage

    monkeypatch.setattr(inspect_module, "open_storage", counting)
    return read_of


@pytest.fixture
def overwrite_data_files() -> Callable[[Path, str], int]:
    """Fills every file of a table that ends in a suffix with as many bytes of garbage, keeping its times."""

    def overwrite(table: Path, suffix: str) -> int:
        files = [path for path in table.rglob(f"*{suffix}") if "_delta_log" not in path.parts]
        for path in files:
            stat = path.stat()
            path.write_bytes(b"\xff" * stat.st_size)
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        return len(files)

    return overwrite

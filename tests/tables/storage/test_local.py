"""Local files, seen as an object store shows them."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry_dagster.errors import TableAccessDenied, TableError, TableNotFound, TableUnreachable
from registry_dagster.tables import inspect_table
from registry_dagster.tables.storage import local, locations
from registry_dagster.tables.storage.local import LocalStorage
from registry_dagster.tables.storage.locations import normalise
from registry_dagster.tables.storage.protocol import StoredFile
from tests.another_user import another_user

NAMES = st.text(alphabet="ab-./0é", min_size=1, max_size=6).filter(
    lambda path: all(name not in {"", ".", ".."} for name in path.split("/"))
)


@given(paths=st.lists(NAMES, max_size=8), prefix=st.sampled_from(["", "a", "a/", "b-"]), after=NAMES)
@settings(max_examples=60, deadline=None)
def test_a_listing_has_every_file_in_key_order(
    tmp_path_factory: pytest.TempPathFactory, paths: list[str], prefix: str, after: str
) -> None:
    root = tmp_path_factory.mktemp("store")
    written: set[str] = set()
    for path in paths:
        file = root / path
        if file.exists() or any(parent.is_file() for parent in file.parents):
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
        written.add(path)
    expected = sorted((path for path in written if path.startswith(prefix)), key=str.encode)
    storage = LocalStorage(root)
    assert [stored.path for stored in storage.list(prefix)] == expected
    assert [stored.path for stored in storage.list(prefix, after)] == [path for path in expected if path > after]


def test_reads_give_the_bytes_asked_for(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"0123456789")
    storage = LocalStorage(tmp_path)
    assert storage.read("f") == b"0123456789"
    assert storage.read("f", 2, 3) == b"234"
    stored, tail = storage.read_suffix("f", 4)
    assert (stored, tail) == (storage.head("f"), b"6789")
    assert storage.read_suffix("f", 99)[1] == b"0123456789"
    with StoredFile(storage, stored) as file:
        assert (file.seek(-3, 2), file.read(2), file.tell(), file.read(), file.read(5)) == (
            7,
            b"78",
            9,
            b"9",
            b"",
        )


def test_the_token_changes_with_the_file(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"a")
    before = LocalStorage(file).head()
    file.write_bytes(b"b")
    assert before.size == 1
    assert LocalStorage(file).head().token == str(file.stat().st_mtime_ns)


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    with pytest.raises(TableNotFound, match=r"Nothing is stored at file://.*/nope\. Check the location"):
        storage.read("nope")
    (tmp_path / "d").mkdir()
    with pytest.raises(TableError, match="/d cannot be read: Is a directory"):
        storage.read("d")


def test_what_the_user_may_not_read_is_told_as_that(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    (closed / "f").write_bytes(b"x")
    storage = LocalStorage(closed)
    with another_user(closed, mode=0):
        for look in (storage.exists, storage.is_object, storage.head, storage.read):
            with pytest.raises(TableAccessDenied, match="this user has no right to"):
                look("f")


def test_files_that_go_while_they_are_listed_and_links_to_nothing_are_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b/c", "d"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / ".#lock").symlink_to("ada@host.123")
    found = LocalStorage(tmp_path).list()
    first = next(found)
    shutil.rmtree(tmp_path / "b")
    assert [stored.path for stored in (first, *found)] == ["a", "d"]


def test_a_directory_that_links_to_itself_does_not_hang(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path)
    with pytest.raises(TableError, match="Too many levels of symbolic links"):
        list(LocalStorage(tmp_path).list())


def test_a_pipe_or_a_device_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.parquet")
    (tmp_path / "zero.parquet").symlink_to("/dev/zero")
    storage = LocalStorage(tmp_path)
    for name in ("pipe.parquet", "zero.parquet"):
        with pytest.raises(TableError, match="it is a pipe, a device or a socket, not a file"):
            storage.read(name)
        with pytest.raises(TableError, match="it is a pipe, a device or a socket, not a file"):
            storage.read_suffix(name, 10)
    for table in (tmp_path, tmp_path / "pipe.parquet", Path("/dev/zero")):
        with pytest.raises(TableError):
            inspect_table(table)


def test_a_mount_that_does_not_answer_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(path: Path, **options: object) -> bool:
        time.sleep(5)
        return True

    location = normalise(tmp_path)
    for module in (local, locations):
        monkeypatch.setattr(module, "_SECONDS", 0.05)
    monkeypatch.setattr(Path, "exists", hang)
    with pytest.raises(TableUnreachable, match=r"the disk gave no answer within 0.05 s\. If it is a network mount"):
        inspect_table(location)
    monkeypatch.setattr(Path, "resolve", hang)
    with pytest.raises(TableUnreachable, match=r"the disk gave no answer within 0.05 s\. If it is a network mount"):
        normalise(tmp_path)


@pytest.mark.parametrize("moment", [2**41, -(2**41)])
def test_a_time_that_is_in_no_year_is_an_error_that_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    far = SimpleNamespace(st_mtime_ns=moment * 10**9, st_size=1)
    monkeypatch.setattr(local, "os", SimpleNamespace(stat=lambda path: far))
    with pytest.raises(TableError, match="modification time is outside the years 1 to 9999; set it with touch"):
        LocalStorage(tmp_path).head()

"""One behaviour for every store: what is there, its bytes, and its listing in key order."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from registry_dagster.errors import TableNotFound
from registry_dagster.tables.storage import listing
from registry_dagster.tables.storage.open import open_storage
from registry_dagster.tables.storage.protocol import Storage, StoredFile
from tests.tables.places import PLACES, Place, S3Server
from tests.tables.storage.fake_stores import BUCKET

KEYS = ["a b%20.bin", "a-b/1", "a.b", "a/1", "a/2/é", "a/2=x/y", "b", "ö"]
every_place = pytest.mark.parametrize("place", PLACES, indirect=True)


def opened(place: Place, *keys: str, body: bytes = b"0123456789") -> Storage:
    for key in keys:
        place.put(key, body)
    return open_storage(place.uri, place.options)


@every_place
def test_a_listing_is_in_key_order_across_pages(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "_PAGE", 3)
    storage = opened(place, *KEYS)
    in_order = sorted(KEYS, key=str.encode)
    assert [stored.path for stored in storage.list()] == in_order
    for prefix in ("a", "a/", "a/2", "b", "c", "c/"):
        assert [stored.path for stored in storage.list(prefix)] == [key for key in in_order if key.startswith(prefix)]
    after = [key for key in in_order if key.startswith("a/") and key > "a/1"]
    assert [stored.path for stored in storage.list("a/", "a/1")] == after


@every_place
def test_a_listing_and_a_look_at_one_object_say_the_same(place: Place) -> None:
    storage = opened(place, "t/x")
    (listed,) = storage.list()
    assert storage.head("t/x") == listed
    assert listed.size == 10
    assert '"' not in listed.token
    assert listed.modified.tzinfo is not None
    assert abs(listed.modified - datetime.now(timezone.utc)).days < 10_000


@every_place
def test_a_token_changes_with_the_content(place: Place) -> None:
    before = opened(place, "x").head("x")
    assert opened(place, "x", body=b"9876543210").head("x").token != before.token


@every_place
def test_objects_and_what_lies_above_them_exist(place: Place) -> None:
    storage = opened(place, "t/x")
    assert [storage.exists(path) for path in ("", "t", "t/x", "t/y", "u")] == [True, True, True, False, False]
    assert [storage.is_object(path) for path in ("", "t", "t/x")] == [False, False, True]
    root = open_storage(place.at("t/x"), place.options)
    assert (root.exists(), root.is_object(), root.head().path, root.read()) == (True, True, "", b"0123456789")


@every_place
def test_reads_give_the_bytes_asked_for(place: Place) -> None:
    storage = opened(place, "f")
    assert storage.read("f") == b"0123456789"
    assert storage.read("f", 2, 3) == b"234"
    assert storage.read("f", 8, 9) == b"89"
    assert storage.read("f", 10, 9) == b""
    assert storage.read("f", 3, 0) == b""
    stored, tail = storage.read_suffix("f", 4)
    assert (stored, tail) == (storage.head("f"), b"6789")
    assert storage.read_suffix("f", 99)[1] == b"0123456789"
    with StoredFile(storage, stored) as file:
        assert (file.seek(-3, 2), file.read(2), file.tell(), file.read()) == (7, b"78", 9, b"9")


@every_place
def test_an_empty_object_is_read_as_empty(place: Place) -> None:
    storage = opened(place, "empty", body=b"")
    assert (storage.head("empty").size, storage.read("empty"), storage.read("empty", 0, 9)) == (0, b"", b"")
    assert storage.read_suffix("empty", 9)[1] == b""


@every_place
def test_a_long_object_is_read_in_parts(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry_dagster.tables.storage.fsspec._FIRST_READ", 4)
    monkeypatch.setattr("registry_dagster.tables.storage.fsspec._NEXT_READ", 3)
    assert opened(place, "f").read("f") == b"0123456789"


@every_place
def test_what_is_not_there_is_named(place: Place) -> None:
    storage = opened(place, "x")
    for read in (storage.read, storage.head, lambda path: storage.read_suffix(path, 9)):
        with pytest.raises(TableNotFound, match=r"Nothing is stored at .*/nope/n\. Check the location"):
            read("nope/n")


@every_place
def test_a_storage_does_not_show_its_options(place: Place) -> None:
    shown = repr(open_storage(place.uri, place.options))
    for value in place.options.values():
        assert str(value) not in shown


def test_markers_of_empty_directories_are_no_objects(s3: S3Server) -> None:
    client: Any = s3.client
    for key in ("marked/", "marked/sub/", "marked/sub/x"):
        client.put_object(Bucket=BUCKET, Key=key, Body=b"")
    storage = open_storage(f"s3://{BUCKET}/marked", s3.options)
    assert storage.exists()
    assert not storage.is_object()
    assert [stored.path for stored in storage.list()] == ["sub/x"]

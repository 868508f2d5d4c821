"""With obstore S3 is read as s3fs reads it, whatever keys there are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from registry_dagster.errors import TableError, TableNotFound
from registry_dagster.tables.storage.connections import Connections
from registry_dagster.tables.storage.fast_bucket import FastBucket
from registry_dagster.tables.storage.fsspec import FsspecStorage
from registry_dagster.tables.storage.open import open_storage
from tests.tables.places import S3Server, s3_server
from tests.tables.storage.fake_stores import BUCKET

ORDINARY = [f"day={day}/part-{number}.parquet" for day in range(3) for number in range(10)]
ODD = ["a b.parquet", "a%20b.parquet", "größe.parquet", "x=1+2/ü.parquet", "_SUCCESS", "@v1/t:2.parquet", "z~.parquet"]


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


def put(server: S3Server, table: str, *keys: str, content: bytes = b"x") -> str:
    for key in keys:
        server.client.put_object(Bucket=BUCKET, Key=f"{table}/{key}", Body=content)
    return f"s3://{BUCKET}/{table}"


def both(server: S3Server, location: str, start_after: str = "") -> tuple[list[object], list[object]]:
    """As listed with obstore, and without, since it does not know one of the options."""
    ours = FsspecStorage(location, server.options)
    plain = FsspecStorage(location, {**server.options, "version_aware": False})
    return list(ours.list(start_after=start_after)), list(plain.list(start_after=start_after))


def complete(server: S3Server, prefix: str, after: str = "") -> tuple[list[str], bool]:
    listing = FastBucket(f"s3://{BUCKET}", server.options, 10).list(prefix, after)
    return [stored.path for page in listing for stored in page], listing.complete


def test_pages_of_ordinary_keys_are_the_same(server: S3Server) -> None:
    location = put(server, "ordinary", *ORDINARY)
    fast, plain = both(server, location)
    assert fast == plain
    assert len(fast) == len(ORDINARY)
    assert complete(server, "ordinary/") == ([f"ordinary/{key}" for key in sorted(ORDINARY)], True)


def test_odd_keys_are_the_same(server: S3Server) -> None:
    fast, plain = both(server, put(server, "odd", *ODD))
    assert fast == plain
    assert len(fast) == len(ODD)


def test_a_listing_begins_after_a_key(server: S3Server) -> None:
    location = put(server, "after", "a.parquet", "b.parquet", "c.parquet")
    fast, plain = both(server, location, start_after="a.parquet")
    assert fast == plain
    assert len(fast) == 2


def test_the_marker_of_a_directory_is_no_file_and_an_empty_file_is_one(server: S3Server) -> None:
    location = put(server, "markers", "sub.parquet/", "", "empty.parquet", content=b"")
    put(server, "markers", "sub.parquet/part.parquet")
    fast, plain = both(server, location)
    assert fast == plain
    assert [each.path for each in fast] == ["empty.parquet", "sub.parquet/part.parquet"]  # type: ignore[attr-defined]


def test_a_key_that_obstore_cannot_read_is_listed_all_the_same(server: S3Server) -> None:
    location = put(server, "slashes", "a.parquet", "b//c.parquet", "d.parquet")
    fast, plain = both(server, location)
    assert fast == plain
    assert len(fast) == 3
    assert not complete(server, "slashes/")[1]


def test_a_prefix_that_is_no_whole_name_is_left_to_fsspec(server: S3Server) -> None:
    put(server, "names", "part-1.parquet", "part-2.parquet")
    assert complete(server, "names/part") == ([], False)


def test_a_bucket_that_is_not_there_is_told_in_the_same_words(server: S3Server) -> None:
    said: list[str] = []
    for more in ({}, {"version_aware": False}):
        storage = FsspecStorage("s3://nobody/table", {**server.options, **more})
        with pytest.raises(TableError) as refused:
            list(storage.list())
        said.append(str(refused.value))
    assert said[0] == said[1]


def test_objects_and_directories_are_the_same(server: S3Server) -> None:
    location = put(server, "looks", "a.parquet", "dir/b.parquet", "a b.parquet", "größe.parquet", "sub/")
    ours = FsspecStorage(location, server.options)
    plain = FsspecStorage(location, {**server.options, "version_aware": False})
    for path in ("a.parquet", "a b.parquet", "größe.parquet"):
        assert ours.head(path) == plain.head(path)
        assert ours.read(path) == plain.read(path) == b"x"
        assert ours.read(path, 1) == plain.read(path, 1) == b""
    for path in ("", "dir", "sub", "none", "a", "dir/b.parquet", "a.parquet/c"):
        assert (ours.exists(path), ours.exists(path) and ours.is_object(path)) == (
            plain.exists(path),
            plain.exists(path) and plain.is_object(path),
        )
    for storage in (ours, plain):
        with pytest.raises(TableNotFound, match=r"Nothing is stored at s3://.*/looks/none\. Check the location"):
            storage.read("none")


def test_a_bucket_keeps_its_connections_from_one_table_to_the_next(server: S3Server) -> None:
    first, second = (put(server, name, "a.parquet", content=name.encode()) for name in ("first", "second"))
    connections = Connections()
    with connections.shared():
        opened = [open_storage(each, server.options) for each in (first, second)]
        other = open_storage(second, {**server.options, "timeout": 3})
    assert [each.read("a.parquet") for each in (*opened, other)] == [b"first", b"second", b"second"]
    assert [each.location for each in (*opened, other)] == [first, second, second]
    clients = [vars(each)["_fs"] for each in (*opened, other, open_storage(first, server.options))]
    assert clients[0] is clients[1]
    assert len({id(client) for client in clients}) == 3
    assert server.options["secret"] not in repr(connections) + repr(opened)

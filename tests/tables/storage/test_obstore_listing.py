"""With obstore a listing of S3 is the one that s3fs gives, whatever keys there are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from registry_dagster.errors import TableError
from registry_dagster.tables.storage.fsspec import FsspecStorage
from registry_dagster.tables.storage.obstore_listing import FastListing
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
    listing = FastListing(f"s3://{BUCKET}", server.options, 10, prefix, after)
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

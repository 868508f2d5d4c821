"""Locations are absolute URIs, and never carry a credential."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import pytest

from registry_dagster.errors import TableError
from registry_dagster.model.names import split_path
from registry_dagster.model.secrets import secret_in
from registry_dagster.tables import inspect_table
from registry_dagster.tables.storage.locations import local_path, normalise, plain_text


def test_a_local_path_becomes_an_absolute_file_uri(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    expected = f"{tmp_path.resolve().as_uri()}/a%20b%23%25"
    assert normalise("a b#%") == expected
    assert normalise(tmp_path / "a b#%") == expected
    assert normalise("./x/../a b#%/") == expected
    assert normalise(expected) == expected
    assert local_path(expected) == tmp_path.resolve() / "a b#%"


def test_a_symbolic_link_is_resolved(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert normalise(tmp_path / "link") == normalise(tmp_path / "real")


def test_other_uris_stay_as_they_are_but_for_the_case_of_the_scheme() -> None:
    assert normalise("s3://bucket/t/") == normalise("S3://bucket/t") == "s3://bucket/t"
    assert normalise("iceberg://catalog/namespace.table") == "iceberg://catalog/namespace.table"


@pytest.mark.parametrize(
    ("location", "says"),
    [
        ("", "location is empty"),
        ("simplecache::s3://bucket/t", "Chains of URIs"),
        ("zip://a.zip::s3://bucket/t", "Chains of URIs"),
        ("s3:/bucket/t", "a URI with one slash. Write a URI with two"),
        ("s3://bucket/t\n", "a line break"),
    ],
)
def test_what_is_no_location_is_refused(location: str, says: str) -> None:
    with pytest.raises(TableError, match=says):
        inspect_table(location)


def test_a_malformed_uri_is_refused() -> None:
    with pytest.raises(TableError, match="not a well-formed URI"):
        inspect_table("s3://[bucket]x/t")


def test_a_file_uri_on_another_host_is_refused() -> None:
    with pytest.raises(TableError, match=r"names the host 'server'; write file:///absolute/path"):
        inspect_table("file://server/share/t")


HOSTILE = ("//a:", "s3://b///a:", "http://x//a:/", "eyJaaaaaaaa.", "/token=1", "x-amz-a-", "%25", "a::b+", "::a", "/a")


@pytest.mark.parametrize("part", HOSTILE)
def test_no_text_makes_a_pattern_slow(part: str) -> None:
    text = part * (200_000 // len(part))
    start = time.monotonic()
    for prefix in ("", "s3://b/", "https://h/"):
        with pytest.raises(TableError, match="characters long; 4,000 are the most"):
            normalise(prefix + text)
        with suppress(TableError):
            normalise(prefix + text[:3900])
    secret_in(text[:50_000])
    plain_text(Exception(text + ".rs:1:1"))
    split_path(text + "\\")
    assert time.monotonic() - start < 5

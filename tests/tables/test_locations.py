"""Locations are absolute URIs, and never carry a credential."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry_dagster.errors import TableError, UnsafeLocation
from registry_dagster.tables import inspect_table
from registry_dagster.tables.locations import local_path, normalise


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


@pytest.mark.parametrize(
    "uri",
    [
        "s3://bucket/key/a@b=c",
        "s3://bucket:9000/t",
        "abfss://container@account.dfs.core.windows.net/t",
        "iceberg://catalog/namespace.table",
    ],
)
def test_other_uris_stay_as_they_are(uri: str) -> None:
    assert normalise(uri) == uri
    assert normalise(f"{uri}/") == uri


@pytest.mark.parametrize(
    ("uri", "clean"),
    [
        ("s3://AKIAKEY:s3cr3t@bucket/t", "s3://bucket/t"),
        ("s3://AKIAKEY:s3/cr3t@bucket/t", "s3://bucket/t"),
        ("s3://AKIAKEY:s3cr3t@bucket/k@y", "s3://bucket/k@y"),
        ("s3://AKIAKEY:s3cr3t/bucket/t", "s3://…"),
        ("https://s3cr3t@host/t", "https://host/t"),
        ("abfss://container:s3cr3t@account/t", "abfss://account/t"),
        ("https://host/t?X-Amz-Signature=s3cr3t&X-Amz-Expires=9", "https://host/t"),
        ("az://c/t?sv=2024&sig=s3cr3t", "az://c/t"),
        ("https://host/t#token=s3cr3t", "https://host/t"),
        ("file:///data/t?token=s3cr3t", "file:///data/t"),
        ("s3://u:s3cr3t@bucket/t?code=s3cr3t", "s3://bucket/t"),
    ],
)
def test_a_location_with_a_credential_is_refused_without_repeating_it(uri: str, clean: str) -> None:
    with pytest.raises(UnsafeLocation) as refused:
        inspect_table(uri)
    assert "s3cr3t" not in str(refused.value)
    assert "AKIAKEY" not in str(refused.value)
    assert f"write it as {clean} and give credentials through storage_options" in str(refused.value)


def test_chained_and_empty_locations_are_refused_without_repeating_them() -> None:
    with pytest.raises(TableError, match="A chain of URIs") as refused:
        inspect_table("simplecache::s3://u:s3cr3t@bucket/t")
    assert "s3cr3t" not in str(refused.value)
    with pytest.raises(TableError, match="location is empty"):
        inspect_table("")


def test_a_malformed_uri_is_refused() -> None:
    with pytest.raises(TableError, match="no well-formed URI"):
        inspect_table("s3://[bucket/t")


def test_a_file_uri_on_another_host_is_refused() -> None:
    with pytest.raises(TableError, match=r"names the host 'server'; write file:///absolute/path"):
        inspect_table("file://server/share/t")

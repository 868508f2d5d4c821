"""Tables of every format in an object store are pinned as they are on a local disk."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import deltalake
import lance
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.catalog.sql import SqlCatalog

from registry_dagster.errors import TableAccessDenied, TableError, TableNotFound, UnknownFormat
from registry_dagster.model.table import TableFacts
from registry_dagster.tables import decode_schema, inspect_table
from registry_dagster.tables.iceberg.options import for_pyiceberg, for_store
from registry_dagster.tables.lance.options import for_lance
from tests.tables.places import Place, S3Server
from tests.tables.storage.fake_stores import BUCKET, Failing, serving

ROWS = pa.table({"body_id": pa.array([1, 2, 3], pa.int64()), "score": [0.5, 0.25, 1.0]})
WIDER = ROWS.append_column("flag", pa.array([True] * 3))
every_store = pytest.mark.parametrize("place", ["local", "s3"], indirect=True)
in_s3 = pytest.mark.parametrize("place", ["s3"], indirect=True)


def parquet(rows: pa.Table = ROWS) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink)
    return sink.getvalue().to_pybytes()


def for_writer(place: Place) -> tuple[str, dict[str, str] | None]:
    """Where deltalake and lance write to, and their options for it."""
    return for_lance(place.at("t"), place.options) if place.options else (place.at("t"), None)


def write_parquet(place: Place, tmp_path: Path) -> str:
    for day in ("001", "002"):
        place.put(f"t/day={day}/part.parquet", parquet())
    return place.at("t")


def write_delta(place: Place, tmp_path: Path, rows: pa.Table = ROWS) -> str:
    uri, options = for_writer(place)
    deltalake.write_deltalake(uri, rows, mode="append", schema_mode="merge", storage_options=options)
    return place.at("t")


def write_lance(place: Place, tmp_path: Path) -> str:
    uri, options = for_writer(place)
    lance.write_dataset(ROWS, uri.removeprefix("file://"), storage_options=options)
    return place.at("t")


def catalog(place: Place, tmp_path: Path) -> dict[str, Any]:
    uri = f"sqlite:///{tmp_path}/catalog.db"
    return {"type": "sql", "uri": uri, "warehouse": place.at("warehouse"), **place.options}


def write_iceberg(place: Place, tmp_path: Path) -> str:
    opened = SqlCatalog("c", **for_pyiceberg(catalog(place, tmp_path))[0])
    opened.create_namespace("n")
    table = opened.create_table("n.synapses", schema=ROWS.schema)
    table.append(ROWS)
    opened.close()
    return table.metadata_location


WRITERS: dict[str, Callable[[Place, Path], str]] = {
    "parquet": write_parquet,
    "delta": write_delta,
    "iceberg": write_iceberg,
    "lance": write_lance,
}
every_format = pytest.mark.parametrize("format", WRITERS)


def names(facts: TableFacts) -> list[str]:
    return [field.path for field in facts.fields]


@every_store
@every_format
def test_a_table_is_told_and_pinned_where_it_is(place: Place, tmp_path: Path, format: str) -> None:
    uri = WRITERS[format](place, tmp_path)
    facts = inspect_table(uri, storage_options=place.options)
    assert facts.format == format
    assert facts.location.startswith(place.uri)
    assert names(facts)[:2] == ["body_id", "score"]
    assert decode_schema(facts.arrow_schema).field("score").type == pa.float64()
    assert inspect_table(uri, storage_options=place.options) == facts
    shown = json.dumps(facts.model_dump(mode="json")) + repr(facts)
    assert not [value for value in place.options.values() if value in shown]


@every_store
def test_a_parquet_directory_and_a_single_file(place: Place, tmp_path: Path) -> None:
    write_parquet(place, tmp_path)
    facts = inspect_table(place.at("t"), storage_options=place.options)
    assert (facts.rows, facts.files, facts.bytes) == (None, 2, 2 * len(parquet()))
    assert facts.partition_columns == ("day",)
    one = inspect_table(place.at("t/day=001/part.parquet"), storage_options=place.options)
    assert (one.rows, one.files, one.bytes) == (3, 1, len(parquet()))


@in_s3
def test_a_parquet_state_is_told_by_etags(place: Place, tmp_path: Path) -> None:
    uri = write_parquet(place, tmp_path)
    before = inspect_table(uri, storage_options=place.options)
    pinned = before.pin.identity["fingerprint"]
    assert inspect_table(uri, version=pinned, storage_options=place.options) == before
    place.put("t/day=001/part.parquet", parquet(ROWS.slice(0, 2)))
    with pytest.raises(TableNotFound, match="is not in state sha256:"):
        inspect_table(uri, version=pinned, storage_options=place.options)


@every_store
def test_every_version_of_a_delta_table_agrees_with_deltalake(place: Place, tmp_path: Path) -> None:
    uri, options = for_writer(place)
    write_delta(place, tmp_path)
    write_delta(place, tmp_path, WIDER)
    deltalake.DeltaTable(uri, storage_options=options).create_checkpoint()
    write_delta(place, tmp_path, WIDER.append_column("more", pa.array([1] * 3)))
    for version in range(3):
        facts = inspect_table(place.at("t"), version=version, storage_options=place.options)
        theirs = deltalake.DeltaTable(uri, version=version, storage_options=options)
        assert facts.pin.identity == {"table_id": str(theirs.metadata().id), "version": str(version)}
        assert decode_schema(facts.arrow_schema).equals(pa.schema(theirs.schema().to_arrow()), check_metadata=True)
    with pytest.raises(TableNotFound, match="has no version 7; its log has versions 0 to 2"):
        inspect_table(place.at("t"), version=7, storage_options=place.options)


@every_store
def test_an_iceberg_table_by_its_file_and_by_its_catalog(place: Place, tmp_path: Path) -> None:
    metadata = write_iceberg(place, tmp_path)
    by_file = inspect_table(metadata, storage_options=place.options)
    by_catalog = inspect_table("iceberg://c/n.synapses", storage_options=catalog(place, tmp_path))
    assert by_file.location == by_catalog.location == place.at("warehouse/n/synapses")
    assert by_file.pin.identity == by_catalog.pin.identity
    assert (by_file.rows, by_file.files) == (3, 1)


@every_store
def test_versions_tags_and_branches_of_a_lance_dataset(place: Place, tmp_path: Path) -> None:
    write_lance(place, tmp_path)
    uri, options = for_writer(place)
    dataset: Any = lance.dataset(uri.removeprefix("file://"), storage_options=options)
    dataset.insert(ROWS)
    dataset.tags.create("paper", 1)
    dataset.create_branch("exp", 2, storage_options=options)
    first = inspect_table(place.at("t"), version=1, storage_options=place.options)
    assert (first.rows, inspect_table(place.at("t"), storage_options=place.options).rows) == (3, 6)
    assert inspect_table(place.at("t"), version="paper", storage_options=place.options) == first
    on_branch = inspect_table(place.at("t/tree/exp"), storage_options=place.options)
    assert (on_branch.pin.identity["branch"], on_branch.rows) == ("exp", 6)
    with pytest.raises(TableNotFound, match=r"has no version 9"):
        inspect_table(place.at("t"), version=9, storage_options=place.options)


@in_s3
def test_what_holds_no_table_is_refused_as_on_a_disk(place: Place) -> None:
    place.put("notes/a.txt", b"text")
    with pytest.raises(TableNotFound, match="Nothing is stored at s3://"):
        inspect_table(place.at("nope"), storage_options=place.options)
    with pytest.raises(TableNotFound, match="Nothing is stored at s3://no-such-bucket/t"):
        inspect_table("s3://no-such-bucket/t", storage_options=place.options)
    with pytest.raises(UnknownFormat, match=r"holds no table.* It holds a.txt"):
        inspect_table(place.at("notes"), storage_options=place.options)


@in_s3
@every_format
def test_credentials_and_endpoint_come_from_the_environment(
    place: Place, tmp_path: Path, format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = WRITERS[format](place, tmp_path)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", place.options["key"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", place.options["secret"])
    monkeypatch.setenv("AWS_ENDPOINT_URL", place.options["endpoint_url"])
    assert inspect_table(uri) == inspect_table(uri, storage_options=place.options)


@in_s3
def test_a_profile_is_used(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = write_lance(place, tmp_path)
    file = tmp_path / "credentials"
    key, secret = place.options["key"], place.options["secret"]
    file.write_text(f"[lab]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    options = {"profile": "lab", "endpoint_url": place.options["endpoint_url"]}
    assert inspect_table(uri, storage_options=options).rows == 3
    with pytest.raises(TableError, match="ProfileNotFound"):
        inspect_table(uri, storage_options={**options, "profile": "nobody"})


@pytest.mark.parametrize("anon", [True, "true"])
def test_a_public_bucket_is_read_without_credentials(s3: S3Server, anon: object) -> None:
    client = s3.client
    client.create_bucket(Bucket="public")
    client.put_object(Bucket="public", Key="t.parquet", Body=parquet(), ACL="public-read")
    options = {"anon": anon, "endpoint_url": s3.url}
    assert inspect_table("s3://public/t.parquet", storage_options=options).rows == 3


def test_without_credentials_the_instance_metadata_is_asked_only_when_told_to(
    s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(Failing, status=404) as metadata:
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.url)
        with pytest.raises(TableAccessDenied, match=r"denies access \(NoCredentialsError\).* takes anon=True"):
            inspect_table(f"s3://{BUCKET}/t", storage_options={"endpoint_url": s3.url})
        with pytest.raises(TableAccessDenied, match="NoCredentials"):
            for_lance(f"s3://{BUCKET}/t", {"endpoint_url": s3.url})
        assert metadata.requests == []
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
        with pytest.raises(TableAccessDenied, match="NoCredentialsError"):
            inspect_table(f"s3://{BUCKET}/t", storage_options={"endpoint_url": s3.url})
        assert metadata.requests != []


@in_s3
def test_a_catalog_asks_no_instance_metadata_either(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_iceberg(place, tmp_path)
    given = catalog(place, tmp_path)
    without = {name: value for name, value in given.items() if name not in {"key", "secret"}}
    with serving(Failing, status=404) as metadata:
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.url)
        # moto lets everybody read.
        assert inspect_table("iceberg://c/n.synapses", storage_options=without).rows == 3
        assert metadata.requests == []


def test_a_catalog_gets_the_credentials_of_the_environment_unless_it_has_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "t")
    found = {"client.access-key-id": "k", "client.secret-access-key": "s", "client.session-token": "t"}
    assert for_pyiceberg({"type": "sql"}, "c")[0] == {"type": "sql", **found}
    assert for_pyiceberg({"warehouse": "s3://lake/w"}, "c")[0] == {"warehouse": "s3://lake/w", **found}
    for own in ({"type": "rest"}, {"uri": "https://h"}, {"s3.access-key-id": "o"}, {"warehouse": "gs://lake/w"}):
        assert for_pyiceberg(own, "c")[0] == own
    monkeypatch.setenv("PYICEBERG_CATALOG__C__S3__ACCESS_KEY_ID", "o")
    assert for_pyiceberg({}, "c")[0] == {}


def test_a_token_is_the_stores_or_a_rest_catalogs() -> None:
    keys = {"key": "k", "secret": "s", "token": "t"}
    names = {"s3.access-key-id": "k", "s3.secret-access-key": "s"}
    assert for_pyiceberg({"type": "sql", **keys})[0] == {"type": "sql", **names, "s3.session-token": "t"}
    assert for_pyiceberg({"type": "rest", **keys})[0] == {"type": "rest", **names, "token": "t"}
    assert for_store({"type": "sql", **keys}, "c") == keys
    assert for_store({"type": "rest", "s3.region": "r", **keys}, "c") == {"key": "k", "secret": "s"}
    assert for_store({"uri": "https://h", **keys}, "c") == {"key": "k", "secret": "s"}


def test_an_option_that_a_store_does_not_know_is_refused() -> None:
    with pytest.raises(TableError, match=r"S3FileSystem has no option 'endpoint'. Did you mean endpoint_url\?"):
        inspect_table("s3://b/t", storage_options={"endpoint": "http://127.0.0.1"})
    with pytest.raises(TableError, match="GCSFileSystem has no option 'key'"):
        inspect_table("gs://b/t", storage_options={"key": "k"})
    with pytest.raises(TableError, match=r"AzureBlobFileSystem has no option 'key'"):
        inspect_table("az://c/t", storage_options={"key": "k"})
    with pytest.raises(TableError, match=r"do not open az:// \(ValueError\).* takes account_name, unless"):
        inspect_table("az://c/t")
    for seconds in (-1, "soon", float("inf")):
        with pytest.raises(TableError, match="timeout must be a number of seconds above 0"):
            inspect_table("s3://b/t", storage_options={"timeout": seconds})


def test_a_scheme_that_nothing_reads_is_refused() -> None:
    with pytest.raises(TableError, match="fsspec does not know the scheme nosuch://"):
        inspect_table("nosuch://b/t")


def test_a_missing_library_is_named_with_what_to_install() -> None:
    program = """
import sys
sys.modules.update(s3fs=None, gcsfs=None, adlfs=None)
from registry_dagster.tables import inspect_table
for scheme in ("s3", "gs", "abfss"):
    try:
        inspect_table(f"{scheme}://b/t")
    except Exception as error:
        print(type(error).__name__, error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert [line.partition(". ")[2] for line in done.stdout.splitlines()] == [
        f'Install it: pip install "registry-dagster[{extra}]"' for extra in ("s3", "gcs", "azure")
    ]

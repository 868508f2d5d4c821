"""DataHub's own sources, really run into a file: the URNs they give our tables, and what later crawls write."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import deltalake
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datahub.emitter.mce_builder import make_dataset_urn

from registry_dagster.datahub.crawled import CrawlRule, crawled_urn
from registry_dagster.datahub.urns import version_urn
from registry_dagster.model.table import ParquetPin, TableFacts
from registry_dagster.registry.registry import Registry
from registry_dagster.tables.inspect import inspect_table
from tests.gms.server import StandInGms
from tests.registry.crawl import crawl
from tests.registry.declared import declared, facts
from tests.tables.places import SECRET, S3Server
from tests.tables.storage.fake_stores import BUCKET

ROWS = pa.table({"body_id": pa.array([1, 2], pa.int64()), "score": pa.array([0.5, 1], pa.float32())})

# Of DataHub's sources and their libraries: they run as they are.
pytestmark = pytest.mark.filterwarnings("ignore")

SPELLINGS = ["cells", "cells (v1), 50% näher + more"]
"""Names of folders; the second has what URNs and URIs encode."""


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    """moto in a process of its own: delta-rs holds Python's lock while it reads a table's history."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], stderr=subprocess.DEVNULL
    )
    server = S3Server(f"http://127.0.0.1:{port}")
    try:
        wait_for(port)
        server.client.create_bucket(Bucket=BUCKET)
        yield server
    finally:
        process.terminate()
        process.wait()


def wait_for(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port)).close()
            return
        time.sleep(0.1)


@pytest.fixture(autouse=True)
def no_credentials_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def datasets(written: list[dict[str, Any]]) -> set[str]:
    urns = {_urn(each) for each in written}
    return {urn for urn in urns if urn.startswith("urn:li:dataset:")}


def _urn(written: dict[str, Any]) -> str:
    snapshot = written.get("proposedSnapshot") or {}
    return written.get("entityUrn") or next(iter(snapshot.values()))["urn"]


def aws(s3: S3Server) -> dict[str, Any]:
    keys = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": SECRET}
    return {**keys, "aws_region": "us-east-1", "aws_endpoint_url": s3.url}


def delta_facts(location: str) -> TableFacts:
    return facts(location=location)


def parquet_facts(location: str) -> TableFacts:
    return facts(location=location).model_copy(update={"pin": ParquetPin(fingerprint="sha256:0")})


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_delta_table_on_a_local_disk(tmp_path: Path, name: str) -> None:
    table = tmp_path / "tables" / name
    deltalake.write_deltalake(str(table), ROWS)
    written = crawl(tmp_path, "delta-lake", {"base_path": str(tmp_path / "tables"), "require_files": False})
    assert datasets(written) == {crawled_urn(inspect_table(table), "PROD")}


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_folder_of_parquet_files_on_a_local_disk(tmp_path: Path, name: str) -> None:
    table = tmp_path / "tables" / name
    table.mkdir(parents=True)
    pq.write_table(ROWS, table / "part-0.parquet")
    spec = {"include": f"{tmp_path}/tables/{{table}}/*.parquet"}
    written = crawl(tmp_path, "s3", {"path_specs": [spec]})
    assert datasets(written) == {crawled_urn(inspect_table(table), "PROD")}


def delta_rs(s3: S3Server) -> dict[str, str]:
    """How delta-rs finds moto."""
    return {name.upper(): value for name, value in aws(s3).items()} | {"AWS_ALLOW_HTTP": "true"}


@pytest.mark.parametrize("scheme", ["s3", "s3a"])
def test_a_delta_table_in_s3(tmp_path: Path, s3: S3Server, scheme: str) -> None:
    location = f"s3://{BUCKET}/{tmp_path.name}/{SPELLINGS[1]}"
    deltalake.write_deltalake(location, ROWS, storage_options=delta_rs(s3))
    recipe = {"base_path": location, "require_files": False, "s3": {"aws_config": aws(s3)}}
    published = delta_facts(location.replace("s3:", f"{scheme}:"))
    assert datasets(crawl(tmp_path, "delta-lake", recipe)) == {crawled_urn(published, "PROD")}


def put_parquet(s3: S3Server, key: str) -> None:
    file = pa.BufferOutputStream()
    pq.write_table(ROWS, file)
    s3.client.put_object(Bucket=BUCKET, Key=f"{key}/part-0.parquet", Body=file.getvalue().to_pybytes())


def test_a_folder_of_parquet_files_in_s3(tmp_path: Path, s3: S3Server) -> None:
    put_parquet(s3, f"{tmp_path.name}/{SPELLINGS[1]}")
    location = f"s3://{BUCKET}/{tmp_path.name}/{SPELLINGS[1]}"
    spec = {"include": f"s3://{BUCKET}/{tmp_path.name}/{{table}}/*.parquet"}
    written = crawl(tmp_path, "s3", {"path_specs": [spec], "aws_config": aws(s3)})
    assert datasets(written) == {crawled_urn(inspect_table(location, storage_options=s3.options), "PROD")}


@pytest.mark.parametrize("rows", [parquet_facts, delta_facts])
def test_what_the_gcs_source_finds(
    tmp_path: Path, s3: S3Server, monkeypatch: pytest.MonkeyPatch, rows: Callable[[str], TableFacts]
) -> None:
    """The source asks Google's S3 interface, here moto. The delta-lake source reads nothing from there."""
    monkeypatch.setattr("datahub.ingestion.source.gcs.gcs_source.GCS_ENDPOINT_URL", s3.url)
    put_parquet(s3, f"{tmp_path.name}/cells")
    key = {"hmac_access_id": "AKIAIOSFODNN7EXAMPLE", "hmac_access_secret": SECRET}
    spec = {"include": f"gs://{BUCKET}/{tmp_path.name}/{{table}}/*.parquet"}
    written = crawl(tmp_path, "gcs", {"path_specs": [spec], "credential": key})
    assert datasets(written) == {crawled_urn(rows(f"gs://{BUCKET}/{tmp_path.name}/cells"), "PROD")}


@pytest.mark.parametrize(
    "location",
    [
        "abfss://em@lab.dfs.core.windows.net/tables/cells",
        "abfs://em@lab.dfs.core.windows.net/tables/cells",
        "az://em/tables/cells",
        "https://lab.blob.core.windows.net/em/tables/cells",
        "https://lab.dfs.core.windows.net/em/tables/cells",
    ],
)
def test_names_in_azure_are_those_of_the_sources_own_functions(location: str) -> None:
    """The delta-lake source cannot be pointed at another endpoint than Azure's. The abs source names as it does."""
    from datahub.ingestion.source.azure.abs_utils import strip_abs_prefix, to_blob_https_uri

    name = strip_abs_prefix(to_blob_https_uri(location, account_name="lab"))
    assert crawled_urn(delta_facts(location), "PROD") == make_dataset_urn("delta-lake", name, "PROD")
    assert crawled_urn(parquet_facts(location), "PROD") == make_dataset_urn("abs", name, "PROD")


def test_recipes_with_an_instance_an_environment_and_lower_case(tmp_path: Path) -> None:
    table = tmp_path / "Tables" / "Cells"
    table.mkdir(parents=True)
    pq.write_table(ROWS, table / "part-0.parquet")
    spec = {"include": f"{tmp_path}/Tables/{{table}}/*.parquet"}
    options = {"platform_instance": "NAS", "env": "DEV", "convert_urns_to_lowercase": True}
    rule = CrawlRule(prefix=f"{tmp_path}/", instance="NAS", env="DEV", lowercase=True)
    written = crawl(tmp_path, "s3", {"path_specs": [spec], **options})
    assert datasets(written) == {crawled_urn(inspect_table(table), "PROD", [rule])}


def test_a_recipe_with_a_relative_path(tmp_path: Path) -> None:
    table = tmp_path / "lab" / "my cells"
    deltalake.write_deltalake(str(table), ROWS)
    recipe = {"base_path": str(tmp_path), "relative_path": "lab", "require_files": False}
    rule = CrawlRule(prefix=f"{tmp_path}/", name="{path}")
    assert datasets(crawl(tmp_path, "delta-lake", recipe)) == {crawled_urn(inspect_table(table), "PROD", [rule])}


def test_crawls_and_stateful_ingestion_leave_our_entities_alone(tmp_path: Path) -> None:
    """A crawl, a publish, a second crawl, and a third after the table was deleted, all with one checkpoint."""
    table, other = tmp_path / "tables" / "cells", tmp_path / "tables" / "other"
    for folder in (table, other):
        deltalake.write_deltalake(str(folder), ROWS)
    checkpoint = {"type": "file", "config": {"filename": str(tmp_path / "checkpoint.json")}}
    stateful = {"enabled": True, "state_provider": checkpoint, "fail_safe_threshold": 100}
    recipe = {"base_path": str(tmp_path / "tables"), "require_files": False, "stateful_ingestion": stateful}
    crawled, theirs = crawled_urn(inspect_table(table), "PROD"), crawled_urn(inspect_table(other), "PROD")
    assert datasets(crawl(tmp_path, "delta-lake", recipe, pipeline_name="lab")) == {crawled, theirs}
    with StandInGms() as gms:
        gms.put(crawled, "status", {"removed": False})
        with Registry.open(gms.url, publisher="ada@lab.org") as registry:
            registry.publish(declared(), inspect_table(table), message="first")
        upstreams = gms.entities[version_urn("hemibrain.neurons@v1", "PROD")]["upstreamLineage"]["upstreams"]
        assert [each["dataset"] for each in upstreams][1:] == [crawled]
        ours = set(gms.entities) - {crawled}
    again = crawl(tmp_path, "delta-lake", recipe, pipeline_name="lab")
    shutil.rmtree(table)
    last = crawl(tmp_path, "delta-lake", recipe, pipeline_name="lab")
    assert (removed(again), removed(last)) == (set(), {crawled})
    assert ours.isdisjoint({*map(_urn, again), *map(_urn, last)})


def removed(written: list[dict[str, Any]]) -> set[str]:
    """What a crawl soft-deleted of datasets; folders go with them."""
    status = [each for each in written if each.get("aspectName") == "status" and each["aspect"]["json"]["removed"]]
    return {each["entityUrn"] for each in status if each["entityType"] == "dataset"}

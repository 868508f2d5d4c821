"""What a table's metadata names is asked for only where the caller's headers were meant for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pyiceberg.table import Table

from registry_dagster.tables import inspect_table
from registry_dagster.tables.storage.places import is_within_reach, place_of
from registry_dagster.tables.verify import verify_table
from tests.tables.iceberg.iceberg_tables import new_catalog, new_table, path_of
from tests.tables.storage.fake_stores import Store, serving
from tests.tables.storage.test_http import Noting

OPTIONS: dict[str, Any] = {"headers": {"X-Api-Key": "s3cr3t"}}


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return new_table(new_catalog(tmp_path))


def put(server: Store, table: Table, manifest_list: str, location: str) -> str:
    """The table's metadata on a web server, naming another manifest list; its URL."""
    metadata = json.loads(path_of(table.metadata_location).read_text())
    metadata["location"] = location
    metadata["snapshots"][0]["manifest-list"] = manifest_list
    server.objects["v1.metadata.json"] = json.dumps(metadata).encode()
    return f"{server.url}/v1.metadata.json"


def test_a_manifest_list_on_another_host_is_not_asked_for(table: Table) -> None:
    with serving(Noting) as own, serving(Noting) as other:
        other.objects["x.avro"] = b"x" * 100
        facts = inspect_table(put(own, table, f"{other.url}/x.avro", "s3://b/t"), storage_options=OPTIONS)
        found = verify_table(facts, OPTIONS)
        assert (found.state, f"add {other.url} to storage_options as follow" in found.reason) == ("unknown", True)
        assert "got" not in other.settings
        assert verify_table(facts, {**OPTIONS, "follow": [other.url]}).state == "changed"
        assert other.settings["got"]


def test_a_manifest_list_on_the_same_host_is_asked_for(table: Table) -> None:
    with serving(Noting) as own:
        snapshot = table.current_snapshot()
        assert snapshot is not None
        own.objects["x.avro"] = path_of(snapshot.manifest_list).read_bytes()
        facts = inspect_table(put(own, table, f"{own.url}/x.avro", "s3://b/t"), storage_options=OPTIONS)
        assert verify_table(facts, OPTIONS).state == "intact"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("s3://b/t", "s3a://b/u", True),
        ("s3://b/t", "s3://c/t", False),
        ("gs://b/t", "gcs://b/t", True),
        ("gs://b/t", "s3://b/t", False),
        ("abfss://c@a.dfs.core.windows.net/t", "abfs://c@a.dfs.core.windows.net/u", True),
        ("abfss://c@a.dfs.core.windows.net/t", "abfss://c@evil.example/t", False),
        ("az://c/t", "abfss://c@evil.example/t", False),
        ("https://h/t", "https://H/u", True),
        ("https://h/t", "http://h/t", False),
        ("https://h/t", "https://h:8443/t", False),
        ("memory://b/t", "memory://b/u", True),
    ],
)
def test_a_place_is_a_store_and_a_bucket_or_host(one: str, other: str, same: bool) -> None:
    assert (place_of(one) == place_of(other)) is same
    assert is_within_reach(one, other, None) is same
    assert is_within_reach(one, "s3://elsewhere/t", {"follow": other}) is same

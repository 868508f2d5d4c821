"""Declarations stay small, so that code locations of thousands of assets load."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import dagster as dg
import pytest

import registry_dagster as rd
from benchmarks.definitions import COLUMNS, many_assets

ASSETS = 5000
LIMIT = 100_000_000
"""What Dagster's web server accepts from one code location by default."""
SPARE = 25_000_000
"""Left for the external assets of published datasets, and for jobs, sensors and deps."""
UNDECLARED = 1000
"""What an asset takes before anything is declared of it."""
PATIENCE_SECONDS = 300

LOCATION = f"""
import dagster as dg
from benchmarks.definitions import many_assets
defs = dg.Definitions(assets=many_assets("declared", {ASSETS}))
"""

COLUMNS_SHOWN = """
query Columns($assets: [AssetKeyInput!]) {
  assetNodes(assetKeys: $assets) {
    assetKey { path }
    metadataEntries {
      label
      ... on TableSchemaMetadataEntry { schema { columns { name type description tags { key value } } } }
    }
  }
}
"""


def size(metadata: Any) -> int:
    """In Dagster's own JSON, as it is sent from the code location."""
    return len(dg.serialize_value(dg.AssetObservation("it", metadata=metadata)).encode())


def test_an_asset_of_fifty_columns_takes_well_below_its_share_of_what_a_web_server_takes() -> None:
    (spec,) = many_assets("declared", 1)[0].specs
    assert len(spec.metadata["dagster/column_schema"].columns) == COLUMNS
    assert size(spec.metadata) + UNDECLARED < (LIMIT - SPARE) / ASSETS


def test_what_is_declared_adds_little_to_dagsters_own_form_of_the_columns() -> None:
    """Names, types and descriptions alone, without any meaning, are the bulk."""
    (spec,) = many_assets("declared", 1)[0].specs
    columns = spec.metadata["dagster/column_schema"].columns
    bare = [dg.TableColumn(column.name, column.type, column.description) for column in columns]
    assert size(spec.metadata) < size({"dagster/column_schema": dg.TableSchema(bare)}) * 1.4


def test_the_declaration_beside_the_columns_does_not_grow_with_them() -> None:
    def beside(columns: int) -> int:
        table = rd.FeatureTable(
            dataset=rd.Dataset(name="lab.table"),
            materializations=[rd.MaterializationVersion(system="minnie65_public", version="1300")],
            columns={f"column_{number}": rd.Feature() for number in range(columns)},
        )
        metadata = dict(rd.feature_table(table)(dg.AssetSpec("table")).metadata)
        del metadata["dagster/column_schema"]
        return size(metadata)

    assert beside(500) == beside(1)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """Dagster's web server on the code location, held to less than it would take."""
    (tmp_path / "many.py").write_text(LOCATION)
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    held_to = str(LIMIT - SPARE)
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(tmp_path),
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "DAGSTER_GRPC_MAX_RX_BYTES": held_to,
        "DAGSTER_GRPC_MAX_SEND_BYTES": held_to,
    }
    program = Path(sys.executable).with_name("dagster-webserver")
    address = ["-h", "127.0.0.1", "-p", str(port)]
    with (tmp_path / "log").open("w") as log:
        running = subprocess.Popen(
            [program, "-f", "many.py", *address], cwd=tmp_path, env=environment, stdout=log, stderr=log
        )
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not answers(f"http://127.0.0.1:{port}"):
            assert running.poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() < deadline, (tmp_path / "log").read_text()
            time.sleep(1)
        yield f"http://127.0.0.1:{port}"
    finally:
        running.terminate()
        running.wait(60)


def answers(address: str) -> bool:
    try:
        with urlopen(f"{address}/server_info", timeout=10) as answer:
            return answer.status == 200
    except (URLError, OSError):
        return False


def query_result(address: str, query: str, **variables: Any) -> Any:
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = Request(f"{address}/graphql", body, {"Content-Type": "application/json"})
    with urlopen(request, timeout=PATIENCE_SECONDS) as answer:
        data = json.load(answer)
    assert "errors" not in data, data["errors"]
    return data["data"]


@pytest.mark.soak
def test_five_thousand_declared_assets_load_in_the_web_server(server: str) -> None:
    nodes = query_result(server, "{ assetNodes { assetKey { path } kinds } }")["assetNodes"]
    assert {node["assetKey"]["path"][0] for node in nodes} == {f"table_{number}" for number in range(ASSETS)}

    last = f"table_{ASSETS - 1}"
    (node,) = query_result(server, COLUMNS_SHOWN, assets=[{"path": [last]}])["assetNodes"]
    (columns,) = [entry["schema"]["columns"] for entry in node["metadataEntries"] if "schema" in entry]
    assert len(columns) == COLUMNS
    assert columns[0] == {
        "name": "pre_pt_root_id_0",
        "type": "int64, uint64 or string",
        "description": "Root id of the presynaptic cell.",
        "tags": [{"key": "root_id", "value": "minnie65_public, pre, null_sentinel 0"}],
    }

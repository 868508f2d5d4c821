"""Two code locations in one workspace: each publishes its own dataset, and the lineage crosses between them."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import dagster as dg
import pytest
import requests
import yaml
from dagster_graphql import DagsterGraphQLClient

import registry_dagster as rd

pytestmark = [
    pytest.mark.ui,
    # Dagster's client and the library that it asks with.
    pytest.mark.filterwarnings("ignore:Using variable_values and operation_name:DeprecationWarning:gql"),
]

ROOT = Path(__file__).parents[2]
WORKSPACE = f"""
load_from:
  - python_module: {{module_name: tests.deploy.cells, working_directory: {ROOT}, location_name: cell lab}}
  - python_module: {{module_name: tests.deploy.sizes, working_directory: {ROOT}, location_name: size lab}}
"""
SETTINGS = """
telemetry: {enabled: false}
run_coordinator: {module: dagster.core.run_coordinator, class: DefaultRunCoordinator}
"""
PATIENCE_SECONDS = 120
OVER = {dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED}


CONFLICTS = """
query($key: AssetKeyInput!) { assetNodeDefinitionCollisions(assetKeys: [$key]) { repositories { location { name } } } }
"""
NODE = """
query($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) {
  ... on AssetNode { dependedByKeys { path } partitionKeys }
} }
"""


class Deployment:
    """A web server on both locations, and what was done there."""

    def __init__(self, home: Path, port: int) -> None:
        self.home = home
        self.port = port
        self.address = f"http://127.0.0.1:{port}"

    @property
    def target(self) -> str:
        return f"lite://{self.home / 'registry.db'}"

    @property
    def log(self) -> Path:
        return self.home / "log"

    def answers(self) -> bool:
        try:
            return requests.get(f"{self.address}/server_info", timeout=5).ok
        except requests.ConnectionError:
            return False

    def ask(self, query: str, **variables: Any) -> Any:
        answer = requests.post(
            f"{self.address}/graphql", json={"query": query, "variables": variables}, timeout=PATIENCE_SECONDS
        ).json()
        assert "errors" not in answer, answer
        return answer["data"]

    def launch(self, location: str, job: str, config: dict[str, Any] | None = None) -> str:
        client = DagsterGraphQLClient("127.0.0.1", port_number=self.port)
        return client.submit_job_execution(
            job, repository_location_name=location, repository_name="__repository__", run_config=config or {}
        )

    def succeeds(self, run_id: str) -> None:
        client = DagsterGraphQLClient("127.0.0.1", port_number=self.port)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (status := client.get_run_status(run_id)) not in OVER:
            assert time.monotonic() < deadline, f"still {status}: {(self.home / 'log').read_text()}"
            time.sleep(0.5)
        assert status is dg.DagsterRunStatus.SUCCESS, self.log.read_text()

    def downstream(self, asset: str) -> set[str]:
        return {"/".join(key["path"]) for key in self._node(asset)["dependedByKeys"]}

    def partitions(self, asset: str) -> list[str]:
        return self._node(asset)["partitionKeys"]

    def conflicts(self, asset: str) -> list[Any]:
        return self.ask(CONFLICTS, key={"path": asset.split("/")})["assetNodeDefinitionCollisions"]

    def _node(self, asset: str) -> dict[str, Any]:
        return self.ask(NODE, key={"path": asset.split("/")})["assetNodeOrError"]

    def metadata(self, asset: str) -> dict[str, Any]:
        """That of the asset's newest materialization."""
        with dg.DagsterInstance.local_temp(str(self.home)) as instance:
            event = instance.get_latest_materialization_event(dg.AssetKey(asset))
        assert event is not None
        assert event.asset_materialization is not None
        return {name: value.value for name, value in event.asset_materialization.metadata.items()}

    def link(self, asset: str) -> tuple[str, str, dict[str, Any]]:
        """Where the asset's "Publish…" leads: code location, job, config."""
        address = self.metadata(asset)["registry/publish_link"].removeprefix("[**Publish…**](").removesuffix(")")
        parts = urlsplit(address)
        found = re.fullmatch(r"/locations/__repository__@([^/]+)/jobs/([^/]+)/playground/setup", parts.path)
        assert found is not None, address
        return unquote(found[1]), found[2], yaml.safe_load(parse_qs(parts.query)["config"][0])

    def follow(self, asset: str, message: str) -> str:
        """Follow the asset's "Publish…", write the message and launch."""
        location, job, config = self.link(asset)
        config["ops"]["publish"]["config"]["message"] = message
        return self.launch(location, job, config)


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    """Both locations served by one web server."""
    (tmp_path / "dagster.yaml").write_text(SETTINGS)
    (tmp_path / "workspace.yaml").write_text(WORKSPACE)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        deployment = Deployment(tmp_path, free.getsockname()[1])
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(tmp_path),
        "TABLES": str(tmp_path / "tables"),
        "FEATURE_REGISTRY": deployment.target,
    }
    program = Path(sys.executable).with_name("dagster-webserver")
    with deployment.log.open("w") as log:
        server = subprocess.Popen(
            [program, "-w", tmp_path / "workspace.yaml", "-h", "127.0.0.1", "-p", str(deployment.port)],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not deployment.answers():
            assert server.poll() is None, deployment.log.read_text()
            assert time.monotonic() < deadline, deployment.log.read_text()
            time.sleep(0.5)
        yield deployment
    finally:
        server.terminate()
        server.wait(30)


# One test, because its server and runs take most of a minute.
def test_two_locations_publish_each_their_own_and_the_lineage_crosses_between_them(deployment: Deployment) -> None:
    deployment.succeeds(deployment.launch("cell lab", "make"))
    assert not (deployment.home / "registry.db").exists()  # materializing publishes nothing

    # A link leads to the location that made the table.
    assert deployment.link("cells")[:2] == ("cell lab", "publish_feature_table")
    runs = [deployment.launch("size lab", "make"), deployment.follow("cells", "First cells")]
    for run in runs:
        deployment.succeeds(run)
    assert deployment.link("cell_sizes")[:2] == ("size lab", "publish_feature_table")
    deployment.succeeds(deployment.follow("cell_sizes", "Sizes of the first cells"))

    with rd.Registry.open(deployment.target) as registry:
        cells, sizes = registry.get("minnie65.cells@v1"), registry.get("minnie65.cell_sizes@v1")
    assert (cells.provenance.publisher, cells.provenance.message) == ("ada@lab.org", "First cells")
    assert (sizes.provenance.publisher, sizes.provenance.message) == ("grace@lab.org", "Sizes of the first cells")
    assert sizes.inputs == (cells.name,)
    assert sizes.references[0].to == cells.dataset

    # In Dagster's lineage graph, too. The upstream system that both declare is one asset, and no conflict.
    assert deployment.downstream("cave/minnie65_public") == {"cells", "cell_sizes"}
    assert deployment.downstream("cells") == {"cell_sizes", "registry/minnie65.cells"}
    assert deployment.downstream("cell_sizes") == {"registry/minnie65.cell_sizes"}
    assert deployment.conflicts("cave/minnie65_public") == []
    assert deployment.partitions("cave/minnie65_public") == ["1300"]
    assert deployment.partitions("registry/minnie65.cells") == ["v1"]
    assert deployment.partitions("registry/minnie65.cell_sizes") == ["v1"]

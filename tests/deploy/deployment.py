"""Dagster's own programs on code locations of the tests, as a lab runs them."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import dagster as dg
import requests
import yaml

__all__ = ["Deployment", "deployed"]

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 120
OVER = {"SUCCESS", "FAILURE", "CANCELED"}

LAUNCH = """
mutation($params: ExecutionParams!) { launchRun(executionParams: $params) {
  __typename
  ... on LaunchRunSuccess { run { runId } }
  ... on PythonError { message }
  ... on RunConfigValidationInvalid { errors { message } }
} }
"""
STATUS = "query($run: ID!) { runOrError(runId: $run) { ... on Run { status } } }"


class Deployment:
    """Dagster's web server, and perhaps its daemon, on code locations.

    Args:
        home: The folder of Dagster's instance, the registry and the tables.
        port: The web server's.
    """

    def __init__(self, home: Path, port: int) -> None:
        self.home = home
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

    def launch(
        self,
        location: str,
        job: str,
        config: Mapping[str, Any] | None = None,
        *,
        asset: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """Launch a run as the UI does: of a job, or, with its job `__ASSET_JOB`, of one asset."""
        selector: dict[str, Any] = {
            "repositoryLocationName": location,
            "repositoryName": "__repository__",
            "pipelineName": job,
        }
        if asset is not None:
            selector["assetSelection"] = [{"path": asset.split("/")}]
        launched = self.ask(
            LAUNCH,
            params={
                "selector": selector,
                "runConfigData": config or {},
                "executionMetadata": {"tags": [{"key": key, "value": tag} for key, tag in (tags or {}).items()]},
            },
        )["launchRun"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        return launched["run"]["runId"]

    def succeeds(self, run_id: str) -> None:
        """Wait for a run to end well."""
        self.wait(lambda: self._status(run_id) in OVER, f"run {run_id} goes on")
        assert self._status(run_id) == "SUCCESS", self.log.read_text()

    def wait(self, for_: Callable[[], bool], otherwise: str, seconds: float = PATIENCE_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while not for_():
            assert time.monotonic() < deadline, f"{otherwise}: {self.log.read_text()}"
            time.sleep(0.5)

    def _status(self, run_id: str) -> str:
        return self.ask(STATUS, run=run_id)["runOrError"]["status"]

    @contextmanager
    def instance(self) -> Iterator[dg.DagsterInstance]:
        """Dagster's instance."""
        with dg.DagsterInstance.local_temp(str(self.home)) as instance:
            yield instance

    def metadata(self, asset: str) -> dict[str, Any]:
        """That of the asset's newest materialization."""
        with self.instance() as instance:
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


@contextmanager
def deployed(
    home: Path, locations: Mapping[str, str], run_coordinator: Mapping[str, Any], *, daemon: bool = False
) -> Iterator[Deployment]:
    """Dagster's web server on code locations, and its daemon if asked for, until the end of the block.

    Args:
        home: An empty folder.
        locations: The name of each code location → its module.
        run_coordinator: That of `dagster.yaml`.
        daemon: Whether a daemon runs: schedules, sensors, queues and backfills need one.
    """
    load_from = [
        {"python_module": {"module_name": module, "working_directory": str(ROOT), "location_name": name}}
        for name, module in locations.items()
    ]
    (home / "workspace.yaml").write_text(yaml.safe_dump({"load_from": load_from}))
    settings = {"telemetry": {"enabled": False}, "run_coordinator": dict(run_coordinator)}
    (home / "dagster.yaml").write_text(yaml.safe_dump(settings))
    deployment = Deployment(home, _free_port())
    port = urlsplit(deployment.address).port
    with ExitStack() as programs:
        server = programs.enter_context(_running(deployment, ["dagster-webserver", "-h", "127.0.0.1", "-p", str(port)]))
        if daemon:
            programs.enter_context(_running(deployment, ["dagster-daemon", "run"]))
        deployment.wait(lambda: server.poll() is not None or deployment.answers(), "the web server does not start")
        assert server.poll() is None, deployment.log.read_text()
        yield deployment


@contextmanager
def _running(deployment: Deployment, command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(deployment.home),
        "TABLES": str(deployment.home / "tables"),
        "FEATURE_REGISTRY": deployment.target,
    }
    program, *arguments = command
    with deployment.log.open("a") as log:
        running = subprocess.Popen(
            [Path(sys.executable).with_name(program), *arguments, "-w", deployment.home / "workspace.yaml"],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        yield running
    finally:
        running.terminate()
        running.wait(30)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]

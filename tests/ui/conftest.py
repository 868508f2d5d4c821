"""One web server and one browser for all pictures: both take long to start."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import dagster as dg
import pytest

from tests.dagster.component.project import Project

ROOT = Path(__file__).parents[2]
PREFIX = "/flies"
SETTINGS = """
telemetry: {enabled: false}
nux: {enabled: false}
run_coordinator: {module: dagster.core.run_coordinator, class: DefaultRunCoordinator}
"""
WORKSPACE = f"""
load_from:
  - python_module: {{module_name: example_project.definitions, working_directory: {ROOT}}}
  - python_module: {{module_name: tests.ui.pipeline, working_directory: {ROOT}}}
  - python_module: {{module_name: PROJECT.definitions, working_directory: SOURCES}}
"""
COMPONENT = """
type: registry_dagster.PublishComponent
attributes:
  registry: {{target: "lite://{home}/components.db", publisher: ada@lab.org}}
  job_name: publish_{name}
  datasets:
    {name}:
      dataset: {{name: minnie65.{name}}}
      materializations: [{{system: minnie65_phase3, version: 661, source: cave}}]
      columns: {{root_id: {{semantic: root_id, id_space: minnie65_phase3}}}}
"""
ASSET = """
import dagster as dg


@dg.asset(group_name="{name}")
def {name}() -> None: ...
"""
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-sync"]
PATIENCE_SECONDS = 300

LAUNCH = """
mutation Launch($params: ExecutionParams!) {
  launchPipelineExecution(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { id } }
    ... on PythonError { message }
  }
}
"""
STATUS = "query Status($run: ID!) { runOrError(runId: $run) { ... on Run { status } } }"


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """Of Dagster, the tables and the registry. Its name is in the docs' pictures."""
    with tempfile.TemporaryDirectory(prefix="flies-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        (home / "dagster.yaml").write_text(SETTINGS)
        project = Project(home / "project")
        for name in ("axons", "dendrites"):
            component = COMPONENT.format(name=name, home=home)
            project.folder(name, defs_yaml=component, pipeline_py=ASSET.format(name=name))
        workspace = WORKSPACE.replace("PROJECT", project.name).replace("SOURCES", str(project.root / "src"))
        (home / "workspace.yaml").write_text(workspace)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DAGSTER_HOME", folder)
            patch.setenv("EXAMPLE_HOME", str(home / "example"))
            patch.setenv("DAGSTER_WEBSERVER_PATH_PREFIX", PREFIX)
            yield home


@pytest.fixture(scope="session")
def instance(home: Path) -> Iterator[dg.DagsterInstance]:
    """The web server's instance. Runs in this process are quicker than those that the server launches."""
    del home
    with dg.DagsterInstance.get() as instance:
        yield instance


@pytest.fixture(scope="session")
def server(home: Path, instance: dg.DagsterInstance) -> Iterator[str]:
    """Dagster's web server on the example project and on `pipeline`, under a path prefix."""
    del instance  # Created first: two processes that create its tables at once disturb each other.
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("dagster-webserver")
    with (home / "log").open("w") as log:
        running = subprocess.Popen(
            [program, "-w", home / "workspace.yaml", "-h", "127.0.0.1", "-p", str(port), "--path-prefix", PREFIX],
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )
    address = f"http://127.0.0.1:{port}{PREFIX}"
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not answers(address):
            assert running.poll() is None, (home / "log").read_text()
            assert time.monotonic() < deadline, (home / "log").read_text()
            time.sleep(0.5)
        yield address
    finally:
        running.terminate()
        running.wait(30)


def answers(address: str) -> bool:
    try:
        with urlopen(f"{address}/server_info", timeout=5):
            return True
    except URLError:
        return False


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (make test-ui)")
    if (chromium := shutil.which("chromium")) is None:
        pytest.skip("chromium is not installed")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=chromium, args=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def page(server: str, browser: Any) -> Any:
    del server
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.set_default_timeout(PATIENCE_SECONDS * 1000)
    return page


def shoot(page: Any, name: str) -> None:
    """Keep a picture for the docs, if asked to (make test-ui)."""
    page.locator("[class*=assetNodeRowBox]", has_text="Loading").first.wait_for(state="detached")
    page.wait_for_timeout(1500)  # until the page is at rest
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=ROOT / folder / f"{name}.png")


def succeeded(page: Any) -> None:
    """Wait for the run on the page to end well."""
    page.get_by_text(re.compile("Success|Failure")).first.wait_for()
    assert page.get_by_text("Success").count(), page.inner_text("body")


def launch(page: Any, message: str) -> None:
    """Say why, in the launchpad on the page, and launch."""
    page.locator(".CodeMirror").wait_for()
    page.evaluate(
        "message => { const editor = document.querySelector('.CodeMirror').CodeMirror;"
        " editor.setValue(editor.getValue() + '      message: ' + message + '\\n') }",
        message,
    )
    page.locator("button:enabled", has_text="Launch Run").click()
    page.wait_for_url("**/runs/**")
    succeeded(page)


def run_by_server(server: str, asset: str, tags: Mapping[str, str]) -> None:
    """Materialize an asset of `pipeline` as the web server does, in a process of its own; wait for the end."""
    selector = {
        "repositoryLocationName": "tests.ui.pipeline",
        "repositoryName": "__repository__",
        "pipelineName": "__ASSET_JOB",
        "assetSelection": [{"path": [asset]}],
    }
    metadata = {"tags": [{"key": key, "value": value} for key, value in tags.items()]}
    params = {"selector": selector, "mode": "default", "executionMetadata": metadata}
    launched = query(server, LAUNCH, params=params)["launchPipelineExecution"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (status := query(server, STATUS, run=launched["run"]["id"])["runOrError"]["status"]) != "SUCCESS":
        assert status != "FAILURE", launched
        assert time.monotonic() < deadline, status
        time.sleep(0.5)


def query(server: str, text: str, **variables: Any) -> Any:
    body = json.dumps({"query": text, "variables": variables}).encode()
    request = Request(f"{server}/graphql", body, {"Content-Type": "application/json"})
    with urlopen(request, timeout=PATIENCE_SECONDS) as answer:
        data = json.load(answer)
    assert "errors" not in data, data["errors"]
    return data["data"]

"""A person's way through Dagster's UI: materialize, follow "Publish…", say why, launch, look."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

import registry_dagster as rd

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (make test-ui)")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed"),
]

ROOT = Path(__file__).parents[2]
PREFIX = "/flies"
SETTINGS = """
telemetry: {enabled: false}
nux: {enabled: false}
run_coordinator: {module: dagster.core.run_coordinator, class: DefaultRunCoordinator}
"""
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-sync"]
PATIENCE_SECONDS = 120
MESSAGE = "First table of the neurons for the olfaction group"


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """Of Dagster, the tables and the registry. Its name is in the docs' pictures."""
    with tempfile.TemporaryDirectory(prefix="flies-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        (home / "dagster.yaml").write_text(SETTINGS)
        yield home


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[str]:
    """Dagster's web server on the example project, under a path prefix."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(home),
        "EXAMPLE_HOME": str(home / "example"),
        "DAGSTER_WEBSERVER_PATH_PREFIX": PREFIX,
    }
    program = Path(sys.executable).with_name("dagster-webserver")
    with (home / "log").open("w") as log:
        running = subprocess.Popen(
            [program, "-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(port), "--path-prefix", PREFIX],
            cwd=ROOT,
            env=environment,
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


@pytest.fixture(scope="module")
def page(server: str) -> Iterator[Any]:
    del server
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM)
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.set_default_timeout(PATIENCE_SECONDS * 1000)
        yield page
        browser.close()


def shoot(page: Any, name: str) -> None:
    """Keep a picture for the docs, if asked to (make test-ui)."""
    page.wait_for_timeout(1500)  # until the page is at rest
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=ROOT / folder / f"{name}.png")


def succeeded(page: Any) -> None:
    """Wait for the run on the page to end well."""
    page.get_by_text(re.compile("Success|Failure")).first.wait_for()
    assert page.get_by_text("Success").count(), page.inner_text("body")


def test_a_person_materializes_publishes_and_finds_the_version(home: Path, server: str, page: Any) -> None:
    page.goto(f"{server}/asset-groups")
    page.get_by_role("button", name=re.compile("Materialize all")).click()
    page.get_by_role("link", name=re.compile("View")).first.click()
    succeeded(page)
    assert not (home / "example" / "registry.db").exists()  # nothing is ever published by itself

    page.goto(f"{server}/assets/neurons?view=events")
    link = page.get_by_role("link", name="Publish…")
    link.wait_for()
    shoot(page, "materialization")
    link.click()

    launch = page.get_by_role("button", name="Launch Run")
    page.get_by_text('Missing required config entry "message"').first.wait_for()
    assert launch.is_disabled()
    page.evaluate(
        "message => { const editor = document.querySelector('.CodeMirror').CodeMirror;"
        " editor.setValue(editor.getValue() + '      message: ' + message + '\\n') }",
        MESSAGE,
    )
    playwright.expect(launch).to_be_enabled()
    shoot(page, "launchpad")
    launch.click()
    page.wait_for_url("**/runs/**")
    succeeded(page)
    with rd.Registry.open(f"lite://{home / 'example' / 'registry.db'}") as registry:
        assert registry.get("hemibrain.neurons@v1").provenance.message == MESSAGE
    shoot(page, "publish-run")

    page.goto(f"{server}/assets/registry/hemibrain.neurons?view=events")
    page.get_by_text(MESSAGE).first.wait_for()
    shoot(page, "registry-asset")

    page.goto(f"{server}/assets/neurons?view=events")
    page.get_by_text("published as hemibrain.neurons@v1").first.wait_for()

    page.goto(f"{server}/assets/neurons?view=lineage&lineageScope=neighbors")
    for node in ("hemibrain", "neurons", "hemibrain.neurons"):
        page.get_by_text(node, exact=True).first.wait_for()
    shoot(page, "lineage")

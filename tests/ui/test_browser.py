"""A person's way through Dagster's UI: materialize, follow "Publish…", say why, launch, look."""

import re
from pathlib import Path
from typing import Any

import pytest

import registry_dagster as rd
from tests.ui.conftest import launch, shoot, succeeded

pytestmark = pytest.mark.browser

MESSAGE = "First table of the neurons for the olfaction group"


def test_a_person_materializes_publishes_and_finds_the_version(home: Path, server: str, page: Any) -> None:
    page.goto(f"{server}/locations/example_project.definitions/jobs/materialize_all")
    page.get_by_role("button", name=re.compile("Materialize all")).click()
    page.get_by_role("link", name=re.compile("View")).first.click()
    succeeded(page)
    assert not (home / "example" / "registry.db").exists()  # nothing is ever published by itself

    page.goto(f"{server}/assets/neurons?view=events")
    link = page.get_by_role("link", name="Publish…")
    link.wait_for()
    shoot(page, "materialization")
    link.click()

    page.get_by_text('Missing required config entry "message"').first.wait_for()
    assert page.get_by_role("button", name="Launch Run").is_disabled()
    shoot(page, "launchpad")
    page.get_by_role("button", name="Scaffold missing config").click()
    page.get_by_role("button", name="Confirm").click()
    page.get_by_role("button", name="Confirm").wait_for(state="detached")
    page.get_by_text('Missing required config entry "message"').first.wait_for()
    assert page.get_by_role("button", name="Launch Run").is_disabled()
    launch(page, MESSAGE)
    with rd.Registry.open(f"lite://{home / 'example' / 'registry.db'}") as registry:
        assert registry.get("hemibrain.neurons@v1").provenance.message == MESSAGE
    shoot(page, "publish-run")

    page.goto(f"{server}/assets/registry/hemibrain.neurons?view=events")
    page.get_by_text(MESSAGE).first.wait_for()
    shoot(page, "registry-asset")

    page.goto(f"{server}/assets/neurons?view=events")
    page.get_by_text("published as hemibrain.neurons@v1").first.wait_for()

    page.goto(f"{server}/assets/registry/hemibrain.neurons?view=lineage&lineageScope=neighbors")
    for node in ("hemibrain", "neurons", "hemibrain.neurons"):
        page.get_by_text(node, exact=True).first.wait_for()
    shoot(page, "lineage")

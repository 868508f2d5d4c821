"""What Dagster's UI shows is true: what is unpublished, published or broken looks so."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import dagster as dg
import pytest

import registry_dagster as rd
from tests.ui.conftest import launch, run_by_server, shoot

pytestmark = pytest.mark.browser

T = TypeVar("T")


@pytest.fixture(scope="module")
def defs(home: Path) -> dg.Definitions:
    """The code location. Imported late, because its tables are below the home."""
    del home
    return import_module("tests.ui.pipeline").defs


def apart(work: Callable[[], T]) -> T:
    """Run Dagster in a thread: the browser's driver has an event loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def run(defs: dg.Definitions, instance: dg.DagsterInstance, job: str, **options: Any) -> str:
    """Run a job of the code location in this process; the run's id."""
    definition = defs.resolve_job_def(job)
    return apart(lambda: definition.execute_in_process(instance=instance, **options)).run_id


def materialize(defs: dg.Definitions, instance: dg.DagsterInstance) -> str:
    """Materialize the cells; the run's id."""
    return run(defs, instance, "__ASSET_JOB", asset_selection=[dg.AssetKey("cells")])


def publish(defs: dg.Definitions, instance: dg.DagsterInstance, **config: str) -> str:
    """Publish; the run's id."""
    run_config = {"ops": {"publish": {"config": config}}}
    return run(defs, instance, "publish_feature_table", run_config=run_config)


def status(server: str, page: Any, node: str) -> tuple[str, str]:
    """What a node of the lineage graph of the cells says, and the colour of it: green, red or none."""
    page.goto(f"{server}/assets/registry/minnie65.cells?view=lineage&lineageScope=neighbors")
    box = page.locator("[class*=assetNodeContainer]").filter(has=page.get_by_text(node, exact=True))
    row = box.locator("[class*=assetNodeRowBox]").last
    row.wait_for()
    row.locator("text=Loading").wait_for(state="detached")
    colour = row.evaluate("row => getComputedStyle(row).backgroundColor")
    red, green, _ = map(int, re.findall(r"\d+", colour)[:3])
    return row.inner_text().strip(), "green" if green > red + 50 else "red" if red > green + 50 else "none"


def test_unpublished_published_and_broken_look_so(
    home: Path, server: str, page: Any, defs: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    materialize(defs, instance)
    assert status(server, page, "minnie65.cells") == ("–", "none")
    shoot(page, "unpublished")

    publish(defs, instance, asset="cells", message="For the size paper")
    words, colour = status(server, page, "minnie65.cells")
    assert (words.startswith("Materialized"), colour) == (True, "green")
    assert status(server, page, "minnie65_public") == ("–", "none")
    assert page.get_by_text("Unsynced").count() == 0
    shoot(page, "published")

    for path in (home / "pictures" / "tables").glob("cells_*"):
        path.unlink()
    run(defs, instance, "verify")
    assert status(server, page, "minnie65.cells")[1] == "red"
    shoot(page, "broken")


def test_the_older_of_two_is_published_and_the_timeline_says_which(
    server: str, page: Any, defs: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    older, _ = materialize(defs, instance), materialize(defs, instance)
    published_in = publish(defs, instance, asset="cells", run_id=older, message="The older one")

    page.goto(f"{server}/assets/cells?view=events")
    page.get_by_text(f"what run {older[:8]} made at").first.wait_for()
    for words in (older, published_in, "The older one"):
        assert page.get_by_text(words).count(), words
    shoot(page, "published-observation")

    page.goto(f"{server}/runs")
    page.get_by_text("registry/version: v2").first.wait_for()
    shoot(page, "runs")


def test_a_partition_of_two_dimensions_is_published_from_its_link(
    home: Path, server: str, page: Any, defs: dg.Definitions
) -> None:
    del defs
    both = {"dagster/partition/area": "V1", "dagster/partition/layer": "l4"}
    run_by_server(server, "patches", {"dagster/partition": "V1|l4", **both})
    page.goto(f"{server}/assets/patches?view=events")
    page.get_by_role("link", name="Publish…").first.click()
    launch(page, "One patch")
    with rd.Registry.open(f"lite://{home / 'pictures' / 'registry.db'}") as registry:
        assert registry.get("minnie65.patches@v1").provenance.dagster_partition == "V1|l4"


def test_a_range_of_partitions_is_published_from_its_link(
    home: Path, server: str, page: Any, defs: dg.Definitions
) -> None:
    del defs
    ends = {"dagster/asset_partition_range_start": "layer_1", "dagster/asset_partition_range_end": "layer_3"}
    run_by_server(server, "layers", ends)
    page.goto(f"{server}/assets/layers?view=partitions&partition=layer_2")
    page.get_by_role("link", name="Publish…").first.click()
    launch(page, "All layers")
    with rd.Registry.open(f"lite://{home / 'pictures' / 'registry.db'}") as registry:
        versions = registry.versions("minnie65.layers")
        assert [each.provenance.dagster_partition for each in versions] == ["layer_1", "layer_2", "layer_3"]


def test_two_components_of_one_project_have_an_upstream_system_in_common(server: str, page: Any) -> None:
    page.goto(f"{server}/assets/cave/minnie65_phase3?view=lineage&lineageScope=downstream")
    for node in ("minnie65_phase3", "minnie65.axons", "minnie65.dendrites"):
        page.get_by_text(node, exact=True).first.wait_for()
    shoot(page, "two-components")
    page.goto(f"{server}/jobs")
    for job in ("publish_axons", "publish_dendrites"):
        page.get_by_text(job, exact=True).first.wait_for()

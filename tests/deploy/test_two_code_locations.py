"""Two code locations in one workspace: each publishes its own dataset, and the lineage crosses between them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import registry_dagster as rd
from tests.deploy.deployment import Deployment, deployed

pytestmark = pytest.mark.ui

LOCATIONS = {"cell lab": "tests.deploy.cells", "size lab": "tests.deploy.sizes"}
AT_ONCE = {"module": "dagster.core.run_coordinator", "class": "DefaultRunCoordinator"}

CONFLICTS = """
query($key: AssetKeyInput!) { assetNodeDefinitionCollisions(assetKeys: [$key]) { repositories { location { name } } } }
"""
NODE = (
    "query($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { ... on AssetNode { dependedByKeys { path } } } }"
)


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    """Both locations served by one web server."""
    with deployed(tmp_path, LOCATIONS, AT_ONCE) as deployment:
        yield deployment


def downstream(deployment: Deployment, asset: str) -> set[str]:
    node = deployment.ask(NODE, key={"path": asset.split("/")})["assetNodeOrError"]
    return {"/".join(key["path"]) for key in node["dependedByKeys"]}


def conflicts(deployment: Deployment, asset: str) -> list[Any]:
    return deployment.ask(CONFLICTS, key={"path": asset.split("/")})["assetNodeDefinitionCollisions"]


# One test, because its server and runs take most of a minute.
def test_two_locations_publish_each_their_own_and_the_lineage_crosses_between_them(deployment: Deployment) -> None:
    # A partition of several dimensions, launched as the UI does.
    cell = {"dagster/partition": "2|V1", "dagster/partition/layer": "2", "dagster/partition/region": "V1"}
    made = [
        deployment.launch("cell lab", "make"),
        deployment.launch("cell lab", "__ASSET_JOB", asset="grid", tags=cell),
    ]
    for run in made:
        deployment.succeeds(run)
    assert not (deployment.home / "registry.db").exists()  # materializing publishes nothing

    # A link leads to the location that made the table.
    assert deployment.link("cells")[:2] == ("cell lab", "publish_feature_table")
    assert deployment.link("grid")[2]["ops"]["publish"]["config"]["partition"] == "2|V1"
    runs = [
        deployment.launch("size lab", "make"),
        deployment.follow("cells", "First cells"),
        deployment.follow("grid", "One layer of one region"),
    ]
    for run in runs:
        deployment.succeeds(run)
    assert deployment.link("cell_sizes")[:2] == ("size lab", "publish_feature_table")
    deployment.succeeds(deployment.follow("cell_sizes", "Sizes of the first cells"))

    with rd.Registry.open(deployment.target) as registry:
        assert registry.get("minnie65.grid@v1").provenance.dagster_partition == "2|V1"
        cells, sizes = registry.get("minnie65.cells@v1"), registry.get("minnie65.cell_sizes@v1")
    assert (cells.provenance.publisher, cells.provenance.message) == ("ada@lab.org", "First cells")
    assert (sizes.provenance.publisher, sizes.provenance.message) == ("grace@lab.org", "Sizes of the first cells")
    assert sizes.inputs == (cells.name,)
    assert sizes.references[0].to == cells.dataset

    # In Dagster's lineage graph, too. The upstream system that both declare is one asset, and no conflict.
    assert downstream(deployment, "cave/minnie65_public") == {
        "registry/minnie65.cells",
        "registry/minnie65.cell_sizes",
        "registry/minnie65.grid",
    }
    assert downstream(deployment, "cells") == {"cell_sizes", "registry/minnie65.cells"}
    assert downstream(deployment, "cell_sizes") == {"registry/minnie65.cell_sizes"}
    assert conflicts(deployment, "cave/minnie65_public") == []

"""Checks say how often something was materialized since it was published, if that made other content."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

import registry_dagster as rd
from tests.dagster.checks.checks import evaluations
from tests.dagster.pipeline import cells_declared, materialize, publish, write_cells

Instance = dg.DagsterInstance
CELLS = "minnie65.cells"
STATES = dg.StaticPartitionsDefinition(["943", "1300", "1412"])


@pytest.fixture
def cells(tmp_path: Path) -> dg.AssetsDefinition:
    """Cells whose every run writes a table of its own, unless its tag `rows` names one that exists."""
    numbers = iter(range(100))

    @rd.feature_table(**cells_declared())
    @dg.asset
    def cells(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
        again = context.run.tags.get("again")
        path = Path(again) if again else write_cells(tmp_path / f"{next(numbers)}.parquet")
        return registry.table(context, path)

    return cells


@pytest.fixture
def by_state(tmp_path: Path) -> dg.AssetsDefinition:
    """Cells of each state, in a table of each run."""
    numbers = iter(range(100))

    @rd.feature_table(**cells_declared())
    @dg.asset(partitions_def=STATES)
    def cells(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
        number = next(numbers)
        return registry.table(context, write_cells(tmp_path / f"{number}.parquet", number + 1))

    return cells


@pytest.fixture
def found(instance: Instance, resource: rd.FeatureRegistry) -> Callable[[], dg.AssetCheckEvaluation]:
    """What the check of the cells finds."""
    return lambda: evaluations(instance, resource, rd.unpublished_checks([CELLS]))[CELLS]


def shown(found: dg.AssetCheckEvaluation) -> dict[str, Any]:
    return {name: value.value for name, value in found.metadata.items()}


def test_it_counts_what_was_materialized_since_until_the_newest_is_published(
    instance: Instance,
    resource: rd.FeatureRegistry,
    cells: dg.AssetsDefinition,
    found: Callable[[], dg.AssetCheckEvaluation],
) -> None:
    assert (found().passed, found().description) == (True, "No version is published yet.")
    first, second = (materialize(instance, resource, cells).run_id for _ in range(2))
    assert publish(instance, resource, asset="cells", run_id=first, message="the older one").success

    newer = found()
    assert (newer.check_name, newer.passed, newer.severity) == (
        "newest_is_published",
        False,
        dg.AssetCheckSeverity.WARN,
    )
    assert newer.description == (
        "1 materialization of cells since minnie65.cells@v1: the newest has other content, and is not published."
    )
    newest = [materialize(instance, resource, cells).run_id for _ in range(2)][-1]
    found_since = found()
    assert str(found_since.description).startswith("3 materializations of cells since minnie65.cells@v1: ")
    metadata = shown(found_since)
    assert (metadata["materializations since"], metadata["newest run"]) == (3, newest)
    assert f"| `cells` |  | 3 | `minnie65.cells@v1` | {newest} | the newest has" in metadata["not published"]

    assert publish(instance, resource, asset="cells", message="the newest").success
    assert (found().passed, found().description) == (
        True,
        "Nothing was materialized since minnie65.cells@v2 that is not published.",
    )
    # Going back to an older one is a decision, yet the newest is no longer what was published last.
    assert publish(instance, resource, asset="cells", run_id=second, message="back").success
    assert (found().passed, shown(found())) == (True, {"materializations since": 0})


def test_the_same_content_again_is_no_difference(
    instance: Instance,
    resource: rd.FeatureRegistry,
    cells: dg.AssetsDefinition,
    found: Callable[[], dg.AssetCheckEvaluation],
    tmp_path: Path,
) -> None:
    materialize(instance, resource, cells)
    assert publish(instance, resource, asset="cells", message="why").success
    materialize(instance, resource, cells, tags={"again": str(tmp_path / "0.parquet")})
    assert found().passed
    assert found().description == "1 materialization since, with the same content as a published version."


def test_a_partition_counts_by_itself_and_a_new_one_from_the_last_publish(
    instance: Instance,
    resource: rd.FeatureRegistry,
    by_state: dg.AssetsDefinition,
    found: Callable[[], dg.AssetCheckEvaluation],
) -> None:
    for state in ("1300", "943"):
        materialize(instance, resource, by_state, partition_key=state)
    assert publish(instance, resource, asset="cells", partition="943", message="why").success
    assert found().passed  # 1300 was left out when there was a choice

    materialize(instance, resource, by_state, partition_key="1412")
    new = found()
    assert new.description == (
        "1 materialization of cells, partition 1412, since minnie65.cells@v1: the newest has other content, and is "
        "not published."
    )
    for _ in range(2):
        materialize(instance, resource, by_state, partition_key="943")
    both = found()
    assert str(both.description).startswith("3 materializations of 2 partitions or assets are not published. First: ")
    for state in ("943", "1412"):
        assert publish(instance, resource, asset="cells", partition=state, message="why").success
    assert found().passed


def test_a_newer_one_that_cannot_be_published_says_why(
    instance: Instance,
    resource: rd.FeatureRegistry,
    cells: dg.AssetsDefinition,
    found: Callable[[], dg.AssetCheckEvaluation],
) -> None:
    materialize(instance, resource, cells)
    assert publish(instance, resource, asset="cells", message="why").success
    instance.report_runless_asset_event(dg.AssetMaterialization("cells"))
    assert not found().passed
    assert "1 materialization of cells since minnie65.cells@v1: " in str(found().description)
    assert "has no pinned table" in str(found().description)
    instance.wipe_assets([dg.AssetKey("cells")])
    assert found().passed

"""Several targets in one run: each succeeds or fails on its own, and running it again finishes the rest."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

import registry_dagster as rd
from tests.dagster.pipeline import (
    cells_asset,
    cells_declared,
    failure,
    materialize,
    publish,
    shown,
    sizes_asset,
    write_cells,
)

Instance = dg.DagsterInstance
LAYERS = dg.StaticPartitionsDefinition([f"layer_{number}" for number in range(1, 7)])


def layered(folder: Path) -> dg.AssetsDefinition:
    """Cells, a table for each cortical layer."""

    @rd.feature_table(**cells_declared())
    @dg.asset(partitions_def=LAYERS)
    def cells(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
        rows = int(context.partition_key.removeprefix("layer_"))
        return registry.table(context, write_cells(folder / f"{context.partition_key}.parquet", rows))

    return cells


@pytest.fixture
def layers(instance: Instance, resource: rd.FeatureRegistry, tmp_path: Path) -> list[dict[str, Any]]:
    """Every layer materialized, as targets."""
    cells = layered(tmp_path / "cells")
    for key in LAYERS.get_partition_keys():
        materialize(instance, resource, cells, partition_key=key)
    return [{"asset": "cells", "partition": key} for key in LAYERS.get_partition_keys()]


def test_each_target_becomes_a_version(
    instance: Instance, resource: rd.FeatureRegistry, registry: rd.Registry, layers: list[dict[str, Any]]
) -> None:
    result = publish(instance, resource, message="All layers", targets=layers)

    assert result.success
    versions = registry.versions("minnie65.cells")
    assert [version.provenance.dagster_partition for version in versions] == list(LAYERS.get_partition_keys())
    assert [version.table.rows for version in versions] == [1, 2, 3, 4, 5, 6]
    page = shown(result)
    assert page["published"] == 6
    assert "| 'cells', partition 'layer_2' | `minnie65.cells@v2` | now |" in page["targets"]


def test_targets_of_several_assets_and_runs_with_words_of_their_own(
    instance: Instance, resource: rd.FeatureRegistry, registry: rd.Registry, tmp_path: Path
) -> None:
    rows = iter((3, 4))
    cells, sizes = cells_asset(tmp_path / "cells.parquet", lambda: next(rows)), sizes_asset(tmp_path / "sizes.parquet")
    materialize(instance, resource, cells, sizes)
    targets = [
        {"asset": "cells", "message": "The cells", "publisher": "grace@lab.org", "label": "paper"},
        {"asset": "cell_sizes"},
    ]

    assert publish(instance, resource, message="Their sizes", targets=targets).success

    cells_version, sizes_version = registry.get("minnie65.cells@v1"), registry.get("minnie65.cell_sizes@v1")
    assert (cells_version.provenance.publisher, cells_version.provenance.message) == ("grace@lab.org", "The cells")
    assert cells_version.label == "paper"
    assert (sizes_version.provenance.publisher, sizes_version.provenance.message) == ("ada@lab.org", "Their sizes")
    assert sizes_version.inputs == ("minnie65.cells@v1",)


def test_an_earlier_run_among_many_is_found_by_its_id(
    instance: Instance, resource: rd.FeatureRegistry, registry: rd.Registry, tmp_path: Path
) -> None:
    runs = [
        materialize(instance, resource, cells_asset(tmp_path / f"{rows}.parquet", lambda rows=rows: rows)).run_id
        for rows in (1, 2, 3)
    ]

    targets = [{"asset": "cells", "run_id": run} for run in runs[:2]]
    assert publish(instance, resource, message="Both earlier ones", targets=targets).success
    assert [version.table.rows for version in registry.versions("minnie65.cells")] == [1, 2]


def test_a_failure_leaves_the_others_published_and_the_run_can_be_repeated(
    instance: Instance,
    resource: rd.FeatureRegistry,
    registry: rd.Registry,
    layers: list[dict[str, Any]],
    tmp_path: Path,
) -> None:
    (tmp_path / "cells" / "layer_2.parquet").rename(tmp_path / "away")

    message_shown = failure(publish(instance, resource, message="All layers", targets=layers))
    assert "1 of 6 targets were not published. Fix the errors" in message_shown
    assert "'cells', partition 'layer_2': the table that was materialized no longer exists" in message_shown
    assert len(registry.versions("minnie65.cells")) == 5

    (tmp_path / "away").rename(tmp_path / "cells" / "layer_2.parquet")
    page = shown(publish(instance, resource, message="All layers", targets=layers))
    assert (page["published"], page["unchanged"]) == (1, 5)
    assert registry.get("minnie65.cells@v6").provenance.dagster_partition == "layer_2"


def test_the_failed_run_shows_each_target(
    instance: Instance, resource: rd.FeatureRegistry, layers: list[dict[str, Any]]
) -> None:
    wrong = [*layers, {"asset": "cell"}, {"asset": "cells", "partition": "layer_9"}]
    result = publish(instance, resource, message="Too much", targets=wrong)

    (event,) = result.filter_events(lambda event: event.is_step_failure)
    page = event.step_failure_data.user_failure_data.metadata
    assert page["not published"].value == 2
    assert "| 'cells', partition 'layer_1' | `minnie65.cells@v1` | now |" in page["targets"].value
    assert "asset 'cell' has not been materialized; did you mean 'cells'?" in page["targets"].value
    assert "asset 'cells', partition 'layer_9', has not been materialized" in page["targets"].value


def test_a_dry_run_of_many_shows_what_would_become_of_each(
    instance: Instance, resource: rd.FeatureRegistry, layers: list[dict[str, Any]], tmp_path: Path
) -> None:
    wrong = [layers[0], {"asset": "cells"}]
    page = shown(publish(instance, resource, message="Trying", targets=wrong, dry_run=True))

    assert "| 'cells', partition 'layer_1' | `minnie65.cells@v1` | would be published" in page["plans"]
    assert "would be refused: asset 'cells' is partitioned; set partition" in page["plans"]
    assert not (tmp_path / "registry.db").exists()


@pytest.mark.parametrize(
    "config",
    [{"message": "Why"}, {"message": "Why", "asset": "cells", "targets": [{"asset": "cells"}]}],
    ids=["neither", "both"],
)
def test_asset_or_targets_are_named(instance: Instance, resource: rd.FeatureRegistry, config: dict[str, Any]) -> None:
    message_shown = failure(publish(instance, resource, **config))
    assert message_shown == "set asset to publish one table, or targets to publish several, but not both"

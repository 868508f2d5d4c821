"""From a materialization to a published version."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

import registry_dagster as rd
from registry_dagster.dagster.pin.frozen import frozen_in
from tests.dagster.pipeline import (
    MINNIE_943,
    MINNIE_1300,
    cells_asset,
    cells_declared,
    failure,
    materialize,
    publish,
    shown,
    sizes_asset,
    sizes_declared,
    write_cells,
    write_sizes,
)

pytestmark = pytest.mark.on_disk

Instance = dg.DagsterInstance


@pytest.fixture
def cells(tmp_path: Path) -> dg.AssetsDefinition:
    return cells_asset(tmp_path / "tables" / "cells.parquet")


def test_materializing_publishes_nothing(
    instance: Instance, resource: rd.FeatureRegistry, cells: dg.AssetsDefinition, tmp_path: Path
) -> None:
    materialize(instance, resource, cells)
    assert not (tmp_path / "registry.db").exists()


def test_a_materialization_pins_the_table_and_freezes_the_declaration(
    instance: Instance, resource: rd.FeatureRegistry, cells: dg.AssetsDefinition, tmp_path: Path
) -> None:
    result = materialize(instance, resource, cells)

    (event,) = result.get_asset_materialization_events()
    metadata = event.materialization.metadata
    facts = rd.inspect_table(tmp_path / "tables" / "cells.parquet")
    frozen = frozen_in(metadata)
    assert (frozen.feature_table, frozen.facts) == (rd.FeatureTable(**cells_declared()), facts)
    assert metadata["dagster/uri"].value == (tmp_path / "tables" / "cells.parquet").as_uri()
    assert metadata["dagster/row_count"].value == 3
    assert metadata["registry/column_types"].value == "`int64`: nucleus_id, root_id"


def test_a_publish_records_the_table_with_its_meaning_and_who_and_why(
    instance: Instance, resource: rd.FeatureRegistry, registry: rd.Registry, cells: dg.AssetsDefinition
) -> None:
    run = materialize(instance, resource, cells)

    result = publish(instance, resource, asset="cells", message="For the size paper", label="paper")

    assert result.success
    record = registry.get("minnie65.cells@v1")
    assert record.materializations == (MINNIE_1300,)
    assert record.columns == cells_declared()["columns"]
    assert record.label == "paper"
    assert record.provenance.publisher == "ada@lab.org"
    assert record.provenance.message == "For the size paper"
    assert record.provenance.dagster_run_id == run.run_id
    assert record.provenance.dagster_asset == "cells"


def test_the_publish_run_shows_a_plan_and_a_receipt(
    instance: Instance, resource: rd.FeatureRegistry, registry: rd.Registry, cells: dg.AssetsDefinition
) -> None:
    materialize(instance, resource, cells)

    page = shown(publish(instance, resource, asset="cells", message="First"))

    record = registry.get("minnie65.cells")
    assert page["version"] == "minnie65.cells@v1"
    assert f"| digest | `{record.digest}` |" in page["receipt"]
    assert "| published | now |" in page["receipt"]
    assert "| `nucleus_id` | int64 | nucleus_id · source_table nucleus_detection_v0 |" in page["plan"]


def test_publishing_the_same_again_changes_nothing(
    instance: Instance, resource: rd.FeatureRegistry, registry: rd.Registry, cells: dg.AssetsDefinition
) -> None:
    materialize(instance, resource, cells)
    publish(instance, resource, asset="cells", message="First")
    before = registry.versions("minnie65.cells")

    page = shown(publish(instance, resource, asset="cells", message="Again"))

    assert page["created"] is False
    assert registry.versions("minnie65.cells") == before


def test_a_dry_run_shows_the_plan_and_writes_nothing(
    instance: Instance, resource: rd.FeatureRegistry, cells: dg.AssetsDefinition, tmp_path: Path
) -> None:
    materialize(instance, resource, cells)

    page = shown(publish(instance, resource, asset="cells", message="Trying", dry_run=True))

    assert "`minnie65.cells@v1` would be published" in page["plan"]
    assert "receipt" not in page
    assert not (tmp_path / "registry.db").exists()


def test_the_declaration_published_is_the_one_frozen_when_the_table_was_made(
    instance: Instance, resource: rd.FeatureRegistry, registry: rd.Registry, tmp_path: Path
) -> None:
    path = tmp_path / "cells.parquet"
    materialize(instance, resource, cells_asset(path, materializations=[MINNIE_943]))
    cells_asset(path, materializations=[MINNIE_1300])  # the code has moved on

    publish(instance, resource, asset="cells", message="First")

    assert registry.get("minnie65.cells").materializations == (MINNIE_943,)


def test_an_earlier_run_can_be_published_by_its_id(
    instance: Instance, resource: rd.FeatureRegistry, registry: rd.Registry, tmp_path: Path
) -> None:
    first = materialize(instance, resource, cells_asset(tmp_path / "monday.parquet", rows=lambda: 3))
    materialize(instance, resource, cells_asset(tmp_path / "tuesday.parquet", rows=lambda: 4))

    publish(instance, resource, asset="cells", message="The first one", run_id=first.run_id)

    assert registry.get("minnie65.cells").table.rows == 3
    assert registry.get("minnie65.cells").provenance.dagster_run_id == first.run_id


def test_lineage_names_the_exact_versions_that_were_read(
    instance: Instance, resource: rd.FeatureRegistry, registry: rd.Registry, tmp_path: Path
) -> None:
    assets = cells_asset(tmp_path / "cells.parquet"), sizes_asset(tmp_path / "sizes.parquet")
    materialize(instance, resource, *assets)
    publish(instance, resource, asset="cells", message="First")

    publish(instance, resource, asset="cell_sizes", message="Measured on them")

    record = registry.get("minnie65.cell_sizes")
    assert record.inputs == ("minnie65.cells@v1",)
    assert record.reference_versions == {"minnie65.cells": "minnie65.cells@v1"}


def test_an_input_that_is_not_published_is_a_warning(
    instance: Instance, resource: rd.FeatureRegistry, registry: rd.Registry, tmp_path: Path
) -> None:
    assets = cells_asset(tmp_path / "cells.parquet"), sizes_asset(tmp_path / "sizes.parquet")
    materialize(instance, resource, *assets)

    page = shown(publish(instance, resource, asset="cell_sizes", message="Measured on them"))

    assert "computed from minnie65.cells, whose table as it was read is not published" in page["plan"]
    assert registry.get("minnie65.cell_sizes").inputs == ()


def test_each_partition_can_be_published(
    instance: Instance, resource: rd.FeatureRegistry, registry: rd.Registry, tmp_path: Path
) -> None:
    @rd.feature_table(
        **cells_declared(
            materializations=lambda key: [
                rd.MaterializationVersion(system="minnie65_public", version=key, source="cave")
            ]
        )
    )
    @dg.asset(partitions_def=dg.StaticPartitionsDefinition(["943", "1300"]))
    def cells(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
        return registry.table(context, write_cells(tmp_path / f"{context.partition_key}.parquet"))

    for key in ("943", "1300"):
        materialize(instance, resource, cells, partition_key=key)
        publish(instance, resource, asset="cells", partition=key, message=f"At {key}")
    unnamed = publish(instance, resource, asset="cells", message="Which?")

    assert [str(version.materializations[0]) for version in registry.versions("minnie65.cells")] == [
        "minnie65_public@943",
        "minnie65_public@1300",
    ]
    assert registry.get("minnie65.cells@v2").provenance.dagster_partition == "1300"
    assert "asset 'cells' is partitioned; set partition, e.g. to '1300'" in failure(unnamed)


def test_a_multi_asset_pins_each_table(
    instance: Instance, resource: rd.FeatureRegistry, registry: rd.Registry, tmp_path: Path
) -> None:
    @rd.feature_table({"cells": rd.FeatureTable(**cells_declared()), "cell_sizes": rd.FeatureTable(**sizes_declared())})
    @dg.multi_asset(specs=[dg.AssetSpec("cells"), dg.AssetSpec("cell_sizes")])
    def tables(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> Iterator[dg.MaterializeResult[Any]]:
        yield registry.table(context, write_cells(tmp_path / "cells.parquet"), asset_key="cells")
        yield registry.table(context, write_sizes(tmp_path / "sizes.parquet"), asset_key="cell_sizes")

    materialize(instance, resource, tables)
    for asset in ("cells", "cell_sizes"):
        assert publish(instance, resource, asset=asset, message="First").success

    assert registry.get("minnie65.cells").table.location.endswith("cells.parquet")
    assert registry.get("minnie65.cell_sizes").table.location.endswith("sizes.parquet")


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"asset": "cells", "message": " "}, "message is empty; say why"),
        ({"asset": "cell", "message": "x"}, "'cell' has not been materialized; did you mean 'cells'? Materialize it"),
        ({"asset": "cells", "message": "x", "run_id": "nope"}, "has not been materialized in run nope"),
    ],
)
def test_a_publish_that_lacks_something_fails_and_says_what_to_do(
    instance: Instance,
    resource: rd.FeatureRegistry,
    cells: dg.AssetsDefinition,
    tmp_path: Path,
    config: dict[str, str],
    said: str,
) -> None:
    materialize(instance, resource, cells)

    result = publish(instance, resource, **config)

    assert not result.success
    assert said in failure(result)
    assert not (tmp_path / "registry.db").exists()


def test_a_message_is_required_before_the_launch(instance: Instance, resource: rd.FeatureRegistry) -> None:
    with pytest.raises(dg.DagsterInvalidConfigError, match='Missing required config entry "message"'):
        publish(instance, resource, asset="cells")


def test_a_publisher_is_required_since_dagster_knows_no_users(
    instance: Instance, target: str, cells: dg.AssetsDefinition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FEATURE_REGISTRY_PUBLISHER", raising=False)
    nobody = rd.FeatureRegistry(target=target)
    materialize(instance, nobody, cells)

    refused = publish(instance, nobody, asset="cells", message="First")
    named = publish(instance, nobody, asset="cells", message="First", publisher="grace@lab.org")

    assert "a publish needs a publisher: name one, or set FEATURE_REGISTRY_PUBLISHER" in failure(refused)
    assert named.success


def test_an_undeclared_asset_cannot_be_published(instance: Instance, resource: rd.FeatureRegistry) -> None:
    @dg.asset
    def plain() -> None: ...

    materialize(instance, resource, plain)
    result = publish(instance, resource, asset="plain", message="First")

    assert "Only an asset that is declared with @rd.feature_table can be pinned" in failure(result)


def test_a_table_that_does_not_fit_its_declaration_is_kept_but_not_published(
    instance: Instance, resource: rd.FeatureRegistry, tmp_path: Path
) -> None:
    columns = {"root_id": rd.RootId(id_space="minnie65_public"), "nucleus": rd.NucleusId()}
    run = materialize(instance, resource, cells_asset(tmp_path / "cells.parquet", columns=columns))

    result = publish(instance, resource, asset="cells", message="First")

    assert run.success
    assert "nucleus: declared, but the table has no such column; did you mean 'nucleus_id'?" in failure(result)


def test_only_an_unreachable_store_is_retried(instance: Instance, cells: dg.AssetsDefinition, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    blocked = rd.FeatureRegistry(target=f"lite://{tmp_path / 'file' / 'registry.db'}", publisher="ada@lab.org")
    materialize(instance, blocked, cells)
    broken = rd.FeatureRegistry(target=f"lite://{tmp_path / 'file'}", publisher="ada@lab.org")

    refused = publish(instance, broken, asset="cells", message="First")

    assert "Use a DataHub Lite SQLite file or a new path" in failure(refused)
    assert not refused.filter_events(lambda event: event.is_step_up_for_retry)


def test_a_table_that_is_gone_or_overwritten_is_not_published(
    instance: Instance, resource: rd.FeatureRegistry, tmp_path: Path
) -> None:
    path = tmp_path / "cells.parquet"
    first = materialize(instance, resource, cells_asset(path))
    materialize(instance, resource, cells_asset(path, rows=lambda: 9))

    overwritten = publish(instance, resource, asset="cells", message="First", run_id=first.run_id)
    path.unlink()
    gone = publish(instance, resource, asset="cells", message="Second")

    assert "has changed since it was materialized: there are 1 file of" in failure(overwritten)
    assert "the table that was materialized no longer exists" in failure(gone)


def test_the_lineage_of_a_partition_is_the_same_partition_upstream(
    instance: Instance, resource: rd.FeatureRegistry, registry: rd.Registry, tmp_path: Path
) -> None:
    """The newest materialization of a partitioned upstream may be of a partition that was not read."""
    partitions = dg.StaticPartitionsDefinition(["a", "b"])

    @rd.feature_table(**cells_declared())
    @dg.asset(partitions_def=partitions)
    def cells(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
        return registry.table(context, write_cells(tmp_path / f"cells_{context.partition_key}.parquet"))

    @rd.feature_table(**sizes_declared())
    @dg.asset(partitions_def=partitions, deps=[cells])
    def cell_sizes(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
        return registry.table(context, write_sizes(tmp_path / f"sizes_{context.partition_key}.parquet"))

    for key in ("a", "b"):
        materialize(instance, resource, cells, partition_key=key)
        publish(instance, resource, asset="cells", partition=key, message="Read")
    materialize(instance, resource, cells, cell_sizes, selection=[cell_sizes], partition_key="a")
    publish(instance, resource, asset="cell_sizes", partition="a", message="Measured")

    (read,) = registry.get("minnie65.cell_sizes").inputs
    assert registry.get(read).table.location.endswith("cells_a.parquet")

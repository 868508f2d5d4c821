"""What a partitioned asset becomes: a version for each partition, or one for all; and what its columns come from."""

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
    sizes_asset,
    sizes_declared,
    write_cells,
    write_sizes,
)

Instance = dg.DagsterInstance
LAYERS = dg.StaticPartitionsDefinition(["layer_2", "layer_4"])


def parted(folder: Path) -> dg.AssetsDefinition:
    """One table, of which each partition writes a part."""

    @rd.feature_table(**cells_declared(), partitions="all")
    @dg.asset(partitions_def=LAYERS)
    def cells(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
        write_cells(folder / "cells" / f"layer={context.partition_key}" / "part.parquet")
        return registry.table(context, folder / "cells", format="parquet")

    return cells


def test_one_version_has_all_partitions_if_declared_so(
    instance: Instance, resource: rd.FeatureRegistry, registry: rd.Registry, tmp_path: Path
) -> None:
    for key in LAYERS.get_partition_keys():
        materialize(instance, resource, parted(tmp_path), partition_key=key)

    assert publish(instance, resource, asset="cells", message="Both layers").success

    (version,) = registry.versions("minnie65.cells")
    assert version.table.partition_columns == ("layer",)
    assert version.table.files == 2
    assert version.provenance.dagster_partition is None


def test_naming_one_of_its_partitions_publishes_the_same_table(
    instance: Instance, resource: rd.FeatureRegistry, registry: rd.Registry, tmp_path: Path
) -> None:
    for key in LAYERS.get_partition_keys():
        materialize(instance, resource, parted(tmp_path), partition_key=key)
    publish(instance, resource, asset="cells", message="Both layers")

    assert publish(instance, resource, asset="cells", partition="layer_4", message="Again").success
    assert len(registry.versions("minnie65.cells")) == 1


def test_an_earlier_state_of_a_growing_table_is_not_published_as_if_it_existed(
    instance: Instance, resource: rd.FeatureRegistry, tmp_path: Path
) -> None:
    for key in LAYERS.get_partition_keys():
        materialize(instance, resource, parted(tmp_path), partition_key=key)

    refusal = failure(publish(instance, resource, asset="cells", partition="layer_2", message="Too late"))
    assert "has changed since it was materialized" in refusal


def test_the_columns_lead_to_what_they_are_joined_to(
    instance: Instance, resource: rd.FeatureRegistry, tmp_path: Path
) -> None:
    cells, sizes = cells_asset(tmp_path / "cells.parquet"), sizes_asset(tmp_path / "sizes.parquet")
    result = materialize(instance, resource, cells, sizes)

    lineage = {
        event.asset_key: event.materialization.metadata.get("dagster/column_lineage")
        for event in result.get_asset_materialization_events()
    }
    assert lineage[cells.key] is None
    joined = lineage[sizes.key].value.deps_by_column["nucleus_id"]
    assert joined == [dg.TableColumnDep(asset_key=cells.key, column_name="nucleus_id")]


def test_a_join_to_a_dataset_made_elsewhere_leads_to_the_registrys_asset(
    instance: Instance, resource: rd.FeatureRegistry, registry: rd.Registry, tmp_path: Path
) -> None:
    @rd.feature_table(**sizes_declared())
    @dg.asset
    def alone(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
        return registry.table(context, write_sizes(tmp_path / "sizes.parquet"))

    (event,) = materialize(instance, resource, alone).get_asset_materialization_events()
    deps = event.materialization.metadata["dagster/column_lineage"].value.deps_by_column
    assert deps["nucleus_id"][0].asset_key == dg.AssetKey(["registry", "minnie65.cells"])

    publish(instance, resource, asset="alone", message="Where a join leads is not where a column comes from")
    assert registry.get("minnie65.cell_sizes").column_lineage == {}


def test_one_version_for_all_partitions_needs_fixed_materialization_versions() -> None:
    with pytest.raises(rd.RegistryError, match="one version for all partitions needs fixed materialization versions"):
        rd.feature_table(**cells_declared(materializations=lambda key: ()), partitions="all")

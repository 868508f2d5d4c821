"""An asset that is called as a function, as Dagster documents it for unit tests."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

import registry_dagster as rd
from registry_dagster.dagster.pin.frozen import frozen_in
from tests.dagster.pipeline import cells_declared, write_cells

REGIONS = dg.StaticPartitionsDefinition(["V1", "RL"])


def test_it_returns_what_would_be_frozen_without_what_made_it(tmp_path: Path, resource: rd.FeatureRegistry) -> None:
    @rd.feature_table(**cells_declared())
    @dg.asset
    def cells(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
        return registry.table(context, write_cells(tmp_path / "cells.parquet", 3))

    result: Any = cells(dg.build_asset_context(), registry=resource)
    assert isinstance(result, dg.MaterializeResult)
    assert result.metadata is not None
    assert result.metadata["dagster/row_count"] == 3
    frozen = frozen_in(result.metadata)
    assert frozen.feature_table == rd.FeatureTable(**cells_declared())
    assert not frozen.origin


def test_a_partition_is_taken_from_the_context(tmp_path: Path, resource: rd.FeatureRegistry) -> None:
    @rd.feature_table(**cells_declared())
    @dg.asset(partitions_def=REGIONS)
    def cells(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
        return registry.table(context, write_cells(tmp_path / f"{context.partition_key}.parquet", 2))

    result: Any = cells(dg.build_asset_context(partition_key="V1"), registry=resource)
    assert result.metadata["dagster/uri"].endswith("V1.parquet")


def test_materializations_by_partition_are_those_of_the_key(tmp_path: Path, resource: rd.FeatureRegistry) -> None:
    @rd.feature_table(**cells_declared(materializations=lambda key: [f"minnie65_public@{key}"]))
    @dg.asset(partitions_def=dg.DynamicPartitionsDefinition(name="states"))
    def cells(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
        return registry.table(context, write_cells(tmp_path / "cells.parquet", 2))

    result: Any = cells(dg.build_asset_context(partition_key="1412"), registry=resource)
    assert str(frozen_in(result.metadata).feature_table.materializations[0]) == "minnie65_public@1412"


def test_a_table_that_does_not_fit_is_told(
    tmp_path: Path, resource: rd.FeatureRegistry, capfd: pytest.CaptureFixture[str]
) -> None:
    @rd.feature_table(**{**cells_declared(), "columns": {"missing": rd.NucleusId(source_table="t")}})
    @dg.asset
    def cells(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
        return registry.table(context, write_cells(tmp_path / "cells.parquet", 3))

    cells(dg.build_asset_context(), registry=resource)
    assert "Publishing this table would be refused" in capfd.readouterr().err

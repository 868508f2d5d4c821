"""Tables that an IO manager writes are pinned without a word in the asset's body."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import deltalake
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import registry_dagster as rd
from registry_dagster.dagster.pin.frozen import Frozen, frozen_in
from registry_dagster.dagster.pin.io_managers import pinning
from registry_dagster.errors import InvalidDeclaration
from tests.dagster.pipeline import cells_declared, failure, launch, publish, sizes_declared

CELLS = {"nucleus_id": [1, 2, 3], "root_id": [10, 20, 30]}
REGIONS = dg.StaticPartitionsDefinition(["v1", "mt"])

# What the libraries do among themselves.
of_dagster_deltalake = pytest.mark.filterwarnings(
    "ignore:The `dict` method is deprecated", "ignore:The 'warn' method is deprecated:DeprecationWarning"
)
of_dagster_iceberg = pytest.mark.filterwarnings(
    "ignore::dagster.PreviewWarning", "ignore:Delete operation did not match any records:UserWarning"
)
of_dagster_polars = pytest.mark.filterwarnings("ignore:The 'without_files' parameter:DeprecationWarning")


class ParquetFiles(dg.UPathIOManager):
    """A UPath-based IO manager, as Dagster's docs have it."""

    extension = ".parquet"

    def dump_to_path(self, context: dg.OutputContext, obj: pa.Table, path: Any) -> None:
        pq.write_table(obj, str(path))

    def load_from_path(self, context: dg.InputContext, path: Any) -> pa.Table:
        return pq.read_table(str(path))


class ParquetLake(dg.ConfigurableIOManagerFactory[ParquetFiles]):
    folder: str

    def create_io_manager(self, context: dg.InitResourceContext) -> ParquetFiles:
        from upath import UPath

        return ParquetFiles(UPath(self.folder))


def declared(**options: Any) -> dg.AssetsDefinition:
    """A declared asset that knows nothing of the registry: it returns its data."""

    @rd.feature_table(**cells_declared())
    @dg.asset(key_prefix="lab", **options)
    def cells() -> pa.Table:
        return pa.table(CELLS)

    return cells


def declared_polars(**options: Any) -> dg.AssetsDefinition:
    @rd.feature_table(**cells_declared())
    @dg.asset(key_prefix="lab", **options)
    def cells(context: dg.AssetExecutionContext) -> pl.DataFrame:
        region = context.partition_key if context.has_partition_key else "all"
        return pl.DataFrame(CELLS).with_columns(region=pl.lit(region))

    return cells


def materialize(
    instance: dg.DagsterInstance, manager: Any, *assets: dg.AssetsDefinition, **options: Any
) -> dg.ExecuteInProcessResult:
    return launch(instance, assets, {"io_manager": manager}, **options)


def metadata(result: dg.ExecuteInProcessResult, asset: str = "lab/cells") -> dict[str, Any]:
    key = dg.AssetKey.from_user_string(asset)
    (event,) = (event for event in result.get_asset_materialization_events() if event.asset_key == key)
    return {name: value.value for name, value in event.materialization.metadata.items()}


def frozen(result: dg.ExecuteInProcessResult, asset: str = "lab/cells") -> Frozen:
    key = dg.AssetKey.from_user_string(asset)
    (event,) = (event for event in result.get_asset_materialization_events() if event.asset_key == key)
    return frozen_in(event.materialization.metadata)


def pinned(result: dg.ExecuteInProcessResult, asset: str = "lab/cells") -> rd.TableFacts:
    return frozen(result, asset).facts


def warnings(instance: dg.DagsterInstance, result: dg.ExecuteInProcessResult) -> str:
    return "\n".join(entry.user_message for entry in instance.all_logs(result.run_id) if entry.level == 30)


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    folder = tmp_path / "lake"
    folder.mkdir()
    return folder


@pytest.fixture
def parquet(lake: Path) -> dg.ConfigurableIOManagerFactory[Any]:
    return pinning(ParquetLake)(folder=str(lake))


def delta_lake(folder: Path) -> dg.ConfigurableIOManagerFactory[Any]:
    deltalake_of_dagster = pytest.importorskip("dagster_deltalake", "0.29", "needs dagster-deltalake 0.29")
    manager = pinning(deltalake_of_dagster.DeltaLakePyarrowIOManager)
    return manager(root_uri=str(folder), storage_options=deltalake_of_dagster.LocalConfig())


@of_dagster_deltalake
def test_what_dagster_deltalake_writes_can_be_published(
    instance: dg.DagsterInstance, resource: rd.FeatureRegistry, registry: rd.Registry, lake: Path
) -> None:
    manager = delta_lake(lake)
    for _ in range(2):
        materialize(instance, manager, declared())
        assert publish(instance, resource, asset="lab/cells", message="New cells").success

    first, second = registry.versions("minnie65.cells")
    assert first.table == rd.inspect_table(lake / "lab" / "cells", version=0)
    assert second.table == rd.inspect_table(lake / "lab" / "cells", version=1)


def regional_cells(**options: Any) -> dg.AssetsDefinition:
    @rd.feature_table(**cells_declared())
    @dg.asset(key_prefix="lab", partitions_def=REGIONS, metadata={"partition_expr": "region"}, **options)
    def cells(context: dg.AssetExecutionContext) -> pa.Table:
        return pa.concat_tables(pa.table({**CELLS, "region": [key] * 3}) for key in context.partition_keys)

    return cells


@of_dagster_deltalake
def test_each_partition_of_one_delta_table_is_pinned_at_the_version_it_made(
    instance: dg.DagsterInstance, lake: Path
) -> None:
    v1, mt = (materialize(instance, delta_lake(lake), regional_cells(), partition_key=key) for key in ("v1", "mt"))

    assert pinned(v1) == rd.inspect_table(lake / "lab" / "cells", version=0)
    assert pinned(mt) == rd.inspect_table(lake / "lab" / "cells", version=1)


@of_dagster_deltalake
@pytest.mark.filterwarnings("ignore::dagster.BetaWarning")
def test_partitions_of_a_single_run_backfill_share_the_version_it_made(
    instance: dg.DagsterInstance, resource: rd.FeatureRegistry, registry: rd.Registry, lake: Path
) -> None:
    whole = {"dagster/asset_partition_range_start": "v1", "dagster/asset_partition_range_end": "mt"}
    cells = regional_cells(backfill_policy=dg.BackfillPolicy.single_run())

    run = materialize(instance, delta_lake(lake), cells, tags=whole)

    events = run.get_asset_materialization_events()
    assert {event.partition for event in events} == {"v1", "mt"}
    assert len({str(event.materialization.metadata["registry/frozen"].value) for event in events}) == 1
    assert publish(instance, resource, asset="lab/cells", partition="mt", message="First").success
    assert registry.get("minnie65.cells").table == rd.inspect_table(lake / "lab" / "cells", version=0)


@of_dagster_iceberg
def test_what_dagster_iceberg_writes_can_be_published(
    instance: dg.DagsterInstance, resource: rd.FeatureRegistry, registry: rd.Registry, lake: Path
) -> None:
    pytest.importorskip("dagster_iceberg", reason="dagster-iceberg is not installed")
    from dagster_iceberg.config import IcebergCatalogConfig
    from dagster_iceberg.io_manager.arrow import PyArrowIcebergIOManager
    from pyiceberg.catalog import load_catalog

    properties = {"uri": f"sqlite:///{lake / 'catalog.db'}", "warehouse": lake.as_uri()}
    with load_catalog("brain", **properties) as catalog:
        catalog.create_namespace("lab")
    manager = pinning(PyArrowIcebergIOManager)(name="brain", config=IcebergCatalogConfig(properties=properties))
    for _ in range(2):
        run = materialize(instance, manager, declared())
        assert publish(instance, resource, asset="lab/cells", message="New cells").success

    first, second = registry.versions("minnie65.cells")
    assert first.table.pin.identity["snapshot_id"] != second.table.pin.identity["snapshot_id"]
    assert second.table.pin.identity["snapshot_id"] == str(metadata(run)["snapshot-id"])
    assert (second.table.pin.catalog, second.table.pin.identifier) == ("brain", "lab.cells")


def dagster_polars() -> Any:
    return pytest.importorskip("dagster_polars", reason="dagster-polars is not installed")


@of_dagster_polars
@pytest.mark.parametrize(
    ("manager", "file"), [("PolarsDeltaIOManager", "delta"), ("PolarsParquetIOManager", "parquet")]
)
def test_what_dagster_polars_writes_can_be_published(
    instance: dg.DagsterInstance,
    resource: rd.FeatureRegistry,
    registry: rd.Registry,
    lake: Path,
    manager: str,
    file: str,
) -> None:
    polars = pinning(getattr(dagster_polars(), manager))(base_dir=str(lake))
    run = materialize(instance, polars, declared_polars())
    assert publish(instance, resource, asset="lab/cells", message="First").success

    assert registry.get("minnie65.cells").table == rd.inspect_table(lake / "lab" / f"cells.{file}")
    assert metadata(run)["table"].records, "what the IO manager says stays"


@of_dagster_polars
def test_the_version_pinned_is_the_one_the_io_manager_wrote_though_another_followed(
    instance: dg.DagsterInstance, lake: Path
) -> None:
    class Contested(dagster_polars().PolarsDeltaIOManager):
        def get_metadata(self, context: dg.OutputContext, obj: pl.DataFrame) -> dict[str, Any]:
            deltalake.write_deltalake(lake / "lab" / "cells.delta", obj.to_arrow(), mode="append")
            return super().get_metadata(context, obj)

    run = materialize(instance, pinning(Contested)(base_dir=str(lake)), declared_polars())

    assert deltalake.DeltaTable(lake / "lab" / "cells.delta").version() == 1
    assert pinned(run) == rd.inspect_table(lake / "lab" / "cells.delta", version=0)


@of_dagster_polars
def test_a_partition_within_a_delta_table_of_dagster_polars_is_pinned(instance: dg.DagsterInstance, lake: Path) -> None:
    cells = declared_polars(partitions_def=REGIONS, metadata={"partition_by": "region"})
    manager = pinning(dagster_polars().PolarsDeltaIOManager)(base_dir=str(lake))
    materialize(instance, manager, cells, partition_key="v1")
    run = materialize(instance, manager, cells, partition_key="mt")

    (event,) = run.get_asset_materialization_events()
    assert event.partition == "mt"
    assert pinned(run).partition_columns == ("region",)
    assert pinned(run).pin.identity["version"] == "1"


def test_what_a_upath_based_io_manager_writes_can_be_published(
    instance: dg.DagsterInstance, resource: rd.FeatureRegistry, registry: rd.Registry, parquet: Any, lake: Path
) -> None:
    materialize(instance, parquet, declared())
    assert publish(instance, resource, asset="lab/cells", message="First").success

    record = registry.get("minnie65.cells")
    assert record.table == rd.inspect_table(lake / "lab" / "cells.parquet")
    assert record.provenance.dagster_asset == "lab/cells"


def test_a_file_per_partition_is_pinned_by_itself(
    instance: dg.DagsterInstance, resource: rd.FeatureRegistry, registry: rd.Registry, parquet: Any, lake: Path
) -> None:
    cells = declared(partitions_def=REGIONS)
    for key in ("v1", "mt"):
        materialize(instance, parquet, cells, partition_key=key)
        assert publish(instance, resource, asset="lab/cells", partition=key, message=f"Of {key}").success

    locations = [version.table.location for version in registry.versions("minnie65.cells")]
    assert locations == [(lake / "lab" / "cells" / f"{key}.parquet").as_uri() for key in ("v1", "mt")]


def test_undeclared_columns_are_shown_though_the_io_manager_has_a_schema_of_its_own(
    instance: dg.DagsterInstance, lake: Path
) -> None:
    """dagster#21954: IO managers write non-standard schema keys."""
    manager = pinning(dagster_polars().PolarsParquetIOManager)(base_dir=str(lake))

    run = materialize(instance, manager, declared_polars())

    assert [column.name for column in metadata(run)["dagster/column_schema"].columns] == [*CELLS, "region"]
    assert metadata(run)["dagster/table_name"] == "minnie65.cells"


def test_downstream_assets_load_what_was_written_and_stand_in_its_lineage(
    instance: dg.DagsterInstance, resource: rd.FeatureRegistry, registry: rd.Registry, parquet: Any
) -> None:
    @rd.feature_table(**sizes_declared())
    @dg.asset(ins={"cells": dg.AssetIn(key_prefix="lab")})
    def cell_sizes(cells: pa.Table) -> dg.Output[pa.Table]:
        read = dg.TableColumnDep(dg.AssetKey(["lab", "cells"]), "nucleus_id")
        table = pa.table({"nucleus_id": cells["nucleus_id"], "volume": [1.5, 2.5, 3.5]})
        return dg.Output(table, metadata={"dagster/column_lineage": dg.TableColumnLineage({"nucleus_id": [read]})})

    materialize(instance, parquet, declared(), cell_sizes)
    for asset in ("lab/cells", "cell_sizes"):
        assert publish(instance, resource, asset=asset, message="First").success

    record = registry.get("minnie65.cell_sizes")
    assert record.inputs == ("minnie65.cells@v1",)
    ((source,),) = record.column_lineage.values()
    assert (source.version, source.column) == ("minnie65.cells@v1", "nucleus_id")


def test_multi_assets_and_graph_assets_are_pinned_alike(instance: dg.DagsterInstance, parquet: Any, lake: Path) -> None:
    tables = {"cells": rd.FeatureTable(**cells_declared()), "cell_sizes": rd.FeatureTable(**sizes_declared())}

    @rd.feature_table(tables)
    @dg.multi_asset(outs={"cells": dg.AssetOut(), "cell_sizes": dg.AssetOut(), "log": dg.AssetOut()})
    def several() -> tuple[pa.Table, pa.Table, pa.Table]:
        cells = pa.table(CELLS)
        return cells, pa.table({"nucleus_id": CELLS["nucleus_id"], "volume": [1.5, 2.5, 3.5]}), cells

    @dg.op
    def read() -> pa.Table:
        return pa.table(CELLS)

    @dg.op
    def clean(table: pa.Table) -> pa.Table:
        return table

    @rd.feature_table(**cells_declared(dataset=rd.Dataset(name="minnie65.clean_cells")))
    @dg.graph_asset
    def clean_cells() -> pa.Table:
        return clean(read())

    run = materialize(instance, parquet, several, clean_cells)

    for asset in ("cells", "cell_sizes", "clean_cells"):
        assert pinned(run, asset) == rd.inspect_table(lake / f"{asset}.parquet")
    assert "registry/frozen" not in metadata(run, "log")


def test_an_asset_without_a_declaration_is_written_as_ever(
    instance: dg.DagsterInstance, parquet: Any, lake: Path
) -> None:
    @dg.asset
    def plain() -> pa.Table:
        return pa.table(CELLS)

    run = materialize(instance, parquet, plain)

    assert metadata(run, "plain") == {"path": str(lake / "plain.parquet")}
    assert warnings(instance, run) == ""


def test_a_plain_io_manager_is_wrapped_where_it_is_made(instance: dg.DagsterInstance, lake: Path) -> None:
    @dg.io_manager(config_schema={"folder": str})
    def parquet_files(context: dg.InitResourceContext) -> dg.IOManager:
        from upath import UPath

        return pinning(ParquetFiles(UPath(context.resource_config["folder"])))

    run = materialize(instance, parquet_files.configured({"folder": str(lake)}), declared())

    assert pinned(run) == rd.inspect_table(lake / "lab" / "cells.parquet")


def test_an_io_manager_that_yields_its_metadata_is_pinned_too(instance: dg.DagsterInstance, lake: Path) -> None:
    class Yielding(dg.IOManager):
        def handle_output(self, context: dg.OutputContext, obj: pa.Table) -> Iterator[dg.AssetMaterialization]:
            pq.write_table(obj, lake / "cells.parquet")
            context.add_output_metadata({"dagster/uri": str(lake / "cells.parquet")})
            yield dg.AssetMaterialization("by_the_way")

        def load_input(self, context: dg.InputContext) -> None: ...

    run = materialize(instance, pinning(Yielding()), declared())

    assert pinned(run) == rd.inspect_table(lake / "cells.parquet")


def test_config_comes_from_the_environment_as_before(
    instance: dg.DagsterInstance, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKE", str(lake))
    run = materialize(instance, pinning(ParquetLake)(folder=dg.EnvVar("LAKE")), declared())
    assert pinned(run) == rd.inspect_table(lake / "lab" / "cells.parquet")


def test_the_class_is_wrapped_before_it_is_configured(lake: Path) -> None:
    wrapped = pinning(ParquetLake)
    assert issubclass(wrapped, ParquetLake)
    assert wrapped.__name__ == "PinningParquetLake"
    with pytest.raises(InvalidDeclaration, match="got ParquetLake. Wrap the class before"):
        pinning(ParquetLake(folder=str(lake)))  # type: ignore[call-overload]
    with pytest.raises(InvalidDeclaration, match="got ParquetFiles."):
        pinning(ParquetFiles)  # type: ignore[call-overload]


def test_a_file_that_is_no_table_is_kept_and_the_run_says_why_it_cannot_be_published(
    instance: dg.DagsterInstance, resource: rd.FeatureRegistry, lake: Path
) -> None:
    run = materialize(instance, pinning(dg.FilesystemIOManager)(base_dir=str(lake)), declared())
    refused = publish(instance, resource, asset="lab/cells", message="First")

    assert run.success
    assert "The table of lab/cells was written, but it is not pinned" in warnings(instance, run)
    assert "cells" in metadata(run)["registry/not_pinned"]
    assert "registry/frozen" not in metadata(run)
    assert "the table of 'lab/cells' was not pinned: file://" in failure(refused)


def test_an_io_manager_that_does_not_say_where_it_writes_is_answered_with_how(instance: dg.DagsterInstance) -> None:
    run = materialize(instance, pinning(dg.InMemoryIOManager()), declared())

    assert run.success
    said = metadata(run)["registry/not_pinned"]
    assert said == (
        "The IO manager's metadata does not say where it wrote the table; add the metadata 'dagster/uri' (a path "
        "or URI) to what its writer reports, and 'version' if it has one."
    )


def test_a_table_that_does_not_fit_its_declaration_is_pinned_and_the_run_warns(
    instance: dg.DagsterInstance, parquet: Any
) -> None:
    @rd.feature_table(**cells_declared())
    @dg.asset(key_prefix="lab")
    def cells() -> pa.Table:
        return pa.table({"nucleus_id": [1, 2, 3]})

    run = materialize(instance, parquet, cells)

    assert pinned(run).rows == 3
    assert "root_id: declared, but the table has no such column" in warnings(instance, run)


def test_outside_of_a_run_the_io_manager_only_writes(lake: Path) -> None:
    from upath import UPath

    with dg.build_output_context(asset_key=dg.AssetKey("cells")) as context:
        pinning(ParquetFiles(UPath(lake))).handle_output(context, pa.table(CELLS))

    assert (lake / "cells.parquet").exists()

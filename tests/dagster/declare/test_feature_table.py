"""Declaring beside the asset."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

import registry_dagster as rd
from registry_dagster.dagster.declare.declaration import declaration_in, declaration_of
from registry_dagster.dagster.pin.frozen import frozen_in
from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.columns import AnyColumn
from tests.dagster.pipeline import (
    MINNIE_943,
    MINNIE_1300,
    cells_asset,
    cells_declared,
    materialize,
    sizes_declared,
    write_cells,
)


def only_spec(assets: dg.AssetsDefinition) -> dg.AssetSpec:
    (spec,) = assets.specs
    return spec


def test_an_asset_shows_its_columns_with_what_they_mean_in_a_chip(tmp_path: Path) -> None:
    spec = only_spec(cells_asset(tmp_path / "cells.parquet"))

    schema = spec.metadata["dagster/column_schema"]
    assert schema == dg.TableSchema(
        columns=[
            dg.TableColumn(
                name="nucleus_id",
                type="int64, uint64 or string",
                description="Its nucleus.",
                tags={"nucleus_id": "nucleus_detection_v0"},
            ),
            dg.TableColumn(
                name="root_id",
                type="int64, uint64 or string",
                tags={"root_id": "minnie65_public"},
            ),
        ]
    )
    assert spec.owners == ["team:cells"]
    assert spec.description == "Cells"
    assert spec.metadata["dagster/table_name"] == "minnie65.cells"


@pytest.mark.parametrize(
    ("column", "chip"),
    [
        (rd.RootId(id_space="minnie65_public", side="pre", null_sentinel=0), "minnie65_public, pre, null_sentinel 0"),
        (
            rd.Position(axis="x", frame="minnie65", unit="voxel", resolution_nm=(4, 4, 40)),
            "x, minnie65, voxel, 4 × 4 × 40 nm",
        ),
        (rd.Volume(unit="voxel", resolution_nm=(8, 8, 40)), "voxel, 8 × 8 × 40 nm"),
        (rd.Score(range=(0, 1), calibrated=False), "0 to 1, calibrated false"),
        (rd.Label(values=["axon", "dendrite"]), "axon, dendrite"),
        (
            rd.Embedding(dim=64, model="SegCLR", trained_on={"system": "h01", "version": "c3"}, anchor="synapse"),
            "dim 64, SegCLR, h01@c3, synapse",
        ),
        (rd.Bookkeeping(), ""),
    ],
    ids=lambda value: getattr(value, "semantic", ""),
)
def test_a_chip_names_what_does_not_speak_for_itself(column: AnyColumn, chip: str) -> None:
    table = rd.FeatureTable(**{**cells_declared(), "columns": {"it": column}, "references": ()})
    spec = rd.feature_table(table)(dg.AssetSpec("cells"))
    (shown,) = spec.metadata["dagster/column_schema"].columns
    assert shown.tags == {column.semantic: chip}


def test_nothing_is_cut_off_what_is_too_long_for_one_chip() -> None:
    checkpoint = "gs://iarpa_microns/minnie/models/segclr-2022-10/checkpoint-000123"
    embedding = rd.Embedding(
        dim=64, model="SegCLR", checkpoint=checkpoint, trained_on="h01@c3", distance="cosine", normalized=True,
        anchor="synapse", description="Its surroundings.",
    )  # fmt: skip
    table = rd.FeatureTable(**{**cells_declared(), "columns": {"it": embedding}, "references": ()})
    (shown,) = rd.feature_table(table)(dg.AssetSpec("cells")).metadata["dagster/column_schema"].columns
    assert shown.tags == {
        "embedding": "dim 64, SegCLR, h01@c3, cosine",
        "normalized": "true",
        "anchor": "synapse",
    }
    assert shown.description == f"Its surroundings. · checkpoint {checkpoint}"


def test_equal_columns_of_a_code_location_are_one_object() -> None:
    """Thousands of assets would else hold, and Dagster walk through, hundreds of thousands of columns."""

    def x_of(name: str) -> tuple[object, object]:
        column = rd.Position(axis="x", frame="minnie65", unit="nm")
        spec = rd.feature_table(dataset=rd.Dataset(name=name), materializations=[MINNIE_943], columns={"x": column})(
            dg.AssetSpec(name)
        )
        declaration = declaration_in(spec.metadata)
        assert declaration is not None
        return declaration.template.columns["x"], spec.metadata["dagster/column_schema"].columns[0]

    (column, shown), (other_column, other_shown) = x_of("one"), x_of("other")
    assert column is other_column
    assert shown is other_shown


def test_the_columns_are_once_in_the_snapshot(tmp_path: Path) -> None:
    spec = only_spec(cells_asset(tmp_path / "cells.parquet"))
    assert "columns" not in spec.metadata["registry/declaration"]
    assert spec.metadata["registry/declaration"]["dataset"] == "minnie65.cells"


def test_the_declaration_is_shown_in_words() -> None:
    declared = sizes_declared(
        layout="by_nucleus", inputs=["minnie65.cells@v1"], signals=[rd.Note(text="Checked by eye.", basis="declared")]
    )
    spec = rd.feature_table(**declared, partitions="all")(dg.AssetSpec("cell_sizes"))
    assert spec.metadata["registry/declaration"] == {
        "dataset": "minnie65.cell_sizes",
        "made against": "minnie65_public@1300",
        "layout": "by_nucleus",
        "joins": ["nucleus_id → minnie65.cells (nucleus_id): nucleus, 1:1, stable within table"],
        "signals": ["note: text Checked by eye. (declared)"],
        "computed from": ["minnie65.cells@v1"],
        "partitions": "all are parts of one table",
    }


def test_every_option_of_dagsters_own_decorator_stays() -> None:
    @rd.feature_table(**cells_declared())
    @dg.asset(
        key_prefix="lab",
        group_name="cells",
        tags={"tier": "gold"},
        kinds={"parquet"},
        owners=["ada@lab.org"],
        description="Its own words.",
        metadata={"note": "kept"},
        retry_policy=dg.RetryPolicy(max_retries=2),
        partitions_def=dg.StaticPartitionsDefinition(["a", "b"]),
        deps=["upstream"],
        code_version="7",
        pool="writers",
    )
    def cells() -> None: ...

    spec = only_spec(cells)
    assert spec.key == dg.AssetKey(["lab", "cells"])
    assert spec.group_name == "cells"
    assert spec.tags == {"tier": "gold", "dagster/kind/parquet": ""}
    assert set(spec.owners) == {"ada@lab.org", "team:cells"}
    assert spec.description == "Its own words."
    assert spec.metadata["note"] == "kept"
    assert spec.code_version == "7"
    assert spec.partitions_def == dg.StaticPartitionsDefinition(["a", "b"])
    assert [dep.asset_key for dep in spec.deps] == [dg.AssetKey("upstream")]
    assert cells.op.retry_policy == dg.RetryPolicy(max_retries=2)
    assert cells.op.pool == "writers"


def test_a_dataset_without_owners_takes_the_assets() -> None:
    @rd.feature_table(**sizes_declared())
    @dg.asset(owners=["team:shapes"])
    def cell_sizes() -> None: ...

    declaration = declaration_of(cell_sizes, dg.AssetKey("cell_sizes"))
    assert declaration is not None
    assert declaration.template.dataset.owners == ("team:shapes",)


def test_a_multi_asset_is_declared_by_key() -> None:
    @rd.feature_table({"cells": rd.FeatureTable(**cells_declared()), "cell_sizes": rd.FeatureTable(**sizes_declared())})
    @dg.multi_asset(specs=[dg.AssetSpec("cells"), dg.AssetSpec("cell_sizes"), dg.AssetSpec("log")])
    def tables(): ...

    names = {
        key.to_user_string(): declared.template.dataset.name
        for key in tables.keys
        if (declared := declaration_of(tables, key)) is not None
    }
    assert names == {"cells": "minnie65.cells", "cell_sizes": "minnie65.cell_sizes"}


def test_a_mapping_with_a_wrong_key_says_which_were_meant() -> None:
    with pytest.raises(InvalidDeclaration, match=r"no asset 'cell' is made here; did you mean 'cells'\?"):

        @rd.feature_table({"cell": rd.FeatureTable(**cells_declared())})
        @dg.multi_asset(specs=[dg.AssetSpec("cells"), dg.AssetSpec("log")])
        def tables(): ...


def test_one_declaration_does_not_fit_a_multi_asset() -> None:
    with pytest.raises(InvalidDeclaration, match="makes cells, log; give a mapping from asset key to FeatureTable"):

        @rd.feature_table(**cells_declared())
        @dg.multi_asset(specs=[dg.AssetSpec("cells"), dg.AssetSpec("log")])
        def tables(): ...


def test_graph_assets_and_specs_are_declared_alike() -> None:
    @dg.op
    def make() -> int:
        return 1

    @rd.feature_table(**cells_declared())
    @dg.graph_asset
    def cells() -> int:
        return make()

    spec = rd.feature_table(**cells_declared())(dg.AssetSpec("cells"))

    assert isinstance(cells, dg.AssetsDefinition)
    assert isinstance(spec, dg.AssetSpec)
    assert only_spec(cells).metadata["registry/declaration"] == spec.metadata["registry/declaration"]


def test_the_declaration_goes_above_the_asset() -> None:
    with pytest.raises(InvalidDeclaration, match=r"got the function 'cells'; make it the outermost decorator"):

        @dg.asset
        @rd.feature_table(**cells_declared())  # type: ignore[type-var]  # the wrong order is what is tested
        def cells() -> None: ...


def test_a_second_declaration_is_refused() -> None:
    with pytest.raises(InvalidDeclaration, match="'cells' already has a feature_table declaration"):

        @rd.feature_table(**cells_declared())
        @rd.feature_table(**sizes_declared())
        @dg.asset
        def cells() -> None: ...


def test_a_column_schema_of_ones_own_is_not_overwritten() -> None:
    with pytest.raises(InvalidDeclaration, match="has its own metadata dagster/column_schema"):

        @rd.feature_table(**cells_declared())
        @dg.asset(metadata={"dagster/column_schema": dg.TableSchema(columns=[])})
        def cells() -> None: ...


def test_a_declaration_is_given_whole_or_in_parts() -> None:
    with pytest.raises(InvalidDeclaration, match="one whole declaration or its parts, not both"):
        rd.feature_table(rd.FeatureTable(**cells_declared()), signals=[rd.Note(text="x", basis="declared")])
    with pytest.raises(InvalidDeclaration, match="dataset is missing"):
        rd.feature_table(materializations=[MINNIE_1300])


def test_materializations_may_follow_the_partition() -> None:
    def by_version(key: str) -> list[rd.MaterializationVersion]:
        return [{"943": MINNIE_943, "1300": MINNIE_1300}[key]]

    @rd.feature_table(**cells_declared(materializations=by_version))
    @dg.asset(partitions_def=dg.StaticPartitionsDefinition(["943", "1300"]))
    def cells() -> None: ...

    declaration = declaration_of(cells, dg.AssetKey("cells"))
    assert declaration is not None
    assert declaration.for_partition("943").materializations == (MINNIE_943,)
    with pytest.raises(InvalidDeclaration, match="this run has no partition"):
        declaration.for_partition(None)
    assert only_spec(cells).metadata["registry/declaration"]["made against"] == "a function of the partition key"


def test_all_partitions_may_be_parts_of_one_table() -> None:
    @rd.feature_table(**cells_declared(), partitions="all")
    @dg.asset(partitions_def=dg.StaticPartitionsDefinition(["left", "right"]), owners=["team:cells"])
    def cells() -> None: ...

    declaration = declaration_of(cells, dg.AssetKey("cells"))
    assert declaration is not None
    assert declaration.partitions == "all"
    assert only_spec(cells).metadata["registry/declaration"]["partitions"] == "all are parts of one table"


def test_each_partition_is_a_table_of_its_own_unless_said_otherwise() -> None:
    spec = rd.feature_table(**cells_declared())(dg.AssetSpec("cells"))
    declaration = declaration_in(spec.metadata)
    assert declaration is not None
    assert declaration.partitions == "each"
    assert "partitions" not in spec.metadata["registry/declaration"]


def test_what_partitions_are_is_kept_for_each_table_of_a_multi_asset() -> None:
    @rd.feature_table({"cells": rd.FeatureTable(**cells_declared())}, partitions="all")
    @dg.multi_asset(specs=[dg.AssetSpec("cells"), dg.AssetSpec("log")])
    def tables(): ...

    declaration = declaration_of(tables, dg.AssetKey("cells"))
    assert declaration is not None
    assert declaration.partitions == "all"
    assert declaration_of(tables, dg.AssetKey("log")) is None


def test_what_partitions_are_is_not_frozen(
    tmp_path: Path, instance: dg.DagsterInstance, resource: rd.FeatureRegistry
) -> None:
    @rd.feature_table(**cells_declared(), partitions="all")
    @dg.asset
    def cells(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
        return registry.table(context, write_cells(tmp_path / "cells.parquet"))

    materialize(instance, resource, cells)
    event = instance.get_latest_materialization_event(dg.AssetKey("cells"))
    assert event is not None
    assert event.asset_materialization is not None
    assert frozen_in(event.asset_materialization.metadata).feature_table == rd.FeatureTable(**cells_declared())


def test_rows_of_many_files_are_counted_on_request(
    tmp_path: Path, instance: dg.DagsterInstance, resource: rd.FeatureRegistry
) -> None:
    @rd.feature_table(**cells_declared())
    @dg.asset
    def cells(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
        for name in ("a", "b"):
            write_cells(tmp_path / "cells" / f"{name}.parquet")
        return registry.table(context, tmp_path / "cells", counts=True)

    materialize(instance, resource, cells)
    event = instance.get_latest_materialization_event(dg.AssetKey("cells"))
    assert event is not None
    assert event.asset_materialization is not None
    assert event.asset_materialization.metadata["dagster/row_count"].value == 6


def test_one_version_for_all_partitions_names_fixed_materialization_versions() -> None:
    with pytest.raises(InvalidDeclaration, match="one version for all partitions needs fixed materialization"):
        rd.feature_table(**cells_declared(materializations=lambda key: [MINNIE_943]), partitions="all")


def test_partitions_are_each_or_all() -> None:
    with pytest.raises(InvalidDeclaration, match='partitions is \'every\'; use "each" or "all"'):
        rd.feature_table(**cells_declared(), partitions="every")  # type: ignore[arg-type]  # what is tested


def test_the_function_of_the_partition_key_can_be_reached() -> None:
    """A helper object with attributes of its own must be kept as it was given."""

    class ByVersion:
        versions = (MINNIE_943, MINNIE_1300)

        def __call__(self, key: str) -> tuple[rd.MaterializationVersion, ...]:
            return tuple(version for version in self.versions if version.version == key)

    by_version = ByVersion()
    spec = rd.feature_table(**cells_declared(materializations=by_version))(dg.AssetSpec("cells"))
    declaration = declaration_in(spec.metadata)
    assert declaration is not None
    assert declaration.resolve is by_version


def test_an_asset_without_a_declaration_has_none() -> None:
    assert declaration_in(dg.AssetSpec("cells", metadata={"registry/declaration": {"dataset": "x"}}).metadata) is None


def test_a_declared_location_loads_and_keeps_its_declarations(tmp_path: Path) -> None:
    """Pins what we rely on: Dagster carries metadata objects through Definitions untouched."""
    defs = dg.Definitions(
        assets=[
            cells_asset(tmp_path / "cells.parquet"),
            rd.feature_table(**sizes_declared())(dg.AssetSpec("sizes")),
        ],
        resources={"registry": rd.FeatureRegistry(target="lite:///tmp/unused.db")},
    )
    dg.Definitions.validate_loadable(defs)
    kept: list[Any] = [spec.metadata["registry/declaration"].declaration for spec in defs.resolve_all_asset_specs()]
    assert {declaration.template.dataset.name for declaration in kept} == {
        "minnie65.cells",
        "minnie65.cell_sizes",
    }

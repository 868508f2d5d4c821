"""A code location whose runs Dagster launches with all that it has: cells in several forms, under several gates."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg

import registry_dagster as rd
from tests.dagster.pin.launched import FOLDER
from tests.dagster.pipeline import cells_declared, write_cells

LAYERS = dg.StaticPartitionsDefinition(["layer 2/3", "layer_4"])
GRID = dg.MultiPartitionsDefinition(
    {"region": dg.StaticPartitionsDefinition(["V1", "RL"]), "layer": dg.StaticPartitionsDefinition(["2", "4"])}
)
MANY = dg.StaticPartitionsDefinition([str(number) for number in range(21)])


class LabTranslator(rd.FeatureRegistryTranslator):
    def get_asset_spec(self, data: rd.Dataset | rd.MaterializationVersion) -> dg.AssetSpec:
        spec = super().get_asset_spec(data)
        return spec.replace_attributes(key=spec.key.with_prefix("lab"))


class Files(dg.IOManager):
    def handle_output(self, context: dg.OutputContext, obj: Path) -> None:
        context.add_output_metadata({"path": str(obj)})

    def load_input(self, context: dg.InputContext) -> None: ...


def _path(name: str) -> Path:
    return write_cells(Path(os.environ[FOLDER]) / f"{name}.parquet")


def _asset(name: str, more: Mapping[str, Any] | None = None, **options: Any) -> dg.AssetsDefinition:
    @rd.feature_table(**cells_declared(dataset=rd.Dataset(name=f"minnie65.{name}"), **(more or {})))
    @dg.asset(name=name, **options)
    def asset(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
        made = dg.MaterializeResult[Any](metadata={"path": str(_path(name)), "took": 3})
        return registry.table(context, made, metadata={"note": "by hand"})

    return asset


def _written(name: str) -> dg.AssetsDefinition:
    @rd.feature_table(**cells_declared(dataset=rd.Dataset(name=f"minnie65.{name}")))
    @dg.asset(name=name, partitions_def=GRID, io_manager_key="files")
    def asset() -> Path:
        return _path(name)

    return asset


_NUCLEI = rd.Reference(
    columns=["nucleus_id"],
    to="lab.nuclei@v1",
    to_columns=["id"],
    annotation_type="nucleus",
    cardinality="1:1",
    stability="stable_within_table",
)
_AT_ONCE = {"backfill_policy": dg.BackfillPolicy.single_run()}


def _location(assets: list[dg.AssetsDefinition]) -> dg.Definitions:
    jobs = [dg.define_asset_job(f"make_{asset.key.path[-1]}", [asset]) for asset in assets]
    return dg.Definitions(assets=assets, jobs=jobs)


_LAYERED = [
    _asset("layered", partitions_def=LAYERS, key_prefix="cortex"),
    _asset("at_once", partitions_def=LAYERS, **_AT_ONCE),
    _asset("many", partitions_def=MANY, **_AT_ONCE),
]
_GRIDS = [_asset("grid", partitions_def=GRID), _written("files_grid")]
_PLAIN = rd.definitions(_location([_asset("cells"), *_LAYERED, *_GRIDS]))
_RENAMED = rd.definitions(_location([_asset("named")]), job_name="publish_cells")
_TRANSLATED = rd.definitions(
    _location([_asset("joined", {"references": [_NUCLEI]})]), job_name="publish_lab", translator=LabTranslator()
)
RESOURCES = {"registry": rd.FeatureRegistry(), "files": rd.pinning(Files())}

defs = dg.Definitions.merge(
    _PLAIN,
    _RENAMED,
    _TRANSLATED,
    _location([_asset("apart")]),
    dg.Definitions(resources=RESOURCES, executor=dg.in_process_executor),
)

"""A code location for pictures: a table that is made again and again, one by two dimensions, one by range."""

import os
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq

import registry_dagster as rd

HOME = Path(os.environ["DAGSTER_HOME"]) / "pictures"
REGISTRY = f"lite://{HOME / 'registry.db'}"
LAYERS = dg.StaticPartitionsDefinition(["layer_1", "layer_2", "layer_3"])
PATCHES = dg.MultiPartitionsDefinition(
    {"area": dg.StaticPartitionsDefinition(["RL", "V1"]), "layer": dg.StaticPartitionsDefinition(["l2", "l4"])}
)
MINNIE = rd.MaterializationVersion(system="minnie65_public", version="1300", source="cave")


def declared(dataset: str, title: str) -> rd.FeatureTable:
    return rd.FeatureTable(
        dataset=rd.Dataset(name=dataset, title=title, owners=["team:cells"]),
        materializations=[MINNIE],
        columns={
            "nucleus_id": rd.NucleusId(source_table="nucleus_detection_v0", description="Its nucleus."),
            "root_id": rd.RootId(id_space="minnie65_public"),
        },
    )


def write(name: str, rows: int) -> Path:
    path = HOME / "tables" / f"{name}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    ids = pa.array(range(1, rows + 1), pa.int64())
    pq.write_table(pa.table({"nucleus_id": ids, "root_id": ids}), path)
    return path


@rd.feature_table(declared("minnie65.cells", "Cells"))
@dg.asset(group_name="cells", kinds={"parquet"})
def cells(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
    return registry.table(context, write(f"cells_{context.run.run_id}", 3))


@rd.feature_table(declared("minnie65.patches", "Patches"))
@dg.asset(group_name="cells", partitions_def=PATCHES)
def patches(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
    return registry.table(context, write(f"patches_{context.partition_key.replace('|', '_')}", 4))


@rd.feature_table(declared("minnie65.layers", "Layers"))
@dg.asset(group_name="cells", partitions_def=LAYERS)
def layers(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> None:
    for key in context.partition_keys:
        pinned = registry.table(context, write(key, int(key.removeprefix("layer_"))))
        context.add_asset_metadata(pinned.metadata or {}, partition_key=key)


checks = rd.verify_checks([cells])
defs = rd.definitions(
    dg.Definitions(
        assets=[cells, patches, layers],
        asset_checks=[checks],
        jobs=[dg.define_asset_job("verify", dg.AssetSelection.checks(checks))],
    ),
    registry=rd.FeatureRegistry(target=REGISTRY, publisher="ada@lab.org"),
)

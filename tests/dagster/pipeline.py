"""A small real pipeline: cells, and what is measured of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq

import registry_dagster as rd

LAUNCHED = {"dagster/code_location": "fly lab"}
"""The tag of runs that Dagster's servers launch."""
MINNIE_943 = rd.MaterializationVersion(system="minnie65_public", version=943, source="cave")
MINNIE_1300 = rd.MaterializationVersion(
    system="minnie65_public", version=1300, source="cave", timestamp="2025-01-13T10:10:01Z"
)


def cells_declared(**changes: Any) -> dict[str, Any]:
    return {
        "dataset": rd.Dataset(name="minnie65.cells", title="Cells", owners=["team:cells"]),
        "materializations": [MINNIE_1300],
        "columns": {
            "nucleus_id": rd.NucleusId(source_table="nucleus_detection_v0", description="Its nucleus."),
            "root_id": rd.RootId(id_space="minnie65_public"),
        },
        **changes,
    }


def sizes_declared(**changes: Any) -> dict[str, Any]:
    return {
        "dataset": rd.Dataset(name="minnie65.cell_sizes"),
        "materializations": [MINNIE_1300],
        "columns": {
            "nucleus_id": rd.NucleusId(source_table="nucleus_detection_v0"),
            "volume": rd.Volume(unit="um3"),
        },
        "references": [
            rd.Reference(
                columns=["nucleus_id"],
                to="minnie65.cells",
                to_columns=["nucleus_id"],
                annotation_type="nucleus",
                cardinality="1:1",
                stability="stable_within_table",
            )
        ],
        **changes,
    }


def write_cells(path: Path, rows: int = 3) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    ids = pa.array(range(1, rows + 1), pa.int64())
    pq.write_table(pa.table({"nucleus_id": ids, "root_id": ids}), path)
    return path


def write_sizes(path: Path) -> Path:
    table = pa.table({"nucleus_id": pa.array([1, 2, 3], pa.int64()), "volume": pa.array([1.5, 2.5, 3.5])})
    pq.write_table(table, path)
    return path


def cells_asset(path: Path, rows: Callable[[], int] = lambda: 3, **changes: Any) -> dg.AssetsDefinition:
    @rd.feature_table(**cells_declared(**changes))
    @dg.asset
    def cells(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
        return registry.table(context, write_cells(path, rows()))

    return cells


def sizes_asset(path: Path, **changes: Any) -> dg.AssetsDefinition:
    @rd.feature_table(**sizes_declared(**changes))
    @dg.asset(deps=["cells"])
    def cell_sizes(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
        return registry.table(context, write_sizes(path))

    return cell_sizes


def materialize(
    instance: dg.DagsterInstance, resource: rd.FeatureRegistry, *assets: dg.AssetsDefinition, **options: Any
) -> dg.ExecuteInProcessResult:
    return launch(instance, assets, {"registry": resource}, **options)


def launch(
    instance: dg.DagsterInstance,
    assets: Iterable[dg.AssetsDefinition],
    resources: Mapping[str, Any],
    *,
    tags: Mapping[str, str] | None = None,
    selection: Sequence[dg.AssetsDefinition] | None = None,
    **options: Any,
) -> dg.ExecuteInProcessResult:
    """Materialize assets as Dagster's servers do: in a job of a code location, which a tag of the run names."""
    pipeline = dg.Definitions(
        assets=list(assets),
        jobs=[dg.define_asset_job("make", selection)],
        resources={"registry": rd.FeatureRegistry(), **resources},
    )
    job = rd.definitions(pipeline).resolve_job_def("make")
    return job.execute_in_process(instance=instance, tags={**LAUNCHED, **(tags or {})}, **options)


def publish(instance: dg.DagsterInstance, resource: rd.FeatureRegistry, **config: Any) -> dg.ExecuteInProcessResult:
    return rd.publish_job().execute_in_process(
        run_config={"ops": {"publish": {"config": config}}},
        resources={"registry": resource},
        instance=instance,
        raise_on_error=False,
    )


def shown(result: dg.ExecuteInProcessResult) -> dict[str, Any]:
    """The metadata that the publish run shows."""
    (output,) = result.filter_events(lambda event: event.is_successful_output)
    return {name: value.value for name, value in output.step_output_data.metadata.items()}


def failure(result: dg.ExecuteInProcessResult) -> str:
    """What a failed run says."""
    (event,) = result.filter_events(lambda event: event.is_step_failure)
    data = event.step_failure_data
    described = data.user_failure_data
    return described.description or "" if described is not None else str(data.error)

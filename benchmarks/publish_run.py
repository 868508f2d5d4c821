"""What one run of the publish job costs for a thousand targets, against writing as many events by themselves."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq

import registry_dagster as rd
from benchmarks.report import Result

TARGETS = 1000
DATASET = "bench.tiles"


class _Stopwatch:
    """Seconds spent within what is timed."""

    seconds = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - start


def run() -> Iterator[Result]:
    """From the launch to the end of the run: SQLite instance, embedded store, local tables."""
    run, storing, loop = _Stopwatch(), _Stopwatch(), _Stopwatch()
    with tempfile.TemporaryDirectory() as folder, dg.DagsterInstance.local_temp(folder) as instance:
        targets = _materialized(instance, Path(folder))
        registry = rd.FeatureRegistry(target=f"lite://{folder}/registry.db", publisher="bench")
        config = {"message": "Measured", "targets": targets}
        with _storing_timed(storing), run.running():
            result = rd.publish_job().execute_in_process(
                run_config={"ops": {"publish": {"config": config}}}, resources={"registry": registry}, instance=instance
            )
        if not result.success:
            raise RuntimeError("not every target was published")
        events = _events(instance)
        with loop.running():
            for event in events:
                instance.report_runless_asset_event(event)
    peer = f"{loop.seconds:.1f} s"
    yield Result(
        f"publish {TARGETS:,} targets in one run of the Dagster job, against a loop of "
        f"`instance.report_runless_asset_event` of its {len(events):,} events",
        f"{run.seconds:.1f} s",
        peer,
        run.seconds / loop.seconds,
        "≤ 0.25",
    )
    ours = run.seconds - storing.seconds
    yield Result(
        "the same, without what Dagster takes to store the events", f"{ours:.1f} s", peer, ours / loop.seconds, "≤ 0.25"
    )


@contextmanager
def _storing_timed(watch: _Stopwatch) -> Iterator[None]:
    """Time what an instance takes to store events."""
    handle = dg.DagsterInstance.handle_new_event

    def timed(self: dg.DagsterInstance, *args: Any, **options: Any) -> None:
        with watch.running():
            handle(self, *args, **options)

    dg.DagsterInstance.handle_new_event = timed
    try:
        yield
    finally:
        dg.DagsterInstance.handle_new_event = handle


def _events(instance: dg.DagsterInstance) -> list[dg.AssetMaterialization | dg.AssetObservation]:
    """What the run logged on timelines of assets: a materialization for each version, and the observations."""
    versions = instance.fetch_materializations(dg.AssetKey(["registry", DATASET]), limit=TARGETS).records
    observed = [
        record
        for asset in (dg.AssetKey("tiles"), dg.AssetKey(["cave", "minnie65_public"]))
        for record in instance.fetch_observations(asset, limit=TARGETS).records
    ]
    logged = [record.asset_materialization or record.asset_observation for record in (*versions, *observed)]
    return [event for event in logged if event is not None]


def _materialized(instance: dg.DagsterInstance, folder: Path) -> list[dict[str, str]]:
    """A partition for each small table, with what `FeatureRegistry.table` freezes."""
    keys = [f"tile_{number}" for number in range(TARGETS)]
    declared = rd.FeatureTable(
        dataset=rd.Dataset(name=DATASET),
        materializations=[rd.MaterializationVersion(system="minnie65_public", version="1300", source="cave")],
        columns={"nucleus_id": rd.NucleusId(source_table="nucleus_detection_v0"), "volume": rd.Volume(unit="um3")},
    )
    for number, key in enumerate(keys):
        path = folder / f"{key}.parquet"
        pq.write_table(pa.table({"nucleus_id": pa.array([number], pa.int64()), "volume": [float(number)]}), path)
        facts = rd.inspect_table(path)
        metadata = {"registry/declaration": declared.to_json(), "registry/table": facts.to_json()}
        instance.report_runless_asset_event(dg.AssetMaterialization("tiles", partition=key, metadata=metadata))
    return [{"asset": "tiles", "partition": key} for key in keys]

"""What a tick of the gate costs."""

import tempfile
import time
from collections.abc import Iterator
from statistics import median

import dagster as dg

import registry_dagster as rd
from benchmarks.report import Result

MATERIALIZATIONS = 1000
RUNS = 20
ASSETS = 5000
TICKS = 5


def run() -> Iterator[Result]:
    """On a SQLite instance: many new materializations, of several runs; and many assets with nothing new."""
    keys = [dg.AssetKey(f"table_{number}") for number in range(ASSETS)]
    sensor = rd.publish_sensor(assets=[dg.AssetKey("tiles"), *keys])
    with tempfile.TemporaryDirectory() as folder, dg.DagsterInstance.local_temp(folder) as instance:
        for key in keys:
            instance.report_runless_asset_event(dg.AssetMaterialization(key))
        cursor: str | None = None
        for _ in range(ASSETS // 1000 + 1):
            _, cursor = _tick(instance, sensor, cursor, expected=0)
        _materialize(instance)
        busy = median(_tick(instance, sensor, cursor, expected=MATERIALIZATIONS)[0] for _ in range(TICKS))
        _, cursor = _tick(instance, sensor, cursor, expected=MATERIALIZATIONS)
        # What one tick does not read, the next one passes.
        _, cursor = _tick(instance, sensor, cursor, expected=0)
        idle = median(_tick(instance, sensor, cursor, expected=0)[0] for _ in range(TICKS))
    yield _within(f"a tick of the gate that asks for {MATERIALIZATIONS} materializations", busy, 0.4)
    yield _within(f"a tick of the gate over {ASSETS:,} assets with nothing new", idle, 0.3)


def _within(what: str, seconds: float, limit: float) -> Result:
    return Result(what, f"{seconds:.2f} s", f"{limit} s allowed", seconds / limit, "≤ 1")


def _materialize(instance: dg.DagsterInstance) -> None:
    """Runs as Dagster's servers launch them: each names the assets it makes."""
    pinned = {"registry/declaration": {"dataset": {"name": "bench.tiles"}}, "registry/table": {}}

    @dg.asset
    def tiles(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        for number in range(1, MATERIALIZATIONS // RUNS):
            partition = f"{context.run.tags['first']}_{number}"
            context.log_event(dg.AssetMaterialization("tiles", partition=partition, metadata=pinned))
        return dg.MaterializeResult(metadata=pinned)

    defs = dg.Definitions(assets=[tiles], jobs=[dg.define_asset_job("make_tiles")])
    job = defs.resolve_job_def("make_tiles")
    for number in range(RUNS):
        tags = {"registry/publish": "Measured", "first": str(number)}
        job.execute_in_process(instance=instance, asset_selection=[tiles.key], tags=tags)


def _tick(
    instance: dg.DagsterInstance, sensor: dg.SensorDefinition, cursor: str | None, expected: int
) -> tuple[float, str | None]:
    context = dg.build_sensor_context(instance=instance, cursor=cursor)
    start = time.perf_counter()
    result = sensor(context)
    seconds = time.perf_counter() - start
    if not isinstance(result, dg.SensorResult):
        raise RuntimeError(f"the gate answered {result!r}")
    asked = sum(len(request.run_config["ops"]["publish"]["config"]["targets"]) for request in result.run_requests or ())
    if asked != expected:
        raise RuntimeError(f"the gate asked for {asked} targets, not {expected}")
    return seconds, result.cursor

"""What a tick of the gate costs."""

import tempfile
import time
from collections.abc import Iterator

import dagster as dg

import registry_dagster as rd
from benchmarks.report import Result

MATERIALIZATIONS = 1000
RUNS = 20
ASSETS = 5000
LIMIT_SECONDS = 10.0


def run() -> Iterator[Result]:
    """On a SQLite instance: many new materializations, of several runs; and many assets with nothing new."""
    with tempfile.TemporaryDirectory() as folder, dg.DagsterInstance.local_temp(folder) as instance:
        _materialize(instance)
        keys = [dg.AssetKey(f"table_{number}") for number in range(ASSETS)]
        sensor = rd.publish_sensor(assets=[dg.AssetKey("tiles"), *keys])
        busy, cursor = _tick(instance, sensor, None, expected=MATERIALIZATIONS)
        for key in keys:
            instance.report_runless_asset_event(dg.AssetMaterialization(key))
        for _ in range(ASSETS // 1000 + 1):
            idle, cursor = _tick(instance, sensor, cursor, expected=0)
    for what, seconds in (
        (f"a tick of the gate that asks for {MATERIALIZATIONS} materializations", busy),
        (f"a tick of the gate over {ASSETS:,} assets with nothing new", idle),
    ):
        yield Result(what, f"{seconds:.2f} s", f"{LIMIT_SECONDS:.0f} s allowed", seconds / LIMIT_SECONDS, "≤ 1")


def _materialize(instance: dg.DagsterInstance) -> None:
    pinned = {"registry/declaration": {"dataset": {"name": "bench.tiles"}}, "registry/table": {}}

    @dg.op(out=dg.Out(dg.Nothing))
    def tile(context: dg.OpExecutionContext) -> None:
        for number in range(MATERIALIZATIONS // RUNS):
            partition = f"{context.run.tags['first']}_{number}"
            context.log_event(dg.AssetMaterialization("tiles", partition=partition, metadata=pinned))

    @dg.job
    def tiles() -> None:
        tile()

    for number in range(RUNS):
        tags = {"registry/publish": "Measured", "first": str(number)}
        tiles.execute_in_process(instance=instance, tags=tags)


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

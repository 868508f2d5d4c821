"""A tick asks for little when nothing is new, and misses nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

import registry_dagster as rd
from registry_dagster.dagster.gate import new_records
from tests.dagster.gate.gate import APPROVED

pytestmark = pytest.mark.on_disk

Instance = dg.DagsterInstance
PINNED = {"registry/declaration": {"dataset": {"name": "lab.tiles"}}, "registry/table": {}}
KEYS = [dg.AssetKey("tiles"), *(dg.AssetKey(f"table_{number}") for number in range(2000))]


class Ticks:
    """A gate over many assets, ticked by hand; launches nothing."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.sensor = rd.publish_sensor(assets=KEYS)
        self.cursor: str | None = None

    def targets(self) -> int:
        """How many targets a tick requests."""
        result = self.sensor(dg.build_sensor_context(instance=self.instance, cursor=self.cursor))
        assert isinstance(result, dg.SensorResult)
        self.cursor = result.cursor
        return sum(len(each.run_config["ops"]["publish"]["config"]["targets"]) for each in result.run_requests or ())


@contextmanager
def queries() -> Iterator[list[str]]:
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def make_tile(instance: Instance, ticks: Ticks | None = None, **tags: str) -> list[int]:
    """A run that makes a tile; what ticks request while it runs."""
    requested: list[int] = []

    @dg.op(out=dg.Out(dg.Nothing))
    def tile(context: dg.OpExecutionContext) -> None:
        context.log_event(dg.AssetMaterialization("tiles", metadata=PINNED))
        if ticks is not None:
            requested.append(ticks.targets())

    @dg.job
    def tiles() -> None:
        tile()

    tiles.execute_in_process(instance=instance, tags=tags)
    return requested


def test_a_tick_with_nothing_new_asks_for_runs_alone_however_many_assets(instance: Instance) -> None:
    ticks = Ticks(instance)
    make_tile(instance)
    assert ticks.targets() == 0
    make_tile(instance)  # without the tag
    with queries() as sent:
        assert ticks.targets() == 0
    assert not [each for each in sent if "asset_keys" in each or "event_logs" in each]
    assert len(sent) <= 6


def test_what_a_running_run_made_is_requested_before_it_ends_and_once(instance: Instance) -> None:
    ticks = Ticks(instance)
    ticks.targets()
    assert make_tile(instance, ticks, **APPROVED) == [1]
    assert ticks.targets() == 0
    make_tile(instance, **APPROVED)
    assert ticks.targets() == 1


def test_what_the_runs_did_not_show_is_found_within_the_hour(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = Ticks(instance)
    ticks.targets()
    make_tile(instance, **APPROVED)
    monkeypatch.setattr(new_records, "_SECONDS_CLOCKS_DIFFER", -1000)  # the run's clock is far behind
    assert ticks.targets() == 0
    monkeypatch.setattr(new_records, "_SECONDS_BETWEEN_SCANS", 0)
    assert ticks.targets() == 1

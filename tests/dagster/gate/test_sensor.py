"""The gate requests what was approved: never loses one, never repeats one, and publishes nothing by itself."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

import registry_dagster as rd
from registry_dagster.dagster.gate.approvals import read_approvals
from registry_dagster.dagster.gate.request_tag import RequestTag
from registry_dagster.errors import PublishRefused
from tests.dagster.gate.gate import APPROVED, Gate, targets_of
from tests.dagster.pipeline import cells_asset, cells_declared, materialize, sizes_asset, write_cells

pytestmark = pytest.mark.on_disk

Instance = dg.DagsterInstance


@pytest.fixture
def approvals(tmp_path: Path) -> Path:
    path = tmp_path / "approvals.yaml"
    path.write_text("")
    return path


@pytest.fixture
def cells(tmp_path: Path) -> dg.AssetsDefinition:
    numbers = iter(range(1, 100))
    return cells_asset(tmp_path / "cells.parquet", lambda: next(numbers))


@pytest.fixture
def own_files(tmp_path: Path) -> dg.AssetsDefinition:
    """Cells whose every run writes a table of its own, so that all of them can be published."""
    numbers = iter(range(1, 100))

    @rd.feature_table(**cells_declared())
    @dg.asset
    def cells(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
        number = next(numbers)
        return registry.table(context, write_cells(tmp_path / f"{number}.parquet", number))

    return cells


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a tick must not touch the network")

    with monkeypatch.context() as patched:
        patched.setattr(socket.socket, "connect", refuse)
        yield


def test_nothing_is_requested_unless_it_is_approved(
    instance: Instance, resource: rd.FeatureRegistry, cells: dg.AssetsDefinition, tmp_path: Path
) -> None:
    gate = Gate(instance, resource, [cells])
    materialize(instance, resource, cells)
    assert gate.tick() == []
    assert not (tmp_path / "registry.db").exists()


def test_it_is_stopped_until_somebody_starts_it() -> None:
    assert rd.publish_sensor().default_status is dg.DefaultSensorStatus.STOPPED


def test_a_tag_on_the_run_approves_what_it_makes(
    instance: Instance, resource: rd.FeatureRegistry, registry: rd.Registry, cells: dg.AssetsDefinition
) -> None:
    gate = Gate(instance, resource, [cells])
    run = materialize(instance, resource, cells, tags={**APPROVED, "registry/label": "paper"})

    (published,) = gate.tick()

    assert published.success
    record = registry.get("minnie65.cells@v1")
    assert (record.provenance.publisher, record.provenance.message) == ("grace@lab.org", "For the size paper")
    assert record.label == "paper"
    assert record.provenance.dagster_run_id == run.run_id
    assert gate.tick() == []


def test_a_reviewed_file_approves_who_why_and_what(
    instance: Instance,
    resource: rd.FeatureRegistry,
    registry: rd.Registry,
    own_files: dg.AssetsDefinition,
    approvals: Path,
) -> None:
    first = materialize(instance, resource, own_files).run_id
    materialize(instance, resource, own_files)
    gate = Gate(instance, resource, [own_files], approvals=approvals)
    approvals.write_text(f"- {{asset: cells, run_id: {first}, by: ada@lab.org, why: Reviewed, label: first}}\n")

    (published,) = gate.tick()

    assert published.success
    (record,) = registry.versions("minnie65.cells")
    assert record.table.rows == 1
    assert (record.provenance.publisher, record.provenance.message, record.label) == (
        "ada@lab.org",
        "Reviewed",
        "first",
    )
    assert gate.tick() == []


GOOD = "- {asset: cells, by: ada@lab.org, why: For the size paper}\n"


@pytest.mark.parametrize(
    "meanwhile", ["- {asset: cells\n", "", "[]\n", None], ids=["broken", "empty", "gone", "missing"]
)
def test_an_approval_is_not_replayed_when_its_file_was_away_for_a_tick(
    instance: Instance,
    resource: rd.FeatureRegistry,
    registry: rd.Registry,
    own_files: dg.AssetsDefinition,
    approvals: Path,
    meanwhile: str | None,
) -> None:
    gate = Gate(instance, resource, [own_files], approvals=approvals)
    approvals.write_text(GOOD)
    materialize(instance, resource, own_files)
    assert len(gate.tick()) == 1
    materialize(instance, resource, own_files)  # a later one, which nobody approved
    approvals.unlink() if meanwhile is None else approvals.write_text(meanwhile)
    assert gate.tick() == []
    approvals.write_text(GOOD)
    assert gate.tick() == []
    assert len(registry.versions("minnie65.cells")) == 1


@pytest.mark.parametrize(
    "tags",
    [
        {"registry/publish": ""},
        {"registry/publish": "  "},
        {"registry/publish": "why", "registry/publisher": "a\nb"},
        {"registry/publish": "why", "registry/label": "l" * 300},
    ],
    ids=["empty", "blank", "publisher", "label"],
)
def test_wrong_tags_are_shown_for_an_hour_and_keep_no_other_out(
    instance: Instance,
    resource: rd.FeatureRegistry,
    registry: rd.Registry,
    own_files: dg.AssetsDefinition,
    tags: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = Gate(instance, resource, [own_files])
    wrong = materialize(instance, resource, own_files, tags=tags).run_id
    materialize(instance, resource, own_files, tags=APPROVED)
    assert len(gate.tick()) == 1
    skipped = gate.look().skip_reason
    assert skipped is not None
    assert f"the tags of run {wrong} approve nothing" in (skipped.skip_message or "")
    for _ in range(2):
        with pytest.raises(PublishRefused, match=f"the tags of run {wrong} approve nothing"):
            gate.look()
    assert len(registry.versions("minnie65.cells")) == 1
    monkeypatch.setattr("registry_dagster.dagster.gate.tick._SECONDS_SHOWN", 0)
    assert not gate.look().run_requests


def test_tags_of_another_jobs_run_neither_stop_the_gate_nor_take_an_approval(
    instance: Instance,
    resource: rd.FeatureRegistry,
    registry: rd.Registry,
    own_files: dg.AssetsDefinition,
    approvals: Path,
) -> None:
    approvals.write_text(GOOD)
    (entry,) = read_approvals(approvals).entries
    old = {"registry/gate": "publish_gate", "registry/ask": "x", "registry/approvals": entry.key}
    new = {".dagster/feature_registry_request": RequestTag("publish_gate", "x", approvals=(entry.key,)).to_text()}

    @dg.job
    def another() -> None: ...

    for claimed in (old, new):
        another.execute_in_process(instance=instance, tags=claimed)
    gate = Gate(instance, resource, [own_files], approvals=approvals)
    materialize(instance, resource, own_files)
    (published,) = gate.tick()
    assert published.success
    assert len(registry.versions("minnie65.cells")) == 1


def test_an_entry_without_a_run_waits_for_the_first_and_means_it_alone(
    instance: Instance,
    resource: rd.FeatureRegistry,
    registry: rd.Registry,
    own_files: dg.AssetsDefinition,
    approvals: Path,
) -> None:
    gate = Gate(instance, resource, [own_files], approvals=approvals)
    approvals.write_text("- {asset: cells, by: ada@lab.org, why: The first one}\n")
    waiting = gate.look()
    assert waiting.skip_reason is not None
    assert "the approval by ada@lab.org is waiting: asset 'cells' has not been materialized" in (
        waiting.skip_reason.skip_message or ""
    )

    materialize(instance, resource, own_files)
    assert len(gate.tick()) == 1
    materialize(instance, resource, own_files)
    assert gate.tick() == []
    assert len(registry.versions("minnie65.cells")) == 1


def test_dagster_32853_several_materializations_between_ticks_are_all_requested(
    instance: Instance, resource: rd.FeatureRegistry, registry: rd.Registry, own_files: dg.AssetsDefinition
) -> None:
    gate = Gate(instance, resource, [own_files])
    for _ in range(4):
        materialize(instance, resource, own_files, tags=APPROVED)
    (run,) = gate.tick()
    assert run.success
    assert [version.table.rows for version in registry.versions("minnie65.cells")] == [1, 2, 3, 4]


def test_interleaved_assets_lose_nothing(
    instance: Instance,
    resource: rd.FeatureRegistry,
    registry: rd.Registry,
    own_files: dg.AssetsDefinition,
    tmp_path: Path,
) -> None:
    sizes = sizes_asset(tmp_path / "sizes.parquet")
    gate = Gate(instance, resource, [own_files, sizes])
    materialize(instance, resource, own_files, tags=APPROVED)
    assert len(gate.tick()) == 1
    materialize(instance, resource, own_files)
    materialize(instance, resource, sizes, tags=APPROVED)
    materialize(instance, resource, own_files, tags=APPROVED)
    assert len(gate.tick()) == 1
    assert [version.table.rows for version in registry.versions("minnie65.cells")] == [1, 3]
    assert len(registry.versions("minnie65.cell_sizes")) == 1


def test_a_new_daemon_goes_on_where_the_old_one_stopped(
    instance: Instance, resource: rd.FeatureRegistry, own_files: dg.AssetsDefinition
) -> None:
    before = Gate(instance, resource, [own_files])
    materialize(instance, resource, own_files, tags=APPROVED)
    before.tick()

    after = Gate(instance, resource, [own_files])
    after.cursor = before.cursor
    assert after.tick() == []
    materialize(instance, resource, own_files, tags=APPROVED)
    assert len(after.tick()) == 1


@pytest.mark.parametrize("cursor", [None, "not json"])
def test_a_lost_cursor_repeats_nothing(
    instance: Instance,
    resource: rd.FeatureRegistry,
    own_files: dg.AssetsDefinition,
    approvals: Path,
    cursor: str | None,
) -> None:
    gate = Gate(instance, resource, [own_files], approvals=approvals)
    approvals.write_text("- {asset: cells, by: ada@lab.org, why: The first one}\n")
    materialize(instance, resource, own_files)
    gate.tick()
    materialize(instance, resource, own_files, tags=APPROVED)
    gate.tick()
    materialize(instance, resource, own_files)

    gate.cursor, gate.launched = cursor, set()
    assert gate.tick() == []
    materialize(instance, resource, own_files, tags=APPROVED)
    assert len(gate.tick()) == 1


def test_a_failed_publish_is_requested_again_once_it_is_fixed(
    instance: Instance,
    resource: rd.FeatureRegistry,
    registry: rd.Registry,
    own_files: dg.AssetsDefinition,
    tmp_path: Path,
) -> None:
    gate = Gate(instance, resource, [own_files])
    materialize(instance, resource, own_files, tags=APPROVED)
    (tmp_path / "1.parquet").rename(tmp_path / "away")
    (failed,) = gate.tick()
    assert not failed.success
    (again,) = gate.tick()
    assert not again.success

    (tmp_path / "away").rename(tmp_path / "1.parquet")
    (fixed,) = gate.tick()
    assert fixed.success
    assert len(registry.versions("minnie65.cells")) == 1
    assert gate.tick() == []


def test_a_failed_one_waits_before_it_is_requested_again(
    instance: Instance, resource: rd.FeatureRegistry, own_files: dg.AssetsDefinition, tmp_path: Path
) -> None:
    gate = Gate(instance, resource, [own_files], pauses=(3600,))
    materialize(instance, resource, own_files, tags=APPROVED)
    (tmp_path / "1.parquet").unlink()
    gate.tick()
    waiting = gate.look()
    assert not waiting.run_requests
    assert waiting.skip_reason is not None
    assert "failed targets: 1; they will be requested again in" in (waiting.skip_reason.skip_message or "")


def test_a_failure_is_not_forgotten_with_the_cursor(
    instance: Instance, resource: rd.FeatureRegistry, own_files: dg.AssetsDefinition, tmp_path: Path
) -> None:
    gate = Gate(instance, resource, [own_files])
    materialize(instance, resource, own_files, tags=APPROVED)
    (tmp_path / "1.parquet").rename(tmp_path / "away")
    gate.tick()
    (tmp_path / "away").rename(tmp_path / "1.parquet")
    gate.cursor = None
    (again,) = gate.tick()
    assert again.success


def test_an_edited_entry_is_requested_at_once(
    instance: Instance, resource: rd.FeatureRegistry, own_files: dg.AssetsDefinition, approvals: Path
) -> None:
    gate = Gate(instance, resource, [own_files], approvals=approvals, pauses=(3600,))
    materialize(instance, resource, own_files)
    approvals.write_text('- {asset: cells, by: ada@lab.org, why: Reviewed, label: "\\u0000"}\n')
    assert gate.tick() == []  # a wrong entry, reported below
    approvals.write_text("- {asset: cells, by: ada@lab.org, why: Reviewed}\n")
    assert len(gate.tick()) == 1
    approvals.write_text("- {asset: cells, by: ada@lab.org, why: Reviewed twice}\n")
    assert len(gate.tick()) == 1


def test_a_run_that_a_person_executed_again_settles_it(
    instance: Instance, resource: rd.FeatureRegistry, own_files: dg.AssetsDefinition, tmp_path: Path
) -> None:
    gate = Gate(instance, resource, [own_files])
    materialize(instance, resource, own_files, tags=APPROVED)
    (tmp_path / "1.parquet").rename(tmp_path / "away")
    (request,) = gate.look().run_requests or ()
    assert not gate.launch(request).success
    (tmp_path / "away").rename(tmp_path / "1.parquet")
    assert gate.launch(request).success  # the same config and tags, as Dagster's re-execution has them
    assert not gate.look().run_requests


def test_a_deleted_run_is_a_persons_decision(
    instance: Instance, resource: rd.FeatureRegistry, own_files: dg.AssetsDefinition, tmp_path: Path
) -> None:
    gate = Gate(instance, resource, [own_files])
    materialize(instance, resource, own_files, tags=APPROVED)
    (tmp_path / "1.parquet").unlink()
    (failed,) = gate.tick()
    instance.delete_run(failed.run_id)
    assert gate.tick() == []


def test_an_outage_of_the_registry_is_requested_again_and_ticks_go_on(
    instance: Instance, target: str, own_files: dg.AssetsDefinition, registry: rd.Registry
) -> None:
    down = rd.FeatureRegistry(target="http://127.0.0.1:9", publisher="ada")
    materialize(instance, down, own_files, tags=APPROVED)
    gate = Gate(instance, down, [own_files])
    (request,) = gate.look().run_requests or ()
    assert not gate.job.execute_in_process(
        run_config=dict(request.run_config),
        tags={**request.tags, "dagster/max_retries": "0"},
        instance=instance,
        resources={"registry": rd.FeatureRegistry(target="file://relative", publisher="ada")},
        raise_on_error=False,
    ).success
    gate.resource = rd.FeatureRegistry(target=target, publisher="ada")
    (again,) = gate.tick()
    assert again.success
    assert len(registry.versions("minnie65.cells")) == 1


def test_a_wiped_event_log_stops_nothing(
    instance: Instance, resource: rd.FeatureRegistry, own_files: dg.AssetsDefinition, approvals: Path
) -> None:
    gate = Gate(instance, resource, [own_files], approvals=approvals)
    run = materialize(instance, resource, own_files, tags=APPROVED)
    gate.tick()
    instance.wipe_assets([own_files.key])
    approvals.write_text("- {asset: cells, by: ada@lab.org, why: Reviewed}\n")
    assert gate.tick() == []  # waits for a materialization
    approvals.write_text(f"- {{asset: cells, run_id: {run.run_id}, by: ada@lab.org, why: Reviewed}}\n")
    assert len(gate.tick()) == 1  # the run itself still says what it made
    materialize(instance, resource, own_files, tags=APPROVED)
    assert len(gate.tick()) == 1


def test_targets_are_requested_in_batches_not_one_run_each(
    instance: Instance, resource: rd.FeatureRegistry, own_files: dg.AssetsDefinition
) -> None:
    run = materialize(instance, resource, own_files, tags=APPROVED)
    (event,) = run.get_asset_materialization_events()
    pinned = {name: event.materialization.metadata[name] for name in ("registry/frozen",)}
    job = dg.GraphDefinition(name="many", node_defs=[many(pinned)]).to_job()
    job.execute_in_process(instance=instance, tags=APPROVED)

    gate = Gate(instance, resource, [own_files])
    requests = gate.look().run_requests or ()
    targets = [each["partition"] for request in requests for each in targets_of(request) if "partition" in each]
    assert [len(targets_of(request)) for request in requests] == [250, 2]
    assert sorted(targets, key=int) == [str(number) for number in range(251)]


def many(pinned: dict[str, Any]) -> dg.OpDefinition:
    @dg.op(name="many", out=dg.Out(dg.Nothing))
    def op(context: dg.OpExecutionContext) -> None:
        for number in range(251):
            context.log_event(dg.AssetMaterialization("cells", partition=str(number), metadata=pinned))

    return op


def test_more_than_a_tick_looks_at_is_looked_at_by_the_next(
    instance: Instance, resource: rd.FeatureRegistry, own_files: dg.AssetsDefinition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("registry_dagster.dagster.gate.new_records._MOST_RECORDS", 2)
    gate = Gate(instance, resource, [own_files])
    for _ in range(5):
        materialize(instance, resource, own_files, tags=APPROVED)
    assert [len(targets_of((gate.look().run_requests or [])[0])) for _ in range(3)] == [2, 2, 1]
    assert not gate.look().run_requests


def test_a_wrong_entry_is_reported_and_does_not_stop_the_others(
    instance: Instance, resource: rd.FeatureRegistry, cells: dg.AssetsDefinition, approvals: Path
) -> None:
    materialize(instance, resource, cells)
    gate = Gate(instance, resource, [cells], approvals=approvals)
    approvals.write_text(
        "- {asset: cells, by: ada@lab.org}\n"
        "- {asset: cell, by: ada@lab.org, why: No such asset}\n"
        "- {asset: cells, by: ada@lab.org, why: Reviewed}\n"
    )
    (request,) = gate.look().run_requests or ()
    assert [each["message"] for each in targets_of(request)] == ["Reviewed"]
    gate.look()  # its cursor no longer has the request, so it must be kept
    with pytest.raises(PublishRefused) as failed:
        gate.look()
    assert f"{approvals}, line 1: why: required, but missing" in str(failed.value)
    assert "asset 'cell' is approved, but no declared asset has that key here" in str(failed.value)
    approvals.write_text("")
    assert not gate.look().run_requests


def test_what_is_approved_twice_is_requested_once(
    instance: Instance, resource: rd.FeatureRegistry, cells: dg.AssetsDefinition, approvals: Path
) -> None:
    materialize(instance, resource, cells, tags=APPROVED)
    approvals.write_text("- {asset: cells, by: ada@lab.org, why: Reviewed}\n")
    (request,) = Gate(instance, resource, [cells], approvals=approvals).look().run_requests or ()
    (target,) = targets_of(request)
    assert (target["message"], target["publisher"]) == ("Reviewed", "ada@lab.org")


@pytest.mark.usefixtures("no_network")
def test_a_tick_touches_no_network(
    instance: Instance, cells: dg.AssetsDefinition, resource: rd.FeatureRegistry
) -> None:
    materialize(instance, resource, cells, tags=APPROVED)
    far = rd.FeatureRegistry(target="https://datahub.lab.org:8080", publisher="ada")
    assert len(Gate(instance, far, [cells]).look().run_requests or ()) == 1


def test_it_finds_the_declared_assets_of_its_code_location(
    instance: Instance, resource: rd.FeatureRegistry, cells: dg.AssetsDefinition
) -> None:
    @dg.asset
    def undeclared() -> None: ...

    defs = rd.definitions(dg.Definitions(assets=[cells, undeclared]), registry=resource)
    materialize(instance, resource, cells, undeclared, tags=APPROVED)
    context = dg.build_sensor_context(instance=instance, repository_def=defs.get_repository_def())
    result = rd.publish_sensor()(context)
    assert isinstance(result, dg.SensorResult)
    (request,) = result.run_requests or ()
    assert [each["asset"] for each in targets_of(request)] == ["cells"]
    assert json.loads(result.cursor or "")["seen"].keys() == {"cells"}


def test_a_broken_file_is_shown_by_ticks_that_fail_and_loses_no_cursor(
    instance: Instance, resource: rd.FeatureRegistry, own_files: dg.AssetsDefinition, approvals: Path
) -> None:
    gate = Gate(instance, resource, [own_files], approvals=approvals)
    approvals.write_text("- {asset: cells\n")
    first = gate.look()
    assert first.skip_reason is not None
    assert "approves nothing until it can be read" in (first.skip_reason.skip_message or "")
    with pytest.raises(PublishRefused, match="approves nothing until it can be read"):
        gate.look()
    materialize(instance, resource, own_files, tags=APPROVED)
    assert len(gate.look().run_requests or ()) == 1


def requests_of_earlier_release(gate: Gate) -> dg.RunRequest:
    """What a tick requests, under the tags of an earlier release."""
    (request,) = gate.look().run_requests or ()
    tag = RequestTag.of_run(request.tags)
    assert tag is not None
    old = {"registry/gate": tag.gate, "registry/ask": tag.id, "registry/attempt": "1"}
    tags = {**old, "registry/approvals": " ".join(tag.approvals)}
    return dg.RunRequest(run_key=request.run_key, run_config=request.run_config, tags=tags)


def test_a_request_of_an_earlier_release_is_not_repeated_and_retried_if_it_failed(
    instance: Instance, resource: rd.FeatureRegistry, own_files: dg.AssetsDefinition, approvals: Path, tmp_path: Path
) -> None:
    gate = Gate(instance, resource, [own_files], approvals=approvals)
    materialize(instance, resource, own_files)
    approvals.write_text(GOOD)
    assert gate.launch(requests_of_earlier_release(gate)).success
    materialize(instance, resource, own_files, tags=APPROVED)
    (tmp_path / "2.parquet").rename(tmp_path / "away")
    assert not gate.launch(requests_of_earlier_release(gate)).success

    gate.cursor = '{"format": 1, "seen": {}, "approved": [], "asked": [], "catching_up": false}'
    (tmp_path / "away").rename(tmp_path / "2.parquet")
    (again,) = gate.tick()
    assert again.success
    tag = RequestTag.of_run(again.dagster_run.tags)
    assert tag is not None
    assert tag.attempt == 2
    assert gate.tick() == []

"""A backfill of fifty partitions with Dagster's own daemon: one run each, approved at once by a tag, published once."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

import registry_dagster as rd
from tests.deploy.deployment import Deployment, deployed
from tests.deploy.states import STATES

pytestmark = pytest.mark.soak

QUEUED = {
    "module": "dagster.core.run_coordinator",
    "class": "QueuedRunCoordinator",
    "config": {"max_concurrent_runs": 4, "dequeue_interval_seconds": 1},
}
APPROVED = {"registry/publish": "All states of the atlas", "registry/publisher": "grace@lab.org"}
KEYS = [state.version for state in STATES]
PATIENCE_SECONDS = 3600
GATE_SECONDS = 30

BACKFILL = """
mutation($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
  __typename
  ... on LaunchBackfillSuccess { backfillId }
  ... on PythonError { message }
} }
"""
START = """
mutation($gate: SensorSelector!) { startSensor(sensorSelector: $gate) { __typename ... on PythonError { message } } }
"""
GATE = {"repositoryLocationName": "atlas", "repositoryName": "__repository__", "sensorName": "publish_gate"}


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    with deployed(tmp_path, {"atlas": "tests.deploy.states"}, QUEUED, daemon=True) as deployment:
        yield deployment


def published(deployment: Deployment) -> list[str]:
    """The materialization version of each published version, lowest number first."""
    with rd.Registry.open(deployment.target) as registry:
        return [record.materializations[0].version for record in registry.versions("minnie65.cells")]


def asked(runs: list[dg.DagsterRun]) -> Counter[str]:
    """Partition → how often the gate asked for it to be published."""
    configs: list[Any] = [run.run_config["ops"]["publish"]["config"] for run in runs]
    return Counter(target["partition"] for config in configs for target in config["targets"])


def test_every_partition_of_a_backfill_is_published_once(deployment: Deployment) -> None:
    assert deployment.ask(START, gate=GATE)["startSensor"]["__typename"] == "Sensor"
    began = time.monotonic()
    tags = [{"key": key, "value": tag} for key, tag in APPROVED.items()]
    params = {"assetSelection": [{"path": ["cells"]}], "partitionNames": KEYS, "tags": tags}
    launched = deployment.ask(BACKFILL, params=params)["launchPartitionBackfill"]
    assert launched["__typename"] == "LaunchBackfillSuccess", launched

    deployment.wait(lambda: len(published(deployment)) >= len(KEYS), "not all are published", PATIENCE_SECONDS)
    took = time.monotonic() - began
    time.sleep(3 * GATE_SECONDS)  # for ticks that find nothing left

    assert sorted(published(deployment)) == sorted(KEYS)
    with rd.Registry.open(deployment.target) as registry:
        records = registry.versions("minnie65.cells")
    assert [record.number for record in records] == list(range(1, len(KEYS) + 1))
    assert {record.provenance.publisher for record in records} == {"grace@lab.org"}
    assert {record.provenance.dagster_partition for record in records} == set(KEYS)

    with deployment.instance() as instance:
        made = instance.get_runs(dg.RunsFilter(tags={"dagster/backfill": launched["backfillId"]}))
        publishes = instance.get_runs(dg.RunsFilter(job_name="publish_feature_table"))
        shown = instance.fetch_materializations(dg.AssetKey(["registry", "minnie65.cells"]), limit=1000).records
    assert len(made) == len(KEYS)
    assert {run.status for run in (*made, *publishes)} == {dg.DagsterRunStatus.SUCCESS}
    assert asked(publishes) == Counter(KEYS)
    events = [record.asset_materialization for record in shown]
    versions = Counter(str(event.metadata["version"].value) for event in events if event is not None)
    assert versions == Counter(record.name for record in records)
    figures = {"partitions": len(KEYS), "seconds": round(took), "publish runs": len(publishes)}
    deployment.log.with_name("figures.json").write_text(json.dumps(figures))

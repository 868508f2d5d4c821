"""The run behind a version stands where acryl-datahub-dagster-plugin puts it too."""

from __future__ import annotations

import importlib.util
import sys
import types
import warnings
from collections.abc import Collection, Iterator
from datetime import datetime, timezone
from logging import getLogger
from typing import Any

import dagster as dg
import pytest
from datahub.api.entities.datajob import DataFlow, DataJob
from datahub.api.entities.dataprocess.dataprocess_instance import DataProcessInstance
from datahub.ingestion.graph.client import DataHubGraph
from datahub.ingestion.graph.config import DatahubClientConfig
from datahub.metadata.schema_classes import UpstreamLineageClass
from datahub.metadata.urns import DataFlowUrn

from registry_dagster.datahub.pipeline import flow_urn, instance_urn, job_urn
from registry_dagster.datahub.proposal import Entity
from registry_dagster.datahub.urns import field_urn, version_urn
from registry_dagster.model.dataset_version import Provenance
from registry_dagster.registry.plan import Origin
from registry_dagster.registry.registry import Registry
from tests.gms.server import StandInGms
from tests.registry.declared import declared, facts

RUN = "6f1e9a2c-0000-4000-8000-000000000001"
NEURONS = facts(location="/data/neurons")
HEMIBRAIN_URN = "urn:li:dataset:(urn:li:dataPlatform:neuprint,hemibrain@v1.2.1,PROD)"


def provenance(module: str = "flies", job: str = "daily", op: str = "synapses") -> Provenance:
    return Provenance(
        publisher="ada",
        message="why",
        published_at=datetime(2026, 1, 1, tzinfo=timezone.utc),
        dagster_run_id=RUN,
        dagster_job=f"{module}/{job}",
        dagster_op=f"{module}/{op}",
    )


@pytest.mark.parametrize("module", ["flies", "lab.flies", "prod"])
@pytest.mark.parametrize("env", ["PROD", "DEV"])
def test_urns_are_those_of_datahubs_own_entities_by_the_plugins_rules(module: str, env: str) -> None:
    flow = DataFlow(orchestrator="dagster", id=f"{module}/daily", env=env)
    job = DataJob(
        id=f"{module}/synapses",
        flow_urn=DataFlowUrn.create_from_ids(orchestrator="dagster", flow_id=f"{module}/daily", env=env),
    )
    run = DataProcessInstance.from_datajob(datajob=job, id=f"{RUN}.{job.id}", clone_inlets=True, clone_outlets=True)
    ours = provenance(module)
    assert flow_urn(ours, env) == str(flow.urn)
    assert job_urn(ours, env) == str(job.urn)
    assert instance_urn(ours, env) == str(run.urn)


def plugin() -> types.ModuleType:
    """The plugin's generator. What it takes from a parser of SQL, for other ends, need not be installed."""
    pytest.importorskip("datahub_dagster_plugin", reason="acryl-datahub-dagster-plugin is not installed")
    if importlib.util.find_spec("sqlglot") is None:
        parser: Any = types.ModuleType("datahub.sql_parsing.sqlglot_utils")
        parser.get_query_fingerprint = None
        sys.modules.setdefault(parser.__name__, parser)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from datahub_dagster_plugin.client import dagster_generator
    return dagster_generator


@pytest.mark.parametrize(("module", "branch"), [("flies", "prod"), ("lab.flies", "prod"), (None, "prod")])
def test_urns_are_those_that_the_plugin_itself_makes(module: str | None, branch: str) -> None:
    generator = plugin()

    @dg.op
    def synapses() -> None: ...

    @dg.job
    def daily() -> None:
        synapses()

    snapshot = daily.get_job_snapshot() if hasattr(daily, "get_job_snapshot") else daily.get_job_index().job_snapshot
    (op,) = snapshot.node_defs_snapshot.op_def_snaps
    config = generator.DatahubDagsterSourceConfig(datahub_client_config=DatahubClientConfig(server="http://localhost"))
    environment = generator.DagsterEnvironment(repository=None, is_cloud=False, branch=branch, module=module)
    theirs = generator.DagsterGenerator(getLogger(), config, environment)
    flow = theirs.generate_dataflow(job_snapshot=snapshot, env="PROD")
    job = theirs.generate_datajob(
        job_snapshot=snapshot,
        step_deps={"synapses": []},
        op_def_snap=op,
        env="PROD",
        input_datasets={},
        output_datasets={},
    )
    ours = provenance(module or branch)
    assert flow_urn(ours, "PROD") == str(flow.urn)
    assert job_urn(ours, "PROD") == str(job.urn)
    instance = DataProcessInstance.from_datajob(datajob=job, id=f"{RUN}.{job.id}")
    assert instance_urn(ours, "PROD") == str(instance.urn)


def test_without_a_run_there_is_no_pipeline() -> None:
    nobody = Provenance(publisher="ada", message="why", published_at=datetime(2026, 1, 1, tzinfo=timezone.utc))
    assert (flow_urn(nobody, "PROD"), job_urn(nobody, "PROD"), instance_urn(nobody, "PROD")) == (None, None, None)


@pytest.fixture
def gms() -> Iterator[StandInGms]:
    with StandInGms() as server:
        yield server


@pytest.fixture
def registry(gms: StandInGms) -> Iterator[Registry]:
    """With two tables of one run, made from a third one."""
    with Registry.open(gms.url, publisher="ada@lab.org") as registry:
        registry.publish(declared(), NEURONS, message="neurons")
        registry.publish(declared("hemibrain.synapses"), facts(), message="synapses", origin=origin())
        registry.publish(declared("hemibrain.types"), facts(), message="types", origin=origin())
        yield registry


def origin() -> Origin:
    return Origin(
        run_id=RUN,
        asset="synapses",
        job="flies/daily",
        op="flies/synapses",
        inputs=[("hemibrain.neurons", NEURONS.identity)],
        column_lineage={
            "body_id": [("hemibrain.neurons", "body_id")],
            "score": [("hemibrain.neurons", "score"), ("hemibrain.neurons", "body_id"), ("not.published", "x")],
        },
    )


def instance(gms: StandInGms) -> dict[str, Any]:
    (urn,) = [urn for urn in gms.entities if urn.startswith("urn:li:dataProcessInstance:")]
    assert urn == instance_urn(provenance(), "PROD")
    return gms.entities[urn]


def edges(gms: StandInGms, name: str) -> list[str]:
    """The URNs that the edges of a run lead to."""
    aspect = instance(gms)[f"dataProcessInstance{name.capitalize()}"]
    return [each["destinationUrn"] for each in aspect[f"{name}Edges"]]


def test_two_tables_of_one_run_both_stand_in_what_it_wrote(gms: StandInGms, registry: Registry) -> None:
    assert edges(gms, "output") == [
        version_urn("hemibrain.synapses@v1", "PROD"),
        version_urn("hemibrain.types@v1", "PROD"),
    ]


def test_what_a_run_read_stands_at_exact_versions_once(gms: StandInGms, registry: Registry) -> None:
    assert edges(gms, "input") == [
        version_urn("hemibrain.neurons@v1", "PROD"),
        HEMIBRAIN_URN,
    ]


def test_the_run_hangs_on_its_job_and_that_on_its_flow(gms: StandInGms, registry: Registry) -> None:
    job, flow = job_urn(provenance(), "PROD"), flow_urn(provenance(), "PROD")
    assert job is not None
    assert flow is not None
    assert instance(gms)["dataProcessInstanceRelationships"]["parentTemplate"] == job
    assert gms.entities[job]["dataJobInfo"]["flowUrn"] == flow
    assert gms.entities[flow]["dataFlowInfo"]["name"] == "daily"


def test_what_the_plugin_wrote_about_the_run_stays(gms: StandInGms, registry: Registry) -> None:
    urn = instance_urn(provenance(), "PROD")
    assert urn is not None
    theirs = {**gms.entities[urn]["dataProcessInstanceProperties"], "externalUrl": "https://dagster/runs/1"}
    gms.put(urn, "dataProcessInstanceProperties", theirs)
    outputs = gms.entities[urn]["dataProcessInstanceOutput"]
    other = "urn:li:dataset:(urn:li:dataPlatform:dagster,synapses,PROD)"
    gms.put(urn, "dataProcessInstanceOutput", {**outputs, "outputs": [other]})
    registry.publish(declared("hemibrain.third"), facts(), message="third", origin=origin())
    assert instance(gms)["dataProcessInstanceProperties"] == theirs
    assert instance(gms)["dataProcessInstanceOutput"]["outputs"] == [other]
    assert edges(gms, "output")[1:] == [
        version_urn("hemibrain.types@v1", "PROD"),
        version_urn("hemibrain.third@v1", "PROD"),
    ]


def test_a_run_that_could_not_be_recorded_is_when_the_same_is_published_again(
    gms: StandInGms, registry: Registry
) -> None:
    urn = instance_urn(provenance(), "PROD")
    assert urn is not None
    gms.delete(urn)
    assert not registry.publish(declared("hemibrain.types"), facts(), message="again", origin=origin()).created
    assert edges(gms, "output") == [version_urn("hemibrain.types@v1", "PROD")]


def test_a_version_that_an_earlier_release_listed_gets_no_edge_beside(gms: StandInGms, registry: Registry) -> None:
    urn = instance_urn(provenance(), "PROD")
    assert urn is not None
    gms.put(urn, "dataProcessInstanceOutput", {"outputs": [version_urn("hemibrain.types@v1", "PROD")]})
    registry.publish(declared("hemibrain.types"), facts(), message="again", origin=origin())
    assert edges(gms, "output") == []


def test_what_the_plugin_adds_while_a_run_is_written_stays(
    gms: StandInGms, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    urn = instance_urn(provenance(), "PROD")
    assert urn is not None
    other = "urn:li:dataset:(urn:li:dataPlatform:dagster,synapses,PROD)"
    store = registry._store  # pyright: ignore[reportPrivateUsage]
    read, waiting = store.read, [other]

    def reading(urns: Collection[str], aspects: Collection[str] = ()) -> dict[str, Entity]:
        found = read(urns, aspects)
        if urn in urns and waiting:
            gms.put(urn, "dataProcessInstanceOutput", {"outputs": [waiting.pop()]})
        return found

    monkeypatch.setattr(store, "read", reading)
    registry.publish(declared("hemibrain.third"), facts(), message="third", origin=origin())
    assert instance(gms)["dataProcessInstanceOutput"]["outputs"] == [other]
    assert edges(gms, "output") == [version_urn("hemibrain.third@v1", "PROD")]


def test_a_run_that_the_server_refuses_leaves_the_version_published(
    gms: StandInGms, registry: Registry, caplog: pytest.LogCaptureFixture
) -> None:
    gms.faults.next("duplicate_delivery", "403")
    receipt = registry.publish(declared("hemibrain.types"), facts(7), message="second", origin=origin())
    assert receipt.created
    assert "the runs that made hemibrain.types@v2 are not recorded; publish the same again to add them" in caplog.text


def test_column_lineage_is_that_of_exact_versions(gms: StandInGms, registry: Registry) -> None:
    here, there = version_urn("hemibrain.synapses@v1", "PROD"), version_urn("hemibrain.neurons@v1", "PROD")
    lineage = DataHubGraph(DatahubClientConfig(server=gms.url)).get_aspect(here, UpstreamLineageClass)
    assert lineage is not None
    assert [each.dataset for each in lineage.upstreams] == [HEMIBRAIN_URN, there]
    assert [(each.upstreams, each.downstreams) for each in lineage.fineGrainedLineages or ()] == [
        ([field_urn(there, "body_id")], [field_urn(here, "body_id")]),
        ([field_urn(there, "score"), field_urn(there, "body_id")], [field_urn(here, "score")]),
    ]

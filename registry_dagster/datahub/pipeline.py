"""The Dagster run behind a version, under the URNs that acryl-datahub-dagster-plugin uses, so both views meet.

Its rules: a job is the data flow `MODULE/JOB`, an op the data job `MODULE/OP`, and an op's run the
process instance whose id is `RUN.MODULE/OP`.
"""

from __future__ import annotations

from collections.abc import Iterator

from registry_dagster.datahub.limits import fits_a_urn
from registry_dagster.datahub.proposal import Aspect, Entity, Proposal, proposals
from registry_dagster.datahub.urns import encoded, guid, materialization_urn, user_urn, version_urn
from registry_dagster.model.dataset_version import DatasetVersion, Provenance

__all__ = ["flow_urn", "instance_urn", "job_urn", "pipeline_proposals", "run_proposals", "run_warnings"]

_ORCHESTRATOR = "dagster"


def flow_urn(provenance: Provenance, env: str) -> str | None:
    """The job's data flow."""
    job = provenance.dagster_job
    return f"urn:li:dataFlow:({_ORCHESTRATOR},{encoded(job)},{env})" if job else None


def job_urn(provenance: Provenance, env: str) -> str | None:
    """The op's data job; None also if its names are too long for a URN."""
    flow, op = flow_urn(provenance, env), provenance.dagster_op
    job = f"urn:li:dataJob:({flow},{encoded(op)})" if flow and op else None
    return job if job and fits_a_urn(job) else None


def run_warnings(provenance: Provenance, env: str) -> Iterator[str]:
    """What a person should know: names that are too long for DataHub to show the run."""
    if provenance.dagster_job and provenance.dagster_op and job_urn(provenance, env) is None:
        yield (
            f"the Dagster job {provenance.dagster_job} and its op {provenance.dagster_op} are recorded, but DataHub "
            "does not show the run: together their names are too long for a URN"
        )


def instance_urn(provenance: Provenance, env: str) -> str | None:
    """The process instance of the op in its run."""
    if not provenance.dagster_run_id or not provenance.dagster_op:
        return None
    key = {"cluster": env, "orchestrator": _ORCHESTRATOR, "id": f"{provenance.dagster_run_id}.{provenance.dagster_op}"}
    return f"urn:li:dataProcessInstance:{guid(key)}"


def pipeline_proposals(record: DatasetVersion, env: str) -> Iterator[Proposal]:
    """Flow and job, for stores that do not know them yet."""
    flow, job = flow_urn(record.provenance, env), job_urn(record.provenance, env)
    if flow is None or job is None:
        return
    yield Proposal(flow, "dataFlowInfo", {"customProperties": {}, "name": _last(record.provenance.dagster_job)})
    yield Proposal(
        job,
        "dataJobInfo",
        {
            "customProperties": {},
            "name": _last(record.provenance.dagster_op),
            "type": {"string": "COMMAND"},
            "flowUrn": flow,
        },
    )


def run_proposals(record: DatasetVersion, stored: Entity, env: str) -> tuple[Proposal, ...]:
    """The run, with what it read and wrote at exact versions added to what is recorded of it.

    Args:
        record: A published version.
        stored: The process instance as it is stored.
        env: DataHub's environment.
    """
    instance, job = instance_urn(record.provenance, env), job_urn(record.provenance, env)
    if instance is None or job is None:
        return ()
    read = [version_urn(name, env) for name in record.inputs]
    read += [materialization_urn(version, env) for version in record.materializations]
    made = {
        "time": int(record.provenance.published_at.timestamp() * 1000),
        "actor": user_urn(record.provenance.publisher),
    }
    properties: Aspect = {
        "customProperties": {"run_id": record.provenance.dagster_run_id},
        "name": f"{record.provenance.dagster_run_id}.{record.provenance.dagster_op}",
        "type": "BATCH_SCHEDULED",
        "created": made,
    }
    relationships: Aspect = {"parentTemplate": job, "upstreamInstances": []}
    return proposals(
        instance,
        {
            "dataProcessInstanceProperties": stored.get("dataProcessInstanceProperties", properties),
            "dataProcessInstanceRelationships": stored.get("dataProcessInstanceRelationships", relationships),
            "dataProcessInstanceInput": _added(stored.get("dataProcessInstanceInput", {}), "input", read),
            "dataProcessInstanceOutput": _added(
                stored.get("dataProcessInstanceOutput", {}), "output", [version_urn(record.name, env)]
            ),
        },
    )


def _added(stored: Aspect, name: str, urns: list[str]) -> Aspect:
    """With an edge to each. The list beside the edges, which DataHub deprecates, stays as others left it."""
    edges: list[dict[str, str]] = stored.get(f"{name}Edges") or []
    present = {edge["destinationUrn"] for edge in edges} | set(stored.get(f"{name}s", ()))
    added = [{"destinationUrn": urn} for urn in urns if urn not in present]
    return {**stored, f"{name}s": stored.get(f"{name}s", []), f"{name}Edges": [*edges, *added]}


def _last(name: str | None) -> str:
    return (name or "").rsplit("/", 1)[-1]

"""One call around a code location's definitions adds everything that the registry needs in Dagster."""

from __future__ import annotations

from inspect import signature
from os import PathLike
from typing import Any

import dagster as dg

from registry_dagster.dagster.gate.sensor import new_gate
from registry_dagster.dagster.graph.contents import Contents, contents_of, merged_assets
from registry_dagster.dagster.graph.external_assets import other_keys, registry_assets
from registry_dagster.dagster.graph.translator import FeatureRegistryTranslator, checked_translator, with_nodes
from registry_dagster.dagster.names import JOB_NAME, RESOURCE_KEY, default_gate_name
from registry_dagster.dagster.pin.code_location import gates_among
from registry_dagster.dagster.publish.job import publish_job
from registry_dagster.dagster.resource import FeatureRegistry
from registry_dagster.errors import InvalidDeclaration

__all__ = ["definitions"]


def definitions(
    defs: dg.Definitions,
    *,
    registry: FeatureRegistry | None = None,
    approvals: str | PathLike[str] | None = None,
    resource_key: str = RESOURCE_KEY,
    job_name: str = JOB_NAME,
    gate_name: str | None = None,
    translator: FeatureRegistryTranslator | None = None,
) -> dg.Definitions:
    """The given definitions, with what publishing their declared assets needs.

    Adds the publish job, the gate (stopped until somebody starts it), and external assets: `registry/<dataset>`
    with the published versions, after the assets that make them, and the upstream systems that they are made
    against. The given assets stay as they are. Publishes nothing.

        defs = rd.definitions(dg.Definitions(assets=[synapses]), registry=rd.FeatureRegistry())

    Parts of a code location may each have a call, with a job of its own, and be merged:

        defs = dg.Definitions.merge(
            rd.definitions(morphology, registry=REGISTRY),
            rd.definitions(connectivity, registry=REGISTRY, job_name="publish_connectivity"),
        )

    Args:
        defs: A code location's own definitions. An asset that has the key of one that would be added is used
            in its place. What other calls added stays, and declared assets keep the publish job they have.
        registry: The resource. Default: the one in `defs` under `resource_key`.
        approvals: The path of a reviewed file of approvals for the gate.
        resource_key: The key of the resource.
        job_name: Name of the publish job.
        gate_name: Name of the gate. Default: `publish_gate`, or `<job_name>_gate` if `job_name` is given.
        translator: Chooses keys, groups, kinds and more of what is added.

    Raises:
        InvalidDeclaration: an argument is not what it must be, or there is another job of that name.
    """
    _check_arguments(defs, registry)
    assets = list(defs.assets or ())
    contents = contents_of(assets, gates_among(defs.sensors or ()), {job.name for job in defs.jobs or ()})
    if translator is None:
        translator = FeatureRegistryTranslator(
            datahub=_is_on_datahub(registry or (defs.resources or {}).get(resource_key))
        )
    translator = with_nodes(checked_translator(translator, "definitions"), contents.nodes)
    parts: dict[str, Any] = {name: getattr(defs, name) for name in signature(dg.Definitions).parameters}
    parts["assets"] = merged_assets(assets, registry_assets(contents.without_dataset, translator))
    publishing = _publishing(defs, contents, job_name, gate_name, approvals, resource_key, translator)
    resources = dg.Definitions(resources={resource_key: registry} if registry is not None else {})
    return dg.Definitions.merge(dg.Definitions(**parts), publishing, resources)


def _publishing(
    defs: dg.Definitions,
    contents: Contents,
    job_name: str,
    gate_name: str | None,
    approvals: str | PathLike[str] | None,
    resource_key: str,
    translator: FeatureRegistryTranslator,
) -> dg.Definitions:
    """The publish job and the gate, for what has none yet. Neither, if all that is declared has a publish job."""
    keys, left = list(contents.without_job), contents.without_gate
    if contents.declared and not keys:
        return dg.Definitions()
    _check_job_name(defs, job_name)
    gate = new_gate(
        gate_name or default_gate_name(job_name),
        job_name,
        list(left),
        approvals=approvals,
        translator=translator,
        renamed=other_keys(left.values(), translator),
    )
    job = publish_job(keys, name=job_name, resource_key=resource_key, translator=translator)
    return dg.Definitions(jobs=[job], sensors=[gate] if left else [])


def _check_job_name(defs: dg.Definitions, name: str) -> None:
    if any(job.name == name for job in defs.jobs or ()):
        raise InvalidDeclaration(
            f"definitions: there is a job {name!r} already; set job_name to another name, for the assets that it "
            "does not take"
        )


def _check_arguments(defs: object, registry: object) -> None:
    if not isinstance(defs, dg.Definitions):
        raise InvalidDeclaration(
            f"definitions takes a dg.Definitions, got {type(defs).__name__}; write "
            "rd.definitions(dg.Definitions(assets=[...]))"
        )
    _check_registry(registry)


def _is_on_datahub(resource: object) -> bool:
    return isinstance(resource, FeatureRegistry) and resource.is_on_datahub


def _check_registry(registry: object) -> None:
    if registry is not None and not isinstance(registry, FeatureRegistry):
        name = registry.__name__ if isinstance(registry, type) else type(registry).__name__
        raise InvalidDeclaration(f"definitions: registry is {name}; use rd.FeatureRegistry(target=...)")

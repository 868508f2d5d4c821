"""One call around a code location's definitions adds everything that the registry needs in Dagster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import signature
from os import PathLike
from typing import Any, cast

import dagster as dg

from registry_dagster.dagster.declare.declaration import Declaration, declared_in
from registry_dagster.dagster.gate.sensor import publish_sensor
from registry_dagster.dagster.graph.external_assets import materialization_deps, registry_assets
from registry_dagster.dagster.names import JOB_NAME, PUBLISH_JOB, RESOURCE_KEY
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
) -> dg.Definitions:
    """The given definitions, with what publishing their declared assets needs.

    Adds the publish job, the gate (stopped until somebody starts it), and external assets on both sides
    of the declared ones: the upstream systems they are made from, and `registry/<dataset>` with the
    published versions. Does not change how and when the given assets run. Publishes nothing.

        defs = rd.definitions(dg.Definitions(assets=[synapses]), registry=rd.FeatureRegistry())

    Args:
        defs: A code location's own definitions.
        registry: The resource. Default: the one in `defs` under `resource_key`.
        approvals: The path of a reviewed file of approvals for the gate.
        resource_key: The key of the resource.
        job_name: Name of the publish job.

    Raises:
        InvalidDeclaration: an argument is not what it must be.
    """
    _check_arguments(defs, registry)
    declared = declared_in(defs.assets or ())
    job = publish_job(declared, name=job_name, resource_key=resource_key)
    extra = dg.Definitions(
        assets=registry_assets(declared),
        jobs=[job],
        sensors=[publish_sensor(job=job_name, approvals=approvals, assets=list(declared))] if declared else [],
        resources={resource_key: registry} if registry is not None else {},
    )
    return dg.Definitions.merge(_with_upstream_systems(defs, declared, job_name), extra)


def _check_arguments(defs: object, registry: object) -> None:
    if not isinstance(defs, dg.Definitions):
        raise InvalidDeclaration(
            f"definitions takes a dg.Definitions, got {type(defs).__name__}; write "
            "rd.definitions(dg.Definitions(assets=[...]))"
        )
    _check_registry(registry)


def _check_registry(registry: object) -> None:
    if registry is not None and not isinstance(registry, FeatureRegistry):
        name = registry.__name__ if isinstance(registry, type) else type(registry).__name__
        raise InvalidDeclaration(f"definitions: registry is {name}; use rd.FeatureRegistry(target=...)")


def _with_upstream_systems(
    defs: dg.Definitions, declared: Mapping[dg.AssetKey, Declaration], job_name: str
) -> dg.Definitions:
    """The same definitions, where each declared asset depends on its upstream systems and knows the publish job."""

    def mapped(asset: object) -> object:
        if isinstance(asset, dg.AssetSpec):
            return added(asset)
        if not isinstance(asset, dg.AssetsDefinition) or declared.keys().isdisjoint(asset.keys):
            return asset
        # Dagster takes no further deps on a graph asset.
        takes_deps = isinstance(asset.node_def, dg.OpDefinition)
        return asset.map_asset_specs(lambda spec: added(spec, takes_deps))

    def added(spec: dg.AssetSpec, takes_deps: bool = True) -> dg.AssetSpec:
        if spec.key not in declared:
            return spec
        deps = materialization_deps(declared[spec.key]) if takes_deps else []
        return _downstream(spec, deps).merge_attributes(metadata={PUBLISH_JOB: job_name})

    parts: dict[str, Any] = {name: getattr(defs, name) for name in signature(dg.Definitions).parameters}
    parts["assets"] = [mapped(asset) for asset in defs.assets or ()]
    return dg.Definitions(**parts)


def _downstream(spec: dg.AssetSpec, systems: Sequence[dg.AssetDep]) -> dg.AssetSpec:
    own = {dep.asset_key for dep in spec.deps}
    deps = [dep for dep in systems if dep.asset_key not in own]
    return _with_deps(spec, deps) if deps else spec


def _with_deps(spec: dg.AssetSpec, deps: Sequence[dg.AssetDep]) -> dg.AssetSpec:
    spec = spec.merge_attributes(deps=deps)
    # An upstream system's asset has no event before the first publish, and an automation condition would wait
    # for one. Ignoring it leaves the author's condition as it was.
    ignore = getattr(cast("object", spec.automation_condition), "ignore", None)
    if ignore is None:
        return spec
    alone = dg.AssetSelection.assets(*(dep.asset_key for dep in deps))
    return spec.replace_attributes(automation_condition=ignore(alone))

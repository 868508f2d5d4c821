"""One call around a code location's definitions adds all that the registry brings to Dagster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import signature
from os import PathLike
from typing import Any, cast

import dagster as dg

from registry_dagster.dagster.declare.feature_table import Declaration, declaration_in
from registry_dagster.dagster.gate.sensor import publish_sensor
from registry_dagster.dagster.graph.external_assets import materialization_deps, registry_assets
from registry_dagster.dagster.names import JOB_NAME, PUBLISH_JOB, RESOURCE_KEY
from registry_dagster.dagster.publish.job import publish_job
from registry_dagster.dagster.resource import FeatureRegistry

__all__ = ["definitions"]


def definitions(
    defs: dg.Definitions,
    *,
    registry: FeatureRegistry | None = None,
    approvals: str | PathLike[str] | None = None,
    resource_key: str = RESOURCE_KEY,
    job_name: str = JOB_NAME,
) -> dg.Definitions:
    """The given definitions, and what publishing their declared assets needs.

    Adds the publish job, the gate (stopped until somebody starts it), and external assets on both sides
    of the declared ones: the upstream systems they are made from, and `registry/<dataset>` with the
    published versions. Changes nothing about how and when the given assets run. Publishes nothing.

        defs = rd.definitions(dg.Definitions(assets=[synapses]), registry=rd.FeatureRegistry())

    Args:
        defs: A code location's own definitions.
        registry: The resource. Default: the one they hold under `resource_key`.
        approvals: A reviewed file of approvals for the gate.
        resource_key: Under which key the resource stands.
        job_name: Name of the publish job.
    """
    declared = _declared(defs)
    job = publish_job(declared, name=job_name, resource_key=resource_key)
    extra = dg.Definitions(
        assets=registry_assets(declared),
        jobs=[job],
        sensors=[publish_sensor(job=job_name, approvals=approvals, assets=list(declared))] if declared else [],
        resources={resource_key: registry} if registry is not None else {},
    )
    return dg.Definitions.merge(_with_releases(defs, declared, job_name), extra)


def _declared(defs: dg.Definitions) -> dict[dg.AssetKey, Declaration]:
    specs = [
        spec
        for asset in defs.assets or ()
        if isinstance(asset, dg.AssetsDefinition | dg.AssetSpec)
        for spec in ([asset] if isinstance(asset, dg.AssetSpec) else asset.specs)
    ]
    found = {spec.key: declaration_in(spec.metadata) for spec in specs}
    return {key: declaration for key, declaration in found.items() if declaration is not None}


def _with_releases(defs: dg.Definitions, declared: Mapping[dg.AssetKey, Declaration], job_name: str) -> dg.Definitions:
    """Each declared asset downstream of the upstream systems it is made from, knowing the publish job."""

    def mapped(asset: object) -> object:
        if isinstance(asset, dg.AssetSpec):
            return (
                added(asset, materialization_deps({asset.key: declared[asset.key]})) if asset.key in declared else asset
            )
        if not isinstance(asset, dg.AssetsDefinition) or declared.keys().isdisjoint(asset.keys):
            return asset
        # Dagster takes no further deps on a graph asset.
        takes_deps = isinstance(asset.node_def, dg.OpDefinition)
        deps = materialization_deps({key: declared[key] for key in asset.keys if key in declared}) if takes_deps else {}
        return asset.map_asset_specs(lambda spec: added(spec, deps))

    def added(spec: dg.AssetSpec, deps: Mapping[dg.AssetKey, Sequence[dg.AssetDep]]) -> dg.AssetSpec:
        if spec.key not in declared:
            return spec
        return _downstream(spec, deps.get(spec.key, ())).merge_attributes(metadata={PUBLISH_JOB: job_name})

    parts: dict[str, Any] = {name: getattr(defs, name) for name in signature(dg.Definitions).parameters}
    parts["assets"] = [mapped(asset) for asset in defs.assets or ()]
    return dg.Definitions(**parts)


def _downstream(spec: dg.AssetSpec, releases: Sequence[dg.AssetDep]) -> dg.AssetSpec:
    own = {dep.asset_key for dep in spec.deps}
    deps = [dep for dep in releases if dep.asset_key not in own]
    if not deps:
        return spec
    spec = spec.merge_attributes(deps=deps)
    # A release is never materialized before its first publish, and a condition would wait for it.
    ignore = getattr(cast("object", spec.automation_condition), "ignore", None)
    if ignore is None:
        return spec
    alone = dg.AssetSelection.assets(*(dep.asset_key for dep in deps))
    return spec.replace_attributes(automation_condition=ignore(alone))

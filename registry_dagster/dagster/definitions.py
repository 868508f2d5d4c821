"""One call around a code location's definitions adds everything that the registry needs in Dagster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from os import PathLike
from typing import Any, cast

import dagster as dg

from registry_dagster.dagster.declare.declaration import Declaration
from registry_dagster.dagster.gate.sensor import publish_sensor
from registry_dagster.dagster.graph.contents import Contents, contents_of, merged_assets
from registry_dagster.dagster.graph.external_assets import (
    materialization_deps,
    other_keys,
    registry_assets,
    system_keys,
)
from registry_dagster.dagster.graph.translator import FeatureRegistryTranslator, checked_translator, with_nodes
from registry_dagster.dagster.names import (
    JOB_NAME,
    PUBLISH_JOB,
    REGISTRY_KEYS,
    RESOURCE_KEY,
    UPSTREAM_OF_TABLES,
    default_gate_name,
)
from registry_dagster.dagster.publish.job import publish_job
from registry_dagster.dagster.resource import FeatureRegistry
from registry_dagster.errors import InvalidDeclaration

__all__ = ["definitions"]

_KEEPS_INPUTS = tuple(map(int, dg.__version__.split(".")[:2])) >= (1, 13)
"""Dagster 1.11 cannot add a dep to an asset that loads an input; on 1.12 that was not tried."""


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

    Adds the publish job, the gate (stopped until somebody starts it), and external assets on both sides
    of the declared ones: the upstream systems they are made from, and `registry/<dataset>` with the
    published versions. Does not change how and when the given assets run. Publishes nothing.

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
    contents = contents_of(assets)
    if translator is None:
        translator = FeatureRegistryTranslator(
            datahub=_is_on_datahub(registry or (defs.resources or {}).get(resource_key))
        )
    translator = with_nodes(checked_translator(translator, "definitions"), contents.nodes)
    parts: dict[str, Any] = {name: getattr(defs, name) for name in signature(dg.Definitions).parameters}
    upstream = system_keys(contents.declared, translator).intersection(contents.nodes.values())
    placed = map(_Placed(contents.declared, upstream, job_name, translator).asset, assets)
    parts["assets"] = merged_assets(list(placed), registry_assets(contents.declared, translator))
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
    """The publish job and the gate. Neither, if all that is declared has a publish job already."""
    keys = list(contents.declared)
    if not keys and contents.has_published:
        return dg.Definitions()
    _check_job_name(defs, job_name)
    gate = publish_sensor(
        job=job_name,
        approvals=approvals,
        assets=keys,
        name=gate_name or default_gate_name(job_name),
        translator=translator,
    )
    job = publish_job(keys, name=job_name, resource_key=resource_key, translator=translator)
    return dg.Definitions(jobs=[job], sensors=[gate] if keys else [])


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


@dataclass(frozen=True)
class _Placed:
    """Puts declared assets into the graph: each depends on its upstream systems and knows its publish job.

    Args:
        declared: The assets.
        upstream: The materializations assets among the upstream systems.
        job_name: Name of the publish job.
        translator: How the assets beside them look.
    """

    declared: Mapping[dg.AssetKey, Declaration]
    upstream: frozenset[dg.AssetKey]
    job_name: str
    translator: FeatureRegistryTranslator

    def asset(self, asset: object) -> object:
        """Any asset, changed if it is, or makes, a declared one."""
        if isinstance(asset, dg.AssetSpec):
            return self._spec(asset)
        if not isinstance(asset, dg.AssetsDefinition) or self._leaves(asset):
            return asset
        takes_deps = _takes_deps(asset)
        return asset.map_asset_specs(lambda spec: self._spec(spec, takes_deps))

    def _leaves(self, asset: dg.AssetsDefinition) -> bool:
        return self.declared.keys().isdisjoint(asset.keys) and self.upstream.isdisjoint(asset.keys)

    def _spec(self, spec: dg.AssetSpec, takes_deps: bool = True) -> dg.AssetSpec:
        declaration = self.declared.get(spec.key)
        if spec.key in self.upstream:
            return spec.merge_attributes(metadata={UPSTREAM_OF_TABLES: True})
        if declaration is None:
            return spec
        keys = other_keys(declaration, self.translator)
        metadata = {PUBLISH_JOB: self.job_name, **({REGISTRY_KEYS: keys} if keys else {})}
        added = _new_deps(spec, materialization_deps(declaration, self.translator)) if takes_deps else []
        # One call, since each makes the whole spec anew, and a code location has thousands.
        return spec.replace_attributes(
            metadata={**spec.metadata, **metadata},
            deps=[*spec.deps, *added],
            automation_condition=_condition_without(cast("Any", spec.automation_condition), added),
        )


def _takes_deps(asset: dg.AssetsDefinition) -> bool:
    """Whether Dagster takes further deps: on no graph asset, and before 1.13 not on one that loads its inputs."""
    node = asset.node_def
    return isinstance(node, dg.OpDefinition) and (_KEEPS_INPUTS or not any(map(_is_loaded, node.ins.values())))


def _is_loaded(given: dg.In) -> bool:
    return not getattr(cast("object", given.dagster_type), "is_nothing", False)


def _new_deps(spec: dg.AssetSpec, systems: Sequence[dg.AssetDep]) -> list[dg.AssetDep]:
    own = {dep.asset_key for dep in spec.deps}
    return [dep for dep in systems if dep.asset_key not in own]


def _condition_without(condition: Any, deps: Sequence[dg.AssetDep]) -> Any:
    """The condition as its author wrote it, which would now wait for upstream systems.

    The asset of an upstream system has no event before the first publish, so the condition ignores it.
    """
    ignore = getattr(condition, "ignore", None)
    if ignore is None or not deps:
        return condition
    return ignore(dg.AssetSelection.assets(*(dep.asset_key for dep in deps)))

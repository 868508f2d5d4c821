"""What checks of published versions share: one check for each dataset, on its asset `registry/<dataset>`."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, cast

import dagster as dg

from registry_dagster.dagster.declare.declaration import asset_keys, declared_in
from registry_dagster.dagster.graph.translator import FeatureRegistryTranslator, checked_translator, dataset_key
from registry_dagster.dagster.resource import FeatureRegistry
from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.names import parse_version
from registry_dagster.registry.registry import Registry

__all__ = ["CheckKind", "CheckRun", "Checkable", "Finding", "dataset_checks"]

Checkable = dg.AssetsDefinition | dg.AssetSpec | str
"""A declared asset, or the name of a dataset."""


@dataclass(frozen=True)
class CheckKind:
    """One kind of check.

    Args:
        function: The public function that makes these checks, for errors.
        name: The check's name on every asset.
        summary: What the op does.
        claim: What is true if a check passes; `{dataset}` is the dataset's name.
    """

    function: str
    name: str
    summary: str
    claim: str


@dataclass(frozen=True)
class CheckRun:
    """What a run of checks looks at.

    Args:
        registry: The registry, open.
        resource: The resource that opened it.
        instance: Dagster's instance.
    """

    registry: Registry
    resource: FeatureRegistry
    instance: dg.DagsterInstance


@dataclass(frozen=True)
class Finding:
    """What was found of one dataset.

    Args:
        passed: Whether the check passes.
        description: The finding in a sentence or two. Dagster's alerts carry it.
        metadata: The evidence.
        is_broken: Whether something is known to be wrong, so that the UI draws the asset as failed.
    """

    passed: bool
    description: str
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    is_broken: bool = False


Look = Callable[[CheckRun], Callable[[str], Finding]]
"""What a run does once, and then for the name of each dataset."""


def dataset_checks(
    of: Iterable[Checkable],
    kind: CheckKind,
    look: Look,
    *,
    resource_key: str,
    name: str,
    translator: FeatureRegistryTranslator | None,
) -> dg.AssetChecksDefinition:
    """A check of one kind for each dataset. It blocks nothing, and runs when launched.

    Args:
        of: Declared assets, or names of datasets.
        kind: The kind.
        look: What a run does.
        resource_key: The key of the `FeatureRegistry` resource.
        name: Name of the op.
        translator: Knows the keys of the datasets' assets. Default: the keys are `registry/<dataset>`.

    Raises:
        InvalidDeclaration: an asset has no declaration, a text is not the name of a dataset, or `translator` is not
            a translator.
    """
    datasets = _all_datasets(of, kind.function)
    chosen = checked_translator(translator, kind.function)
    by_asset = {dataset_key(chosen, dataset): dataset for dataset in datasets}
    checks = {f"dataset_{place}": _spec(kind, key, dataset) for place, (key, dataset) in enumerate(by_asset.items())}

    @dg.op(
        name=name,
        description=kind.summary,
        ins={of_dataset: dg.In(dg.Nothing) for of_dataset in checks},
        out={of_dataset: dg.Out(dg.Nothing, is_required=False) for of_dataset in checks},
        required_resource_keys={resource_key},
    )
    def check(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        resource: FeatureRegistry = getattr(context.resources, resource_key)
        wanted = {check.asset_key for check in context.selected_asset_check_keys}
        with closing(resource.open()) as registry:
            find = look(CheckRun(registry, resource, context.instance))
            for key, dataset in by_asset.items():
                if key in wanted:
                    yield _result(key, kind, find(dataset))

    # Not @multi_asset_check: Dagster 1.11 makes an invalid output name from a key with dots, and later ones make
    # the same name from lab.a_b and lab.a.b.
    return dg.AssetChecksDefinition.create(
        keys_by_input_name={of_dataset: spec.asset_key for of_dataset, spec in checks.items()},
        node_def=check,
        check_specs_by_output_name=checks,
        can_subset=True,
    )


def _spec(kind: CheckKind, key: dg.AssetKey, dataset: str) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(kind.name, asset=key, blocking=False, description=kind.claim.format(dataset=dataset))


def _result(key: dg.AssetKey, kind: CheckKind, found: Finding) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=kind.name,
        passed=found.passed,
        severity=dg.AssetCheckSeverity.ERROR if found.is_broken else dg.AssetCheckSeverity.WARN,
        description=found.description,
        metadata=found.metadata,
    )


def _all_datasets(of: object, function: str) -> list[str]:
    """The names of the datasets to check, each once."""
    if isinstance(of, Checkable):
        raise InvalidDeclaration(f"{function} takes a list, got {type(of).__name__}; write {function}([...])")
    given = cast("Iterable[Checkable]", of)
    return list(dict.fromkeys(dataset for each in given for dataset in _datasets(each, function)))


def _datasets(given: Checkable, function: str) -> Iterable[str]:
    if isinstance(given, str):
        return [parse_version(given).dataset]
    asset = cast("object", given)
    if not isinstance(asset, dg.AssetsDefinition | dg.AssetSpec):
        raise InvalidDeclaration(
            f"{function} takes assets and names of datasets, got {type(asset).__name__}; use the asset itself"
        )
    return _declared_datasets(asset, function)


def _declared_datasets(asset: dg.AssetsDefinition | dg.AssetSpec, function: str) -> list[str]:
    declared = declared_in([asset])
    if not declared:
        names = ", ".join(sorted(key.to_user_string() for key in asset_keys([asset], function)))
        raise InvalidDeclaration(f"asset {names} has no declaration; put @feature_table(...) above it")
    return [declaration.template.dataset.name for declaration in declared.values()]

"""Asset checks on `registry/<dataset>`: are records and tables still as they were published?"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from typing import Any, cast

import dagster as dg

from registry_dagster.dagster.declare.declaration import asset_keys, declared_in
from registry_dagster.dagster.names import CHECK_NAME, RESOURCE_KEY, VERIFY_OP_NAME, registry_key
from registry_dagster.dagster.pin.storage_options import resolve_options
from registry_dagster.dagster.resource import FeatureRegistry
from registry_dagster.errors import InvalidDeclaration, NotPublished
from registry_dagster.model.markdown import code, plain
from registry_dagster.model.names import parse_version
from registry_dagster.model.words import first_rows
from registry_dagster.registry.registry import Registry
from registry_dagster.registry.verifier import Verification

__all__ = ["verify_checks"]

_MOST_ROWS = 50


def verify_checks(
    of: Iterable[dg.AssetsDefinition | dg.AssetSpec | str],
    *,
    resource_key: str = RESOURCE_KEY,
    name: str = VERIFY_OP_NAME,
) -> dg.AssetChecksDefinition:
    """A check for each dataset, on its asset `registry/<dataset>`: are all of its versions still as published?

    A check passes if every version that is not retired is intact. Otherwise it warns, and its metadata shows
    what was found for each version. It blocks nothing and changes nothing. It runs only when somebody launches
    it, or a job of it: `dg.define_asset_job("verify", dg.AssetSelection.checks(checks))`.

        checks = rd.verify_checks([synapses])
        defs = rd.definitions(dg.Definitions(assets=[synapses], asset_checks=[checks]), registry=rd.FeatureRegistry())

    Args:
        of: Declared assets, or names of datasets.
        resource_key: The key of the `FeatureRegistry` resource.
        name: Name of the op. Several such definitions need different names.

    Raises:
        InvalidDeclaration: an asset has no declaration, or a text is not the name of a dataset.
    """
    datasets = _all_datasets(of)
    checks = {f"dataset_{place}": _spec(dataset) for place, dataset in enumerate(datasets)}
    by_asset = dict(zip((spec.asset_key for spec in checks.values()), datasets, strict=True))

    @dg.op(
        name=name,
        description="Check whether published versions are intact: their records and their tables.",
        ins={of_dataset: dg.In(dg.Nothing) for of_dataset in checks},
        out={of_dataset: dg.Out(dg.Nothing, is_required=False) for of_dataset in checks},
        required_resource_keys={resource_key},
    )
    def verify(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        resource: FeatureRegistry = getattr(context.resources, resource_key)
        wanted = {check.asset_key for check in context.selected_asset_check_keys}
        options = resolve_options(resource.storage_options)
        with closing(resource.open()) as registry:
            for key, dataset in by_asset.items():
                if key in wanted:
                    yield _result(key, _verified(registry, dataset, options))

    # Not @multi_asset_check: Dagster 1.11 makes an invalid output name from a key with dots, and later ones make
    # the same name from lab.a_b and lab.a.b.
    return dg.AssetChecksDefinition.create(
        keys_by_input_name={of_dataset: spec.asset_key for of_dataset, spec in checks.items()},
        node_def=verify,
        check_specs_by_output_name=checks,
        can_subset=True,
    )


def _spec(dataset: str) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        CHECK_NAME,
        asset=registry_key(dataset),
        blocking=False,
        description=f"The records of {dataset} are as published, and their tables exist unchanged.",
    )


def _all_datasets(of: object) -> list[str]:
    """The names of the datasets to check, each once."""
    if isinstance(of, str | dg.AssetsDefinition | dg.AssetSpec):
        raise InvalidDeclaration(f"verify_checks takes a list, got {type(of).__name__}; write verify_checks([...])")
    given = cast("Iterable[dg.AssetsDefinition | dg.AssetSpec | str]", of)
    return list(dict.fromkeys(dataset for each in given for dataset in _datasets(each)))


def _datasets(given: dg.AssetsDefinition | dg.AssetSpec | str) -> Iterable[str]:
    if isinstance(given, str):
        return [parse_version(given).dataset]
    asset = cast("object", given)
    if not isinstance(asset, dg.AssetsDefinition | dg.AssetSpec):
        raise InvalidDeclaration(
            f"verify_checks takes assets and names of datasets, got {type(asset).__name__}; use the asset itself"
        )
    return _declared_datasets(asset)


def _declared_datasets(asset: dg.AssetsDefinition | dg.AssetSpec) -> list[str]:
    declared = declared_in([asset])
    if not declared:
        names = ", ".join(sorted(key.to_user_string() for key in asset_keys([asset], "verify_checks")))
        raise InvalidDeclaration(f"asset {names} has no declaration; put @feature_table(...) above it")
    return [declaration.template.dataset.name for declaration in declared.values()]


def _verified(registry: Registry, dataset: str, storage_options: dict[str, Any] | None) -> Sequence[Verification]:
    try:
        return list(registry.verify_all(dataset, storage_options=storage_options))
    except NotPublished:
        return ()


def _result(key: dg.AssetKey, found: Sequence[Verification]) -> dg.AssetCheckResult:
    not_intact = [each for each in found if each.state != "intact"]
    states = Counter(each.state for each in found)
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=CHECK_NAME,
        passed=all(map(_is_as_expected, found)),
        severity=dg.AssetCheckSeverity.WARN,
        description=_description(states),
        metadata={"versions": len(found), **states, **_evidence(not_intact)},
    )


def _is_as_expected(found: Verification) -> bool:
    """Whether a version is intact; the table of a retired one may be gone."""
    return found.state == "intact" or (found.retired and not found.damaged)


def _description(states: Counter[str]) -> str:
    if not states:
        return "No version is published yet."
    counts = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    return f"Of {sum(states.values())} published versions: {counts}."


def _evidence(not_intact: Sequence[Verification]) -> dict[str, Any]:
    if not not_intact:
        return {}
    return {
        "not intact": dg.MetadataValue.md(_table(not_intact)),
        "evidence": dg.MetadataValue.json({each.version: each.to_dict() for each in not_intact[:_MOST_ROWS]}),
    }


def _table(not_intact: Sequence[Verification]) -> str:
    rows = [(code(each.version), each.state, plain(_why(each))) for each in not_intact]
    return first_rows(("version", "is", "why"), rows, _MOST_ROWS)


def _why(found: Verification) -> str:
    reasons = [*(["retired"] if found.retired else []), *(found.record or ())]
    return "; ".join([*reasons, *([found.table.reason] if found.table and found.table.state != "intact" else [])])

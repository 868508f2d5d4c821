"""Asset checks on `registry/<dataset>`: do the published versions still stand, record and table?"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from typing import Any

import dagster as dg

from registry_dagster.dagster.declare.feature_table import declaration_in
from registry_dagster.dagster.names import CHECK_NAME, RESOURCE_KEY, VERIFY_OP_NAME, registry_key
from registry_dagster.dagster.pin.storage_options import resolved
from registry_dagster.dagster.resource import FeatureRegistry
from registry_dagster.errors import InvalidDeclaration, NotPublished
from registry_dagster.model.names import parse_version
from registry_dagster.model.words import table_row
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
    """A check for each dataset, on its asset `registry/<dataset>`: do all of its published versions still stand?

    A check passes when every version that is not retired is intact. Otherwise it warns, with what was found of
    each version as its metadata. It blocks nothing and changes nothing, and runs only when somebody asks for it,
    or schedules a job of it: `dg.define_asset_job("verify", dg.AssetSelection.checks(checks))`.

        checks = rd.verify_checks([synapses])
        defs = rd.definitions(dg.Definitions(assets=[synapses], asset_checks=[checks]), registry=rd.FeatureRegistry())

    Args:
        of: Declared assets, or names of datasets.
        resource_key: Under which key the definitions hold the `FeatureRegistry` resource.
        name: Name of the op; of several such definitions each needs its own.

    Raises:
        InvalidDeclaration: an asset carries no declaration, or a name is none of a dataset.
    """
    datasets = list(dict.fromkeys(dataset for each in of for dataset in _datasets(each)))
    checks = {f"dataset_{place}": _spec(dataset) for place, dataset in enumerate(datasets)}
    by_asset = dict(zip((spec.asset_key for spec in checks.values()), datasets, strict=True))

    @dg.op(
        name=name,
        description="Look whether published versions still stand: their records and their tables.",
        ins={of_dataset: dg.In(dg.Nothing) for of_dataset in checks},
        out={of_dataset: dg.Out(dg.Nothing, is_required=False) for of_dataset in checks},
        required_resource_keys={resource_key},
    )
    def verify(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        resource: FeatureRegistry = getattr(context.resources, resource_key)
        wanted = {check.asset_key for check in context.selected_asset_check_keys}
        options = resolved(resource.storage_options)
        with closing(resource.open()) as registry:
            for key, dataset in by_asset.items():
                if key in wanted:
                    yield _result(key, _verified(registry, dataset, options))

    # Not by @multi_asset_check: Dagster 1.11 makes no valid name of a key with dots, and newer ones the same
    # name of lab.a_b and lab.a.b.
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
        description=f"Records of {dataset} are as published, and their tables are still there as they were.",
    )


def _datasets(given: dg.AssetsDefinition | dg.AssetSpec | str) -> Iterator[str]:
    if isinstance(given, str):
        yield parse_version(given).dataset
        return
    specs = [given] if isinstance(given, dg.AssetSpec) else list(given.specs)
    declared = [declaration for spec in specs if (declaration := declaration_in(spec.metadata))]
    if not declared:
        names = ", ".join(spec.key.to_user_string() for spec in specs)
        raise InvalidDeclaration(f"asset {names} carries no declaration; put @feature_table(...) above it")
    yield from (declaration.template.dataset.name for declaration in declared)


def _verified(registry: Registry, dataset: str, storage_options: dict[str, Any] | None) -> Sequence[Verification]:
    try:
        return list(registry.verify_all(dataset, storage_options=storage_options))
    except NotPublished:
        return ()


def _result(key: dg.AssetKey, found: Sequence[Verification]) -> dg.AssetCheckResult:
    amiss = [each for each in found if each.state != "intact"]
    states = Counter(each.state for each in found)
    counts = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    metadata: dict[str, Any] = {"versions": len(found), **states}
    if amiss:
        metadata["not intact"] = dg.MetadataValue.md(_table(amiss))
        metadata["evidence"] = dg.MetadataValue.json({each.version: each.to_dict() for each in amiss[:_MOST_ROWS]})
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=CHECK_NAME,
        passed=all(each.retired and not each.damaged for each in amiss),
        severity=dg.AssetCheckSeverity.WARN,
        description=f"Of {len(found)} published versions: {counts}." if found else "No version is published yet.",
        metadata=metadata,
    )


def _table(amiss: Sequence[Verification]) -> str:
    rows = [table_row(f"`{each.version}`", each.state, _why(each)) for each in amiss[:_MOST_ROWS]]
    more = [f"\n… and {len(amiss) - _MOST_ROWS} more"] if len(amiss) > _MOST_ROWS else []
    return "\n".join([table_row("version", "is", "why"), table_row("---", "---", "---"), *rows, *more])


def _why(found: Verification) -> str:
    said = [*(["retired"] if found.retired else []), *(found.record or ())]
    return "; ".join([*said, *([found.table.reason] if found.table and found.table.state != "intact" else [])])

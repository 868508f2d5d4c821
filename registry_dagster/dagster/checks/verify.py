"""Checks: are records and tables still as they were published?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import dagster as dg

from registry_dagster.dagster.checks.dataset_checks import Checkable, CheckKind, CheckRun, Finding, dataset_checks
from registry_dagster.dagster.graph.translator import FeatureRegistryTranslator
from registry_dagster.dagster.names import CHECK_NAME, RESOURCE_KEY, VERIFY_OP_NAME
from registry_dagster.dagster.pin.storage_options import resolve_options
from registry_dagster.errors import NotPublished
from registry_dagster.model.markdown import code, plain
from registry_dagster.model.words import first_rows
from registry_dagster.registry.registry import Registry
from registry_dagster.registry.verifier import Verification

__all__ = ["verify_checks"]

_MOST_ROWS = 50
_KIND = CheckKind(
    function="verify_checks",
    name=CHECK_NAME,
    summary="Check whether published versions are intact: their records and their tables.",
    claim="The records of {dataset} are as published, and their tables exist unchanged.",
)


def verify_checks(
    of: Iterable[Checkable],
    *,
    resource_key: str = RESOURCE_KEY,
    name: str = VERIFY_OP_NAME,
    translator: FeatureRegistryTranslator | None = None,
) -> dg.AssetChecksDefinition:
    """A check for each dataset, on its asset `registry/<dataset>`: are all of its versions still as published?

    A check passes if every version that is not retired is intact. It fails if one is damaged, and warns if that
    could not be found out; its metadata shows what was found for each version. It blocks nothing and changes
    nothing. It runs only when somebody launches it, or a job of it:
    `dg.define_asset_job("verify", dg.AssetSelection.checks(checks))`.

        checks = rd.verify_checks([synapses])
        defs = rd.definitions(dg.Definitions(assets=[synapses], asset_checks=[checks]), registry=rd.FeatureRegistry())

    Args:
        of: Declared assets, or names of datasets.
        resource_key: The key of the `FeatureRegistry` resource.
        name: Name of the op. Several such definitions need different names.
        translator: The one that `definitions` has, if it has one.

    Raises:
        InvalidDeclaration: an asset has no declaration, a text is not the name of a dataset, or `translator` is not
            a translator.
    """
    return dataset_checks(of, _KIND, _start, resource_key=resource_key, name=name, translator=translator)


def _start(run: CheckRun) -> Callable[[str], Finding]:
    options = resolve_options(run.resource.storage_options)
    return lambda dataset: _finding(_verified(run.registry, dataset, options))


def _verified(registry: Registry, dataset: str, storage_options: dict[str, Any] | None) -> Sequence[Verification]:
    try:
        return list(registry.verify_all(dataset, storage_options=storage_options))
    except NotPublished:
        return ()


def _finding(found: Sequence[Verification]) -> Finding:
    not_intact = [each for each in found if each.state != "intact"]
    states = Counter(each.state for each in found)
    return Finding(
        passed=all(map(_is_as_expected, found)),
        description=_description(states),
        metadata={"versions": len(found), **states, **_evidence(not_intact)},
        is_broken=any(each.damaged for each in found),
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

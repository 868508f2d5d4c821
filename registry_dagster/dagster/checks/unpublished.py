"""Checks: does what is published differ from what was materialized since?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from registry_dagster.dagster.checks.dataset_checks import Checkable, CheckKind, CheckRun, Finding, dataset_checks
from registry_dagster.dagster.checks.materializations_since import Since, materializations_since
from registry_dagster.dagster.graph.translator import FeatureRegistryTranslator
from registry_dagster.dagster.names import RESOURCE_KEY, UNPUBLISHED_CHECK_NAME, UNPUBLISHED_OP_NAME
from registry_dagster.dagster.publish.config import Target
from registry_dagster.dagster.publish.frozen_tables import FrozenTable, find_frozen_tables
from registry_dagster.errors import PublishRefused, RegistryError, RegistryUnavailable
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.markdown import code, plain
from registry_dagster.model.words import first_rows
from registry_dagster.registry.registry import Registry

__all__ = ["unpublished_checks"]

_MOST_ROWS = 50
_KIND = CheckKind(
    function="unpublished_checks",
    name=UNPUBLISHED_CHECK_NAME,
    summary="Compare published versions with what was materialized since. Publishes nothing.",
    claim="What was last materialized of {dataset} is published, or has the same content as a published version.",
)
_HEADER = ("asset", "partition", "materializations", "since", "newest run", "why it is not published")


def unpublished_checks(
    of: Iterable[Checkable],
    *,
    resource_key: str = RESOURCE_KEY,
    name: str = UNPUBLISHED_OP_NAME,
    translator: FeatureRegistryTranslator | None = None,
) -> dg.AssetChecksDefinition:
    """A check for each dataset, on its asset `registry/<dataset>`: is what was last materialized published?

    A check warns if an asset or partition that made a version was materialized again since, with other content than
    any published version has: "3 materializations of synapses since hemibrain.synapses@v2". A partition of which
    nothing is published counts if it was materialized after the last publish. It reads Dagster's event log and the
    registry, no table, and publishes nothing.

        checks = rd.unpublished_checks([synapses])
        daily = dg.define_asset_job("unpublished", dg.AssetSelection.checks(checks))

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
    def find(dataset: str) -> Finding:
        versions = run.registry.versions(dataset)
        since = list(materializations_since(run.instance, versions))
        return _finding(versions, since, list(_unpublished(run, since)))

    return find


@dataclass(frozen=True)
class _Unpublished:
    """What was materialized since a version, and is not published.

    Args:
        since: How often.
        run_id: The run of the newest materialization, if it is known.
        why: Why it is not published, in words.
    """

    since: Since
    run_id: str | None
    why: str

    def __str__(self) -> str:
        since = self.since
        partition = f", partition {since.partition}," if since.partition is not None else ""
        return f"{_counted(since.count)} of {since.asset}{partition} since {since.version}: {self.why}"


def _unpublished(run: CheckRun, since: Sequence[Since]) -> Iterable[_Unpublished]:
    targets = [Target(asset=each.asset, partition=each.partition) for each in since]
    for each, frozen in zip(since, find_frozen_tables(run.instance, targets), strict=True):
        why = str(frozen) if isinstance(frozen, PublishRefused) else _why_not_published(run.registry, frozen)
        if why is not None:
            yield _Unpublished(each, None if isinstance(frozen, PublishRefused) else frozen.origin.run_id, why)


def _why_not_published(registry: Registry, frozen: FrozenTable) -> str | None:
    """Why a materialization is not published, in words; None if a version has the same content."""
    try:
        plan = registry.plan(frozen.feature_table, frozen.table, origin=frozen.origin)
    except RegistryUnavailable:
        raise
    except RegistryError as error:
        return f"the newest cannot be published: {error}"
    return "the newest has other content, and is not published" if plan.creates else None


def _finding(versions: Sequence[DatasetVersion], since: Sequence[Since], found: Sequence[_Unpublished]) -> Finding:
    return Finding(
        passed=not found,
        description=_warning(found) if found else _all_clear(versions, since),
        metadata={
            "materializations since": sum(each.since.count for each in found),
            **(_evidence(found) if found else {}),
        },
    )


def _warning(found: Sequence[_Unpublished]) -> str:
    if not found[1:]:
        return f"{found[0]}."
    total = sum(each.since.count for each in found)
    return f"{_counted(total)} of {len(found)} partitions or assets are not published. First: {found[0]}."


def _all_clear(versions: Sequence[DatasetVersion], since: Sequence[Since]) -> str:
    if not versions:
        return "No version is published yet."
    if since:
        return f"{_counted(sum(each.count for each in since))} since, with the same content as a published version."
    return f"Nothing was materialized since {versions[-1].name} that is not published."


def _evidence(found: Sequence[_Unpublished]) -> dict[str, Any]:
    run_id = found[0].run_id
    return {
        **({"newest run": dg.MetadataValue.dagster_run(run_id)} if run_id else {}),
        "not published": dg.MetadataValue.md(first_rows(_HEADER, list(map(_row, found)), _MOST_ROWS)),
    }


def _row(found: _Unpublished) -> tuple[str, ...]:
    since = found.since
    return (
        code(since.asset),
        plain(since.partition or ""),
        f"{since.count:,}",
        code(since.version),
        plain(found.run_id or ""),
        plain(found.why),
    )


def _counted(count: int) -> str:
    return f"{count:,} materialization{'s' if count != 1 else ''}"

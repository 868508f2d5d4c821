"""What a publish would write, looked at before anything is written: too large, or not readable again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from registry_dagster.datahub.limits import refuse_long_urns, size_warnings
from registry_dagster.datahub.pipeline import pipeline_proposals, run_warnings
from registry_dagster.datahub.prerequisites import prerequisite_proposals
from registry_dagster.datahub.proposal import Proposal
from registry_dagster.datahub.urns import owner_urn, user_urn, version_urn
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.registry.plan import Plan
from registry_dagster.registry.records import Records
from registry_dagster.registry.round_trip import check_round_trip

__all__ = ["check_writable", "prerequisites_of"]


def check_writable(
    records: Records,
    plan: Plan,
    record: DatasetVersion,
    proposals: Sequence[Proposal],
    prerequisites: Iterable[Proposal],
) -> tuple[str, ...]:
    """What a person should know of sizes and lengths, and of how the store is written to.

    Args:
        records: Of the registry.
        plan: The plan.
        record: The plan's record, with its provenance.
        proposals: The aspects that it is written as.
        prerequisites: What it points at; see `prerequisites_of`.

    Raises:
        InvalidDeclaration: it would not read back equal, or a name is too long for a URN.
        StoreRefused: it does not fit one request.
    """
    env = records.env
    check_round_trip(record, version_urn(record.name, env), proposals)
    refuse_long_urns(_urns(plan, record, (*proposals, *prerequisites)))
    records.store.check(proposals)
    # Only a server has events and an index of its own; an embedded file has neither.
    sizes = size_warnings(proposals) if records.store.search_lags else ()
    return (*records.store.remarks, *run_warnings(record.provenance, env), *sizes)


def prerequisites_of(record: DatasetVersion, dataset: Dataset, env: str) -> tuple[Proposal, ...]:
    """What a version points at, its run's flow and job among it."""
    return (*prerequisite_proposals(record, dataset), *pipeline_proposals(record, env))


def _urns(plan: Plan, record: DatasetVersion, written: Iterable[Proposal]) -> Iterator[str]:
    """All entities that would be written or referred to."""
    yield user_urn(record.provenance.publisher)
    yield from map(owner_urn, plan.dataset.owners)
    yield from (each.urn for each in written)

"""Run groups: a run and all its re-executions. They make the same table again, so one approval is for one of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import dagster as dg

from registry_dagster.dagster.gate.approval_tags import TagApproval, read_tags
from registry_dagster.dagster.graph.translator import FeatureRegistryTranslator, dataset_key
from registry_dagster.dagster.names import PRODUCING_RUN, ROOT_RUN_TAG, RUN
from registry_dagster.dagster.publish.config import Target
from registry_dagster.dagster.publish.frozen_tables import FrozenTable, find_frozen_tables
from registry_dagster.dagster.publish.pages import all_records
from registry_dagster.model.batches import batches

__all__ = ["RunGroups", "newest_in_place", "published_run", "read_groups", "runs_of"]

_MOST_RUNS = 500


@dataclass(frozen=True)
class RunGroups:
    """Some runs with all other runs of their groups.

    Args:
        runs: Run id → the run. A run that was deleted is missing; it counts as a group of its own.
        by_root: First run of a group → the runs of the group, newest first.
    """

    runs: Mapping[str, dg.RunRecord]
    by_root: Mapping[str, Sequence[str]]

    def root(self, run_id: str) -> str:
        """The first run of a run's group."""
        record = self.runs.get(run_id)
        return record.dagster_run.tags.get(ROOT_RUN_TAG, run_id) if record else run_id

    def members(self, run_id: str) -> Sequence[str]:
        """The runs of a run's group, newest first."""
        return self.by_root.get(self.root(run_id), [run_id])

    def newer(self, run_id: str) -> Sequence[str]:
        """The runs of a run's group that came after it, newest first."""
        members = self.members(run_id)
        return members[: members.index(run_id)]

    def began(self, run_ids: Iterable[str]) -> datetime | None:
        """When the first run of these runs' groups was created; None if that is not known."""
        created = [
            self.runs[each].create_timestamp for run_id in run_ids for each in self.members(run_id) if each in self.runs
        ]
        return min(created, default=None)


def runs_of(instance: dg.DagsterInstance, run_ids: Iterable[str]) -> dict[str, dg.RunRecord]:
    """The runs of these ids; those that were deleted are left out."""
    ids = sorted({run_id for run_id in run_ids if run_id})
    return {
        record.dagster_run.run_id: record
        for some in batches(ids, _MOST_RUNS)
        for record in instance.get_run_records(dg.RunsFilter(run_ids=some))
    }


def read_groups(
    instance: dg.DagsterInstance, run_ids: Iterable[str], known: Mapping[str, dg.RunRecord] | None = None
) -> RunGroups:
    """These runs, and the others of their groups: a few queries for many runs.

    Args:
        instance: Dagster's storage.
        run_ids: The runs.
        known: Runs that were read already, all of the given ones among them. Default: they are read.
    """
    ids = set(run_ids)
    given = runs_of(instance, ids) if known is None else {each: known[each] for each in ids & known.keys()}
    roots = sorted({record.dagster_run.tags.get(ROOT_RUN_TAG, run_id) for run_id, record in given.items()})
    found = {**given, **runs_of(instance, set(roots) - given.keys())}
    for some in batches(roots, _MOST_RUNS):
        again = instance.get_run_records(dg.RunsFilter(tags={ROOT_RUN_TAG: some}))
        found |= {record.dagster_run.run_id: record for record in again}
    by_root: dict[str, list[str]] = {}
    for run_id, record in sorted(found.items(), key=lambda each: each[1].storage_id, reverse=True):
        by_root.setdefault(record.dagster_run.tags.get(ROOT_RUN_TAG, run_id), []).append(run_id)
    return RunGroups(found, by_root)


def newest_in_place(
    instance: dg.DagsterInstance, targets: Sequence[Target], translator: FeatureRegistryTranslator
) -> list[Target]:
    """The targets; in place of each that a tag approved and that is not published, the newest one of its group."""
    groups = read_groups(instance, filter(None, (target.run_id for target in targets)))
    return [_newest(instance, groups, target, translator) for target in targets]


def _newest(
    instance: dg.DagsterInstance, groups: RunGroups, target: Target, translator: FeatureRegistryTranslator
) -> Target:
    if not _is_by_tag(target, groups):
        # The reviewed file, or a person, approved exactly this run.
        return target
    for run_id in groups.newer(target.run_id or ""):
        newer = _target_by_tag(target, groups, run_id)
        if newer is None:
            continue
        (frozen,) = find_frozen_tables(instance, [newer])
        if isinstance(frozen, FrozenTable):
            return target if published_run(instance, groups, target, frozen, translator) else newer
    return target


def _is_by_tag(target: Target, groups: RunGroups) -> bool:
    """Whether a target says what its run's tags say."""
    tagged = _target_by_tag(target, groups, target.run_id or "")
    return tagged is not None and tagged.to_config() == target.to_config()


def _target_by_tag(target: Target, groups: RunGroups, run_id: str) -> Target | None:
    """What a run's tags approve of the target's asset and partition."""
    run = groups.runs.get(run_id)
    approval = run and read_tags(run.dagster_run)
    return approval.target(target.asset, target.partition) if isinstance(approval, TagApproval) else None


def published_run(
    instance: dg.DagsterInstance,
    groups: RunGroups,
    target: Target,
    frozen: FrozenTable,
    translator: FeatureRegistryTranslator,
) -> str | None:
    """The run of a target's group whose table is published, as the dataset's timeline in Dagster shows it.

    Args:
        instance: Dagster's storage.
        groups: With the target's group.
        target: A materialization.
        frozen: What it froze: its dataset has the timeline.
        translator: Knows the key of the dataset's asset.
    """
    members = groups.members(target.run_id or "")
    key = dataset_key(translator, frozen.feature_table.dataset.name)
    events = _published(instance, key, groups.began(members[-1:]))
    runs = (str(event.get(PRODUCING_RUN) or event.get(RUN)) for event in events if _is_of(target, event))
    return next((run_id for run_id in runs if run_id in members), None)


def _is_of(target: Target, event: Mapping[str, Any]) -> bool:
    """Whether an event on a dataset's timeline is about the target's asset and partition."""
    asset = dg.AssetKey.from_user_string(target.asset)
    return event.get("asset") == asset and event.get("partition", target.partition) == target.partition


def _published(instance: dg.DagsterInstance, key: dg.AssetKey, since: datetime | None) -> Iterator[dict[str, Any]]:
    """The metadata of each publish of a dataset, newest first."""
    wanted = dg.AssetRecordsFilter(key, after_timestamp=since.timestamp() if since else None)
    for record in all_records(instance.fetch_materializations, wanted):
        if (event := record.asset_materialization) is not None:
            yield {name: each.value for name, each in event.metadata.items()}

"""What the materializations of targets froze: found in Dagster's event log in few queries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any

import dagster as dg

from registry_dagster.dagster.declare.unpinned import HOW_TO_PIN
from registry_dagster.dagster.names import NOT_PINNED
from registry_dagster.dagster.pin.frozen import Frozen, frozen_in, is_pinned
from registry_dagster.dagster.publish.config import Target
from registry_dagster.dagster.publish.pages import PAGE, all_records
from registry_dagster.errors import InvalidDeclaration, PublishRefused
from registry_dagster.model.batches import grouped
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.source_code import SourceCode
from registry_dagster.model.table import TableFacts
from registry_dagster.model.text import suggestion
from registry_dagster.registry.plan import Origin

__all__ = ["FrozenTable", "find_frozen_tables"]

_PAGES_BEFORE_THE_RUN_IS_ASKED = 2

Slot = tuple[str | None, str | None]
"""Partition and run as a target gives them; None where it leaves one open."""


@dataclass(frozen=True)
class FrozenTable:
    """What a materialization froze: everything that publishing needs.

    Args:
        feature_table, table, origin: The declaration, the table, and what made it.
        materialized_at: When, in seconds since 1970.
        label, draft: As for `Publication`, where the declaration said so.
    """

    feature_table: FeatureTable
    table: TableFacts
    origin: Origin
    materialized_at: float
    label: str | None = None
    draft: bool = False


def find_frozen_tables(instance: dg.DagsterInstance, targets: Sequence[Target]) -> list[FrozenTable | PublishRefused]:
    """What each target's materialization froze, or why it cannot be published. Makes few queries for many targets."""
    records = _find_records(instance, targets)
    missing = set(targets) - records.keys()
    known = [key.to_user_string() for key in instance.get_asset_keys()] if missing else []
    return [
        _frozen_table(target, records[target]) if target in records else _not_materialized(target, known)
        for target in targets
    ]


def _find_records(instance: dg.DagsterInstance, targets: Sequence[Target]) -> dict[Target, dg.EventLogRecord]:
    records: dict[Target, dg.EventLogRecord] = {}
    for some in grouped(targets, key=lambda target: target.asset).values():
        records |= _newest_records(instance, some)
    return records


def _newest_records(instance: dg.DagsterInstance, targets: Sequence[Target]) -> dict[Target, dg.EventLogRecord]:
    """The newest materialization of one asset that fits each target.

    Nothing is read once all are found. Targets that name an old run may be behind any number of newer records,
    so after some pages the event log of that run itself is read in place of the asset's.
    """
    waiting = _Waiting(targets)
    for record in _newest_first(instance, targets):
        waiting.take(record)
        if not waiting.slots:
            return waiting.found
    for record in _records_of_runs(instance, waiting.run_ids, _key(targets[0])):
        waiting.take(record)
    return waiting.found


class _Waiting:
    """Targets of one asset, and the records that were found for them.

    Records come newest first, and a slot is taken by the first record that fits it: `slots` loses the
    slot with its record, so an older record never replaces a newer one.
    """

    def __init__(self, targets: Sequence[Target]) -> None:
        self.slots: dict[Slot, list[Target]] = grouped(targets, key=lambda each: (each.partition, each.run_id))
        self.found: dict[Target, dg.EventLogRecord] = {}

    @property
    def run_ids(self) -> set[str]:
        """The runs that targets without a record name."""
        return {run_id for _, run_id in self.slots if run_id is not None}

    def take(self, record: dg.EventLogRecord) -> None:
        """Give the record to the targets that it fits."""
        for slot in _slots_for(record):
            self.found |= dict.fromkeys(self.slots.pop(slot, ()), record)


def _slots_for(record: dg.EventLogRecord) -> Iterator[Slot]:
    """The slots that a record fits: a target gives its partition and run, or leaves either open."""
    for run_id in (record.run_id, None):
        yield record.partition_key, run_id
        if record.partition_key is not None:
            yield None, run_id


def _newest_first(instance: dg.DagsterInstance, targets: Sequence[Target]) -> Iterator[dg.EventLogRecord]:
    """Materializations of the targets' asset, page by page. Stops early if every target names its run."""
    wanted = dg.AssetRecordsFilter(asset_key=_key(targets[0]), asset_partitions=_partitions_of(targets))
    page_size = 1 if _is_newest_enough(targets) else PAGE
    return all_records(instance.fetch_materializations, wanted, page_size=page_size, pages=_pages(targets))


def _is_newest_enough(targets: Sequence[Target]) -> bool:
    """Whether the first record will do: there is a single target, and it leaves the run open."""
    return len(targets) == 1 and targets[0].run_id is None


def _partitions_of(targets: Sequence[Target]) -> list[str] | None:
    """The partitions to read; None if a target leaves its partition open."""
    partitions = [target.partition for target in targets if target.partition is not None]
    return partitions if len(partitions) == len(targets) else None


def _pages(targets: Sequence[Target]) -> Iterable[int]:
    every_run_is_known = all(target.run_id is not None for target in targets)
    return range(_PAGES_BEFORE_THE_RUN_IS_ASKED) if every_run_is_known else count()


def _records_of_runs(
    instance: dg.DagsterInstance, run_ids: Iterable[str], asset: dg.AssetKey
) -> Iterator[dg.EventLogRecord]:
    for run_id in run_ids:
        yield from (record for record in _records_of_run(instance, run_id) if record.asset_key == asset)


def _records_of_run(instance: dg.DagsterInstance, run_id: str) -> Iterator[dg.EventLogRecord]:
    fetch = partial(instance.get_records_for_run, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION, ascending=False)
    return all_records(fetch, run_id)


def _frozen_table(target: Target, record: dg.EventLogRecord) -> FrozenTable | PublishRefused:
    materialization = record.asset_materialization
    if not is_pinned(materialization) or NOT_PINNED in materialization.metadata:
        return _not_pinned(target, record)
    try:
        frozen = frozen_in(materialization.metadata)
        origin = _origin(target.asset, record, frozen)
        if target.partition is None and origin.partition is not None:
            return PublishRefused(f"asset {target.asset!r} is partitioned; set partition, e.g. to {origin.partition!r}")
        return FrozenTable(frozen.feature_table, frozen.facts, origin, record.timestamp, frozen.label, frozen.draft)
    except InvalidDeclaration as error:
        return PublishRefused(
            f"this version of registry-dagster cannot read what the materialization of {target.asset!r} in run "
            f"{record.run_id} froze; materialize it again. {error}"
        )


def _origin(asset: str, record: dg.EventLogRecord, frozen: Frozen) -> Origin:
    parts: dict[str, Any] = dict(frozen.origin)
    one_for_all = parts.pop("partitions", "each") == "all"
    partition = None if one_for_all else record.partition_key
    if code := parts.pop("code", None):
        parts["code"] = SourceCode.from_json(code)
    return Origin(run_id=record.run_id or None, asset=asset, partition=partition, **parts)


def _not_pinned(target: Target, record: dg.EventLogRecord) -> PublishRefused:
    materialization = record.asset_materialization
    if materialization is not None and NOT_PINNED in materialization.metadata:
        why = materialization.metadata[NOT_PINNED].value
        return PublishRefused(f"the table of {target.asset!r} was not pinned: {why}")
    return PublishRefused(
        f"the materialization of {target.asset!r} in run {record.run_id} has no pinned table. {HOW_TO_PIN}. Then "
        "materialize it again. Only an asset that is declared with @rd.feature_table can be pinned"
    )


def _not_materialized(target: Target, known: Sequence[str]) -> PublishRefused:
    if target.asset not in known:
        return PublishRefused(
            f"asset {target.asset!r} has not been materialized{suggestion(target.asset, known)} Materialize it first, "
            "or correct the asset key (as the asset's page shows it, parts joined by /)"
        )
    partition = f", partition {target.partition!r}," if target.partition is not None else ""
    run = f" in run {target.run_id}" if target.run_id else ""
    return PublishRefused(
        f"asset {target.asset!r}{partition} has not been materialized{run}; materialize it first, or use another "
        "partition or run"
    )


def _key(target: Target) -> dg.AssetKey:
    return dg.AssetKey.from_user_string(target.asset)

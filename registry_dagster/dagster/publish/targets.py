"""Which materializations a publish is asked for, and what they froze."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from registry_dagster.dagster.names import DECLARATION, NOT_PINNED, ORIGIN, TABLE
from registry_dagster.errors import InvalidDeclaration, PublishRefused
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.table import TableFacts
from registry_dagster.model.text import suggestion
from registry_dagster.registry.plan import Origin

__all__ = ["Materialized", "Target", "find_targets"]

_PAGE = 1000
_PAGES_BEFORE_THE_RUN_IS_ASKED = 2


@dataclass(frozen=True, kw_only=True)
class Target:
    """One materialization to publish.

    Args:
        asset: The asset key, its parts joined by /.
        message: Why it is published.
        partition: The partition key, for a partitioned asset.
        run_id: The run that made the table. Default: the newest.
        label: A human alias of the version.
        publisher: Who publishes. Default: the registry's.
    """

    asset: str
    message: str
    partition: str | None = None
    run_id: str | None = None
    label: str | None = None
    publisher: str | None = None

    def __str__(self) -> str:
        partition = f", partition {self.partition!r}" if self.partition is not None else ""
        return f"{self.asset!r}{partition}" + (f" in run {self.run_id}" if self.run_id else "")


@dataclass(frozen=True)
class Materialized:
    """What a materialization froze: everything that publishing needs."""

    feature_table: FeatureTable
    table: TableFacts
    origin: Origin


def find_targets(instance: dg.DagsterInstance, targets: Sequence[Target]) -> list[Materialized | PublishRefused]:
    """What each target's materialization froze, or why it cannot be published. In few look-ups for many targets."""
    by_asset: dict[str, list[Target]] = {}
    for target in targets:
        by_asset.setdefault(target.asset, []).append(target)
    records: dict[Target, dg.EventLogRecord] = {}
    for some in by_asset.values():
        records |= _records(instance, some)
    missing = [target for target in targets if target not in records]
    known = [key.to_user_string() for key in instance.get_asset_keys()] if missing else []
    return [
        _materialized(target, records[target]) if target in records else _not_materialized(target, known)
        for target in targets
    ]


def _records(instance: dg.DagsterInstance, targets: Sequence[Target]) -> dict[Target, dg.EventLogRecord]:
    """The newest materialization of one asset that fits each target."""
    waiting: dict[tuple[str | None, str | None], list[Target]] = {}
    for target in targets:
        waiting.setdefault((target.partition, target.run_id), []).append(target)
    found: dict[Target, dg.EventLogRecord] = {}
    for record in _newest_first(instance, targets):
        for key in _answers(record):
            found |= dict.fromkeys(waiting.pop(key, ()), record)
        if not waiting:
            break
    of_runs = {run_id for _, run_id in waiting if run_id is not None}
    for record in (record for run_id in of_runs for record in _of_run(instance, run_id)):
        if record.asset_key == _key(targets[0]):
            for key in _answers(record):
                found |= dict.fromkeys(waiting.pop(key, ()), record)
    return found


def _answers(record: dg.EventLogRecord) -> Iterator[tuple[str | None, str | None]]:
    """The partition and run that a target must name for this record, or leave open."""
    for run_id in (record.run_id, None):
        yield record.partition_key, run_id
        if record.partition_key is not None:
            yield None, run_id


def _newest_first(instance: dg.DagsterInstance, targets: Sequence[Target]) -> Iterator[dg.EventLogRecord]:
    """Materializations of the targets' asset. Old runs are not looked for here: there may be very many."""
    partitions = [target.partition for target in targets if target.partition is not None]
    wanted = dg.AssetRecordsFilter(
        asset_key=_key(targets[0]), asset_partitions=partitions if len(partitions) == len(targets) else None
    )
    pages = None if any(target.run_id is None for target in targets) else _PAGES_BEFORE_THE_RUN_IS_ASKED
    limit = 1 if len(targets) == 1 and targets[0].run_id is None else _PAGE
    cursor: str | None = None
    while pages is None or pages > 0:
        page = instance.fetch_materializations(wanted, limit=limit, cursor=cursor)
        yield from page.records
        if not page.has_more:
            return
        cursor, pages = page.cursor, None if pages is None else pages - 1


def _of_run(instance: dg.DagsterInstance, run_id: str) -> Iterator[dg.EventLogRecord]:
    cursor: str | None = None
    while True:
        page = instance.get_records_for_run(
            run_id, cursor=cursor, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION, limit=_PAGE, ascending=False
        )
        yield from page.records
        if not page.has_more:
            return
        cursor = page.cursor


def _materialized(target: Target, record: dg.EventLogRecord) -> Materialized | PublishRefused:
    materialization = record.asset_materialization
    metadata: Mapping[str, dg.MetadataValue[Any]] = materialization.metadata if materialization is not None else {}
    if NOT_PINNED in metadata:
        return PublishRefused(f"the table of {target.asset!r} was not pinned: {metadata[NOT_PINNED].value}")
    if materialization is None or TABLE not in metadata or DECLARATION not in metadata:
        return PublishRefused(
            f"the materialization of {target.asset!r} in run {record.run_id} holds no pinned table; the asset must be "
            "declared with @feature_table and return registry.table(context, uri)"
        )
    made: dict[str, Any] = dict(_json(metadata, ORIGIN))
    one_for_all = made.pop("partitions", "each") == "all"
    if target.partition is None and materialization.partition is not None and not one_for_all:
        return PublishRefused(
            f"asset {target.asset!r} is partitioned; name the partition, e.g. {materialization.partition!r}"
        )
    partition = None if one_for_all else materialization.partition
    try:
        return Materialized(
            FeatureTable.from_json(_json(metadata, DECLARATION)),
            TableFacts.from_json(_json(metadata, TABLE)),
            Origin(run_id=record.run_id or None, asset=target.asset, partition=partition, **made),
        )
    except InvalidDeclaration as error:
        return PublishRefused(
            f"this release cannot read what the materialization of {target.asset!r} in run {record.run_id} froze; "
            f"materialize it again. {error}"
        )


def _not_materialized(target: Target, known: Sequence[str]) -> PublishRefused:
    if target.asset not in known:
        return PublishRefused(
            f"asset {target.asset!r} has not been materialized{suggestion(target.asset, known)} Materialize it first, "
            "or check the asset key (as shown in the asset's page, parts joined by /)"
        )
    partition = f", partition {target.partition!r}," if target.partition is not None else ""
    run = f" in run {target.run_id}" if target.run_id else ""
    return PublishRefused(
        f"asset {target.asset!r}{partition} has not been materialized{run}; materialize it first, or name another "
        "partition or run"
    )


def _json(metadata: Mapping[str, dg.MetadataValue[Any]], name: str) -> Any:
    return metadata[name].value if name in metadata else {}


def _key(target: Target) -> dg.AssetKey:
    return dg.AssetKey.from_user_string(target.asset)

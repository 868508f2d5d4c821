"""Dagster's materializations that are newer than what was published of an asset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import dagster as dg

from registry_dagster.dagster.publish.pages import all_records
from registry_dagster.model.batches import grouped
from registry_dagster.model.dataset_version import DatasetVersion

__all__ = ["Since", "materializations_since"]

_MOST_PAGES = 20


@dataclass(frozen=True)
class Since:
    """How often an asset, or a partition of it, was materialized after what was published of it.

    Args:
        asset: The asset's key as text.
        partition: The partition; None if the asset has none, or if all of them make one table.
        version: The version that was published last: of the partition, or of the asset if none is of the partition.
        count: How many materializations are newer; the most recent ones only if there are very many.
    """

    asset: str
    partition: str | None
    version: str
    count: int


def materializations_since(instance: dg.DagsterInstance, versions: Iterable[DatasetVersion]) -> Iterator[Since]:
    """What was materialized after it was published, of each asset and partition that made one of these versions.

    A partition of which nothing is published counts from the moment when anything of its asset was last published.

    Args:
        instance: Dagster's instance.
        versions: The versions of a dataset, lowest number first.
    """
    made = [version for version in versions if version.provenance.dagster_asset]
    for asset, some in grouped(made, key=lambda each: each.provenance.dagster_asset or "").items():
        published = _Published(some)
        counts = _counts(_newest_first(instance, asset), published)
        yield from (Since(asset, slot, published.of(slot).name, count) for slot, count in counts.items())


class _Published:
    """What was published of one asset, by partition."""

    def __init__(self, versions: Sequence[DatasetVersion]) -> None:
        self._by_partition = {each.provenance.dagster_partition: each for each in versions}
        self._last = versions[-1]
        self._at = max(each.provenance.published_at for each in versions).timestamp()

    @property
    def partitions(self) -> set[str | None]:
        return set(self._by_partition)

    def of(self, partition: str | None) -> DatasetVersion:
        """The version that was published last: of the partition, else of the asset."""
        return self._by_partition.get(partition, self._last)

    def slot(self, record: dg.EventLogRecord) -> str | None:
        """The partition that a materialization counts for; None if all of them make one table."""
        return None if None in self._by_partition else record.partition_key

    def is_published(self, record: dg.EventLogRecord) -> bool:
        """Whether a materialization is the one that was published last, or, of another partition, was made before."""
        version = self._by_partition.get(self.slot(record))
        return self._is_before(record) if version is None else version.provenance.dagster_run_id == record.run_id

    def _is_before(self, record: dg.EventLogRecord) -> bool:
        return record.timestamp <= self._at

    def are_all_in(self, seen: set[str | None], record: dg.EventLogRecord) -> bool:
        """Whether older materializations than this one count for nothing, once these partitions were seen."""
        return self._is_before(record) and self.partitions <= seen


def _counts(records: Iterable[dg.EventLogRecord], published: _Published) -> Mapping[str | None, int]:
    """Partition → how many of the materializations are newer than what was published.

    Args:
        records: The asset's materializations, newest first.
        published: What was published.
    """
    counts: Counter[str | None] = Counter()
    seen: set[str | None] = set()
    for record in records:
        slot = published.slot(record)
        if published.is_published(record):
            seen.add(slot)
        elif slot not in seen:
            counts[slot] += 1
        if published.are_all_in(seen, record):
            break
    return counts


def _newest_first(instance: dg.DagsterInstance, asset: str) -> Iterator[dg.EventLogRecord]:
    key = dg.AssetKey.from_user_string(asset)
    return all_records(instance.fetch_materializations, key, pages=range(_MOST_PAGES))

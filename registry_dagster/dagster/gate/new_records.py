"""Which materializations are new to the gate.

Only a run with a tag can approve by a tag, so most ticks ask for the runs that lately did something, and read the
assets of those that are tagged. Dagster has no cheaper question for many assets than one that reads the last
materialization of each, so that is done only at first, once an hour, and after a tick that could not read all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

import dagster as dg

from registry_dagster.dagster.gate.approval_tags import is_tagged
from registry_dagster.dagster.gate.cursor import Cursor
from registry_dagster.model.batches import batches

__all__ = ["NewRecords"]

_MOST_RECORDS = 1000
_MOST_ASSETS = 500
_SECONDS_BETWEEN_SCANS = 3600
_SECONDS_CLOCKS_DIFFER = 120
_RUNNING = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


@dataclass
class NewRecords:
    """The materializations that were not read yet.

    Args:
        instance: Dagster's storage.
        assets: Keys of the assets, as text.
        cursor: What was read; it is updated.
        now: Seconds since 1970.
        more: Whether there are more than one tick reads.
    """

    instance: dg.DagsterInstance
    assets: frozenset[str]
    cursor: Cursor
    now: float
    more: bool = False

    def read(self) -> Iterator[dg.EventLogRecord]:
        """The new materializations, oldest first for each asset, up to a limit for each tick.

        `catching_up` ends only after every asset was read to its end. Until then each tick reads the earlier
        requests back, or a record that was requested under a lost cursor would be requested again.
        """
        is_scan = self.cursor.catching_up or self.now - self.cursor.scanned_at >= _SECONDS_BETWEEN_SCANS
        assets = self.assets if is_scan else self._assets_of_tagged_runs()
        yield from self._records_of(assets)
        self.cursor.looked_at = self.now
        if self.more:
            self.cursor.scanned_at = 0.0
        elif is_scan:
            self.cursor.scanned_at = self.now
            self.cursor.catching_up = False

    def _records_of(self, assets: frozenset[str]) -> Iterator[dg.EventLogRecord]:
        left = _MOST_RECORDS
        for key in self._with_new_records(assets):
            if left <= 0:
                self.more = True
                return
            wanted = dg.AssetRecordsFilter(asset_key=key, after_storage_id=self.cursor.last_seen(key))
            page = self.instance.fetch_materializations(wanted, limit=left, ascending=True)
            left -= len(page.records)
            self.more = page.has_more
            if page.records:
                self.cursor.seen[key.to_user_string()] = page.records[-1].storage_id
            yield from page.records

    def _assets_of_tagged_runs(self) -> frozenset[str]:
        """The assets of the tagged runs that may have made something since the last tick."""
        runs = {run.run_id: run for run in self._active_runs() if is_tagged(run)}
        new = [run for run_id, run in runs.items() if run_id not in self.cursor.ended]
        self.cursor.ended = {run_id for run_id, run in runs.items() if run.is_finished}
        if not all(run.asset_selection for run in new):
            return self.assets  # A run without a selection may make any asset of its job.
        return self.assets & {key.to_user_string() for run in new for key in run.asset_selection or ()}

    def _active_runs(self) -> Iterator[dg.DagsterRun]:
        """The runs that are running, and those that began or ended since the last tick."""
        since = datetime.fromtimestamp(self.cursor.looked_at - _SECONDS_CLOCKS_DIFFER, timezone.utc)
        for wanted in (dg.RunsFilter(statuses=_RUNNING), dg.RunsFilter(updated_after=since)):
            yield from (record.dagster_run for record in self.instance.get_run_records(wanted))

    def _with_new_records(self, assets: frozenset[str]) -> Iterator[dg.AssetKey]:
        """The assets that have new ones: one look-up for many assets."""
        keys: Sequence[dg.AssetKey] = list(map(dg.AssetKey.from_user_string, sorted(assets)))
        for some in batches(keys, _MOST_ASSETS):
            for record in self.instance.get_asset_records(some):
                key = record.asset_entry.asset_key
                newest = record.asset_entry.last_materialization_storage_id
                if (newest or 0) > self.cursor.last_seen(key):
                    yield key

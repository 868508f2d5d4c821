"""What Dagster's timelines already show of published versions, so that a repeated publish logs nothing twice.

The proof is an event with the facts of what was published: a person can add an event, or a partition, by hand
("Report materialization events"), and that has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from registry_dagster.dagster.names import DIGEST, VERSION
from registry_dagster.dagster.publish.pages import FetchPage, all_records
from registry_dagster.model.batches import batches

__all__ = ["logged_materialization_versions", "logged_versions"]

_MOST_PARTITIONS = 500


def logged_versions(instance: dg.DagsterInstance, asset: dg.AssetKey, partitions: Sequence[str]) -> set[str]:
    """The digests of the versions that a dataset's timeline shows, of those given as `v3`.

    Makes few queries, however many versions there are. Older releases logged the same events on partitions of
    the asset, and Dagster finds them in the same way.
    """
    return _values(DIGEST, _metadata(instance.fetch_materializations, asset, partitions))


def logged_materialization_versions(
    instance: dg.DagsterInstance, asset: dg.AssetKey, versions: Sequence[str]
) -> set[str]:
    """The materialization versions that an upstream system's timeline shows, of those given.

    Older releases logged them as materializations.
    """
    observed = _values(VERSION, _metadata(instance.fetch_observations, asset, versions))
    return observed | _values(VERSION, _metadata(instance.fetch_materializations, asset, versions))


def _values(name: str, events: Iterable[Mapping[str, dg.MetadataValue[Any]]]) -> set[str]:
    return {str(metadata[name].value) for metadata in events if name in metadata}


def _metadata(
    fetch: FetchPage, asset: dg.AssetKey, partitions: Sequence[str]
) -> Iterator[Mapping[str, dg.MetadataValue[Any]]]:
    """The metadata of all events of an asset that name one of these partitions."""
    for some in batches(partitions, _MOST_PARTITIONS):
        wanted = dg.AssetRecordsFilter(asset_key=asset, asset_partitions=list(some))
        for record in all_records(fetch, wanted):
            event = record.asset_materialization or record.asset_observation
            yield event.metadata if event is not None else {}

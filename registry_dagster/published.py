"""Which versions of a dataset stand in a store. Published versions never change, so they are kept."""

from __future__ import annotations

from collections.abc import Mapping

from registry_dagster.datahub.urns import PLATFORM, parse_dataset_urn, version_set_urn, version_urn
from registry_dagster.datahub.version import Summary, summary_from
from registry_dagster.stores.store import Store

__all__ = ["PublishedVersions"]

_PAGE = 100


class PublishedVersions:
    """Summaries of published versions, read once each. Numbers are dense, so they can be enumerated."""

    def __init__(self, store: Store, env: str) -> None:
        self._store = store
        self._env = env
        self._known: dict[str, dict[int, Summary]] = {}

    def of(self, dataset: str) -> Mapping[int, Summary]:
        """Number → summary, in order. Reads only what was published since the last call."""
        known = self._known.setdefault(dataset, {})
        newest = max(known, default=0)
        latest = self._latest(dataset)
        while newest < latest:
            upto = min(newest + _PAGE, latest)
            self._read(dataset, range(newest + 1, upto + 1))
            newest = upto
        return known

    def look_ahead(self, dataset: str) -> None:
        """Learn of versions that the version set does not point at yet."""
        known = self._known.setdefault(dataset, {})
        following = max(known, default=0) + 1
        while self._read(dataset, range(following, following + 1)):
            following += 1

    def _latest(self, dataset: str) -> int:
        urn = version_set_urn(PLATFORM, dataset, self._env)
        entity = self._store.read([urn], ["versionSetProperties"]).get(urn, {})
        if "versionSetProperties" not in entity:
            return 0
        return parse_dataset_urn(entity["versionSetProperties"]["latest"]).number or 0

    def _read(self, dataset: str, numbers: range) -> int:
        urns = {version_urn(f"{dataset}@v{number}", self._env): number for number in numbers}
        entities = self._store.read(list(urns), ["datasetProperties"])
        for urn, number in urns.items():
            if urn in entities:
                self._known[dataset][number] = summary_from(entities[urn], number)
        return len(entities)

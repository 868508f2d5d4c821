"""A mirror as a store: read-only, and each file is checked when it is read.

The aspects are made from the files, as publishing makes them, so that one reader serves every store.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from typing import NoReturn, TypeVar

from registry_dagster.datahub.acts import with_act, with_highest
from registry_dagster.datahub.dataset import dataset_proposals
from registry_dagster.datahub.materialization import materialization_proposals, source_proposal
from registry_dagster.datahub.proposal import Entity, Proposal
from registry_dagster.datahub.retirement import retirement_proposal, undo_proposal
from registry_dagster.datahub.search import Search
from registry_dagster.datahub.urns import PLATFORM, container_urn, dataset_urn, platform_urn, version_urn
from registry_dagster.datahub.version import version_proposals
from registry_dagster.errors import (
    CorruptRecord,
    NotPublished,
    RegistryError,
    RegistryUnavailable,
    StoreRefused,
    TableError,
    TableNotFound,
    TableUnreachable,
)
from registry_dagster.model.base import Model
from registry_dagster.model.batches import grouped
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.names import parse_version
from registry_dagster.model.retirement import Retirement
from registry_dagster.stores.matching import fitting
from registry_dagster.stores.mirror.layout import (
    INDEX,
    MOST_BYTES,
    DatasetFile,
    Index,
    Listed,
    VersionFile,
    checksum,
    model_in,
)
from registry_dagster.stores.store import Found, Refusal, Swap
from registry_dagster.tables.storage.locations import below, normalise
from registry_dagster.tables.storage.open import open_storage
from registry_dagster.tables.storage.options import StorageOptions
from registry_dagster.tables.storage.whole import read_whole

__all__ = ["MirrorStore"]

_AT_ONCE = 8
"""How many files are read at the same time."""

M = TypeVar("M", bound=Model)


class MirrorStore:
    """The aspects of a mirror, as it was when its index was first read.

    Args:
        location: The folder, bucket or web address that holds `index.json`.
        storage_options: See `inspect_table`.
        remote: What the lab is called, for errors.

    Raises:
        RegistryError: it is not a location, or has a credential in it.
    """

    def __init__(self, location: str, storage_options: StorageOptions | None = None, remote: str | None = None) -> None:
        self.location = self._location = normalise(location)
        self._remote = f"remote {remote}: " if remote else ""
        self._storage = open_storage(self._location, storage_options)
        self._known: dict[str, Entity] = {}
        self._described: dict[str, DatasetFile] = {}
        self._beside: dict[str, Entity] = {}

    def __repr__(self) -> str:
        return f"MirrorStore({self.target!r})"

    @property
    def target(self) -> str:
        return f"mirror:{self._location}"

    @property
    def env(self) -> str:
        """DataHub's environment that was mirrored."""
        return self._index.env

    @property
    def search_lags(self) -> bool:
        return False

    @property
    def filters_reads(self) -> bool:
        return False

    @property
    def remarks(self) -> Sequence[str]:
        return ()

    def about(self) -> dict[str, str]:
        index = self._index
        return {"store": "mirror; read-only", "environment": index.env, "versions": str(len(index.versions))}

    def read(self, urns: Collection[str], aspects: Collection[str] = ()) -> dict[str, Entity]:
        wanted = [urn for urn in dict.fromkeys(urns) if urn in self._files]
        unknown = [urn for urn in wanted if urn not in self._known]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            self._known |= zip(unknown, pool.map(self._made, unknown), strict=True)
        found = {urn: self._known[urn] for urn in wanted}
        found |= {urn: self._beside[urn] for urn in urns if urn in self._beside and urn not in found}
        if not aspects:
            return found
        parts = {urn: {name: each[name] for name in aspects if name in each} for urn, each in found.items()}
        return {urn: part for urn, part in parts.items() if part}

    def search(self, search: Search) -> Iterator[Found]:
        return fitting(self.read, search, list(self._files)[::-1])

    def check(self, commit: Sequence[Proposal]) -> None:
        self._refuse()

    def ensure(self, proposals: Iterable[Proposal]) -> None:
        self._refuse()

    def upsert(self, proposals: Iterable[Proposal]) -> None:
        self._refuse()

    def create(self, commits: Sequence[Sequence[Proposal]]) -> Sequence[Refusal | None]:
        self._refuse()

    def swap(self, swaps: Sequence[Swap]) -> Sequence[bool]:
        self._refuse()

    def close(self) -> None:
        """Nothing is kept open."""

    def _refuse(self) -> NoReturn:
        raise StoreRefused(
            f"{self.target} is a mirror, which is only read; write to the registry that it is a mirror of, and run "
            "feature-registry mirror again there"
        )

    @cached_property
    def _index(self) -> Index:
        try:
            return model_in(Index, self._bytes(INDEX))
        except TableNotFound:
            raise NotPublished(
                f"{self._remote}there is no mirror at {self._location}: it has no {INDEX}; correct the address"
            ) from None
        except ValueError as error:
            raise CorruptRecord(
                f"{self._remote}{below(self._location, INDEX)} is not the index of a mirror: {error}"
            ) from error

    @cached_property
    def _files(self) -> Mapping[str, Callable[[], Entity]]:
        """URN → what reads its aspects."""
        index, env = self._index, self._index.env
        files: dict[str, Callable[[], Entity]] = {platform_urn(): lambda: _entity([source_proposal(PLATFORM)])}
        files |= {container_urn(each.name, env): partial(self._dataset, each) for each in index.datasets}
        files |= {
            dataset_urn(each.source, each.name, env): partial(self._materialization, each)
            for each in index.materializations
        }
        return files | {version_urn(each.name, env): partial(self._version, each) for each in index.versions}

    @cached_property
    def _dataset_files(self) -> Mapping[str, Listed]:
        return {each.name: each for each in self._index.datasets}

    def _made(self, urn: str) -> Entity:
        return self._files[urn]()

    def _dataset(self, listed: Listed) -> Entity:
        about = self._about(listed)
        container = _entity(dataset_proposals(about.dataset, {}, self._index.env))
        for act in about.acts:
            container = {**container, "structuredProperties": with_act(container, act)}
        return {**container, "structuredProperties": with_highest(container, about.highest)}

    def _version(self, listed: Listed) -> Entity:
        held = self._model(VersionFile, listed)
        try:
            record = held.proven
        except ValueError as error:
            raise self._changed(listed, str(error)) from error
        if record is None or record.name != listed.name:
            raise self._changed(listed, "its digests do not prove its record")
        env, dataset = self._index.env, self._dataset_files.get(parse_version(listed.name).dataset)
        if dataset is None:
            raise self._changed(listed, f"{INDEX} lists no file of its dataset")
        about = self._about(dataset)
        parts = grouped(version_proposals(record, about.dataset, env), key=lambda each: each.urn)
        own = parts.pop(version_urn(record.name, env))
        # What a version consists of beside itself has no file of its own.
        self._beside |= {urn: _entity(proposals) for urn, proposals in parts.items()}
        entity = _entity([*own, *_retirement(about, record.name, env)])
        return {**entity, "status": {"removed": record.name in about.removed}}

    def _materialization(self, listed: Listed) -> Entity:
        state = self._model(MaterializationVersion, listed)
        if str(state) != listed.name:
            raise self._changed(listed, f"it is about {state}")
        return _entity(materialization_proposals(state, self._index.env))

    def _about(self, listed: Listed) -> DatasetFile:
        if listed.name not in self._described:
            about = self._model(DatasetFile, listed)
            if about.dataset.name != listed.name:
                raise self._changed(listed, f"it is about {about.dataset.name}")
            self._described[listed.name] = about
        return self._described[listed.name]

    def _model(self, kind: type[M], listed: Listed) -> M:
        """What a file holds, if its bytes are those that the index lists."""
        try:
            content = self._bytes(listed.file)
            if checksum(content) != listed.sha256:
                raise self._changed(listed, f"its bytes are not those that {INDEX} lists")
            return model_in(kind, content)
        except TableNotFound as error:
            raise self._changed(listed, "it is not there") from error
        except ValueError as error:
            raise self._changed(listed, str(error)) from error

    def _changed(self, listed: Listed, how: str) -> CorruptRecord:
        return CorruptRecord(
            f"{self._where(listed.file)} ({listed.name}) was changed since it was mirrored: {how}. If the mirror is "
            "being written now, try again; else ask those who keep it to write it to an empty folder"
        )

    def _where(self, path: str) -> str:
        """A file of the mirror, for messages."""
        return f"{self._remote}{below(self._location, path)}"

    def _bytes(self, path: str) -> bytes:
        try:
            return read_whole(self._storage, path, MOST_BYTES)
        except TableNotFound:
            raise
        except TableUnreachable as error:
            raise RegistryUnavailable(f"{self._remote}{error}") from error
        except TableError as error:
            raise RegistryError(f"{self._remote}{error}") from error


def _entity(proposals: Iterable[Proposal]) -> dict[str, Mapping[str, object]]:
    return {each.aspect: each.value for each in proposals}


def _retirement(about: DatasetFile, version: str, env: str) -> Iterator[Proposal]:
    """What DataHub says of a retirement, where an act or a person in DataHub ever said something of it."""
    now = about.retired.get(version)
    said = [act for act in about.acts if act.version == version and act.act in ("retire", "undo")]
    if now is not None:
        yield retirement_proposal(version, Retirement(now.reason, now.by, now.replacement), env)
    elif said:
        yield undo_proposal(version, said[-1].by, env)

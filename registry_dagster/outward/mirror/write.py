"""Writes a registry as a mirror. The same registry gives the same bytes; what is there already is not written again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from registry_dagster.answers.answer import Answer
from registry_dagster.errors import RegistryError, TableNotFound
from registry_dagster.model.base import Model
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.registry.holdings import Holding
from registry_dagster.registry.registry import Registry
from registry_dagster.stores.mirror.layout import (
    INDEX,
    MOST_BYTES,
    DatasetFile,
    Index,
    Listed,
    ListedMaterialization,
    RetiredNow,
    VersionFile,
    checksum,
    dataset_path,
    file_bytes,
    model_in,
    version_path,
)
from registry_dagster.tables.storage.locations import below, normalise
from registry_dagster.tables.storage.open import open_storage
from registry_dagster.tables.storage.options import StorageOptions
from registry_dagster.tables.storage.protocol import Storage
from registry_dagster.tables.storage.whole import read_whole
from registry_dagster.tables.storage.writing import write_file

__all__ = ["Mirrored", "write_mirror"]


@dataclass(frozen=True)
class Mirrored(Answer):
    """What a mirror holds.

    Args:
        mirror: What others open it by.
        datasets, versions, materializations: How many of each it holds.
        written: How many files were new or changed.
        left_out: The versions that do not read back as they were published.
    """

    mirror: str
    datasets: int
    versions: int
    materializations: int
    written: int
    left_out: tuple[str, ...] = ()

    def __str__(self) -> str:
        states = f"{self.materializations:,} materialization versions"
        held = f"{self.datasets:,} datasets, {self.versions:,} versions, {states}"
        lines = [held, f"files written: {self.written:,}"]
        lines += [f"{name} is left out: it does not read back as it was published" for name in self.left_out]
        return "\n".join([*lines, self.mirror])


def write_mirror(registry: Registry, out: str, storage_options: StorageOptions | None = None) -> Mirrored:
    """Write everything that is published as JSON files. The registry is only read, and no file is ever removed.

    A file whose checksum the index there already lists is not written again. The index is written last.

    Args:
        registry: What to mirror.
        out: A folder, or a location that fsspec writes to, e.g. `s3://bucket/registry`.
        storage_options: See `inspect_table`. Never recorded.

    Raises:
        NotPublished: nothing was ever published there.
        RegistryError: something else is there, or it cannot be written.
    """
    registry.check_exists()
    storage = open_storage(normalise(out), storage_options)
    files = _Files(storage, _checksums(storage, registry.env))
    holdings = sorted(registry.holdings.read(), key=lambda each: each.dataset.name)
    datasets = tuple(_dataset(files, holding, registry) for holding in holdings)
    records = [record for holding in holdings for record in holding.records]
    records.sort(key=lambda each: (each.provenance.published_at, each.dataset, each.number))
    versions = tuple(files.listed(each.name, version_path(each.name), VersionFile.of(each)) for each in records)
    states = sorted(registry.materializations(), key=lambda each: (each.key.lower(), each.key))
    materializations = _materializations(files, states)
    index = Index(env=registry.env, datasets=datasets, versions=versions, materializations=materializations)
    files.put(INDEX, file_bytes(index))
    left_out = tuple(name for holding in holdings for name in _left_out(holding))
    return Mirrored(
        f"mirror:{storage.location}", len(datasets), len(versions), len(materializations), len(files.written), left_out
    )


@dataclass(frozen=True)
class _Files:
    """Writes files, and remembers which.

    Args:
        storage: Where.
        before: File → its checksum, as the index that is there says.
        written: The files that were written.
    """

    storage: Storage
    before: Mapping[str, str]
    written: list[str] = field(default_factory=list[str])

    def listed(self, name: str, path: str, model: Model) -> Listed:
        """Write a file unless it is there; how the index lists it."""
        content = file_bytes(model)
        self.put(path, content)
        return Listed(name=name, file=path, sha256=checksum(content))

    def put(self, path: str, content: bytes) -> None:
        """Write a file unless it is there."""
        if self.before.get(path) != checksum(content):
            write_file(self.storage, path, content)
            self.written.append(path)


def _checksums(storage: Storage, env: str) -> dict[str, str]:
    """What is there already, by the index there.

    Raises:
        RegistryError: its index is that of something else.
    """
    try:
        content = read_whole(storage, INDEX, MOST_BYTES)
    except TableNotFound:
        return {}
    try:
        index = model_in(Index, content)
    except ValueError as error:
        where = below(storage.location, INDEX)
        raise RegistryError(f"{where} is not the index of a mirror; name another location: {error}") from error
    if index.env != env:
        raise RegistryError(
            f"{storage.location} is a mirror of environment {index.env}, and this is {env}; name another location"
        )
    return {**index.checksums, INDEX: checksum(content)}


def _dataset(files: _Files, holding: Holding, registry: Registry) -> Listed:
    name = holding.dataset.name
    retired = registry.retirements(name) if holding.records else {}
    about = DatasetFile(
        dataset=holding.dataset,
        highest=max((each.number for each in holding.candidates), default=0),
        acts=holding.acts,
        retired={
            version: RetiredNow(by=each.by, reason=each.reason, replacement=each.replacement)
            for version, each in retired.items()
        },
        removed=tuple(each.name for each in holding.candidates if each.present and each.removed),
    )
    return files.listed(name, dataset_path(name), about)


def _materializations(files: _Files, states: Sequence[MaterializationVersion]) -> tuple[ListedMaterialization, ...]:
    """Each in a file of its own. Where names differ in case only, later ones get a number, as on many disks."""
    listed: list[ListedMaterialization] = []
    times: Counter[str] = Counter()
    for state in states:
        name = f"{state.source}/{state}"
        times[name.lower()] += 1
        again = f"~{times[name.lower()]}" if times[name.lower()] > 1 else ""
        one = files.listed(str(state), f"materializations/{name}{again}.json", state)
        listed.append(ListedMaterialization(**one.to_json(), source=state.source))
    return tuple(listed)


def _left_out(holding: Holding) -> list[str]:
    return [each.name for each in holding.candidates if each.present and each.number not in holding.numbers]

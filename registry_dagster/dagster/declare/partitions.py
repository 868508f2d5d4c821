"""Materialization versions as partitions: one table for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import dagster as dg

from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.text import shown, suggestion

__all__ = ["AlongDimension", "MaterializationPartitions"]

# Dagster splits ranges at "...", the keys of several dimensions at "|", and lists of keys at the others.
_REFUSED = ("...", "|", ",", "[", "]")
_DELIMITER = "|"
_MOST_NAMED = 10


class MaterializationPartitions:
    """A partitions definition made from materialization versions, and the way back from a partition key.

        versions = rd.MaterializationPartitions([M943, M1300])

        @rd.feature_table(dataset=..., materializations=versions, columns=...)
        @dg.asset(partitions_def=versions.definition)
        def synapses(context, registry: rd.FeatureRegistry): ...

    Args:
        versions: The versions, each a partition; its key is the version as the system writes it (`1300`).
            Or a mapping from keys of your own to the version or versions that the partition's table is made
            against. The order is kept: oldest first reads best in the UI, and backfills follow it.

    Raises:
        InvalidDeclaration: there are none; they are not MaterializationVersions; two have one key; or
            Dagster does not accept a key.
    """

    def __init__(
        self,
        versions: Sequence[MaterializationVersion]
        | Mapping[str, MaterializationVersion | Sequence[MaterializationVersion]],
    ) -> None:
        self._by_key = _by_own_key(versions) if isinstance(versions, Mapping) else _by_version(versions)
        if not self._by_key:
            raise InvalidDeclaration("MaterializationPartitions: no versions are given; give at least one")
        for key in self._by_key:
            _check_key(key)
        self._definition = dg.StaticPartitionsDefinition(list(self._by_key))

    @property
    def definition(self) -> dg.StaticPartitionsDefinition:
        """The partitions definition, for Dagster's own decorators."""
        return self._definition

    @property
    def versions(self) -> Sequence[MaterializationVersion]:
        """All versions of all partitions, each once."""
        every = (version for versions in self._by_key.values() for version in versions)
        return tuple({version.key: version for version in every}.values())

    def __call__(self, partition_key: str) -> Sequence[MaterializationVersion]:
        """The versions that a partition's table is made against.

        Raises:
            InvalidDeclaration: there is no such partition.
        """
        if partition_key not in self._by_key:
            raise _no_partition(partition_key, list(self._by_key))
        return self._by_key[partition_key]

    def along(self, dimension: str, *, of: dg.MultiPartitionsDefinition) -> AlongDimension:
        """The same versions as one dimension of partitions with several.

            grid = dg.MultiPartitionsDefinition({"version": versions.definition, "region": regions})

            @rd.feature_table(dataset=..., materializations=versions.along("version", of=grid), columns=...)
            @dg.asset(partitions_def=grid)

        Args:
            dimension: The dimension of the materialization versions.
            of: The asset's partitions.

        Raises:
            InvalidDeclaration: they have no such dimension, or it has other partitions.
        """
        dimensions = {each.name: each.partitions_def for each in of.partitions_defs}
        if dimension not in dimensions:
            raise InvalidDeclaration(
                f"the partitions have no dimension {dimension!r}{suggestion(dimension, dimensions)} "
                f"Dimensions: {', '.join(dimensions)}"
            )
        if dimensions[dimension] != self._definition:
            raise InvalidDeclaration(
                f"dimension {dimension!r} does not have these materialization versions; make it from the definition "
                "of the same MaterializationPartitions"
            )
        return AlongDimension(self, dimension, tuple(dimensions))


@dataclass(frozen=True)
class AlongDimension:
    """MaterializationPartitions along one dimension; made by `along`.

    Args:
        partitions: The materialization versions.
        dimension: Their dimension.
        dimensions: All dimensions in Dagster's order, which is the order of a key's parts.
    """

    partitions: MaterializationPartitions
    dimension: str
    dimensions: tuple[str, ...]

    @property
    def versions(self) -> Sequence[MaterializationVersion]:
        """All versions of all partitions, each once."""
        return self.partitions.versions

    def __call__(self, partition_key: str) -> Sequence[MaterializationVersion]:
        """The versions that a partition's table is made against.

        Args:
            partition_key: A `dg.MultiPartitionKey`, or its text: one part for each dimension, joined by |.

        Raises:
            InvalidDeclaration: there is no such partition.
        """
        parts = self._parts(partition_key)
        if self.dimension not in parts:
            raise InvalidDeclaration(
                f"partition {str(partition_key)!r} is not a key of the dimensions {', '.join(self.dimensions)}; "
                f"write it as {_DELIMITER.join(f'<{name}>' for name in self.dimensions)}"
            )
        return self.partitions(parts[self.dimension])

    def _parts(self, key: str) -> Mapping[str, str]:
        """Dimension → its part of the key; nothing if the key has other dimensions."""
        if isinstance(key, dg.MultiPartitionKey):
            return key.keys_by_dimension
        texts = key.split(_DELIMITER)
        # Dagster itself never makes a key from a part that contains the delimiter.
        return dict(zip(self.dimensions, texts, strict=True)) if len(texts) == len(self.dimensions) else {}


def _no_partition(key: str, known: Sequence[str]) -> InvalidDeclaration:
    more = f" and {len(known) - _MOST_NAMED} more" if len(known) > _MOST_NAMED else ""
    fix = (
        " It is a key of several dimensions; use materializations=versions.along(dimension, of=definition)"
        if _DELIMITER in key
        else ""
    )
    return InvalidDeclaration(
        f"no materialization version for partition {str(key)!r}{suggestion(key, known)} "
        f"Known: {', '.join(known[:_MOST_NAMED])}{more}.{fix}"
    )


def _by_version(versions: Sequence[MaterializationVersion]) -> dict[str, tuple[MaterializationVersion, ...]]:
    by_key: dict[str, tuple[MaterializationVersion, ...]] = {}
    for version in _checked(versions):
        if version.version in by_key:
            raise InvalidDeclaration(
                f"MaterializationPartitions: {by_key[version.version][0]} and {version} have the same partition key; "
                f"choose the keys yourself, e.g. {{{str(version)!r}: [...]}}"
            )
        by_key[version.version] = (version,)
    return by_key


def _by_own_key(
    versions: Mapping[str, MaterializationVersion | Sequence[MaterializationVersion]],
) -> dict[str, tuple[MaterializationVersion, ...]]:
    by_key = {
        key: (some,) if isinstance(some, MaterializationVersion) else _checked(some) for key, some in versions.items()
    }
    for key, some in by_key.items():
        if not some:
            raise InvalidDeclaration(
                f"MaterializationPartitions: partition {key!r} has no materialization version; give at least one"
            )
    return by_key


def _checked(versions: object) -> tuple[MaterializationVersion, ...]:
    if isinstance(versions, str | MaterializationVersion) or not isinstance(versions, Iterable):
        raise _not_versions(versions)
    listed = tuple(cast("Iterable[object]", versions))
    for each in listed:
        if not isinstance(each, MaterializationVersion):
            raise _not_versions(each)
    return cast("tuple[MaterializationVersion, ...]", listed)


def _not_versions(given: object) -> InvalidDeclaration:
    return InvalidDeclaration(
        f"MaterializationPartitions takes a list of MaterializationVersions, got {shown(given)}; "
        "write [rd.MaterializationVersion(system=..., version=...), ...]"
    )


def _refused_in(key: str) -> list[str]:
    """What Dagster does not accept in a key."""
    return [text for text in _REFUSED if text in key] + [repr(each) for each in key if not each.isprintable()]


def _check_key(key: str) -> None:
    if not isinstance(cast("object", key), str) or not key:
        raise InvalidDeclaration(f"MaterializationPartitions: {key!r} is not a partition key; use a text")
    found = _refused_in(key)
    if found:
        raise InvalidDeclaration(
            f"MaterializationPartitions: partition key {key!r} contains {' '.join(found)}, which Dagster does not "
            "accept; choose the keys yourself, in a mapping from keys to versions"
        )

"""A declaration as an asset carries it, and the ways to find it there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal, cast

import dagster as dg

from registry_dagster.dagster.names import DECLARATION
from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.words import reference_words, signal_words

__all__ = [
    "AssetLike",
    "Declaration",
    "DeclarationMetadata",
    "Partitions",
    "asset_keys",
    "asset_owners",
    "declaration_in",
    "declaration_of",
    "declared_in",
]

Partitions = Literal["each", "all"]
AssetLike = dg.AssetKey | dg.AssetsDefinition | dg.AssetSpec
"""An argument that names one or several assets."""


@dataclass(frozen=True)
class Declaration:
    """A FeatureTable whose materialization versions may depend on the partition.

    Args:
        template: The declaration; its materializations are a stand-in when `resolve` is given.
        resolve: Partition key → materialization versions.
        partitions: Whether each partition is a table of its own, or all are parts of one.
        label, draft: As for `Publication`, where the declaration itself says so.
    """

    template: FeatureTable
    resolve: Callable[[str], Sequence[MaterializationVersion | str]] | None = None
    partitions: Partitions = "each"
    label: str | None = None
    draft: bool = False

    def for_partition(self, key: str | None) -> FeatureTable:
        """The declaration for one partition.

        Raises:
            InvalidDeclaration: the materializations depend on a partition, and there is none.
        """
        if self.resolve is None:
            return self.template
        if key is None:
            raise InvalidDeclaration(
                f"{self.template.dataset.name}: its materializations are declared as a function of the partition "
                "key, but this run has no partition; partition the asset or list the materializations"
            )
        parts: dict[str, Any] = {name: getattr(self.template, name) for name in FeatureTable.model_fields}
        parts["materializations"] = tuple(self.resolve(key))
        return FeatureTable(**parts)


class DeclarationMetadata(dict[str, Any]):
    """The metadata that the UI shows for a declaration: words, with the declaration itself as an attribute.

    Leaves out what the asset shows by itself: columns, description, owners.
    """

    def __init__(self, declaration: Declaration) -> None:
        super().__init__((name, words) for name, words in _words(declaration) if words)
        self.declaration = declaration


def _words(declaration: Declaration) -> Iterator[tuple[str, object]]:
    table = declaration.template
    yield "dataset", table.dataset.name
    fixed = ", ".join(map(str, table.materializations))
    yield "made against", fixed if declaration.resolve is None else "a function of the partition key"
    yield "layout", table.layout and table.layout.name
    yield "joins", list(map(reference_words, table.references))
    yield "signals", list(map(signal_words, table.signals))
    yield "computed from", list(table.inputs)
    yield "label", declaration.label
    yield "draft", "it is published as not final" if declaration.draft else None
    yield "partitions", "all are parts of one table" if declaration.partitions == "all" else None


def declaration_in(metadata: Mapping[str, Any]) -> Declaration | None:
    """The declaration in an asset's metadata, if there is one."""
    found = metadata.get(DECLARATION)
    return found.declaration if isinstance(found, DeclarationMetadata) else None


def declaration_of(assets: dg.AssetsDefinition, key: dg.AssetKey) -> Declaration | None:
    """The declaration of an asset, if it has one.

    Raises:
        InvalidDeclaration: the definition makes no asset with that key.
    """
    if key not in assets.specs_by_key:
        names = ", ".join(sorted(each.to_user_string() for each in assets.specs_by_key))
        raise InvalidDeclaration(f"asset_key: no asset {key.to_user_string()!r} is made here; use one of {names}")
    return declaration_in(assets.specs_by_key[key].metadata)


def declared_in(assets: Iterable[object]) -> dict[dg.AssetKey, Declaration]:
    """The declared assets among definitions and specs, in their order. Skips whatever else a code location has."""
    specs = chain.from_iterable(map(_specs_of, assets))
    found = ((spec.key, declaration_in(spec.metadata)) for spec in specs)
    return {key: declaration for key, declaration in found if declaration is not None}


def _specs_of(asset: object) -> Iterable[dg.AssetSpec]:
    if isinstance(asset, dg.AssetSpec):
        return [asset]
    return asset.specs if isinstance(asset, dg.AssetsDefinition) else ()


def asset_keys(assets: Iterable[AssetLike], function: str) -> list[dg.AssetKey]:
    """The keys of assets, each once.

    Args:
        assets: The value of the argument `assets`.
        function: The function that has the argument, for the error.

    Raises:
        InvalidDeclaration: it is not a list of assets.
    """
    given = cast("object", assets)
    if isinstance(given, str | AssetLike) or not isinstance(given, Iterable):
        raise InvalidDeclaration(f"{function}: assets must be a list of assets, got {_name(given)}; write assets=[...]")
    keys = (key for asset in cast("Iterable[object]", given) for key in _keys_of(asset, function))
    return list(dict.fromkeys(keys))


def _keys_of(asset: object, function: str) -> Iterable[dg.AssetKey]:
    if isinstance(asset, dg.AssetKey):
        return [asset]
    if isinstance(asset, dg.AssetSpec):
        return [asset.key]
    if isinstance(asset, dg.AssetsDefinition):
        return asset.keys
    raise InvalidDeclaration(
        f"{function}: assets must hold assets, AssetSpecs or AssetKeys, got {_name(asset)}; "
        "use the asset itself or dg.AssetKey(...)"
    )


def _name(value: object) -> str:
    return f"{value!r}" if isinstance(value, str) else type(value).__name__


def asset_owners(dataset: Dataset) -> list[str]:
    """The owners that Dagster takes on an asset: teams and e-mail addresses. It knows no user names."""
    return [owner for owner in dataset.owners if owner.startswith("team:") or "@" in owner]

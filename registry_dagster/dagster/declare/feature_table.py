"""The decorator that declares what an asset's table means."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeGuard, TypeVar, cast, get_args

import dagster as dg

from registry_dagster.dagster.declare.column_schema import declared_schema
from registry_dagster.dagster.declare.declaration import Declaration, DeclarationMetadata, Partitions, asset_owners
from registry_dagster.dagster.declare.unpinned import warn_if_unpinned
from registry_dagster.dagster.names import COLUMN_SCHEMA, DECLARATION, TABLE_NAME
from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.base import Model
from registry_dagster.model.columns import AnyColumn
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.layout import Layout
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.reference import Reference
from registry_dagster.model.signals import AnySignal
from registry_dagster.model.text import suggestion

__all__ = ["declaring", "feature_table"]

_PARTS = "dataset=rd.Dataset(name=...), materializations=[...], columns={...}"

T = TypeVar("T", dg.AssetsDefinition, dg.AssetSpec)
_Versions = Sequence[MaterializationVersion | str]
Materializations = _Versions | Callable[[str], _Versions]


def feature_table(
    table: FeatureTable | Mapping[Any, FeatureTable] | None = None,
    *,
    dataset: Dataset | None = None,
    materializations: Materializations = (),
    columns: Mapping[str, AnyColumn] | None = None,
    references: Iterable[Reference] = (),
    signals: Iterable[AnySignal] = (),
    inputs: Iterable[str] = (),
    layout: Layout | str | None = None,
    partitions: Partitions = "each",
) -> Callable[[T], T]:
    """Declare what an asset's table means. Publishes nothing.

    Goes above `@dg.asset`, `@dg.multi_asset` or `@dg.graph_asset`, or around an `AssetSpec`, and
    returns the same kind of thing. Dagster's own options stay on Dagster's decorator.

        @rd.feature_table(dataset=rd.Dataset(name="hemibrain.synapses"), materializations=[HEMIBRAIN],
                          columns={"body_id": rd.BodyId(id_space="hemibrain")})
        @dg.asset
        def synapses(context, registry: rd.FeatureRegistry): ...

    Args:
        table: A whole declaration; for a multi-asset a mapping from asset key to declaration.
        dataset, materializations, columns, references, signals, inputs, layout: Or its parts; see
            `FeatureTable`. `materializations` may be a function of the partition key.
        partitions: For a partitioned asset: with "each", every partition is a table and gets a version of
            its own; with "all", the partitions are parts of one table, which gets one version.

    Raises:
        InvalidDeclaration: the declaration is not well formed; the asset already has one; it has a
            column schema of its own; or keys and assets do not match.
    """
    if partitions not in get_args(Partitions):
        raise InvalidDeclaration(f'feature_table: partitions is {partitions!r}; use "each" or "all"')
    if table is not None:
        if any((dataset is not None, materializations, columns, references, signals, inputs, layout)):
            raise InvalidDeclaration("feature_table: give one whole declaration or its parts, not both")
        return declaring(_from_whole(table, partitions))
    return declaring(_from_parts(dataset, materializations, columns, references, signals, inputs, layout, partitions))


_BY_PARTITION = MaterializationVersion(system="by_partition", version="by_partition")


def _from_parts(
    dataset: Dataset | None,
    materializations: Materializations,
    columns: Mapping[str, AnyColumn] | None,
    references: Iterable[Reference],
    signals: Iterable[AnySignal],
    inputs: Iterable[str],
    layout: Layout | str | None,
    partitions: Partitions,
) -> Declaration:
    resolve = materializations if callable(materializations) else None
    template = FeatureTable(
        dataset=_checked_dataset(dataset),
        materializations=(_BY_PARTITION,) if resolve else _listed("materializations", materializations),
        columns=columns or {},
        references=_listed("references", references),
        signals=_listed("signals", signals),
        inputs=_listed("inputs", inputs),
        layout=cast("Layout | None", layout),  # A name alone becomes a Layout.
    )
    if resolve is not None and partitions == "all":
        raise InvalidDeclaration(
            f"{template.dataset.name}: one version for all partitions needs fixed materialization versions, but they "
            'are declared as a function of the partition key; list them, or use partitions="each"'
        )
    return Declaration(template, resolve, partitions)


def _from_whole(table: object, partitions: Partitions) -> Declaration | Mapping[dg.AssetKey, Declaration]:
    if isinstance(table, FeatureTable):
        return Declaration(table, partitions=partitions)
    if isinstance(table, Mapping):
        given = cast("Mapping[object, object]", table)
        return {_key(key): Declaration(_checked_table(key, each), partitions=partitions) for key, each in given.items()}
    raise _not_a_declaration(table)


def _not_a_declaration(given: object) -> InvalidDeclaration:
    if isinstance(given, str | os.PathLike):
        path = os.fspath(cast("str | os.PathLike[str]", given))
        return InvalidDeclaration(
            f"feature_table takes a declaration, not the path of a file; write "
            f"@rd.feature_table(rd.FeatureTable.from_yaml(Path({path!r})))"
        )
    if callable(given) or isinstance(given, dg.AssetSpec):
        return InvalidDeclaration(f"feature_table is used without parentheses; write @rd.feature_table({_PARTS})")
    return InvalidDeclaration(
        f"feature_table takes a FeatureTable, got {type(given).__name__}; write @rd.feature_table({_PARTS})"
    )


def _checked_table(key: object, table: object) -> FeatureTable:
    if not isinstance(table, FeatureTable):
        raise InvalidDeclaration(
            f"feature_table: the declaration of {key!r} is {type(table).__name__}; use rd.FeatureTable({_PARTS})"
        )
    return table


def _checked_dataset(dataset: object) -> Dataset:
    if not isinstance(dataset, Dataset):
        name = dataset if isinstance(dataset, str) else "lab.synapses"
        wrong = "is missing" if dataset is None else f"is {type(dataset).__name__}"
        raise InvalidDeclaration(f"feature_table: dataset {wrong}; write dataset=rd.Dataset(name={name!r})")
    return dataset


def _listed(name: str, values: object) -> tuple[Any, ...]:
    kind = type(values).__name__
    if isinstance(values, str | Mapping | Model) or not isinstance(values, Iterable):
        raise InvalidDeclaration(f"feature_table: {name} is {kind}; write a list: {name}=[...]")
    return tuple(cast("Iterable[object]", values))


def _key(key: object) -> dg.AssetKey:
    if isinstance(key, dg.AssetKey):
        return key
    if isinstance(key, str):
        return dg.AssetKey.from_user_string(key)
    if not _is_path(key):
        raise InvalidDeclaration(f"feature_table: {key!r} is not an asset key; use a text such as 'group/synapses'")
    return dg.AssetKey(key)


def _is_path(key: object) -> TypeGuard[tuple[str, ...]]:
    parts = cast("tuple[object, ...]", key if isinstance(key, tuple) else ())
    return bool(parts) and all(isinstance(part, str) for part in parts)


def declaring(declared: Declaration | Mapping[dg.AssetKey, Declaration]) -> Callable[[T], T]:
    """The decorator that puts a declaration, or one for each key, on an asset. See `feature_table`."""

    def declare(target: T) -> T:
        if isinstance(target, dg.AssetSpec):
            return _with_declaration(target, _by_key(declared, [target.key])[target.key])
        given = cast("object", target)
        if not isinstance(given, dg.AssetsDefinition):
            raise _not_decorated(given)
        by_key = _by_key(declared, list(target.keys))
        return target.map_asset_specs(
            lambda spec: _with_declaration(spec, by_key[spec.key]) if spec.key in by_key else spec
        ).with_hooks({warn_if_unpinned(by_key)})

    return declare


def _not_decorated(given: object) -> InvalidDeclaration:
    name = getattr(given, "__name__", "")
    got = f"the function {name!r}" if callable(given) and name else type(given).__name__
    return InvalidDeclaration(
        "feature_table must decorate what @dg.asset, @dg.multi_asset or @dg.graph_asset returns, or an "
        f"AssetSpec, got {got}; make it the outermost decorator"
    )


def _by_key(
    declared: Declaration | Mapping[dg.AssetKey, Declaration], keys: Sequence[dg.AssetKey]
) -> Mapping[dg.AssetKey, Declaration]:
    names = sorted(key.to_user_string() for key in keys)
    if not isinstance(declared, Declaration):
        _check_keys(declared, names)
        return declared
    if len(keys) != 1:
        raise InvalidDeclaration(
            f"{declared.template.dataset.name}: this definition makes {', '.join(names) or 'no asset'}; give a "
            "mapping from asset key to FeatureTable"
        )
    return {keys[0]: declared}


def _check_keys(declared: Iterable[dg.AssetKey], names: Sequence[str]) -> None:
    for name in (key.to_user_string() for key in declared):
        if name not in names:
            raise InvalidDeclaration(
                f"no asset {name!r} is made here{suggestion(name, names)} Keys: {', '.join(names)}"
            )


def _with_declaration(spec: dg.AssetSpec, declaration: Declaration) -> dg.AssetSpec:
    _check_metadata(spec)
    table = declaration.template
    dataset = table.dataset
    columns, schema = declared_schema(table.columns)
    table = table.model_copy(update={"columns": columns, "dataset": _owned(dataset, spec.owners)})
    metadata = {
        DECLARATION: DeclarationMetadata(replace(declaration, template=table)),
        COLUMN_SCHEMA: schema,
        TABLE_NAME: dataset.name,
    }
    return spec.replace_attributes(
        metadata={**spec.metadata, **metadata},
        owners=list(dict.fromkeys([*spec.owners, *asset_owners(dataset)])),
        description=spec.description or dataset.description or dataset.title,
    )


def _check_metadata(spec: dg.AssetSpec) -> None:
    name = spec.key.to_user_string()
    if DECLARATION in spec.metadata:
        raise InvalidDeclaration(f"asset {name!r} already has a feature_table declaration; keep one of the two")
    if COLUMN_SCHEMA in spec.metadata:
        raise InvalidDeclaration(
            f"asset {name!r} has its own metadata {COLUMN_SCHEMA}, which the declaration would replace; remove it "
            "from the asset"
        )


def _owned(dataset: Dataset, owners: Sequence[str]) -> Dataset:
    """A dataset without owners of its own takes the asset's."""
    if dataset.owners or not owners:
        return dataset
    return Dataset(name=dataset.name, owners=tuple(owners)).added_to(dataset)

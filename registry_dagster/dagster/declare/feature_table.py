"""The declaration beside the asset."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal, TypeVar, cast, get_args

import dagster as dg

from registry_dagster.dagster.declare.column_schema import declared_schema
from registry_dagster.dagster.names import COLUMN_SCHEMA, DECLARATION, TABLE_NAME
from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.columns import AnyColumn
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.reference import Reference
from registry_dagster.model.signals import AnySignal
from registry_dagster.model.text import suggestion

__all__ = ["Declaration", "declaration_in", "declaration_of", "feature_table"]

_KIND = "datahub"
_MOST_KINDS = 3

T = TypeVar("T", dg.AssetsDefinition, dg.AssetSpec)
Partitions = Literal["each", "all"]
Materializations = Sequence[MaterializationVersion] | Callable[[str], Sequence[MaterializationVersion]]


@dataclass(frozen=True)
class Declaration:
    """A FeatureTable whose materialization versions may depend on the partition.

    Args:
        template: The declaration; its materializations are a stand-in when `resolve` is given.
        resolve: Partition key → materialization versions.
        partitions: Whether each partition is a table of its own, or all are parts of one.
    """

    template: FeatureTable
    resolve: Callable[[str], Sequence[MaterializationVersion]] | None = None
    partitions: Partitions = "each"

    def for_partition(self, key: str | None) -> FeatureTable:
        """The declaration as it holds for one partition.

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
        return FeatureTable(
            dataset=self.template.dataset,
            materializations=tuple(self.resolve(key)),
            columns=self.template.columns,
            references=self.template.references,
            signals=self.template.signals,
        )


class _Shown(dict[str, Any]):
    """What the UI shows of a declaration, with the declaration itself at hand inside the process.

    Columns are left out: they stand in the column schema beside it.
    """

    def __init__(self, declaration: Declaration) -> None:
        shown = declaration.template.model_dump(mode="json", exclude={"columns"})
        if declaration.resolve is not None:
            shown["materializations"] = "a function of the partition key"
        if declaration.partitions == "all":
            shown["partitions"] = "all"
        super().__init__(shown)
        self.declaration = declaration


def feature_table(
    table: FeatureTable | Mapping[Any, FeatureTable] | None = None,
    *,
    dataset: Dataset | None = None,
    materializations: Materializations = (),
    columns: Mapping[str, AnyColumn] | None = None,
    references: Iterable[Reference] = (),
    signals: Iterable[AnySignal] = (),
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
        dataset, materializations, columns, references, signals: Or its parts, as of `FeatureTable`.
            `materializations` may be a function of the partition key.
        partitions: Of a partitioned asset: "each" partition is a table, and a version, of its own; or "all"
            are parts of one table, and one version stands for all.

    Raises:
        InvalidDeclaration: the declaration is not well formed; the asset is declared already; it
            brings a column schema of its own; or keys and assets do not match.
    """
    if partitions not in get_args(Partitions):
        raise InvalidDeclaration(f'feature_table: partitions is {partitions!r}; write "each" or "all"')
    if table is not None and (dataset is not None or materializations or columns or references or signals):
        raise InvalidDeclaration("feature_table: give one whole declaration, or its parts, not both")
    if isinstance(table, Mapping):
        return _declaring({_key(key): Declaration(each, partitions=partitions) for key, each in table.items()})
    if table is not None:
        return _declaring(Declaration(table, partitions=partitions))
    if dataset is None:
        raise InvalidDeclaration("feature_table: name the dataset, e.g. dataset=rd.Dataset(name='lab.synapses')")
    resolve = materializations if callable(materializations) else None
    if resolve is not None and partitions == "all":
        raise InvalidDeclaration(
            f"{dataset.name}: one version for all partitions must name fixed materialization versions, but they are "
            'declared as a function of the partition key; list them, or declare partitions="each"'
        )
    template = FeatureTable(
        dataset=dataset,
        materializations=(_BY_PARTITION,) if callable(materializations) else tuple(materializations),
        columns=columns or {},
        references=tuple(references),
        signals=tuple(signals),
    )
    return _declaring(Declaration(template, resolve, partitions))


_BY_PARTITION = MaterializationVersion(system="by_partition", version="by_partition")


def declaration_of(assets: dg.AssetsDefinition, key: dg.AssetKey) -> Declaration | None:
    """The declaration of an asset, when it has one."""
    return declaration_in(assets.specs_by_key[key].metadata)


def declaration_in(metadata: Mapping[str, Any]) -> Declaration | None:
    """The declaration in an asset's metadata, when there is one."""
    shown = metadata.get(DECLARATION)
    return shown.declaration if isinstance(shown, _Shown) else None


def _key(key: Any) -> dg.AssetKey:
    if isinstance(key, dg.AssetKey):
        return key
    return dg.AssetKey.from_user_string(key) if isinstance(key, str) else dg.AssetKey(key)


def _declaring(declared: Declaration | Mapping[dg.AssetKey, Declaration]) -> Callable[[T], T]:
    def declare(target: T) -> T:
        if isinstance(target, dg.AssetSpec):
            return _declared(target, _by_key(declared, [target.key])[target.key])
        if not isinstance(cast("object", target), dg.AssetsDefinition):
            raise InvalidDeclaration(
                f"feature_table stands above @dg.asset, @dg.multi_asset or @dg.graph_asset, or around an AssetSpec; "
                f"here it stands on {type(target).__name__}. Put it first"
            )
        by_key = _by_key(declared, list(target.keys))
        return target.map_asset_specs(lambda spec: _declared(spec, by_key[spec.key]) if spec.key in by_key else spec)

    return declare


def _by_key(
    declared: Declaration | Mapping[dg.AssetKey, Declaration], keys: Sequence[dg.AssetKey]
) -> Mapping[dg.AssetKey, Declaration]:
    names = [key.to_user_string() for key in keys]
    if isinstance(declared, Declaration):
        if len(keys) != 1:
            raise InvalidDeclaration(
                f"{declared.template.dataset.name}: the multi-asset makes {', '.join(sorted(names))}; give a mapping "
                "from asset key to FeatureTable"
            )
        return {keys[0]: declared}
    for key in declared:
        if key not in keys:
            name = key.to_user_string()
            raise InvalidDeclaration(
                f"no asset {name!r} is made here{suggestion(name, names)} Keys: {', '.join(names)}"
            )
    return declared


def _declared(spec: dg.AssetSpec, declaration: Declaration) -> dg.AssetSpec:
    name = spec.key.to_user_string()
    if DECLARATION in spec.metadata:
        raise InvalidDeclaration(f"asset {name!r} has a feature_table declaration already; keep one")
    if COLUMN_SCHEMA in spec.metadata:
        raise InvalidDeclaration(
            f"asset {name!r} brings its own {COLUMN_SCHEMA}, which the declaration would replace; remove it there"
        )
    dataset = declaration.template.dataset
    declaration = replace(declaration, template=_kept(declaration.template, spec.owners))
    shown = {
        DECLARATION: _Shown(declaration),
        COLUMN_SCHEMA: declared_schema(declaration.template),
        TABLE_NAME: dataset.name,
    }
    return spec.replace_attributes(
        metadata={**spec.metadata, **shown},
        owners=list(dict.fromkeys([*spec.owners, *dataset.owners])),
        kinds={*spec.kinds, _KIND} if len(spec.kinds) < _MOST_KINDS else set(spec.kinds),
        description=spec.description or dataset.description or dataset.title,
    )


def _kept(table: FeatureTable, owners: Sequence[str]) -> FeatureTable:
    """Equal columns as one object; and a dataset without owners of its own takes the asset's."""
    columns = cast("Mapping[str, Any]", table.columns)
    kept: dict[str, object] = {"columns": {path: _shared(column) for path, column in columns.items()}}
    if owners and not table.dataset.owners:
        kept["dataset"] = Dataset(name=table.dataset.name, owners=tuple(owners)).added_to(table.dataset)
    return table.model_copy(update=kept)


@lru_cache(maxsize=10_000)
def _shared(column: AnyColumn) -> AnyColumn:
    """A code location holds the columns of all its assets, and many are equal: one object spares memory and time."""
    return column

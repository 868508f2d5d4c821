"""What a column means ⇄ the kind and the links that CAVE's catalogue has for it. Both ways, as far as it has words.

Kinds are segmentation ids by their level, and points: in one column, or an axis in each of three. Their numbers are in
units of `resolution` nanometres.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from registry_dagster.model.column import Column
from registry_dagster.model.columns import AnyColumn
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.geometry import Position
from registry_dagster.model.identifiers import TargetId
from registry_dagster.model.names import split_path
from registry_dagster.model.reference import Reference
from registry_dagster.sources.cave_catalog.request import CatalogColumn, CatalogLink

__all__ = ["CatalogMeaning", "catalog_columns", "meanings"]

_LEVELS = {"root_id": "root_id", "supervoxel_id": "supervoxel_id", "level2_id": "level2_id"}
"""Semantic → level of a node. They have the same names."""

_NM = {"nm": 1.0, "um": 1000.0}
_AXES = "xyz"
_OWN_ID = "id"
"""The column that holds the ids of a table of CAVE."""

_LARGEST_NM = 1e9
"""A metre: what is larger is not the size of a voxel."""


def catalog_columns(record: DatasetVersion) -> list[CatalogColumn]:
    """What the catalogue can say of a version's declared columns. A field of a struct has no place there."""
    columns = {path: column for path, column in record.columns.items() if len(split_path(path)) == 1}
    return [
        CatalogColumn(
            name=split_path(path)[0],
            description=column.description,
            kind=_kind(path, column, columns),
            links=list(dict.fromkeys(_links(path, column, record.references))),
        )
        for path, column in columns.items()
    ]


def _kind(path: str, column: AnyColumn, columns: Mapping[str, AnyColumn]) -> dict[str, Any] | None:
    if level := _LEVELS.get(column.semantic):
        return {"kind": "segmentation", "node_level": level}
    # A position that was carried into another frame is none in the space of the datastack, which is what it would say.
    if not isinstance(column, Position):
        return None
    sizes = [_NM[column.unit]] * 3 if column.unit in _NM else list(column.resolution_nm or ())
    if column.axis == "xyz":
        return {"kind": "packed_point", "resolution": sizes}
    group = _point_group(path, column, columns)
    said = {"kind": "split_point", "axis": column.axis, "resolution": sizes[_AXES.index(column.axis)]}
    return {**said, "point_group": group} if group else said


def _point_group(path: str, column: Position, columns: Mapping[str, AnyColumn]) -> str | None:
    """What the names of the three axes of a point have in common; None if there are not three."""
    name = path.removesuffix(f"_{column.axis}")
    others = [columns.get(f"{name}_{axis}") for axis in _AXES]
    alike = [_without_axis(each) == _without_axis(column) for each in others if each]
    return name if name != path and len(alike) == 3 and all(alike) else None


def _without_axis(column: Column) -> dict[str, Any]:
    return {name: value for name, value in column.to_json().items() if name not in ("axis", "description", "copy_of")}


def _links(path: str, column: AnyColumn, references: Sequence[Reference]) -> Iterator[CatalogLink]:
    copied = column.copy_of
    if copied:
        yield CatalogLink(link_type="copy", target_table=copied.table, target_column=copied.column)
    table = column.reference_table if isinstance(column, TargetId) else getattr(column, "source_table", None)
    # The ids of a table, copied from that table, join to it by themselves.
    if table and not (copied and (copied.table, copied.column) == (table, _OWN_ID)):
        yield CatalogLink(link_type="join", target_table=table, target_column=_OWN_ID)
    for each in references:
        # Of a join by several columns, each alone would find other rows.
        if each.to_table and tuple(each.columns) == (path,):
            target = next(iter(each.to_columns), None)
            yield CatalogLink(link_type="join", target_table=each.to_table, target_column=target)


@dataclass(frozen=True)
class CatalogMeaning:
    """What a request says that a column means.

    Args:
        meaning: The semantic and its attributes, as YAML has them; None for what the semantic needs and the catalogue
            does not say. Empty if it says no semantic.
        more: Attributes that go with any semantic.
        id_table: The table whose ids it holds, if its semantic is one of annotations.
        joins: The other joins: table and column.
    """

    meaning: Mapping[str, Any]
    more: Mapping[str, Any]
    id_table: str | None = None
    joins: tuple[CatalogLink, ...] = ()


def meanings(columns: Sequence[CatalogColumn], datastack: str) -> dict[str, CatalogMeaning]:
    """Column → what a request says that it means."""
    groups = _group_sizes(columns)
    return {each.name: _meaning(each, datastack, groups) for each in columns}


def _meaning(column: CatalogColumn, datastack: str, groups: Mapping[str, Sequence[float]]) -> CatalogMeaning:
    said = _semantic(column, datastack, groups)
    copies = [link for link in column.links if link.link_type == "copy" and link.target_column]
    joins = [link for link in column.links if link.link_type == "join"]
    ids = [link for link in joins if not said and link.target_column in (None, _OWN_ID)]
    ids += [link for link in copies if not said and not ids and link.target_column == _OWN_ID]
    more: dict[str, Any] = {"description": column.description} if column.description else {}
    if copies:
        more["copy_of"] = {"table": copies[0].target_table, "column": copies[0].target_column}
    id_table = ids[0].target_table if ids else None
    return CatalogMeaning(said, more, id_table, tuple(link for link in joins if link not in ids[:1]))


def _semantic(column: CatalogColumn, datastack: str, groups: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    kind = column.kind or {}
    match kind.get("kind"):
        case "segmentation" if kind.get("node_level") in _LEVELS.values():
            level = cast("str", kind["node_level"])
            return {"semantic": level, **({"id_space": datastack} if level == "root_id" else {"chunkedgraph": None})}
        case "packed_point":
            return {"semantic": "position", "axis": "xyz", "frame": None, **_unit(_sizes(kind.get("resolution")))}
        case "split_point" if kind.get("axis") in tuple(_AXES):
            whole = groups.get(str(kind.get("point_group")), ()) or _sizes([kind.get("resolution")])
            return {"semantic": "position", "axis": kind["axis"], "frame": None, **_unit(whole)}
        case _:
            return {}


def _unit(sizes: Sequence[float]) -> dict[str, Any]:
    """The unit of a point's numbers, by their size in nm on the axes that are known: three, one, or none."""
    for unit, size in _NM.items():
        if sizes and set(sizes) == {size}:
            return {"unit": unit}
    return {"unit": "voxel", "resolution_nm": list(sizes) if len(sizes) == 3 else None} if sizes else {"unit": None}


def _group_sizes(columns: Sequence[CatalogColumn]) -> dict[str, list[float]]:
    """Group of a point → the sizes on its three axes, where all are said."""
    found: dict[str, dict[str, float]] = {}
    for kind in (each.kind or {} for each in columns):
        group, sizes = kind.get("point_group"), _sizes([kind.get("resolution")])
        if kind.get("kind") == "split_point" and isinstance(group, str) and sizes:
            found.setdefault(group, {})[str(kind.get("axis"))] = sizes[0]
    return {group: [sizes[axis] for axis in _AXES] for group, sizes in found.items() if set(sizes) == set(_AXES)}


def _sizes(value: object) -> list[float]:
    """Sizes in nm; none if one of them is missing or out of range."""
    given = cast("list[object]", value) if isinstance(value, list) else []
    numbers = [each for each in given if isinstance(each, int | float) and each is not True]
    sizes = [float(each) for each in numbers if 0 < each <= _LARGEST_NM]
    return sizes if len(sizes) == len(given) else []

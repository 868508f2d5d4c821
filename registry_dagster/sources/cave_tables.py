"""What CAVE says of the annotation tables of one materialization: their schemas, resolutions, descriptions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from registry_dagster.model.canonical_json import is_json_object

__all__ = ["CaveTable", "CaveTables", "tables_from_cave"]


@dataclass(frozen=True)
class CaveTable:
    """An annotation table.

    Args:
        name: Its name.
        schema: The name of its annotation schema, such as `nucleus_detection`.
        resolution_nm: The size of a voxel in its positions.
        reference_table: The table whose ids its `target_id` holds.
        description: What it is, in words, with CAVE's notice on its use.
    """

    name: str
    schema: str | None = None
    resolution_nm: tuple[float, float, float] | None = None
    reference_table: str | None = None
    description: str | None = None


@dataclass(frozen=True)
class CaveTables:
    """The annotation tables of a materialization.

    Args:
        datastack, version: The materialization.
        chunkedgraph: The segmentation that supervoxel ids belong to.
        tables: By name.
    """

    datastack: str
    version: int
    chunkedgraph: str | None
    tables: Mapping[str, CaveTable]


def tables_from_cave(records: object) -> dict[str, CaveTable]:
    """The tables in CAVE's records, by name.

    Args:
        records: What `get_tables_metadata` returned.

    Raises:
        ValueError: these are not such records.
    """
    if not isinstance(records, list):
        raise ValueError("not a list")
    found = [_table(record) for record in cast("list[object]", records)]
    return {table.name: table for table in found}


def _table(record: object) -> CaveTable:
    if not is_json_object(record):
        raise ValueError("not a record of a table")
    name = _text(record, "table_name") or _text(record, "annotation_table")
    if name is None:
        raise ValueError("a table without a name")
    words = (_text(record, "description"), _text(record, "notice_text"))
    return CaveTable(
        name,
        schema=_text(record, "schema_type") or _text(record, "schema"),
        resolution_nm=_resolution(record.get("voxel_resolution")),
        reference_table=_text(record, "reference_table"),
        description="\n\n".join(filter(None, words)) or None,
    )


def _text(record: Mapping[str, Any], name: str) -> str | None:
    value = record.get(name)
    return value.strip() or None if isinstance(value, str) else None


def _resolution(value: object) -> tuple[float, float, float] | None:
    """Three sizes; None where one is missing or not above 0."""
    sizes = cast("list[object]", value) if isinstance(value, list) else []
    numbers = [float(each) for each in sizes if isinstance(each, int | float) and each > 0]
    return (numbers[0], numbers[1], numbers[2]) if len(numbers) == len(sizes) == 3 else None

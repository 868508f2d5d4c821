"""Small declarations and tables, made up: the registry reads no data, so none is needed."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

from registry_dagster.model.dataset import Dataset
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.identifiers import BodyId
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.quantities import Score
from registry_dagster.model.reference import Reference
from registry_dagster.model.table import DeltaPin, TableFacts, TableField

__all__ = ["HEMIBRAIN", "declared", "facts", "reference", "urns_in", "whole_database"]

HEMIBRAIN = MaterializationVersion(system="hemibrain", version="v1.2.1", source="neuprint")


def declared(name: str = "hemibrain.neurons", **parts: Any) -> FeatureTable:
    """A table of bodies with a score; `parts` of the Dataset and of the declaration as they are named there."""
    about = {part: parts.pop(part) for part in ("title", "description", "owners", "tags") if part in parts}
    whole: dict[str, Any] = {
        "dataset": Dataset(name=name, **about),
        "materializations": (HEMIBRAIN,),
        "columns": {"body_id": BodyId(id_space="hemibrain"), "score": Score()},
    }
    return FeatureTable(**(whole | parts))


def facts(version: int = 0, *, location: str = "/data/neurons", rows: int | None = None, **types: str) -> TableFacts:
    """A Delta table at some version; by default with the columns that `declared` speaks of."""
    columns = types or {"body_id": "int64", "score": "float32"}
    return TableFacts(
        location=location,
        pin=DeltaPin(table_id="6c0f", version=version),
        fields=tuple(TableField(path=path, type=dtype) for path, dtype in columns.items()),
        arrow_schema="/////w==",
        rows=rows,
    )


def reference(to: str, **parts: Any) -> Reference:
    """A join from `body_id` to the same of another dataset."""
    keys: dict[str, Any] = {"columns": ("body_id",), "to_columns": ("body_id",)}
    return Reference(to=to, **(keys | parts), annotation_type="segment", cardinality="n:1", stability="version_pinned")


def urns_in(value: Any) -> set[str]:
    """Every URN mentioned anywhere in an aspect, in names of mappings too."""
    if isinstance(value, str):
        return {value} if value.startswith("urn:li:") else set()
    if isinstance(value, dict):
        return urns_in([*value, *value.values()])
    if isinstance(value, list):
        return set().union(*map(urns_in, value)) if value else set()
    return set()


def whole_database(path: Path) -> dict[str, dict[str, Any]]:
    """URN → aspect → value of everything current in a DataHub Lite file, read by SQLite alone."""
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    try:
        entities: dict[str, dict[str, Any]] = {}
        rows = connection.execute("SELECT urn, aspect_name, metadata FROM metadata_aspect_v2 WHERE version = 0")
        for urn, aspect, metadata in rows:
            entities.setdefault(urn, {})[aspect] = json.loads(metadata)
        return entities
    finally:
        connection.close()

"""Made-up tables for measuring: many, wide, without any file behind them."""

from __future__ import annotations

from registry_dagster.model.columns import AnyColumn
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.geometry import Position
from registry_dagster.model.identifiers import RootId
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.quantities import Feature
from registry_dagster.model.table import DeltaPin, TableFacts, TableField
from registry_dagster.registry.plan import Publication

__all__ = ["publication", "publications", "wide_publication"]

MINNIE = MaterializationVersion(system="minnie65_public", version="1300", source="cave")


def publications(count: int, columns: int, of_one_dataset: int = 1) -> list[Publication]:
    """So many tables with so many declared columns each: of one dataset each, or several of them of one."""
    return [publication(f"bench.table_{number // of_one_dataset}", number, columns) for number in range(count)]


def publication(dataset: str, state: int, columns: int) -> Publication:
    """A table of a dataset, in one of its states."""
    declared = {f"feature_{number}": Feature(unit="um", description="A feature.") for number in range(columns)}
    return Publication(
        FeatureTable(dataset=Dataset(name=dataset, owners=["team:bench"]), materializations=[MINNIE], columns=declared),
        TableFacts(
            location=f"s3://{dataset.replace('.', '/')}",
            pin=DeltaPin(table_id=f"table-{state}", version=state),
            fields=[TableField(path=name, type="float32") for name in declared],
            arrow_schema="AAAA" * columns * 12,
        ),
        message="Measured",
        publisher="bench",
    )


def wide_publication(columns: int) -> Publication:
    """One wide table: ids, positions in structs, features, each described in its own words."""
    declared: dict[str, AnyColumn] = {}
    fields: list[TableField] = []
    for number in range(columns // 10):
        declared[f"root_{number}"] = RootId(id_space="minnie65_public", description=f"Cell {number}.")
        declared[f"point_{number}"] = Position(axis="xyz", frame="minnie65", unit="nm", description=f"Point {number}.")
        fields += [TableField(path=f"root_{number}", type="int64"), TableField(path=f"point_{number}", type="struct")]
        fields += [TableField(path=f"point_{number}.{axis}", type="float64") for axis in "xyz"]
        for one in range(5):
            declared[f"feature_{number}_{one}"] = Feature(unit="um", description=f"Feature {one} of cell {number}.")
            fields.append(TableField(path=f"feature_{number}_{one}", type="float32"))
    return Publication(
        FeatureTable(dataset=Dataset(name="bench.wide"), materializations=[MINNIE], columns=declared),
        TableFacts(
            location="s3://bench/wide",
            pin=DeltaPin(table_id="wide", version=1),
            fields=fields,
            arrow_schema="AAAA" * columns * 12,
        ),
        message="Measured",
        publisher="bench",
    )

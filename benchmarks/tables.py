"""Made-up tables for measuring: many, wide, without any file behind them."""

from __future__ import annotations

from registry_dagster.model.dataset import Dataset
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.quantities import Feature
from registry_dagster.model.table import DeltaPin, TableFacts, TableField
from registry_dagster.registry.plan import Publication

__all__ = ["publications"]

MINNIE = MaterializationVersion(system="minnie65_public", version="1300", source="cave")


def publications(count: int, columns: int) -> list[Publication]:
    """One table for each of `count` datasets, with `columns` declared columns each."""
    declared = {f"feature_{number}": Feature(unit="um", description="A feature.") for number in range(columns)}
    fields = [TableField(path=name, type="float32") for name in declared]
    return [
        Publication(
            FeatureTable(
                dataset=Dataset(name=f"bench.table_{number}", owners=["team:bench"]),
                materializations=[MINNIE],
                columns=declared,
            ),
            TableFacts(
                location=f"s3://bench/table_{number}",
                pin=DeltaPin(table_id=f"table-{number}", version=number),
                fields=fields,
                arrow_schema="AAAA" * columns * 12,
            ),
            message="Measured",
            publisher="bench",
        )
        for number in range(count)
    ]

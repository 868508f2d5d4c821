"""Made-up tables for measuring: many, wide, without any file behind them."""

from __future__ import annotations

from registry_dagster.model.dataset import Dataset
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.quantities import Feature
from registry_dagster.model.table import DeltaPin, TableFacts, TableField
from registry_dagster.registry.plan import Publication

__all__ = ["publication", "publications"]

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

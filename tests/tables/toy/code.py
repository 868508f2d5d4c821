"""Code that reads a toy table."""

from __future__ import annotations

from registry_dagster.model.table import TableFacts
from registry_dagster.tables.code import Code, place
from registry_dagster.tables.engines import Engine, Readers
from tests.tables.toy.pin import ToyPin

__all__ = ["READERS", "toy_code"]

READERS = Readers({"pyarrow": ()})


def toy_code(table: TableFacts, pin: ToyPin, engine: Engine) -> Code:
    """Reads its CSV files."""
    return Code.of(
        "import pyarrow.dataset as ds", f'data = ds.dataset({place(table.location)}, format="csv").to_table()'
    )

"""Code that reads one version of a Lance dataset."""

from __future__ import annotations

from registry_dagster.model.table import LancePin, TableFacts
from registry_dagster.tables.code import Code, place, text
from registry_dagster.tables.engines import Engine
from registry_dagster.tables.parquet.code import over_arrow

__all__ = ["lance_code"]


def lance_code(table: TableFacts, pin: LancePin, engine: Engine) -> Code:
    """Reads the pinned version, after the dataset was told from one that was made anew in its place."""
    where = place(table.location, lance=True)
    variable = "data" if engine in {"lance", "pyarrow"} else "source"
    opened = Code.of("import lance", f"{variable} = lance.dataset({where}, version={pin.version})")
    if pin.transaction_uuid:
        opened += Code.of(
            f"transaction = {variable}.read_transaction({pin.version}).uuid",
            f'assert transaction == {text(pin.transaction_uuid)}, "another dataset stands there now"',
        )
    match engine:
        case "polars":
            # scan_lance reads the newest version of a dataset that was opened at another.
            return opened + Code.of("import polars as pl", "data = pl.scan_pyarrow_dataset(source)")
        case "duckdb":
            return opened + over_arrow()
        case "ray":
            return opened + Code.of("import ray", f"data = ray.data.read_lance({where}, version={pin.version})")
        case _:
            return opened

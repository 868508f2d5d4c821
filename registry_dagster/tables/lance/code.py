"""Code that reads one version of a Lance dataset."""

from __future__ import annotations

from registry_dagster.model.table import LancePin, TableFacts
from registry_dagster.tables.code import Code, over_arrow, over_pandas, place, text
from registry_dagster.tables.engines import Engine, Readers

__all__ = ["READERS", "lance_code"]

READERS = Readers(
    {"polars": (), "duckdb": (), "pyarrow": (), "pandas": (), "ray": (), "lance": ()},
    why_not={"spark": "Spark reads Lance datasets only with a connector, for which no code is given here"},
)


def lance_code(table: TableFacts, pin: LancePin, engine: Engine) -> Code:
    """Reads the pinned version, once it has checked that the dataset was not created again in the same place."""
    where = place(table.location, lance=True)
    variable = "data" if engine in {"lance", "pyarrow"} else "source"
    opened = Code.of("import lance", f"{variable} = lance.dataset({where}, version={pin.version})")
    opened += _check(pin, variable)
    match engine:
        case "polars":
            # scan_lance reads the newest version of a dataset that was opened at another.
            return opened + Code.of("import polars as pl", "data = pl.scan_pyarrow_dataset(source)")
        case "duckdb":
            return opened + over_arrow()
        case "pandas":
            return opened + over_pandas("source.to_table()")
        case "ray":
            return opened + Code.of("import ray", f"data = ray.data.read_lance({where}, version={pin.version})")
        case _:
            return opened


def _check(pin: LancePin, variable: str) -> Code:
    if not pin.transaction_uuid:
        return Code.of()
    return Code.of(
        f"transaction = {variable}.read_transaction({pin.version}).uuid",
        f'assert transaction == {text(pin.transaction_uuid)}, "another dataset is there now"',
    )

"""Which engine reads which table, and what it finds in its environment."""

from __future__ import annotations

from typing import Literal, get_args

from registry_dagster.errors import EngineCannotRead
from registry_dagster.model.table import IcebergPin, TableFacts
from registry_dagster.model.text import suggestion
from registry_dagster.tables.storage.options import AZURE, GCS, HTTP, S3, scheme_of

__all__ = ["ENGINES", "Engine", "readable_by", "remarks"]

Engine = Literal["polars", "duckdb", "pyarrow", "spark", "ray", "lance"]
ENGINES: tuple[Engine, ...] = get_args(Engine)

_STORES = {"file"} | S3 | GCS | AZURE
_FORMATS = {
    "parquet": "Parquet tables",
    "delta": "Delta tables",
    "iceberg": "Iceberg tables",
    "lance": "Lance datasets",
}
_THROUGH_FSSPEC = {"duckdb", "pyarrow", "ray"}
_PACKAGES = {"delta": "delta-spark", "iceberg": "iceberg-spark-runtime"}


def readable_by(table: TableFacts, engine: str) -> Engine:
    """The engine, if it reads such a table.

    Raises:
        EngineCannotRead: no such engine, or it does not; says which do.
    """
    if engine not in ENGINES:
        raise EngineCannotRead(
            f"there is no code for {engine!r}{suggestion(engine, ENGINES)} One of {', '.join(ENGINES)}"
        )
    if reason := _why_not(table, engine):
        others = [other for other in ENGINES if _why_not(table, other) is None]
        instead = f"use {' or '.join(others)}" if others else f"no engine known here does; the table is at {_at(table)}"
        raise EngineCannotRead(f"{reason}; {instead}")
    return engine


def _why_not(table: TableFacts, engine: str) -> str | None:
    kind, scheme = _FORMATS[table.format], scheme_of(_at(table))
    if engine == "lance" and table.format != "lance":
        return f"lance does not read {kind}"
    if engine == "spark" and table.format == "lance":
        return "Spark reads Lance datasets only with a connector that no code is given for here"
    if scheme in _STORES - {"az"} or (scheme == "az" and engine != "spark"):
        return None
    if table.format == "parquet" and (engine in _THROUGH_FSSPEC or (engine == "polars" and scheme in HTTP)):
        return None
    return f"{engine} does not read {kind} through {scheme}://"


def remarks(table: TableFacts, engine: Engine) -> list[str]:
    """What must be there besides the code: credentials in the environment, packages."""
    scheme = scheme_of(_at(table))
    said: list[str] = []
    if engine == "spark":
        if package := _PACKAGES.get(table.format):
            said.append(f"Spark needs the package {package}.")
        if scheme != "file":
            said.append("Spark needs its Hadoop connector for the store, and credentials in its own settings.")
    elif scheme in S3:
        said += [
            "Credentials are taken from the environment: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE;",
            "AWS_REGION; for another server than AWS, AWS_ENDPOINT_URL, and AWS_ALLOW_HTTP=true where it is http://.",
        ]
    elif scheme in GCS:
        said.append("Credentials are taken from the environment: GOOGLE_APPLICATION_CREDENTIALS.")
    elif scheme in AZURE:
        said.append(
            "Credentials are taken from the environment: AZURE_STORAGE_ACCOUNT_NAME, AZURE_STORAGE_ACCOUNT_KEY."
        )
    return said


def _at(table: TableFacts) -> str:
    """Where reading starts."""
    return table.pin.metadata_location if isinstance(table.pin, IcebergPin) else table.location

"""Ready-to-run Python that reads exactly the state of a table that was published."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from registry_dagster.errors import EngineCannotRead
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.table import TableFacts
from registry_dagster.model.text import suggestion
from registry_dagster.tables.engine_types import unread_column
from registry_dagster.tables.engines import ANY_SCHEME, ENGINES, Engine
from registry_dagster.tables.formats import format_of
from registry_dagster.tables.storage.options import AZURE, GCS, S3, scheme_of

__all__ = ["read_code"]

_STORES = {"file"} | S3 | GCS | AZURE
_FROM_ENVIRONMENT = (
    (
        S3,
        (
            "Credentials are taken from the environment: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE;",
            "AWS_REGION; for a server other than AWS, AWS_ENDPOINT_URL, and AWS_ALLOW_HTTP=true if it is http://.",
        ),
    ),
    (GCS, ("Credentials are taken from the environment: GOOGLE_APPLICATION_CREDENTIALS.",)),
    (
        AZURE,
        ("Credentials are taken from the environment: AZURE_STORAGE_ACCOUNT_NAME, AZURE_STORAGE_ACCOUNT_KEY.",),
    ),
)


def read_code(
    record: DatasetVersion, engine: str, *, tables: Sequence[TableFacts] = (), remark: str | None = None
) -> str:
    """A Python program that reads a published version's table in its pinned state.

    Its last variable, `data`, is what the engine reads lazily where it can: a polars LazyFrame, a DuckDB
    relation, a pyarrow dataset (for Iceberg, a table), a pandas DataFrame, a Spark DataFrame, a Ray
    dataset, a Lance dataset.
    It holds no credentials: the engine finds them in its environment.

    Args:
        record: The published version.
        engine: One of polars, duckdb, pyarrow, pandas, spark, ray, lance.
        tables: The table at each place where it is known to be, that to read from first. Default: as recorded.
        remark: What else a reader should know, put at the top as a comment.

    Raises:
        EngineCannotRead: no such engine, or it does not read such a table; the message says which do.
    """
    known = tables or (record.table,)
    table = next((each for each in known if engine in ENGINES and _why_not(each, engine) is None), known[0])
    chosen = _checked(table, engine)
    code = format_of(table).code(table, chosen)
    about = [f"{record.name}: {table.pin.in_words}.", *([remark] if remark else []), *_elsewhere(table, known)]
    about += _needed(table, chosen)
    return "".join(f"# {' '.join(line.split())}\n" for line in about) + str(code)


def _elsewhere(table: TableFacts, known: Sequence[TableFacts]) -> Iterator[str]:
    """Where else the table is known to be."""
    if others := [each.location for each in known if each.location != table.location]:
        yield f"Its table is known under {', '.join(others)}, too; `feature-registry show` says on what that rests."


def _checked(table: TableFacts, engine: str) -> Engine:
    """The engine, if it reads such a table."""
    if engine not in ENGINES:
        raise EngineCannotRead(
            f"there is no code for {engine!r}{suggestion(engine, ENGINES)} One of {', '.join(ENGINES)}"
        )
    if reason := _why_not(table, engine):
        raise EngineCannotRead(f"{reason}; {_instead(table)}")
    return engine


def _instead(table: TableFacts) -> str:
    if others := [other for other in ENGINES if _why_not(table, other) is None]:
        return f"use {' or '.join(others)}"
    return f"no engine known here does; the table is at {table.pin.read_from(table.location)}"


def _why_not(table: TableFacts, engine: Engine) -> str | None:
    """Why an engine does not read a table; None if it does."""
    format = format_of(table)
    readers, scheme = format.readers, scheme_of(table.pin.read_from(table.location))
    if engine not in readers.schemes:
        return (readers.why_not or {}).get(engine, f"{engine} does not read {format.kind}")
    if _has_connector(engine, scheme) or {scheme, ANY_SCHEME} & set(readers.schemes[engine]):
        return readers.refuses(table, engine) or unread_column(table, engine)
    return f"{engine} does not read {format.kind} through {scheme}://"


def _has_connector(engine: Engine, scheme: str) -> bool:
    """Whether an engine reads from such a store, whatever the format. Hadoop has no az://."""
    return scheme in _STORES and (engine, scheme) != ("spark", "az")


def _needed(table: TableFacts, engine: Engine) -> Iterator[str]:
    """What must be there besides the code: credentials in the environment, packages."""
    scheme = scheme_of(table.pin.read_from(table.location))
    if engine == "spark":
        yield from _needed_by_spark(table, scheme)
    else:
        yield from (line for schemes, lines in _FROM_ENVIRONMENT if scheme in schemes for line in lines)


def _needed_by_spark(table: TableFacts, scheme: str) -> Iterator[str]:
    if package := format_of(table).readers.spark_package:
        yield f"Spark needs the package {package}."
    if scheme != "file":
        yield "Spark needs its Hadoop connector for the store, and credentials in its own settings."

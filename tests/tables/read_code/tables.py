"""Real tables of every format, on a local disk or in a local S3, which move on after they were pinned."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import write_deltalake
from pyiceberg.catalog.sql import SqlCatalog

from registry_dagster.model.dataset_version import DatasetVersion, Provenance
from registry_dagster.model.table import TableFacts
from registry_dagster.tables import inspect_table
from tests.registry.records import moment, upstream
from tests.tables.places import SECRET, Place, S3Server

__all__ = ["FORMATS", "PINNED", "published", "rows_of", "s3_environment", "write"]

FORMATS = ["parquet", "delta", "iceberg", "lance"]
PINNED = [(1, "a", "001"), (2, "b", "001"), (3, "c", "002")]
_NAMES = ("id", "name", "year")
_IO = {"py-io-impl": "pyiceberg.io.fsspec.FsspecFileIO"}


def published(table: TableFacts, name: str = "lab.cells@v1") -> DatasetVersion:
    """The record of a table's publish."""
    dataset, _, number = name.partition("@v")
    return DatasetVersion(
        dataset=dataset,
        number=int(number),
        materializations=(upstream("m@1"),),
        table=table,
        provenance=Provenance(publisher="ada@lab.org", message="why", published_at=moment("2026-01-01")),
    )


def write(kind: str, place: Place, catalog: str = "sqlite://") -> tuple[TableFacts, Callable[[], object]]:
    """A table of a format holding PINNED, as it was inspected; and what makes it move on.

    An Iceberg table is known to a catalog in a SQL database.
    """
    if kind == "iceberg":
        return _iceberg(place, catalog)
    return {"parquet": _parquet, "delta": _delta, "lance": _lance, "csv": _csv}[kind](place)


def rows_of(data: Any) -> list[tuple[Any, ...]]:
    """All rows of what any engine gives, in the order of their ids."""
    kind = type(data).__module__.partition(".")[0]
    if kind == "polars":
        found = data.collect().to_dicts()
    elif kind in {"duckdb", "_duckdb"}:
        found = data.to_arrow_table().to_pylist()
    elif kind == "pyspark":
        found = [row.asDict() for row in data.collect()]
    elif kind == "pandas":
        found = data.to_dict("records")
    elif kind == "ray":
        found = data.take_all()
    else:
        found = (data if isinstance(data, pa.Table) else data.to_table()).to_pylist()
    assert all(set(row) == set(_NAMES) for row in found), found
    return sorted(tuple(row[name] for name in _NAMES) for row in found)


def s3_environment(server: S3Server) -> dict[str, str]:
    """The variables by which any engine finds the local S3."""
    return {
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_ENDPOINT_URL": server.url,
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
    }


def _table(rows: list[tuple[Any, ...]], **more: Any) -> pa.Table:
    columns = {name: [row[at] for row in rows] for at, name in enumerate(_NAMES)}
    return pa.table({**columns, **more})


def _parquet(place: Place) -> tuple[TableFacts, Callable[[], object]]:
    """Hive partitions whose values look like numbers, below a directory that looks like a partition."""
    root = "run=7/cells"

    def put(key: str, table: pa.Table) -> None:
        body = io.BytesIO()
        pq.write_table(table, body)
        place.put(f"{root}/{key}", body.getvalue())

    whole = _table(PINNED)
    put("year=001/part-0.parquet", whole.slice(0, 2).drop_columns("year"))
    put("year=002/part-0.parquet", whole.slice(2).drop_columns("year"))
    put("_temporary/part-1.parquet", whole)
    place.put(f"{root}/year=001/part-0.crc", b"no table")
    return inspect_table(place.at(root), storage_options=place.options), lambda: put(
        "year=002/part-1.parquet", whole.slice(0, 1).drop_columns("year")
    )


def _csv(place: Place) -> tuple[TableFacts, Callable[[], object]]:
    """Compressed, without a line of names, below a directory that looks like a partition."""
    text = "".join(f"{','.join(map(str, row))}\n" for row in PINNED)
    place.put("year=7/cells.csv.gz", gzip.compress(text.encode()))
    schema = {"id": "int64", "name": "string", "year": "string"}
    facts = inspect_table(place.at("year=7/cells.csv.gz"), schema=schema, counts=True, storage_options=place.options)
    assert facts.rows == len(PINNED)
    return facts, lambda: place.put("year=7/cells.csv.gz", gzip.compress(text.encode() * 2))


def _delta(place: Place) -> tuple[TableFacts, Callable[[], object]]:
    uri = place.at("cells")
    options = {"aws_conditional_put": "etag"} if uri.startswith("s3://") else None
    write_deltalake(uri, _table([]).cast(_table(PINNED).schema), storage_options=options)
    write_deltalake(uri, _table(PINNED), mode="append", storage_options=options)

    def move_on() -> None:
        write_deltalake(uri, _table([(4, "d", "003")]), mode="overwrite", storage_options=options)

    return inspect_table(uri, storage_options=place.options), move_on


def _iceberg(place: Place, database: str) -> tuple[TableFacts, Callable[[], object]]:
    """Pinned at a snapshot that is not the newest, with a schema that was changed since."""
    remote = place.uri.startswith("s3://")
    catalog = SqlCatalog("lab", uri=database, warehouse=place.at("warehouse"), **(_IO if remote else {}))
    catalog.create_namespace("flies")
    table = catalog.create_table("flies.cells", schema=_table(PINNED).schema)
    table.append(_table(PINNED))
    pinned = table.current_snapshot()
    assert pinned is not None
    with table.update_schema() as update:
        update.union_by_name(_table(PINNED, depth=[1, 2, 3]).schema)
    table.append(_table([(4, "d", "003")], depth=[4]))
    facts = inspect_table(table.metadata_location, version=pinned.snapshot_id, storage_options=place.options)

    def move_on() -> None:
        table.delete("id < 3")
        catalog.close()

    return facts, move_on


def _lance(place: Place) -> tuple[TableFacts, Callable[[], object]]:
    import lance

    uri = place.at("cells.lance")
    lance.write_dataset(_table(PINNED), uri)
    return inspect_table(uri, storage_options=place.options), lambda: lance.write_dataset(
        _table([(4, "d", "003")]), uri, mode="append"
    )

"""Code as text: its imports and its lines, put together piece by piece."""

from __future__ import annotations

import json
from dataclasses import dataclass

from registry_dagster.tables.storage.locations import local_path
from registry_dagster.tables.storage.options import AZURE, scheme_of

__all__ = ["Code", "opened_files", "over_arrow", "over_pandas", "place", "spark_session", "text"]

_SCHEMES = {"s3a": "s3", "gcs": "gs"}
_SCHEMES_OF_SPARK = {"s3": "s3a", "gcs": "gs"}
"""How engines spell a scheme, where that is not how it is given."""


@dataclass(frozen=True)
class Code:
    """Lines of Python and the imports they need."""

    imports: tuple[str, ...]
    lines: tuple[str, ...]

    @classmethod
    def of(cls, *parts: str) -> Code:
        """Imports and lines, in one sequence."""
        imports = tuple(filter(_is_import, parts))
        return cls(imports, tuple(part for part in parts if part not in imports))

    def __add__(self, other: Code) -> Code:
        return Code(self.imports + other.imports, self.lines + other.lines)

    def __str__(self) -> str:
        imports = sorted(set(self.imports), key=lambda line: (line.startswith("from "), line))
        return "\n".join((*imports, "", *self.lines)) + "\n"


def _is_import(line: str) -> bool:
    return line.startswith(("import ", "from "))


def text(value: str) -> str:
    """A text as a Python literal: every JSON string is one."""
    return json.dumps(value, ensure_ascii=False)


def place(location: str, *, spark: bool = False, lance: bool = False) -> str:
    """A location as a Python literal, in the engine's own spelling: a path on local disks, else a URI."""
    if (path := local_path(location)) is not None:
        return text(str(path))
    scheme, rest = scheme_of(location), location.partition("://")[2]
    if lance and scheme in AZURE:
        container, _, path_in_it = rest.partition("/")
        return text(f"az://{container.partition('@')[0]}/{path_in_it}")
    spelled = _SCHEMES_OF_SPARK if spark else _SCHEMES
    return text(f"{spelled.get(scheme, scheme)}://{rest}")


def opened_files(location: str, files: str) -> tuple[Code, str, str]:
    """What opens the store of `files`, a variable; the files as the store names them; and how pyarrow is given it."""
    if scheme_of(location) == "file":
        return Code.of(), files, ""
    opened = Code.of(
        "import fsspec",
        f"store, _ = fsspec.core.url_to_fs({files}[0])",
        f"paths = [fsspec.core.strip_protocol(file) for file in {files}]",
    )
    return opened, "paths", ", filesystem=store"


def over_arrow() -> Code:
    """DuckDB over the Arrow dataset or table `source`, which needs none of its extensions."""
    return Code.of("import duckdb", 'data = duckdb.sql("SELECT * FROM source")')


def over_pandas(table: str) -> Code:
    """A pandas DataFrame with Arrow's own types, of an Arrow table that is given as an expression.

    With types of its own pandas would take whole numbers for fractions where a value is missing, and so lose the
    last digits of long ids. What it wrote about an index is not asked either: every column stays one.
    """
    return Code.of("import pandas as pd", f"data = {table}.to_pandas(types_mapper=pd.ArrowDtype, ignore_metadata=True)")


def spark_session() -> Code:
    """The Spark session `spark`."""
    return Code.of("from pyspark.sql import SparkSession", "spark = SparkSession.builder.getOrCreate()")

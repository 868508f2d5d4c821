"""The table formats: what each is called, how it is recognised, and the folder that does the rest.

A format is added by its folder, its line in `FORMATS`, and its pin in `model/table.py`. "Adding a table format" in
docs/design.md shows the steps.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from registry_dagster.errors import RegistryError, UnsupportedTable
from registry_dagster.model.place import Place
from registry_dagster.model.table import TableFacts
from registry_dagster.tables.code import Code
from registry_dagster.tables.declared import Declared
from registry_dagster.tables.engines import Engine, Readers
from registry_dagster.tables.storage.options import OptionsOf, StorageOptions
from registry_dagster.tables.storage.protocol import Storage
from registry_dagster.tables.verdict import Look, Note

__all__ = ["FORMATS", "Format", "Marks", "format_of", "format_of_scheme"]


@dataclass(frozen=True)
class Marks:
    """How a table of a format is recognised, as globs and first bytes.

    Args:
        files: Names of files, in `directory`, that only such a table has.
        directory: Where these files are below the table. Without one the mark is weak: it counts only where no
            other format's mark is found, and hidden files do not count.
        itself: Names of a file that is a table by itself.
        magic: The first bytes of such a file.
        scheme: The URI scheme of a catalog that knows such tables by name.
    """

    files: tuple[str, ...] = ()
    directory: str = ""
    itself: tuple[str, ...] = ()
    magic: tuple[bytes, ...] = ()
    scheme: str | None = None

    @property
    def is_weak(self) -> bool:
        """Whether a mark counts only where no other format's is found."""
        return not self.directory and bool(self.files or self.itself)

    @property
    def prefix(self) -> str:
        """What the path of a mark begins with."""
        return f"{self.directory}/" if self.directory else ""


@dataclass(frozen=True)
class Format:
    """A table format. Its folder's modules are imported when they are first needed.

    Args:
        name: The tag of its pins, such as `delta`.
        kind: What people call its tables, such as "Delta tables".
        marks: How one is recognised.
        is_declared: Whether people say what its files do not: `inspect.py` then takes `declared`, a `Declared`.
        folder: The package that holds `inspect.py`, `verify.py` and `code.py`, and `catalog.py` if it has a scheme;
            `registry_dagster.tables.{name}` by default.
    """

    name: str
    kind: str
    marks: Marks
    folder: str = ""
    is_declared: bool = False

    def inspect(
        self,
        storage: Storage,
        version: int | str | None,
        options: StorageOptions | None,
        count_bytes: int | None,
        declared: Declared,
    ) -> TableFacts:
        """The facts of a table, by `inspect_{name}` of `inspect.py`.

        Args:
            storage: At the table.
            version, options: See `inspect_table`.
            count_bytes: How many bytes may be read only to count; None: no counting.
            declared: What people say of it.
        """
        inspect = self._part("inspect", f"inspect_{self.name}")
        more = {"declared": declared} if self.is_declared else {}
        with _damage(storage.location, self.kind):
            return inspect(storage, version, storage_options=options, count_bytes=count_bytes, **more)

    def inspect_catalog(self, location: str, version: int | str | None, options: StorageOptions | None) -> TableFacts:
        """The facts of a table that a catalog names, by `inspect_catalog_table` of `catalog.py`."""
        inspect = self._part("catalog", "inspect_catalog_table")
        with _damage(location, self.kind):
            return inspect(location, version, options)

    def verify(self, table: TableFacts, options: StorageOptions | None, note: Note) -> Look:
        """What became of a recorded table, by `verify_{name}` of `verify.py`."""
        verify = self._part("verify", f"verify_{self.name}")
        with _damage(table.location, self.kind):
            return verify(table, table.pin, options, note)

    def place(self, table: TableFacts, location: str, options: OptionsOf | None) -> Place:
        """A recorded table at another place, by `place_{name}` of `place.py`.

        The recorded place may be looked at, too: each with the options of its own store.

        Raises:
            OtherTable: another table, or another state of it, is there.
        """
        place = self._part("place", f"place_{self.name}")
        with _damage(location, self.kind):
            return place(table, table.pin, location, options)

    def code(self, table: TableFacts, engine: Engine) -> Code:
        """A program that reads a table's pinned state, by `{name}_code` of `code.py`."""
        return self._part("code", f"{self.name}_code")(table, table.pin, engine)

    @property
    def readers(self) -> Readers:
        """The engines that read its tables: `READERS` of `code.py`."""
        return self._part("code", "READERS")

    def _part(self, module: str, name: str) -> Any:
        return getattr(import_module(f"{self.folder or f'registry_dagster.tables.{self.name}'}.{module}"), name)


@contextmanager
def _damage(location: str, kind: str) -> Generator[None, None, None]:
    """Raises what a table's files make a format stumble over, which no list of checks exhausts, as an error of ours.

    Raises:
        UnsupportedTable: something in the files is of another type, value or depth than the format has.
    """
    try:
        yield
    except RegistryError:
        raise
    except _STUMBLES as error:
        raise UnsupportedTable(
            f"{location} cannot be read as {kind} are written: its metadata has a value of another type, range or "
            f"depth ({type(error).__name__}). It is damaged, or written in a form that registry-dagster does not "
            "know. Restore it, or write it again."
        ) from error


_STUMBLES = (
    ArithmeticError,
    AttributeError,
    LookupError,
    NotImplementedError,
    RecursionError,
    TypeError,
    ValueError,
)
_FEATHER = ("*.feather", "*.arrow", "*.ipc")
_METADATA = ("*.metadata.json", "*.metadata.json.gz")

FORMATS: dict[str, Format] = {
    format.name: format
    for format in (
        Format("parquet", "Parquet tables", Marks(("*.parquet", "*.parq", "*.pq"), magic=(b"PAR1", b"PARE"))),
        Format("delta", "Delta tables", Marks(("*.json", "*.checkpoint.parquet", "_last_checkpoint"), "_delta_log")),
        Format("iceberg", "Iceberg tables", Marks(_METADATA, "metadata", itself=_METADATA, scheme="iceberg")),
        Format("lance", "Lance datasets", Marks(("*.manifest",), "_versions")),
        Format("feather", "Feather files", Marks(itself=_FEATHER, magic=(b"ARROW1", b"FEA1"))),
        Format("csv", "CSV files", Marks(itself=("*.csv", "*.csv.gz")), is_declared=True),
        Format("opaque", "opaque tables", Marks(), is_declared=True),
    )
}
"""Name → format, in the order in which messages list them."""


def format_of(table: TableFacts) -> Format:
    """The format of a table."""
    return FORMATS[table.format]


def format_of_scheme(scheme: str) -> Format | None:
    """The format whose catalogs have this URI scheme; None for a scheme that names a place in a store."""
    return next((format for format in FORMATS.values() if format.marks.scheme == scheme), None)

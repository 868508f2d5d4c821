"""No code reads an opaque table: every engine is refused with the words of its publisher."""

from __future__ import annotations

from typing import NoReturn

from registry_dagster.errors import EngineCannotRead
from registry_dagster.model.table import OpaquePin, TableFacts
from registry_dagster.tables.engines import ANY_SCHEME, ENGINES, Engine, Readers

__all__ = ["READERS", "opaque_code"]


def _refused(table: TableFacts, engine: Engine) -> str:
    how = table.pin.how_to_read if isinstance(table.pin, OpaquePin) else ""
    return f"no code is known for opaque tables; its publisher says how to read it: {how}"


READERS = Readers({engine: {ANY_SCHEME} for engine in ENGINES}, refuses=_refused)


def opaque_code(table: TableFacts, pin: OpaquePin, engine: Engine) -> NoReturn:
    """There is none.

    Raises:
        EngineCannotRead: always.
    """
    raise EngineCannotRead(_refused(table, engine))

"""Answers of many rows: a table in a notebook, or a data frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from registry_dagster.answers.answer import Answer
from registry_dagster.errors import InvalidDeclaration, RegistryError
from registry_dagster.registry.rows.cells import Row, cells_table

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

__all__ = ["Rows", "first_rows"]

R = TypeVar("R", bound=Row)


@dataclass(frozen=True)
class Rows(Answer, Generic[R]):
    """Rows of one kind, in order.

    Args:
        rows: The rows.
        more: Whether there are more than these.
        unread: The remotes that could not be read, each with the reason: what they have is not among the rows.
    """

    rows: tuple[R, ...]
    more: bool = False
    unread: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[R]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, position: int) -> R:
        return self.rows[position]

    def __str__(self) -> str:
        more = ["… and more"] if self.more else []
        return "\n".join([*map(str, self.rows), *more, *self.unread]) or "nothing found"

    def each(self, change: Callable[[R], R]) -> Rows[R]:
        """These rows, each changed."""
        return replace(self, rows=tuple(map(change, self.rows)))

    def to_pandas(self) -> pd.DataFrame:
        """A row a line, with the row's fields as columns.

        Raises:
            RegistryError: pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError:
            raise RegistryError("pandas is not installed; pip install pandas") from None
        return pd.DataFrame(self._values(), columns=pd.Index(self.header))

    def to_polars(self) -> pl.DataFrame:
        """A row a line, with the row's fields as columns.

        Raises:
            RegistryError: polars is not installed.
        """
        try:
            import polars as pl
        except ImportError:
            raise RegistryError("polars is not installed; pip install polars") from None
        return pl.DataFrame(self._values(), schema=self.header, orient="row", infer_schema_length=None)

    @property
    def header(self) -> list[str]:
        """The names of the row's fields; empty if there is no row."""
        return list(self.rows[0].fields) if self.rows else []

    def _values(self) -> list[list[Any]]:
        return [[_frame_value(getattr(row, name)) for name in row.fields] for row in self.rows]

    def _repr_html_(self) -> str:
        said = [*(["the first of more"] if self.more else []), *self.unread]
        caption = "; ".join(said or ([] if self.rows else ["nothing found"]))
        return cells_table(self.rows[0].CELLS if self.rows else {}, self.rows, caption)


def first_rows(found: Iterator[R], limit: int | None) -> Rows[R]:
    """As many as were asked for of what is found; None for all."""
    if limit is None:
        return Rows(tuple(found))
    if not isinstance(cast("object", limit), int) or limit < 0:
        raise InvalidDeclaration(f"limit must be a whole number, got {limit!r}; write e.g. 100, or None for all")
    some = tuple(islice(found, limit + 1))
    return Rows(some[:limit], more=len(some) > limit)


def _frame_value(value: object) -> Any:
    return list(cast("tuple[object, ...]", value)) if isinstance(value, tuple) else value

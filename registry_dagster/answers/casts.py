"""Key columns of different types: what to cast before a join, and which engines refuse it without.

Two columns may hold the same ids and yet not join: int64 in one table, text in the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from registry_dagster.answers.answer import Answer
from registry_dagster.model import dtypes
from registry_dagster.model.dataset_version import DatasetVersion

__all__ = ["Cast", "casts_for"]


@dataclass(frozen=True)
class Cast(Answer):
    """What to do with one key column before two tables are joined on it.

    Args:
        version, column: The column to change while reading.
        type: Its Arrow type.
        to: The type to cast it to; None for a list, whose elements become rows of their own.
        other: The type of the column it is joined with.
        refused_by: The engines that refuse the join without it, or find no partners.
    """

    version: str
    column: str
    type: str
    to: str | None
    other: str
    refused_by: tuple[str, ...]

    def __str__(self) -> str:
        what = f"cast {self.column} of {self.version} from {self.type} to {self.to}"
        if self.to is None:
            what = f"make each element of {self.column} of {self.version}, {self.type}, a row"
        engines = " and ".join(filter(None, (", ".join(self.refused_by[:-1]), self.refused_by[-1])))
        verb = "do" if len(self.refused_by) > 1 else "does"
        return f"{what}: {engines} {verb} not join {self.type} with {self.other}"


def casts_for(a: DatasetVersion, b: DatasetVersion, columns: Iterable[tuple[str, str]]) -> tuple[Cast, ...]:
    """The casts that joining two tables on these pairs of columns takes; empty if the types agree."""
    here, there = ({field.path: field.type for field in version.table.fields} for version in (a, b))
    return tuple(
        cast
        for left, right in columns
        if left in here and right in there
        for cast in _casts(_Column(a.name, left, here[left]), _Column(b.name, right, there[right]))
    )


@dataclass(frozen=True)
class _Column:
    version: str
    path: str
    type: str

    @property
    def values(self) -> str:
        """The type of the values themselves."""
        return dtypes.storage(self.type)

    @property
    def is_plain(self) -> bool:
        return self.values == self.type


def _casts(one: _Column, other: _Column) -> Iterator[Cast]:
    """The casts of one pair: one of the two columns, or both where neither has the common type."""
    if lists := [each for each in (one, other) if dtypes.list_of(each.type) is not None]:
        for each in lists:
            beside = other if each is one else one
            yield Cast(each.version, each.path, each.type, None, beside.type, ("polars", "pandas", "pyarrow"))
    elif refused_by := _refused_by(one, other):
        yield from _to_common_type(one, other, refused_by)


def _to_common_type(one: _Column, other: _Column, refused_by: tuple[str, ...]) -> Iterator[Cast]:
    target = _common(one.values, other.values)
    for each, beside in ((one, other), (other, one)):
        if each.type != target:
            yield Cast(each.version, each.path, each.type, target, beside.type, refused_by)


def _refused_by(one: _Column, other: _Column) -> tuple[str, ...]:
    """Which engines do not join two types. Each was tried with all of them; DuckDB casts by itself."""
    if one.values == other.values:
        # A dictionary of numbers is read as numbers by all.
        return ("polars",) if one.is_plain != other.is_plain and dtypes.is_text(one.type) else ()
    texts = [dtypes.is_text(each.type) for each in (one, other)]
    if any(texts) and not all(texts):
        return ("polars", "pandas", "pyarrow")
    decimal = any(each.values.startswith("decimal") for each in (one, other))
    return ("polars", "pyarrow") if decimal or one.is_plain != other.is_plain else ("pyarrow",)


def _common(one: str, other: str) -> str:
    """The type in which two columns meet: a whole number if either is, else text."""
    if numbers := sorted(filter(dtypes.is_integer, (one, other))):
        return _common_integer(numbers)
    if one == other or not (dtypes.is_text(one) or dtypes.is_text(other)):
        return max(one, other)
    return "string" if "string" in (one, other) else "large_string"


def _common_integer(types: list[str]) -> str:
    """The widest of one or two integer types."""
    # int64 holds every id in use and -1; a value beyond it makes the cast fail instead of changing the id.
    if len({each.startswith("u") for each in types}) > 1:
        return "int64"
    return max(types, key=lambda each: int(each.lstrip("uint")))

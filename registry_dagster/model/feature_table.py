"""FeatureTable: what a pipeline declares beside the asset that makes a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike

from pydantic import Field, model_validator
from typing_extensions import Self

from registry_dagster.errors import InvalidDeclaration, TableMismatch
from registry_dagster.model.base import Model, Several
from registry_dagster.model.columns import AnyColumn
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dtypes import is_number, list_of, storage
from registry_dagster.model.embeddings import Embedding, ReducedEmbedding
from registry_dagster.model.html import html_table
from registry_dagster.model.layout import AnyLayout
from registry_dagster.model.materialization import AnyMaterialization
from registry_dagster.model.names import ColumnPath, VersionNameText, split_path
from registry_dagster.model.reference import Reference
from registry_dagster.model.signals import AnySignal
from registry_dagster.model.spans import Structs, neighbours, span, structs
from registry_dagster.model.table import TableFacts
from registry_dagster.model.text import suggestion
from registry_dagster.model.words import column_words

__all__ = ["FeatureTable"]


class FeatureTable(Model):
    """The meaning of a table, before any physical version of it.

    Args:
        dataset: What it is a version of.
        materializations: The materialization versions it is made against; at least one. A name alone will do:
            `system@version`, or `source/system@version`.
        columns: Column path → semantic. Columns left out stay without meaning.
        references: The joins it is meant for; their columns must be declared.
        signals: Facts with a basis: drift, compatibility, crosswalks, notes.
        inputs: The published versions it was computed from, `dataset@vN`, where Dagster does not know them.
        layout: How the rows are arranged; a name alone will do.
    """

    dataset: Dataset
    materializations: Several[AnyMaterialization] = Field(min_length=1)
    columns: Mapping[ColumnPath, AnyColumn] = {}
    references: Several[Reference] = ()
    signals: Several[AnySignal] = ()
    inputs: Several[VersionNameText] = ()
    layout: AnyLayout | None = None

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        names = [str(materialization) for materialization in self.materializations]
        if len(set(names)) != len(names):
            raise InvalidDeclaration.at(["materializations"], f"{', '.join(names)} names a version twice; keep one")
        for position, reference in enumerate(self.references):
            for path in reference.columns:
                if path not in self.columns:
                    raise InvalidDeclaration.at(
                        ["references", position, "columns"],
                        f"{path!r} of the reference to {reference.target} is not declared"
                        f"{suggestion(path, self.columns)} Add it to columns",
                    )
        return self

    def __str__(self) -> str:
        against = ", ".join(map(str, self.materializations))
        counts = {"columns": self.columns, "references": self.references, "signals": self.signals}
        return f"{self.dataset.name}, made against {against}: " + ", ".join(
            f"{len(each):,} {name}" for name, each in counts.items()
        )

    def _repr_html_(self) -> str:
        """What its columns mean, as a notebook shows it."""
        rows = [(path, " · ".join(column_words(column)), column.description) for path, column in self.columns.items()]
        return html_table(("column", "meaning", "description"), rows, str(self))

    @classmethod
    def from_yaml(cls, source: str | PathLike[str]) -> Self:
        """Read a declaration from YAML or JSON.

            declared = rd.FeatureTable.from_yaml(Path(__file__).with_name("synapses.yaml"))

        Args:
            source: The path of a file, as a `Path`; or the text itself.

        Raises:
            InvalidDeclaration: the file cannot be read, is not YAML, or declares something wrong: one
                line a problem, with the file, the line, the field, and the fix.
        """
        from registry_dagster.model.spelling import declared_from, read_declared

        return declared_from(read_declared(source, cls), cls)

    def check(self, table: TableFacts) -> None:
        """Compare the declaration with a table.

        Raises:
            TableMismatch: a declared column is absent, its Arrow type cannot hold the semantic, or nothing says,
                or two things say differently, how wide an embedding is.
        """
        fields = _Fields.of(table)
        problems = tuple(
            problem for path, column in self.columns.items() if (problem := _problem(path, column, fields))
        )
        problems += tuple(_absent_from_signals(self.signals, table))
        if problems:
            raise TableMismatch(table.location, problems)

    def fitted(self, table: TableFacts) -> Self:
        """The declaration with the width of each embedding: from the column's type, else its metadata, else declared.

        Raises:
            TableMismatch: as for `check`.
        """
        self.check(table)
        fields = _Fields.of(table)
        found = {
            path: column.model_copy(update={"dim": next(iter(_widths(path, column, fields).values()))})
            for path, column in self.columns.items()
            if (column.semantic == "embedding" or column.semantic == "reduced_embedding") and column.dim is None
        }
        return self.model_copy(update={"columns": {**self.columns, **found}}) if found else self


@dataclass(frozen=True)
class _Fields:
    """The columns and nested fields of a table.

    Args:
        types: Path → Arrow type, in table order.
        widths: Path → the width that metadata states.
    """

    types: Mapping[str, str]
    widths: Mapping[str, int]

    @classmethod
    def of(cls, table: TableFacts) -> Self:
        return cls({field.path: field.type for field in table.fields}, table.widths)

    @cached_property
    def inside(self) -> Structs:
        """What is in each struct, and at the top."""
        return structs(self.types)


def _absent_from_signals(signals: Iterable[AnySignal], table: TableFacts) -> Iterator[str]:
    paths = dict.fromkeys(field.path for field in table.fields)
    for signal in signals:
        columns: Sequence[str] = getattr(signal, "columns", ())
        for path in columns:
            if path not in paths:
                yield f"signal {signal.signal}: column {path!r} is not in the table{suggestion(path, paths)}"


def _problem(path: str, column: AnyColumn, fields: _Fields) -> str | None:
    types = fields.types
    if path not in types:
        return f"{path}: declared, but the table has no such column{suggestion(path, types)}"
    if problem := column.dtype_problem(types[path]):
        return f"{path}: {problem}"
    # By its name: to ask pydantic's classes whether it is theirs takes ten times longer, and tables are wide.
    if column.semantic == "position" or column.semantic == "transformed_position":
        return _coordinates_problem(path, fields) if storage(types[path]) == "struct" else None
    if not (column.semantic == "embedding" or column.semantic == "reduced_embedding"):
        return None
    if column.last_column is not None and (problem := _span_problem(path, column.last_column, column.dim, fields)):
        return problem
    said = _widths(path, column, fields)
    if len(set(said.values())) > 1:
        widths_found = " and ".join(f"{width} wide by its {what}" for what, width in said.items())
        return f"{path}: the vector is {widths_found}; correct one of them"
    return None if said else f"{path}: neither its type nor its metadata says how wide the vector is; declare dim"


def _coordinates_problem(path: str, fields: _Fields) -> str | None:
    """What is wrong with a struct of three coordinates."""
    own = {each: fields.types[each] for each in fields.inside.get(split_path(path), ())}
    if len(own) == 3 and all(map(is_number, own.values())):
        return None
    held = ", ".join(f"{split_path(each)[-1]} {dtype}" for each, dtype in own.items()) or "no fields"
    return f"{path}: axis 'xyz' needs three numbers, the struct holds {held}"


def _widths(path: str, column: Embedding | ReducedEmbedding, fields: _Fields) -> dict[str, int]:
    """How wide a vector is, by each that says so, the surest first."""
    if column.last_column is not None:
        return {"columns": len(span(path, column.last_column, fields.inside))}
    fixed = list_of(fields.types[path])
    said = {"type": fixed[1] if fixed else None, "metadata": fields.widths.get(path), "declaration": column.dim}
    return {what: width for what, width in said.items() if width is not None}


def _span_problem(first: str, last: str, dim: int | None, fields: _Fields) -> str | None:
    types, columns = fields.types, neighbours(first, fields.inside)
    if last not in columns:
        where = "in the table" if last not in types else "beside it"
        return f"{first}: last_column {last!r} is not {where}{suggestion(last, columns)}"
    spanned = span(first, last, fields.inside)
    if not spanned or (dim is not None and len(spanned) != dim):
        said = f"dim is declared as {dim}" if spanned else "last_column is before it"
        return f"{first}: {said}, but {first} to {last} are {len(spanned)} columns"
    if others := [path for path in spanned if not is_number(types[path])]:
        return f"{first}: the vector's columns must be numbers; {others[0]} is {types[others[0]]}"
    return None

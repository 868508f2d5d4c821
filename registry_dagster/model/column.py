"""What every column semantic shares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BeforeValidator

from registry_dagster.model import dtypes
from registry_dagster.model.base import Model, OrText, in_json
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.names import SystemName, VersionText, materialization_name
from registry_dagster.model.text import Description, Text

__all__ = ["AnyMaterializationName", "Column", "MaterializationName", "Side", "UpstreamColumn"]

Side = Literal["pre", "post", "self"]


class UpstreamColumn(Model):
    """A column of a table of the upstream system, in the words of that system.

    Args:
        table: The table, e.g. `synapses_pni_2`.
        column: The column, e.g. `ctr_pt_position`.
    """

    table: Text
    column: Text

    def __str__(self) -> str:
        return f"{self.table}.{self.column}"


class Column(Model):
    """Base of the column semantics. A subclass adds its attributes and its dtype rule.

    Args:
        description: What one value is, in words.
        copy_of: The column of the upstream system whose own values it holds, e.g.
            `{table: synapses_pni_2, column: ctr_pt_position}`.
    """

    _tag = in_json("semantic")
    description: Description | None = None
    copy_of: UpstreamColumn | None = None

    @property
    def expected_type(self) -> str:
        """The Arrow types that fit, in words."""
        return "any"

    def dtype_problem(self, dtype: str) -> str | None:
        """Why a column of this Arrow type cannot hold this semantic, or None."""
        del dtype
        return None

    def doubts(self, dtype: str) -> Iterator[str]:
        """What makes one ask whether the declaration is meant so, or where digits can be lost. None of it is wrong."""
        del dtype
        yield from ()


class MaterializationName(Model):
    """The name of a materialization version, without its facts."""

    system: SystemName
    version: VersionText

    def __str__(self) -> str:
        return f"{self.system}@{self.version}"


def _from_text(value: object) -> object:
    """`system@version`, or a whole materialization version, as its two names."""
    if isinstance(value, MaterializationVersion):
        return {"system": value.system, "version": value.version}
    if not isinstance(value, str):
        return value
    system, _, version = materialization_name(value).partition("@")
    return {"system": system, "version": version}


AnyMaterializationName = Annotated[MaterializationName, BeforeValidator(_from_text), OrText()]
"""The name of a materialization version, which may be given as `system@version`."""


def number_problem(dtype: str) -> str | None:
    """The rule of quantities: any number."""
    return None if dtypes.is_number(dtype) else f"needs a number, the column is {dtype}"


def resolution_doubt(unit: str, resolution_nm: object) -> str | None:
    """What to ask of a unit other than voxel that is declared with the size of a voxel."""
    if unit == "voxel" or resolution_nm is None:
        return None
    return f"the unit is {unit}, but the size of a voxel is given; if the values are voxels, declare unit voxel"

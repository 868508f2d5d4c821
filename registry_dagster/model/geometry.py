"""Positions, and how voxels become nanometres."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator
from typing_extensions import Self

from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model import dtypes
from registry_dagster.model.column import Column, resolution_doubt
from registry_dagster.model.names import VersionText
from registry_dagster.model.text import Text

__all__ = ["Position", "ResolutionNm", "TransformedPosition"]

_Positive = Annotated[float, Field(gt=0)]
ResolutionNm = tuple[_Positive, _Positive, _Positive]
"""Edge lengths of a voxel in nanometres, x, y, z."""


class _Coordinates(Column):
    axis: Literal["x", "y", "z", "xyz"]
    frame: Text
    unit: Literal["nm", "um", "voxel"]
    resolution_nm: ResolutionNm | None = None
    role: Literal["point", "pre", "post", "center", "centroid", "bbox"] = "point"

    @model_validator(mode="after")
    def _voxels_need_a_size(self) -> Self:
        if self.unit == "voxel" and self.resolution_nm is None:
            raise InvalidDeclaration.at(
                ["resolution_nm"],
                "a position in voxels needs the size of a voxel; give e.g. [8, 8, 8], or unit nm if the values are "
                "nanometres",
            )
        return self

    def doubts(self, dtype: str) -> Iterator[str]:
        """A size of voxels beside a unit that is none."""
        del dtype
        if doubt := resolution_doubt(self.unit, self.resolution_nm):
            yield doubt

    def _layout_problem(self, dtype: str) -> tuple[str | None, str]:
        if self.axis != "xyz":
            return None, dtype
        if dtypes.storage(dtype) == "struct":
            return None, "float64"  # Its fields are columns of the table, by which the declaration checks it.
        found = dtypes.list_of(dtype)
        if found is None or found[1] not in (3, None):
            return f"axis 'xyz' needs a list of three numbers, the column is {dtype}", dtype
        return None, found[0]


class Position(_Coordinates):
    """A position, or one coordinate of it, in the frame the data was imaged in.

    Args:
        axis: Which coordinate the column holds; `xyz` for a list of the three.
        frame: The coordinate frame, e.g. `minnie65`, `FAFB14.1`, `hemibrain`.
        unit: nm, um or voxel.
        resolution_nm: Size of a voxel in nm (x, y, z); required when the unit is voxel.
        role: What the point marks.
    """

    semantic: Literal["position"] = "position"

    @property
    def expected_type(self) -> str:
        return "list of 3 numbers" if self.axis == "xyz" else "number"

    def dtype_problem(self, dtype: str) -> str | None:
        problem, coordinate = self._layout_problem(dtype)
        if problem or dtypes.is_number(coordinate):
            return problem
        return f"a coordinate must be a number, the column is {dtype}"


class TransformedPosition(_Coordinates):
    """A position carried into another frame.

    Args:
        axis: Which coordinate the column holds; `xyz` for a list of the three.
        frame: The frame it was carried into.
        unit: nm, um or voxel.
        resolution_nm: Size of a voxel in nm (x, y, z); required when the unit is voxel.
        role: What the point marks.
        transform: Name of the transform.
        transform_version: Its version.
    """

    semantic: Literal["transformed_position"] = "transformed_position"
    transform: Text
    transform_version: VersionText | None = None

    @property
    def expected_type(self) -> str:
        return "list of 3 floats" if self.axis == "xyz" else "float"

    def dtype_problem(self, dtype: str) -> str | None:
        problem, coordinate = self._layout_problem(dtype)
        if problem or dtypes.is_number(coordinate):
            return problem
        return f"a transformed coordinate must be a number, the column is {dtype}"

    def doubts(self, dtype: str) -> Iterator[str]:
        """As of any position; and whole numbers, to which a transform has no reason to lead."""
        yield from super().doubts(dtype)
        if dtypes.is_integer(dtypes.element(dtype)):
            yield f"transformed coordinates as {dtype} are rounded to whole {self.unit}"

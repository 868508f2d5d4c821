"""Measured and derived quantities, labels and the columns that only keep books."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import model_validator
from typing_extensions import Self

from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model import dtypes
from registry_dagster.model.base import Several
from registry_dagster.model.column import Column, number_problem, resolution_doubt
from registry_dagster.model.geometry import ResolutionNm
from registry_dagster.model.names import VersionText
from registry_dagster.model.text import Text
from registry_dagster.model.vocabulary import AnnotationType

__all__ = [
    "Area",
    "Bookkeeping",
    "Count",
    "Density",
    "Feature",
    "Flag",
    "Label",
    "Length",
    "Probability",
    "Ratio",
    "Score",
    "Size",
    "Timestamp",
    "Volume",
]

Range = tuple[float, float]


class _Extent(Column):
    """An extent in space.

    Args:
        unit: The unit of the values.
        resolution_nm: Size of a voxel in nm (x, y, z); required when the unit is voxel.
    """

    resolution_nm: ResolutionNm | None = None

    @model_validator(mode="after")
    def _voxels_need_a_size(self) -> Self:
        if getattr(self, "unit", None) == "voxel" and self.resolution_nm is None:
            raise InvalidDeclaration.at(
                ["resolution_nm"], "a size in voxels needs the size of a voxel, e.g. [4, 4, 40]"
            )
        return self

    @property
    def expected_type(self) -> str:
        return "number"

    def dtype_problem(self, dtype: str) -> str | None:
        return number_problem(dtype)

    def doubts(self, dtype: str) -> Iterator[str]:
        """A size of voxels beside a unit that is none."""
        del dtype
        if doubt := resolution_doubt(getattr(self, "unit", "voxel"), self.resolution_nm):
            yield doubt


class Size(_Extent):
    """A size whose dimension the upstream leaves open, such as a synapse's `size` in voxels."""

    semantic: Literal["size"] = "size"
    unit: Literal["voxel", "nm", "um", "nm2", "um2", "nm3", "um3"]


class Area(_Extent):
    """A surface area."""

    semantic: Literal["area"] = "area"
    unit: Literal["voxel", "nm2", "um2"]


class Volume(_Extent):
    """A volume."""

    semantic: Literal["volume"] = "volume"
    unit: Literal["voxel", "nm3", "um3"]


class Length(_Extent):
    """A length, such as a cable length."""

    semantic: Literal["length"] = "length"
    unit: Literal["voxel", "nm", "um"]


class _Quotient(Column):
    """One quantity for another.

    Args:
        numerator_unit: The unit, or what is counted, above the line.
        denominator_unit: The unit below the line.
    """

    numerator_unit: Text
    denominator_unit: Text

    @property
    def expected_type(self) -> str:
        return "float"

    def dtype_problem(self, dtype: str) -> str | None:
        return number_problem(dtype)


class Density(_Quotient):
    """A quantity per extent, e.g. synapses per um."""

    semantic: Literal["density"] = "density"


class Ratio(_Quotient):
    """One quantity over another."""

    semantic: Literal["ratio"] = "ratio"


class Count(Column):
    """How many.

    Args:
        counted: The annotation type that is counted.
    """

    semantic: Literal["count"] = "count"
    counted: AnnotationType

    @property
    def expected_type(self) -> str:
        return "integer"

    def dtype_problem(self, dtype: str) -> str | None:
        return number_problem(dtype)

    def doubts(self, dtype: str) -> Iterator[str]:
        """Floats, which keep not every whole number."""
        if (bits := dtypes.exact_up_to(dtype)) is not None:
            yield f"a count as {dtype} is exact only up to 2^{bits}"


class Feature(Column):
    """A computed number that no narrower semantic fits.

    Args:
        unit: Its unit; leave out when it has none.
        method: How it was computed.
    """

    semantic: Literal["feature"] = "feature"
    unit: Text | None = None
    method: Text | None = None

    @property
    def expected_type(self) -> str:
        return "number or list of numbers"

    def dtype_problem(self, dtype: str) -> str | None:
        if (found := dtypes.list_of(dtype)) is not None:
            return number_problem(found[0])
        return number_problem(dtype)


class Label(Column):
    """A category.

    Args:
        classification_system: Where the categories are defined, e.g. `hemibrain neuropils`.
        ontology: Ontology the terms belong to, e.g. `FBbt`.
        version: Version of the system or ontology.
        values: The categories, when they are few.
    """

    semantic: Literal["label"] = "label"
    classification_system: Text | None = None
    ontology: Text | None = None
    version: VersionText | None = None
    values: Several[Text] = ()

    @property
    def expected_type(self) -> str:
        return "string, dictionary or integer"

    def dtype_problem(self, dtype: str) -> str | None:
        if dtypes.is_nested(dtypes.element(dtype)):
            return f"a label is text or a dictionary, the column is {dtype}"
        return None

    def doubts(self, dtype: str) -> Iterator[str]:
        """Types that hold something else than a category as a rule."""
        one = dtypes.element(dtype)
        if not dtypes.is_text(one) and not dtypes.is_integer(one):
            yield f"a label as {dtype}: is it a category? Text or a dictionary is understood by every reader"


class _Graded(Column):
    """A number on a scale.

    Args:
        range: Lowest and highest possible value.
        direction: Whether a higher value means more of it.
        calibrated: Whether it can be read as a frequency; leave out when unknown.
    """

    range: Range | None = None
    direction: Literal["higher_is_more", "lower_is_more"] = "higher_is_more"
    calibrated: bool | None = None

    @model_validator(mode="after")
    def _range_in_order(self) -> Self:
        if self.range is not None and self.range[0] >= self.range[1]:
            lowest, highest = self.range
            raise InvalidDeclaration.at(["range"], f"[{lowest}, {highest}] is not in order; write [lowest, highest]")
        return self

    @property
    def expected_type(self) -> str:
        return "float"

    def dtype_problem(self, dtype: str) -> str | None:
        return number_problem(dtype)


class Score(_Graded):
    """A graded judgement, such as a detector's confidence."""

    semantic: Literal["score"] = "score"


class Probability(_Graded):
    """A probability.

    Args:
        of: The event, e.g. the class it is the probability of.
    """

    semantic: Literal["probability"] = "probability"
    range: Range | None = (0.0, 1.0)
    of: Text | None = None

    def doubts(self, dtype: str) -> Iterator[str]:
        """Whole numbers, of which only 0 and 1 are probabilities."""
        if dtypes.is_integer(dtype):
            yield f"a probability as {dtype} can be only 0 or 1; say in the description how it is scaled"


class Timestamp(Column):
    """A moment.

    Args:
        utc: Whether the values are in UTC; false says that they carry another or no time zone.
    """

    semantic: Literal["timestamp"] = "timestamp"
    utc: bool = True

    @property
    def expected_type(self) -> str:
        return "timestamp or date"

    def dtype_problem(self, dtype: str) -> str | None:
        if dtypes.is_timestamp(dtype) or dtypes.is_text(dtype) or dtypes.is_number(dtype):
            return None
        return f"needs a timestamp or date, the column is {dtype}"

    def doubts(self, dtype: str) -> Iterator[str]:
        """Types that do not say how a moment is written."""
        if not dtypes.is_timestamp(dtype):
            yield f"a moment as {dtype}: its type does not say how to read it; say it in the description"


class Flag(Column):
    """A yes or no.

    Args:
        means: What true says.
    """

    semantic: Literal["flag"] = "flag"
    means: Text | None = None

    @property
    def expected_type(self) -> str:
        return "bool, integer or string"

    def dtype_problem(self, dtype: str) -> str | None:
        if dtypes.is_boolean(dtype) or dtypes.is_number(dtype) or dtypes.is_text(dtype):
            return None
        return f"a flag is a boolean, an integer or text, the column is {dtype}"


class Bookkeeping(Column):
    """A column that says nothing about the brain: row numbers, ingest times, partition keys."""

    semantic: Literal["bookkeeping"] = "bookkeeping"

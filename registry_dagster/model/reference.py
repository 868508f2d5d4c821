"""References: the joins a table is meant for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

from pydantic import Field, model_validator
from typing_extensions import Self

from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.base import Int64, Model, Several
from registry_dagster.model.layout import LayoutName
from registry_dagster.model.names import ColumnPath, DatasetName, MaterializationNameText, parse_version
from registry_dagster.model.text import Description, Text
from registry_dagster.model.vocabulary import AnnotationType

__all__ = ["Reference"]


class Reference(Model):
    """An intended join from this table's columns to annotations elsewhere.

    Args:
        columns: Columns of this table, in key order.
        annotation_type: What they point at.
        to: The published dataset that holds it, when there is one; also as `dataset@vN`.
        to_version: The number of the version meant. Default: the current version when this is published.
        at: The materialization version, `system@version`, that the target was made against.
        layout: The layout of the target.
        to_table: The upstream annotation table that holds it, when known (`nucleus_detection_v0`).
        to_columns: Columns there, in the same order, when known.
        cardinality: Rows here : rows there.
        stability: How long the join stays right.
        optional: Whether rows without a partner are expected.
        null_sentinel: The key value that means "none".
        expected_match_rate: Fraction of rows expected to find a partner, 0 to 1.
        crosswalk: The published dataset that bridges the two, when the join needs one.
        description: The join in words.
    """

    columns: Several[ColumnPath] = Field(min_length=1)
    annotation_type: AnnotationType
    to: DatasetName | None = None
    to_table: Text | None = None
    to_columns: Several[ColumnPath] = ()
    cardinality: Literal["1:1", "n:1", "1:n", "n:m"]
    stability: Literal["stable_within_table", "stable_within_chunkedgraph", "version_pinned", "unstable", "unknown"]
    optional: bool = False
    null_sentinel: Int64 | None = None
    expected_match_rate: Annotated[float, Field(ge=0, le=1)] | None = None
    crosswalk: DatasetName | None = None
    description: Description | None = None
    to_version: Annotated[int, Field(ge=1, lt=10**9)] | None = None
    at: MaterializationNameText | None = None
    layout: LayoutName | None = None

    @model_validator(mode="before")
    @classmethod
    def _exact_target(cls, data: Any) -> Any:
        """`to: lab.cells@v3` is `to: lab.cells` with `to_version: 3`."""
        if not isinstance(data, Mapping):
            return data
        given = cast("Mapping[str, Any]", data)
        target = given.get("to")
        if not isinstance(target, str) or "@v" not in target:
            return given
        parsed = parse_version(target)
        return {**given, "to": parsed.dataset, "to_version": parsed.number}

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        if self.to is None and (self.to_version or self.at or self.layout):
            raise ValueError("to: name the dataset whose version, state or layout is meant")
        if self.to_version is not None and (self.at or self.layout):
            raise ValueError(f"to: {self.to}@v{self.to_version} is one version already; leave at and layout out")
        return self

    @model_validator(mode="after")
    def _keys_agree(self) -> Self:
        for name in ("columns", "to_columns"):
            keys: tuple[str, ...] = getattr(self, name)
            if len(set(keys)) != len(keys):
                raise InvalidDeclaration.at([name], f"{', '.join(keys)} names a column twice; keep one")
        if self.to_columns and len(self.to_columns) != len(self.columns):
            raise InvalidDeclaration.at(
                ["to_columns"],
                f"{len(self.columns)} columns here, {len(self.to_columns)} there; name as many, "
                "in the same order, or leave to_columns out",
            )
        return self

    @property
    def link(self) -> str | None:
        """What it names, as text: `dataset`, `dataset@vN`, or `dataset` with its `at` and layout."""
        if self.to is None or self.to_version is not None:
            return self.to and f"{self.to}@v{self.to_version}"
        at = f" at {self.at}" if self.at else ""
        return f"{self.to}{at}" + (f" in layout {self.layout}" if self.layout else "")

    @property
    def target(self) -> str:
        """Where it points, in words."""
        return self.to or self.to_table or self.annotation_type

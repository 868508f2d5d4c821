"""Signals: facts about a table that its schema cannot hold, each with its basis."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, Field, model_validator
from typing_extensions import Self

from registry_dagster.model.base import Model, Several, in_json
from registry_dagster.model.canonical_json import is_json_object
from registry_dagster.model.names import ColumnPath, DatasetName, MaterializationNameText, SystemName, VersionText
from registry_dagster.model.text import Description, Text
from registry_dagster.model.variants import OneOf, variants_by

__all__ = ["SIGNALS", "AnySignal", "CompatibilityRange", "Crosswalk", "Note", "RecordedSignal", "SpatialDrift"]

Basis = Literal["measured", "declared", "literature"]
Nanometres = Annotated[float, Field(ge=0)]


class _Signal(Model):
    """A fact about a table.

    Args:
        basis: Where it is from: measured on the data, declared by whoever made the table, or taken from the literature.
        description: The fact in words.
    """

    _tag = in_json("signal")
    basis: Basis
    description: Description | None = None


class SpatialDrift(_Signal):
    """How far points may lie from where another frame or version has them, in nanometres.

    Args:
        kind: What moves them.
        p50_nm: The median of the distances.
        p95_nm: The 95th percentile of the distances.
        max_nm: The greatest distance.
        axis_p95_nm: The 95th percentile along x, y, z.
        n: How many points it was measured on.
        from_frame: The frame that the points are in.
        to_frame: The frame that they are compared with.
        from_version: The version that the points are from.
        to_version: The version that they are compared with.
        columns: The columns it is about; all positions when left out.
    """

    signal: Literal["spatial_drift"] = "spatial_drift"
    kind: Literal[
        "frame_offset", "frame_deformation", "representative_point", "registration_residual", "resegmentation"
    ]
    p50_nm: Nanometres | None = None
    p95_nm: Nanometres | None = None
    max_nm: Nanometres | None = None
    axis_p95_nm: tuple[Nanometres, Nanometres, Nanometres] | None = None
    n: Annotated[int, Field(ge=1, lt=2**53)] | None = None
    from_frame: Text | None = None
    to_frame: Text | None = None
    from_version: Text | None = None
    to_version: Text | None = None
    columns: Several[ColumnPath] = ()

    @model_validator(mode="after")
    def _says_how_far(self) -> Self:
        known = [nm for nm in (self.p50_nm, self.p95_nm, self.max_nm) if nm is not None]
        if not known and self.axis_p95_nm is None:
            raise ValueError("give at least one of p50_nm, p95_nm, max_nm, axis_p95_nm")
        if known != sorted(known):
            raise ValueError(f"p50_nm ≤ p95_nm ≤ max_nm does not hold: {known}")
        return self


class CompatibilityRange(_Signal):
    """Over which versions of a system the table's keys keep their meaning, both ends included.

    Args:
        system: The upstream system.
        from_version: The first version; open when left out.
        to_version: The last version; open when left out.
        columns: The key columns it is about; all when left out.
        surviving_fraction: The share of keys that still exist at the far end, 0 to 1, if measured.
    """

    signal: Literal["compatibility_range"] = "compatibility_range"
    system: SystemName
    from_version: VersionText | None = None
    to_version: VersionText | None = None
    columns: Several[ColumnPath] = ()
    surviving_fraction: Annotated[float, Field(ge=0, le=1)] | None = None

    @model_validator(mode="after")
    def _has_an_end(self) -> Self:
        if self.from_version is None and self.to_version is None:
            raise ValueError("a range open at both ends says nothing; give from_version or to_version")
        return self


class Crosswalk(_Signal):
    """A table that carries keys from one version or id space to another.

    Args:
        dataset: The published dataset that is the crosswalk; this or `table` is required.
        table: The upstream table that is the crosswalk.
        from_version: The materialization version it starts from, `system@version`.
        to_version: The materialization version it leads to, `system@version`.
        columns: The key columns it carries over.
    """

    signal: Literal["crosswalk"] = "crosswalk"
    dataset: DatasetName | None = None
    table: Text | None = None
    from_version: MaterializationNameText | None = None
    to_version: MaterializationNameText | None = None
    columns: Several[ColumnPath] = ()

    @model_validator(mode="after")
    def _names_a_table(self) -> Self:
        if self.dataset is None and self.table is None:
            raise ValueError("name the crosswalk: a published dataset, or an upstream table")
        return self


class Note(_Signal):
    """A remark that no other signal holds.

    Args:
        text: The remark, as Markdown.
    """

    signal: Literal["note"] = "note"
    text: Annotated[Description, Field(min_length=1)]


_Signals = SpatialDrift | CompatibilityRange | Crosswalk | Note
SIGNALS = variants_by("signal", *get_args(_Signals))
"""Name of a signal → its class."""


AnySignal = Annotated[_Signals, OneOf("signal", SIGNALS)]


def _as_recorded(value: object) -> object:
    """The ends of a crosswalk were any text once, and what was published is read as it is."""
    if not is_json_object(value) or value.get("signal") != "crosswalk":
        return value
    ends = {name: value[name] for name in ("from_version", "to_version") if isinstance(value.get(name), str)}
    return Crosswalk(**{name: part for name, part in value.items() if name not in ends}).model_copy(update=ends)


RecordedSignal = Annotated[_Signals, OneOf("signal", SIGNALS), BeforeValidator(_as_recorded)]
"""A signal in the record of a published version."""

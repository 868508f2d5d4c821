"""Conventions for columns that hold positions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from registry_dagster.adopt.frames import Voxel, frame_of
from registry_dagster.adopt.proposal import Context, Proposal
from registry_dagster.adopt.todo import TODO
from registry_dagster.model import dtypes
from registry_dagster.model.names import split_path

__all__ = ["position_proposal"]

_ROLES: Mapping[str, str | None] = {
    "": None,
    "pt": None,
    "pt_position": None,
    "position": None,
    "location": None,
    "point": None,
    "bound_pt": None,
    "bound_pt_position": None,
    "pre": "pre",
    "pre_pt": "pre",
    "pre_pt_position": "pre",
    "post": "post",
    "post_pt": "post",
    "post_pt_position": "post",
    "ctr": "center",
    "ctr_pt": "center",
    "ctr_pt_position": "center",
    "center": "center",
    "centroid": "centroid",
    "bb_start_position": "bbox",
    "bb_end_position": "bbox",
    "soma": None,
    "soma_position": None,
    "soma_location": None,
    "somaLocation": None,
    "nucleus": None,
    "nucleus_position": None,
    "synapse": None,
}
"""What comes before `_x`, `_y`, `_z`, or is the name of a list of three → what the point marks."""

_AXIS = re.compile(r"(?:(?P<point>\w+?)_)?(?P<axis>[xyzXYZ])(?:_(?P<unit>nm|um|vx|voxel|voxels))?")
_LIST = re.compile(r"(?P<point>\w+?)(?:_(?P<unit>nm|um|vx|voxel|voxels))?")
_VOXELS = {"vx", "voxel", "voxels"}
_NEUPRINTS = ("location", "somaLocation")
_NEEDS_MORE = ("", "pre", "post", "synapse", "nucleus", "soma")
"""Words that are too short to be a point's name unless three coordinates follow."""


def position_proposal(name: str, path: str, context: Context) -> Proposal | None:
    """What the name of a column says, if it is that of a position or of one coordinate of it."""
    dtype = context.types[path]
    if dtypes.is_number(dtype):
        return _coordinate(name, context)
    found = dtypes.list_of(dtype)
    is_triple = _is_struct_of_three(path, context) if found is None else found[1] in (3, None)
    return _point(name, context) if is_triple else None


def _is_struct_of_three(path: str, context: Context) -> bool:
    inner = [dtype for each, dtype in context.types.items() if split_path(each)[:-1] == split_path(path)]
    return len(inner) == 3 and all(map(dtypes.is_number, inner))


def _coordinate(name: str, context: Context) -> Proposal | None:
    match = _AXIS.fullmatch(name)
    if match is None or (match["point"] or "") not in _ROLES or not context.names.issuperset(_three(name, match)):
        return None
    role = _ROLES[match["point"] or ""]
    return _proposal(match["axis"].lower(), role, match["unit"], context, context.resolution_nm)


def _three(name: str, match: re.Match[str]) -> Iterator[str]:
    """The names of the three coordinates of which one is this."""
    start, end = match.span("axis")
    axes = "XYZ" if match["axis"].isupper() else "xyz"
    yield from (name[:start] + axis + name[end:] for axis in axes)


def _point(name: str, context: Context) -> Proposal | None:
    match = _LIST.fullmatch(name)
    if match is None or match["point"] in _NEEDS_MORE or match["point"] not in _ROLES:
        return None
    frame = frame_of(context.system) if name in _NEUPRINTS else None
    voxel = frame.voxel_nm if frame else context.resolution_nm
    return _proposal("xyz", _ROLES[match["point"]], match["unit"], context, voxel)


def _proposal(axis: str, role: str | None, unit: str | None, context: Context, voxel: Voxel | None) -> Proposal:
    known = frame_of(context.system)
    frame = context.frame or (known.name if known else TODO)
    sized, why = _unit(unit, voxel)
    marks = {"role": role} if role else {}
    return Proposal({"semantic": "position", "axis": axis, "frame": frame, **sized, **marks}, why)


def _unit(unit: str | None, voxel: Voxel | None) -> tuple[dict[str, Any], str]:
    """The unit of a position, and what says so."""
    said = f"the name ends in {unit}"
    if unit and unit not in _VOXELS:
        return {"unit": unit}, said
    if voxel:
        return {"unit": "voxel", "resolution_nm": list(voxel)}, "voxels of the upstream table, unless converted since"
    if unit:
        return {"unit": "voxel", "resolution_nm": TODO}, said
    return {"unit": TODO}, "the name of a point; its unit is nm, um, or voxel with resolution_nm: [x, y, z]"

"""Conventions for columns that identify: ids of segments, supervoxels, annotations, imaged units."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from registry_dagster.adopt.proposal import Context, Proposal
from registry_dagster.adopt.todo import TODO

__all__ = ["id_proposal"]

_SIDE = r"(?:(?P<side>pre|post)_)?"
_CAVE = re.compile(rf"{_SIDE}(?:(?P<pt>pt)_)?(?P<kind>root_id|supervoxel_id|level2_id|lvl2_id|l2_id)")
_BODY = re.compile(rf"{_SIDE}(?:bodyId|bodyid|body_id)|body_(?P<partner>pre|post)|bodyId_(?P<partner2>pre|post)")
_UNIT = ("session", "scan_idx", "unit_id")
_OWN_IDS = ("id", "id_x")


def id_proposal(name: str, context: Context) -> Proposal | None:
    """What the name of a column says, if it is that of an id."""
    for rule in (_cave, _body, _annotation, _unit, _own):
        if found := rule(name, context):
            return found
    return None


def _cave(name: str, context: Context) -> Proposal | None:
    match = _CAVE.fullmatch(name)
    if match is None:
        return None
    side = {"side": match["side"]} if match["side"] else {}
    if match["kind"] == "root_id":
        return _root({"semantic": "root_id", "id_space": context.system or TODO, **side}, is_at_point=bool(match["pt"]))
    semantic = "supervoxel_id" if match["kind"] == "supervoxel_id" else "level2_id"
    meaning = {"semantic": semantic, "chunkedgraph": context.chunkedgraph or TODO, **side}
    return Proposal(meaning, "CAVE's name; the chunkedgraph is the segmentation that the id belongs to")


def _root(meaning: dict[str, Any], *, is_at_point: bool) -> Proposal:
    if is_at_point:
        return Proposal({**meaning, "null_sentinel": 0}, "CAVE's name for the segment at a point; 0 is outside of all")
    return Proposal(meaning, "CAVE's name for the id of a segment")


def _body(name: str, context: Context) -> Proposal | None:
    match = _BODY.fullmatch(name)
    if match is None:
        return None
    side = match["side"] or match["partner"] or match["partner2"]
    meaning: dict[str, Any] = {"semantic": "body_id", "id_space": context.system or TODO}
    return Proposal({**meaning, "side": side} if side else meaning, "neuPrint's name for the id of a body")


def _annotation(name: str, context: Context) -> Proposal | None:
    known: Mapping[str, Mapping[str, Any]] = {
        "nucleus_id": {"semantic": "nucleus_id"},
        "synapse_id": {"semantic": "synapse_id"},
        "target_id": {"semantic": "target_id", "reference_table": context.reference_table or TODO},
    }
    whys = {"target_id": "CAVE's name, in a reference table, for the annotation that a row is about"}
    return Proposal(known[name], whys.get(name, "the name says it")) if name in known else None


def _unit(name: str, context: Context) -> Proposal | None:
    if name not in _UNIT or not context.names.issuperset(_UNIT):
        return None
    meaning = {"semantic": "functional_unit_key", "part": name}
    return Proposal(meaning, "session, scan_idx and unit_id together are MICrONS' key of an imaged unit")


def _own(name: str, context: Context) -> Proposal | None:
    """The `id` of a CAVE table, which is recognised by the points that its other columns are of."""
    if name not in _OWN_IDS:
        return None
    kind = context.annotation_type or _kind_of_rows(context)
    if kind is None:
        return None
    semantic = {"synapse": "synapse_id", "nucleus": "nucleus_id"}.get(kind, "annotation_id")
    meaning: dict[str, Any] = {"semantic": semantic}
    if semantic == "annotation_id":
        meaning["annotation_type"] = kind
    if context.table:
        meaning["source_table"] = context.table
    return Proposal(meaning, "the id of a CAVE table, which its other columns or its metadata show")


def _kind_of_rows(context: Context) -> str | None:
    """What the rows of a CAVE table are, by the points that its columns are of; None for other tables."""
    if context.names.issuperset(("pre_pt_root_id", "post_pt_root_id")):
        return "synapse"
    return TODO if "pt_root_id" in context.names else None

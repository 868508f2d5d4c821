"""Conventions for columns that hold what was measured, judged or named: sizes, counts, scores, categories, moments."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from registry_dagster.adopt.proposal import Context, Proposal
from registry_dagster.adopt.todo import TODO
from registry_dagster.model import dtypes

__all__ = ["value_proposal"]

_TRANSMITTERS = {
    "gaba": "GABA",
    "ach": "acetylcholine",
    "glut": "glutamate",
    "oct": "octopamine",
    "ser": "serotonin",
    "da": "dopamine",
}
_NEUPRINT_COUNTS = ("pre", "post", "upstream", "downstream", "synweight")
_BODIES = ("bodyId", "bodyid", "body_id")


class _Rule(NamedTuple):
    """A convention that a name alone shows, for columns of some types."""

    name: re.Pattern[str]
    fits: Callable[[str], bool]
    meaning: Mapping[str, Any]
    why: str


def _rule(name: str, fits: Callable[[str], bool], why: str, semantic: str, **attributes: Any) -> _Rule:
    return _Rule(re.compile(name), fits, {"semantic": semantic, **attributes}, why)


def _is_category(dtype: str) -> bool:
    return dtypes.is_text(dtype)


_SAID = "the name says it"
_UNIT_SAID = "the name says what it is, and its unit"
_NO_UNIT = "the name says what it is, but not its unit"
_RULES = (
    _rule(r"(?:\w+_)?vol(?:ume)?_um3?", dtypes.is_number, _UNIT_SAID, "volume", unit="um3"),
    _rule(r"(?:\w+_)?vol(?:ume)?_nm3?", dtypes.is_number, _UNIT_SAID, "volume", unit="nm3"),
    _rule(r"(?:\w+_)?volume", dtypes.is_number, _NO_UNIT, "volume", unit=TODO),
    _rule(r"(?:\w+_)?area_um2?", dtypes.is_number, _UNIT_SAID, "area", unit="um2"),
    _rule(r"(?:\w+_)?area_nm2?", dtypes.is_number, _UNIT_SAID, "area", unit="nm2"),
    _rule(r"(?:\w+_)?area", dtypes.is_float, _NO_UNIT, "area", unit=TODO),
    _rule(r"(?:\w+_)?(?:length|distance|radius|diameter)_um", dtypes.is_number, _UNIT_SAID, "length", unit="um"),
    _rule(r"(?:\w+_)?(?:length|distance|radius|diameter)_nm", dtypes.is_number, _UNIT_SAID, "length", unit="nm"),
    _rule(r"cable_length|path_length", dtypes.is_number, _NO_UNIT, "length", unit=TODO),
    _rule(
        r"(?:n|num|number_of)_(?:\w+_)?syn(?:apses?)?|syn(?:apse)?_(?:count|n)|n_(?:pre|post)_?syn(?:apses?)?",
        dtypes.is_integer,
        _SAID,
        "count",
        counted="synapse",
    ),
    _rule(
        r"(?:n|num|number_of)_(?!\w*id$)\w+|\w+_count",
        dtypes.is_integer,
        "the name says a count",
        "count",
        counted=TODO,
    ),
    _rule(r"(?:\w+_)?(?:score|confidence)", dtypes.is_number, _SAID, "score"),
    _rule(r"(?:\w+_)?prob(?:ability)?|prob_\w+", dtypes.is_float, _SAID, "probability"),
    _rule(
        r"cell_?type(?:_(?:local|reference|coarse|fine|broad|manual|auto))?|\w+_cell_type|(?:cell_)?(?:super_?|sub_?)?class|superclass|subclass|hemilineage"
        r"|classification_system|(?:\w+_)?neuropil|roi|brain_region|layer|side|soma_side|somaSide|(?:top_)?nt(?:_type)?"
        r"|neurotransmitter|predictedNt|flow|status|statusLabel",
        _is_category,
        "a name for categories, and its type is text",
        "label",
    ),
    _rule(r"__index_level_\d+__|Unnamed: \d+", lambda _: True, "pandas' name for row numbers", "bookkeeping"),
)


def value_proposal(name: str, dtype: str, context: Context) -> Proposal | None:
    """What the name and the type of a column say, if it holds a value."""
    for rule in (_transmitter, _neuprint_count, _neuprint_type, _synapse_size, _by_name, _by_type):
        if found := rule(name, dtype, context):
            return found
    return None


def _transmitter(name: str, dtype: str, context: Context) -> Proposal | None:
    if name not in _TRANSMITTERS or not dtypes.is_float(dtype) or not context.names.issuperset(_TRANSMITTERS):
        return None
    meaning = {"semantic": "probability", "of": _TRANSMITTERS[name]}
    return Proposal(meaning, "FlyWire's six columns of predicted transmitters")


def _neuprint_count(name: str, dtype: str, context: Context) -> Proposal | None:
    is_neuron = not context.names.isdisjoint(_BODIES) and context.names.issuperset(("pre", "post"))
    if name not in _NEUPRINT_COUNTS or not is_neuron or not dtypes.is_integer(dtype):
        return None
    return Proposal({"semantic": "count", "counted": "synapse"}, "neuPrint's count of a body's synaptic sites")


def _neuprint_type(name: str, dtype: str, context: Context) -> Proposal | None:
    if name != "type" or context.names.isdisjoint(_BODIES) or not dtypes.is_text(dtype):
        return None
    return Proposal({"semantic": "label"}, "neuPrint's name for the type of a neuron, beside its body")


def _synapse_size(name: str, dtype: str, context: Context) -> Proposal | None:
    partners = ("pre_pt_root_id", "post_pt_root_id")
    if name != "size" or not dtypes.is_number(dtype) or not context.names.issuperset(partners):
        return None
    return Proposal({"semantic": "size", "unit": TODO}, "CAVE's size of a synapse; its unit is the detector's")


def _by_name(name: str, dtype: str, context: Context) -> Proposal | None:
    del context
    rule = next((rule for rule in _RULES if rule.fits(dtype) and rule.name.fullmatch(name)), None)
    return Proposal(rule.meaning, rule.why) if rule else None


def _by_type(name: str, dtype: str, context: Context) -> Proposal | None:
    """What a type says by itself, whatever the name."""
    del name, context
    if dtypes.is_boolean(dtype):
        return Proposal({"semantic": "flag"}, "its type is yes or no")
    if dtypes.is_timestamp(dtype):
        zone = {} if "tz=UTC" in dtype else {"utc": TODO}
        said = "its type says a moment" + ("" if "tz=UTC" in dtype else ", but not that it is in UTC: true or false")
        return Proposal({"semantic": "timestamp", **zone}, said)
    if dtype.startswith("dictionary<values=") and dtypes.is_text(dtype):
        return Proposal({"semantic": "label"}, "its type is a dictionary of texts")
    return None

"""Annotation types: a controlled list, open to a lab's own.

The names in the list follow CAVE's annotation schemas, which are accepted too and read as the
type they belong to. A lab's own type carries a namespace, `mylab.axon_tile`; a name without one
must be in the list, so that a typing error is found.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from registry_dagster.model.text import suggestion

__all__ = ["ANNOTATION_TYPES", "AnnotationType"]

ANNOTATION_TYPES: dict[str, tuple[str, ...]] = {
    "nucleus": ("nucleus_detection",),
    "synapse": ("nocleft_synapse", "nocenter_synapse", "plastic_synapse", "fly_synapse", "fly_nt_synapse"),
    "cell_type": ("cell_type_local", "cell_type_reference", "fly_cell_type"),
    "proofreading": (
        "proofread_status",
        "compartment_proofread_status",
        "compartment_proofread_status_strategy",
    ),
    "functional_coregistration": ("func_unit_ext_coreg", "microns_func_unit_coreg"),
    "functional_properties": ("func_properties_bcm", "digital_twin_properties"),
    "compartment": ("postsynaptic_compartment", "presynaptic_bouton_type", "bouton_shape"),
    "contact": ("glia_contact",),
    "spine": ("spine_with_info",),
    "neuropil": ("fly_neuropil",),
    "match": ("cell_match", "cell_similarity"),
    "point_tag": ("bound_tag", "representative_point"),
    "generic_reference": (),
    "segment": (),
    "supervoxel": (),
    "level2_chunk": (),
    "skeleton_node": (),
}
"""Annotation type → the CAVE schema names read as it."""

_CANONICAL = {name: kind for kind, schemas in ANNOTATION_TYPES.items() for name in (kind, *schemas)}
_OWN_TYPE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9][a-z0-9_]*)+")


def _annotation_type(name: str) -> str:
    if kind := _CANONICAL.get(name):
        return kind
    if name.startswith("reference_"):
        return "generic_reference"
    if _OWN_TYPE.fullmatch(name):
        return name
    raise ValueError(
        f"unknown annotation type {name!r}{suggestion(name, _CANONICAL)} "
        f"A type of your own carries a namespace, e.g. mylab.{re.sub(r'[^a-z0-9_]', '_', name.lower())}"
    )


AnnotationType = Annotated[str, Field(max_length=200), AfterValidator(_annotation_type)]

"""Column semantics and annotation types as glossary terms that people can click."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from registry_dagster.datahub.proposal import Proposal
from registry_dagster.model.columns import SEMANTICS
from registry_dagster.model.dataset_version import DatasetVersion

__all__ = ["annotation_type_term", "column_terms", "glossary_proposals", "semantic_term"]

_ROOT = "FeatureRegistry"
_SEMANTICS = f"{_ROOT}.semantic"
_ANNOTATIONS = f"{_ROOT}.annotation_type"
_ANNOTATION_ATTRIBUTES = ("annotation_type", "counted", "anchor")


def semantic_term(semantic: str) -> str:
    return f"urn:li:glossaryTerm:{_SEMANTICS}.{semantic}"


def annotation_type_term(annotation_type: str) -> str:
    return f"urn:li:glossaryTerm:{_ANNOTATIONS}.{annotation_type}"


def column_terms(column: Mapping[str, Any]) -> list[str]:
    """The terms of a column, given as JSON: its semantic, and the annotation type it names."""
    semantic, *kinds = _named(column)
    return [semantic_term(semantic), *map(annotation_type_term, kinds)]


def _named(column: Mapping[str, Any]) -> tuple[str, ...]:
    """The semantic of a column, and the annotation types it names."""
    return (column["semantic"], *[column[name] for name in _ANNOTATION_ATTRIBUTES if name in column])


def glossary_proposals(record: DatasetVersion) -> Iterator[Proposal]:
    """The terms that a record's columns use, and the nodes above them."""
    yield _node(_ROOT, "Feature Registry", "What the columns of connectomics feature tables mean.", None)
    yield _node(_SEMANTICS, "Column semantics", "What a value in a column is.", _ROOT)
    yield _node(_ANNOTATIONS, "Annotation types", "What an annotation marks, by CAVE's schema names.", _ROOT)
    named = set(map(_named, record.json_form.get("columns", {}).values()))
    terms = {semantic_term(semantic) for semantic, *_ in named}
    for urn in sorted(terms | {annotation_type_term(kind) for _, *kinds in named for kind in kinds}):
        yield _term(urn)


@lru_cache(maxsize=512)
def _node(node: str, name: str, definition: str, parent: str | None) -> Proposal:
    value: dict[str, Any] = {"customProperties": {}, "definition": definition, "name": name}
    if parent:
        value["parentNode"] = _node_urn(parent)
    return Proposal(_node_urn(node), "glossaryNodeInfo", value)


@lru_cache(maxsize=512)
def _term(urn: str) -> Proposal:
    parent = _SEMANTICS if urn.startswith(semantic_term("")) else _ANNOTATIONS
    name = urn.removeprefix(f"urn:li:glossaryTerm:{parent}.")
    definition = f"Annotations of type {name}."
    if parent == _SEMANTICS:
        definition = first_sentence(SEMANTICS[name].__doc__)
    return Proposal(
        urn,
        "glossaryTermInfo",
        {
            "customProperties": {},
            "name": name,
            "definition": definition,
            "parentNode": _node_urn(parent),
            "termSource": "INTERNAL",
        },
    )


def _node_urn(node: str) -> str:
    return f"urn:li:glossaryNode:{node}"


def first_sentence(text: str | None) -> str:
    """A docstring's first paragraph."""
    return inspect.cleandoc(text or "").partition("\n\n")[0].replace("\n", " ")

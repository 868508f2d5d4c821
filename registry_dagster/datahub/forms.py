"""The form that each aspect must have for its readers, whoever wrote it: the part of DataHub's model that is read here.

Stores check what they read, so that one entity that others spoiled is that entity's fault alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

from registry_dagster.datahub.proposal import Aspect, value_of

__all__ = ["MalformedAspect", "aspect_from_text", "checked_aspect", "malformed"]


class MalformedAspect(dict[str, Any]):
    """An aspect that is there and cannot be read. It is empty, so that the aspects beside it can be read.

    Attributes:
        problem: What is wrong with it.
    """

    def __init__(self, problem: str) -> None:
        super().__init__()
        self.problem = problem


class _Fields(NamedTuple):
    """An object: fields that must be there, and fields that may."""

    required: Mapping[str, Any] = {}
    optional: Mapping[str, Any] = {}


class _Every(NamedTuple):
    """A list of one form."""

    form: Any


class _Values(NamedTuple):
    """An object whose values have one form, whatever their names."""

    form: Any


_Form = type[Any] | _Fields | _Every | _Values
_TEXTS = _Values(str)
_TAGGED = _Fields({"versionTag": str})

_FORMS: Mapping[str, _Form] = {
    "container": _Fields({"container": str}),
    "containerProperties": _Fields(optional={"name": str, "env": str, "customProperties": _TEXTS}),
    "dataPlatformInstance": _Fields({"platform": str}),
    "dataProcessInstanceInput": _Fields(optional={"inputs": _Every(str), "inputEdges": _Every(dict)}),
    "dataProcessInstanceOutput": _Fields(optional={"outputs": _Every(str), "outputEdges": _Every(dict)}),
    "datasetProperties": _Fields(optional={"name": str, "customProperties": _TEXTS}),
    "deprecation": _Fields(
        {"deprecated": bool}, {"note": str, "actor": str, "replacement": str, "decommissionTime": int}
    ),
    "globalTags": _Fields({"tags": _Every(_Fields({"tag": str}))}),
    "glossaryTerms": _Fields({"terms": _Every(_Fields({"urn": str}))}),
    "ownership": _Fields({"owners": _Every(_Fields({"owner": str}, {"type": str}))}),
    "schemaMetadata": _Fields(
        {"fields": _Every(_Fields({"fieldPath": str, "nativeDataType": str}, {"jsonProps": str, "description": str}))}
    ),
    "status": _Fields({"removed": bool}),
    "structuredProperties": _Fields({"properties": _Every(_Fields({"propertyUrn": str, "values": _Every(dict)}))}),
    "subTypes": _Fields({"typeNames": _Every(str)}),
    "upstreamLineage": _Fields({"upstreams": _Every(_Fields({"dataset": str}))}),
    "versionProperties": _Fields(
        {"versionSet": str, "version": _TAGGED, "sortId": str}, {"aliases": _Every(_TAGGED), "isLatest": bool}
    ),
    "versionSetProperties": _Fields({"latest": str}),
}


_Problem = Callable[[Any], str | None]
"""Says what is wrong with a value; None if it has the form."""


def _problem(form: _Form) -> _Problem:
    """Made once of each form, since every aspect that is read is checked."""
    if isinstance(form, _Fields):
        return _problem_in_fields(form)
    if isinstance(form, _Every):
        return _problem_in_list(_problem(form.form))
    if isinstance(form, _Values):
        return _problem_in_values(_problem(form.form))
    return lambda value: None if isinstance(value, form) else f"{_kind(value)} instead of {_NAMES[form]}"


def _problem_in_fields(form: _Fields) -> _Problem:
    members = [(name, _problem(inner), True) for name, inner in form.required.items()]
    members += [(name, _problem(inner), False) for name, inner in form.optional.items()]

    def problem(value: Any) -> str | None:
        if value.__class__ is not dict:
            return f"{_kind(value)} instead of an object"
        for name, of_member, is_required in members:
            if name not in value:
                if is_required:
                    return f"{', '.join(sorted(form.required.keys() - value.keys()))} is missing"
            elif found := of_member(value[name]):
                return f"{name}: {found}"
        return None

    return problem


def _problem_in_list(of_item: _Problem) -> _Problem:
    def problem(value: Any) -> str | None:
        if value.__class__ is not list:
            return f"{_kind(value)} instead of a list"
        return next(filter(None, map(of_item, value)), None)

    return problem


def _problem_in_values(of_value: _Problem) -> _Problem:
    def problem(value: Any) -> str | None:
        if value.__class__ is not dict:
            return f"{_kind(value)} instead of an object"
        return next((f"{name}: {found}" for name, each in value.items() if (found := of_value(each))), None)

    return problem


def aspect_from_text(aspect: str, text: str) -> Aspect:
    """An aspect from its JSON text; malformed if the text is not JSON, or the value does not have its form."""
    if (known := value_of(aspect, text)) is not None:
        return checked_aspect(aspect, known)
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError, TypeError) as error:
        return MalformedAspect(f"it is not JSON: {error}")
    return checked_aspect(aspect, value)


def checked_aspect(aspect: str, value: object) -> Aspect:
    """An aspect as it was stored; malformed if the value does not have its form."""
    if problem := _PROBLEMS.get(aspect, _PROBLEM_OF_OTHERS)(value):
        return MalformedAspect(problem)
    return cast("Aspect", value)


def malformed(aspects: Mapping[str, Aspect]) -> str | None:
    """Which of the aspects cannot be read, and why; None if all can."""
    problems = [f"{name} ({each.problem})" for name, each in aspects.items() if isinstance(each, MalformedAspect)]
    return ", ".join(problems) or None


_NAMES: Mapping[Any, str] = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    dict: "an object",
    list: "a list",
    type(None): "null",
}


def _kind(value: object) -> str:
    return _NAMES.get(type(value), type(value).__name__)


_PROBLEMS: Mapping[str, _Problem] = {name: _problem(form) for name, form in _FORMS.items()}
_PROBLEM_OF_OTHERS = _problem(dict)

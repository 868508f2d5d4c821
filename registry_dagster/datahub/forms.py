"""The form that each aspect must have for its readers, whoever wrote it: the part of DataHub's model that is read here.

Stores check what they read, so that one entity that others spoiled is that entity's fault alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

from registry_dagster.datahub.proposal import Aspect, value_of
from registry_dagster.model.canonical_json import is_json_object

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


_Check = Callable[[Any], bool]


def _check(form: _Form) -> _Check:
    """Says of a value whether it has the form. What is wrong where it says no, `_problem` finds out."""
    if isinstance(form, _Fields):
        return _check_of_fields(form)
    if isinstance(form, _Every):
        of_item = _check(form.form)
        return lambda value: value.__class__ is list and all(map(of_item, value))
    if isinstance(form, _Values):
        of_value = _check(form.form)
        return lambda value: value.__class__ is dict and all(map(of_value, value.values()))
    return form.__instancecheck__


def _check_of_fields(form: _Fields) -> _Check:
    members = [(name, _check(inner), True) for name, inner in form.required.items()]
    members += [(name, _check(inner), False) for name, inner in form.optional.items()]

    def fits(value: Any) -> bool:
        if type(value) is not dict:
            return False
        for name, check, is_required in members:  # noqa: SIM110  # a generator takes three times as long
            if not (check(value[name]) if name in value else not is_required):
                return False
        return True

    return fits


_is_object = _check(dict)
_CHECKS: Mapping[str, _Check] = {name: _check(form) for name, form in _FORMS.items()}


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
    if not _CHECKS.get(aspect, _is_object)(value) and (problem := _problem(value, _FORMS.get(aspect, dict))):
        return MalformedAspect(problem)
    return cast("Aspect", value)


def malformed(aspects: Mapping[str, Aspect]) -> str | None:
    """Which of the aspects cannot be read, and why; None if all can."""
    problems = [f"{name} ({each.problem})" for name, each in aspects.items() if isinstance(each, MalformedAspect)]
    return ", ".join(problems) or None


def _problem(value: object, form: _Form) -> str | None:
    """What is wrong with a value; None if it has the form."""
    if isinstance(form, _Fields):
        return _problem_in_fields(value, form)
    if isinstance(form, _Every):
        return _problem_in_list(value, form.form)
    if isinstance(form, _Values):
        return _problem_in_values(value, form.form)
    return None if isinstance(value, form) else f"{_kind(value)} instead of {_NAMES[form]}"


def _problem_in_fields(value: object, form: _Fields) -> str | None:
    if not is_json_object(value):
        return f"{_kind(value)} instead of an object"
    if missing := form.required.keys() - value.keys():
        return f"{', '.join(sorted(missing))} is missing"
    inner = {**form.required, **form.optional}
    return _first({name: _problem(value[name], inner[name]) for name in inner.keys() & value.keys()})


def _problem_in_list(value: object, form: _Form) -> str | None:
    if not isinstance(value, list):
        return f"{_kind(value)} instead of a list"
    items = cast("list[object]", value)
    return next((problem for item in items if (problem := _problem(item, form))), None)


def _problem_in_values(value: object, form: _Form) -> str | None:
    if not is_json_object(value):
        return f"{_kind(value)} instead of an object"
    if isinstance(form, type) and all(isinstance(each, form) for each in value.values()):
        return None
    return _first({name: _problem(each, form) for name, each in value.items()})


def _first(problems: Mapping[str, str | None]) -> str | None:
    return next((f"{name}: {problem}" for name, problem in problems.items() if problem), None)


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

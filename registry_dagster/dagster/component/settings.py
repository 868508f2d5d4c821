"""The registry's settings in a component's YAML: templates filled in, and one resource for equal settings."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from typing import Any, cast
from weakref import WeakValueDictionary

import dagster as dg

from registry_dagster.dagster.component.model import ENV_REFERENCE
from registry_dagster.dagster.graph.translator import FeatureRegistryTranslator, checked_translator
from registry_dagster.dagster.resource import FeatureRegistry

__all__ = ["registry_of", "rendered", "translator_of"]

_shared: WeakValueDictionary[Hashable, FeatureRegistry] = WeakValueDictionary()


def registry_of(context: dg.ResolutionContext, settings: Mapping[str, object]) -> FeatureRegistry:
    """The resource of these settings.

    Components with equal settings get the same object: Dagster refuses two resources of one key, equal or not.
    """
    given = cast("dict[str, Any]", _render_setting(context, settings))
    known = _identity(given)
    resource = _shared.get(known) or FeatureRegistry(**given)
    return _shared.setdefault(known, resource)


def _identity(value: object) -> Hashable:
    """Settings as something to look up. A variable of the environment equals its own name, but is another setting."""
    if isinstance(value, Mapping):
        inner = cast("Mapping[str, object]", value)
        return frozenset((name, _identity(each)) for name, each in inner.items())
    if isinstance(value, list):
        return tuple(map(_identity, cast("list[object]", value)))
    return type(value), repr(value)


def _render_setting(context: dg.ResolutionContext, value: object) -> Any:
    """The value, its templates filled in. A reference to the environment becomes an EnvVar and is never shown."""
    if isinstance(value, Mapping):
        inner = cast("Mapping[str, object]", value)
        return {name: _render_setting(context, each) for name, each in inner.items()}
    if isinstance(value, list):
        return [_render_setting(context, each) for each in cast("list[object]", value)]
    return _render_or_refer(context, value) if isinstance(value, str) else value


def _render_or_refer(context: dg.ResolutionContext, text: str) -> str:
    variable = re.match(ENV_REFERENCE, text)
    return dg.EnvVar(variable[1]) if variable else rendered(context, text)


def rendered(context: dg.ResolutionContext, text: str) -> str:
    """The text with its templates filled in. A text without any is kept: Dagster would read 0x10 as a number."""
    return str(context.resolve_value(text, as_type=str)) if "{{" in text or "{%" in text else text


def translator_of(context: dg.ResolutionContext, text: str | None) -> FeatureRegistryTranslator | None:
    """The translator that is the value of a template.

    Raises:
        InvalidDeclaration: the value is something else.
    """
    found: object = None if text is None else context.resolve_value(text, as_type=object)
    return None if found is None else checked_translator(found, "PublishComponent")

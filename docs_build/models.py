"""Signatures of the models for the reference, as pydantic makes them from the fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import griffe

__all__ = ["ModelSignatures"]

_BASE = "registry_dagster.model.base.Model"


class ModelSignatures(griffe.Extension):
    """Gives each model an `__init__` with its fields, inherited ones first, by name."""

    def on_package(self, *, pkg: griffe.Module, loader: griffe.GriffeLoader, **kwargs: Any) -> None:
        """Once the package is loaded, for every model in it."""
        for model in list(_models(pkg)):
            fields = [field for each in (*reversed(model.mro()), model) for field in _fields(each)]
            named = {field.name: _parameter(field) for field in fields if not field.name.startswith("model_")}
            init = griffe.Function("__init__", parent=model, parameters=griffe.Parameters(*named.values()))
            model.set_member("__init__", init)


def _models(container: griffe.Module | griffe.Class) -> Iterator[griffe.Class]:
    for member in container.members.values():
        if isinstance(member, griffe.Module):
            yield from _models(member)
        elif isinstance(member, griffe.Class) and any(each.path == _BASE for each in member.mro()):
            yield member


def _fields(model: griffe.Class) -> list[griffe.Attribute]:
    return [
        member
        for member in model.members.values()
        if isinstance(member, griffe.Attribute)
        and member.annotation is not None
        and not member.name.startswith("_")
        and "property" not in member.labels
    ]


def _parameter(field: griffe.Attribute) -> griffe.Parameter:
    annotation = field.annotation
    if isinstance(annotation, griffe.ExprSubscript) and annotation.canonical_name == "Annotated":
        assert isinstance(annotation.slice, griffe.ExprTuple)
        annotation = annotation.slice.elements[0]
    default = field.value if field.value is None or "Field(" not in str(field.value) else None
    return griffe.Parameter(field.name, annotation=annotation, kind=griffe.ParameterKind.keyword_only, default=default)

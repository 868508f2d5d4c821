"""A value that is one of several models, distinguished by a tag."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Annotated, Any, TypeVar, Union, cast

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, TypeAdapter
from pydantic_core import CoreSchema, PydanticKnownError, core_schema

from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.base import Model
from registry_dagster.model.canonical_json import is_json_object
from registry_dagster.model.text import suggestion

__all__ = ["OneOf", "Variants", "variants_by"]

M = TypeVar("M", bound=Model)


def variants_by(tag: str, *kinds: type[Model]) -> dict[str, type[Model]]:
    """Name of a variant, as its tag has it → its class."""
    return {kind.model_fields[tag].default: kind for kind in kinds}


class Variants(Mapping[str, type[M]]):
    """Name of a variant → its class, whose module is loaded when the class is first asked for.

    Args:
        homes: Modules of this room, each with the names of its variants. A class is named like its variant:
            `RootId` is that of `root_id`.
    """

    def __init__(self, *homes: tuple[str, str]) -> None:
        self._homes = {name: module for module, names in homes for name in names.split()}
        self._loaded: dict[str, type[M]] = {}

    def __getitem__(self, name: str) -> type[M]:
        if name not in self._loaded:
            module = import_module(f"{__package__}.{self._homes[name]}")
            kind = getattr(module, "".join(map(str.capitalize, name.split("_"))))
            self._loaded[name] = cast("type[M]", kind)
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._homes)

    def __len__(self) -> int:
        return len(self._homes)


class OneOf:
    """Beside a union of models: a mapping is read as the one that its tag names.

    So only the models that occur are built, where the schema of a union has them all.

    Args:
        tag: The field that distinguishes them.
        kinds: Name of a variant → its class.
    """

    def __init__(self, tag: str, kinds: Mapping[str, type[Model]]) -> None:
        self._tag, self.kinds = tag, kinds

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        del source, handler
        return core_schema.no_info_plain_validator_function(self._chosen)

    def __get_pydantic_json_schema__(self, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        del core_schema
        union: Any = Annotated[Union[tuple(self.kinds.values())], Field(discriminator=self._tag)]  # noqa: UP007  # of a tuple
        return handler(TypeAdapter(union).core_schema)

    def _chosen(self, value: object) -> Model:
        kind = self.kinds.get(getattr(value, self._tag, ""))
        if kind is not None and isinstance(value, kind):
            # One that was made unchecked may be the first of its class, which has no serializer before it is built.
            if not value.__pydantic_complete__:
                value.model_rebuild()
            return value
        if not is_json_object(value):
            raise PydanticKnownError("model_attributes_type")
        name = value.get(self._tag)
        if name is None:
            raise InvalidDeclaration.at([self._tag], f"missing; one of {', '.join(self.kinds)}")
        if not isinstance(name, str) or name not in self.kinds:
            raise InvalidDeclaration.at(
                [self._tag],
                f"unknown {name!r}{suggestion(str(name), self.kinds)} Use one of {', '.join(self.kinds)}",
            )
        return self.kinds[name].from_json(value)

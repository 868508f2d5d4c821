"""What every model shares: frozen, strict about unknown keys, one canonical JSON."""

from __future__ import annotations

import re
from collections.abc import Sequence
from threading import RLock
from typing import Annotated, Any, ClassVar, Literal, TypeVar, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    ValidationError,
    field_serializer,
)
from pydantic_core import CoreSchema
from typing_extensions import Self

from registry_dagster.errors import InvalidDeclaration, Problem
from registry_dagster.model.canonical_json import is_json_object
from registry_dagster.model.problems import problems_of
from registry_dagster.model.text import given, shown

_BUILDING = RLock()
"""Held while a class is built: not every release of pydantic lets two threads do so at once."""

__all__ = ["Int64", "Model", "OrText", "Several", "in_json"]


class Model(BaseModel):
    """Base of the domain's models: immutable values that know their JSON.

    Fields that have their default are left out of the JSON, except the tags that distinguish the
    variants of a union, which `in_json` keeps. So a field added in a later release does not change the
    digest of records written before it; in return a default must never change.

    Raises:
        InvalidDeclaration: on construction, naming each field, what is wrong, and the fix.
    """

    # Built when first used, see `_build`.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)
    _tags: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, /, *unnamed: object, **data: Any) -> None:
        title = type(self).__name__
        if unnamed:
            first = next(name for name in type(self).model_fields if name not in self._tags)
            problem = Problem((), f"its fields are given by name; write {title}({first}={shown(unnamed[0])})")
            raise InvalidDeclaration.listing(title, [problem])
        if not self.__pydantic_complete__:
            self._build()
        try:
            super().__init__(**data)
        except ValidationError as error:
            plain = {name: plain_value(value) for name, value in data.items()}
            if any(plain[name] is not value for name, value in data.items()):
                type(self).__init__(self, **plain)
                return
            raise InvalidDeclaration.listing(title, list(problems_of(error, self._names()))) from None

    @classmethod
    def _build(cls) -> None:
        """Make the validator: most programs use few of the models."""
        with _BUILDING:
            cls.model_rebuild()

    @classmethod
    def _names(cls) -> list[str]:
        """The fields that people give; not the tags, which are given by the class."""
        return [field.alias or name for name, field in cls.model_fields.items() if name not in cls._tags]

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        cls._tags = frozenset(
            name
            for name, field in cls.model_fields.items()
            if get_origin(field.annotation) is Literal and len(get_args(field.annotation)) == 1
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler, /) -> dict[str, Any]:
        """A variant's tag has a default in Python; in JSON it is what distinguishes the variants."""
        described = handler(core_schema)
        schema = handler.resolve_ref_schema(described)
        if tags := [name for name in schema.get("properties", {}) if name in cls._tags]:
            schema["required"] = [*tags, *schema.get("required", [])]
        return described

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Build the model from parsed JSON or YAML.

        Raises:
            InvalidDeclaration: naming each field, what is wrong, and the fix.
        """
        if not is_json_object(data):
            problem = Problem((), f"expected a mapping of keys to values, got {given(data)}")
            raise InvalidDeclaration.listing(cls.__name__, [problem])
        return cls(**data)

    def to_json(self) -> dict[str, Any]:
        """This model as plain JSON values."""
        return self.model_dump(mode="json", exclude_defaults=True)


def plain_value(value: object) -> object:
    """A number or list of numpy or pandas as Python's own; anything else as it is."""
    to_list = getattr(value, "tolist", None)
    is_moment = type(value).__name__ == "datetime64"
    return to_list() if callable(to_list) and not is_moment else value


class OrText:
    """In JSON Schema, a model that may also be given as text: one schema, so that checkers name the field at fault."""

    def __get_pydantic_json_schema__(self, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        described = handler.resolve_ref_schema(handler(core_schema))
        return {**described, "type": ["object", "string"]}


def _integer_from_text(value: object) -> object:
    if isinstance(value, bool | float):
        raise ValueError(f"{value!r} is not a whole number as written; a float loses digits above 2^53")
    return int(value) if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,20}", value) else value


def in_json(tag: str) -> Any:
    """Keep a tag in the JSON, where a field that has its default is left out: for the class that the variants share."""

    def kept(value: object) -> object:
        return value

    return field_serializer(tag, check_fields=False)(staticmethod(kept))


T = TypeVar("T")
Several = Annotated[Sequence[T], AfterValidator(tuple)]
"""Values in order; a list may be given, a tuple is kept."""

Int64 = Annotated[
    int,
    BeforeValidator(_integer_from_text, json_schema_input_type=int | str),
    Field(ge=-(2**63), lt=2**64),
    PlainSerializer(str, return_type=str, when_used="json"),
]
"""A 64-bit integer, written as text in JSON: other readers keep only 53 bits of a JSON number."""

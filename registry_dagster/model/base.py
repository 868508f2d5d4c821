"""What every model shares: frozen, strict about unknown fields, one canonical JSON."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timezone
from typing import Annotated, Any, ClassVar, Literal, TypeGuard, TypeVar, cast, get_args, get_origin
from urllib.parse import quote

import rfc8785
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
)
from pydantic_core import CoreSchema
from typing_extensions import Self

from registry_dagster.errors import InvalidDeclaration

__all__ = [
    "Description",
    "Int64",
    "Model",
    "Several",
    "Text",
    "UrnText",
    "UtcDateTime",
    "canonical_json",
    "is_json_object",
    "json_text",
    "sha256_digest",
    "suggestion",
    "variant",
]

JsonValue = Any
_NUMBER = re.compile(r"\s*[-+]?[\d.]+([eE][-+]?\d+)?\s*")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Model(BaseModel):
    """Base of the domain's models: immutable values that know their JSON.

    Fields that stand at their default are left out of the JSON, except the tags that tell one
    variant of a union from another. So a field added in a later release does not change the
    digest of records written before it; in return a default must never change.

    Raises:
        InvalidDeclaration: on construction, naming each field, what is wrong, and the fix.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    _tags: ClassVar[frozenset[str]] = frozenset()
    _defaults: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, /, **data: Any) -> None:
        try:
            super().__init__(**data)
        except ValidationError as error:
            raise InvalidDeclaration(describe_problems(type(self).__name__, error)) from None

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        cls._tags = frozenset(
            name
            for name, field in cls.model_fields.items()
            if get_origin(field.annotation) is Literal and len(get_args(field.annotation)) == 1
        )
        cls._defaults = {
            name: field.get_default(call_default_factory=True)
            for name, field in cls.model_fields.items()
            if name not in cls._tags and not field.is_required()
        }

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler, /) -> dict[str, Any]:
        """A variant's tag has a default in Python; in JSON it is what tells the variants apart."""
        described = handler(core_schema)
        schema = handler.resolve_ref_schema(described)
        if tags := [name for name in schema.get("properties", {}) if name in cls._tags]:
            schema["required"] = [*tags, *schema.get("required", [])]
        return described

    @model_serializer(mode="wrap")
    def _leave_out_defaults(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        left_out = {name for name, default in self._defaults.items() if getattr(self, name) == default}
        return {name: value for name, value in handler(self).items() if name not in left_out}

    @classmethod
    def from_json(cls, data: JsonValue) -> Self:
        """Build the model from parsed JSON or YAML.

        Raises:
            InvalidDeclaration: naming each field, what is wrong, and the fix.
        """
        if not is_json_object(data):
            raise InvalidDeclaration(f"{cls.__name__}: expected a mapping of field names, got {_shown(data)}")
        return cls(**data)

    def to_json(self) -> dict[str, Any]:
        """This model as plain JSON values."""
        return self.model_dump(mode="json")


def is_json_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether a value is a mapping with text keys."""
    return isinstance(value, dict) and all(isinstance(key, str) for key in cast("dict[Any, Any]", value))


def describe_problems(title: str, error: ValidationError) -> str:
    """One line per problem, `where: what is wrong`, without the noise of the validator."""
    lines: list[str] = []
    for problem in error.errors(include_url=False, include_context=False):
        where = ".".join(str(part) for part in problem["loc"])
        message = re.sub(r"^(Value error, )?([A-Z][A-Za-z0-9]+: )?", "", problem["msg"])
        if problem["type"] == "extra_forbidden":
            message = f"unknown field; {title} does not have it"
        elif problem["type"] not in {"value_error", "missing"}:
            message += f", got {_shown(problem['input'])}"
        lines.append(f"{where}: {message}" if where else message)
    if len(lines) == 1:
        return f"{title}: {lines[0]}"
    return f"{title}:\n" + "\n".join(f"  - {line}" for line in lines)


def _shown(value: object, limit: int = 80) -> str:
    text = repr(value)
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"


def suggestion(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the nearest known word, whatever its case, or a full stop."""
    by_letters = {each.casefold(): each for each in known}
    near = difflib.get_close_matches(word.casefold(), list(by_letters), n=1)
    return f"; did you mean '{by_letters[near[0]]}'?" if near else "."


def variant(value: dict[str, Any], tag: str, kinds: Mapping[str, type[Model]]) -> Model:
    """The variant of a union that a mapping's tag names.

    Raises:
        InvalidDeclaration: no tag, an unknown one, or a problem inside the variant.
    """
    name = value.get(tag)
    if name is None:
        raise InvalidDeclaration(f"{tag}: missing; one of {', '.join(kinds)}")
    if not isinstance(name, str) or name not in kinds:
        raise InvalidDeclaration(f"{tag}: unknown {name!r}{suggestion(str(name), kinds)} One of {', '.join(kinds)}")
    return kinds[name].from_json(value)


def canonical_json(value: JsonValue) -> bytes:
    """The one byte form of a JSON value: the JSON Canonicalization Scheme, RFC 8785."""
    # Where the standard library's encoder gives the same bytes, it gives them several times faster.
    return json_text(value).encode() if _encoders_agree(value) else rfc8785.dumps(value)


def _encoders_agree(value: JsonValue) -> bool:
    """Whether a value is free of what the scheme writes or orders in its own way, or refuses."""
    if value is None or isinstance(value, (str, bool)):
        return True
    if isinstance(value, int):
        return -(2**53) < value < 2**53
    if is_json_object(value):
        # The scheme orders keys by UTF-16 units; those of code points agree below the surrogates.
        return all(key.isascii() or max(key) < "\ud800" for key in value) and all(map(_encoders_agree, value.values()))
    return isinstance(value, (list, tuple)) and all(map(_encoders_agree, cast("Sequence[object]", value)))


def json_text(value: JsonValue) -> str:
    """Compact JSON with sorted keys, for texts that hold JSON but are not hashed."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256_digest(value: JsonValue) -> str:
    """`sha256:<hex>` over the canonical JSON of a value."""
    return "sha256:" + hashlib.sha256(canonical_json(value)).hexdigest()


def _no_control_characters(text: str) -> str:
    if found := _CONTROL.search(text):
        raise ValueError(
            f"control character {found[0]!r} at position {found.start()}; remove it "
            "(only line breaks and tabs are allowed, and those in descriptions only)"
        )
    return text


def _single_line(text: str) -> str:
    if text.isprintable() and text.strip():
        return text
    if not text.strip():
        raise ValueError("empty text; give it a value or leave the field out")
    if "\n" in text or "\t" in text:
        raise ValueError("line breaks and tabs are allowed in descriptions only; use a space")
    return _no_control_characters(text)


def _fits_a_urn(text: str, limit: int = 400) -> str:
    """DataHub drops an entity whose URN exceeds 512 bytes URL-encoded, and answers that all is well."""
    size = len(quote(text, safe=""))
    if size > limit:
        raise ValueError(f"{_shown(text)} takes {size} bytes in a URN, at most {limit} fit; shorten it")
    return text


def _to_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(
            f"{moment.isoformat()} has no time zone; write it as {moment.isoformat()}Z or "
            "datetime(..., tzinfo=timezone.utc)"
        )
    try:
        return moment.astimezone(timezone.utc)
    except OverflowError:
        raise ValueError(f"{moment.isoformat()} is outside the years 1 to 9999 in UTC") from None


def _moment_not_number(value: object) -> object:
    if isinstance(value, int | float) or (isinstance(value, str) and _NUMBER.fullmatch(value)):
        raise ValueError(f"{value!r} is a number; write the moment as 2025-01-13T09:30:00Z")
    if isinstance(value, date) and not isinstance(value, datetime):
        raise ValueError(f"{value.isoformat()} is a day; write the moment as {value.isoformat()}T00:00:00Z")
    return value


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _integer_from_text(value: object) -> object:
    if isinstance(value, bool | float):
        raise ValueError(f"{value!r} is not a whole number as written; a float loses digits above 2^53")
    return int(value) if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,20}", value) else value


T = TypeVar("T")
Several = Annotated[Sequence[T], AfterValidator(tuple)]
"""Values in order; a list may be given, a tuple is kept."""

Text = Annotated[str, Field(max_length=200), AfterValidator(_single_line)]
"""One line of text, 1 to 200 characters."""

UrnText = Annotated[Text, AfterValidator(_fits_a_urn)]
"""One line of text that becomes part of a URN."""

Description = Annotated[str, Field(max_length=20_000), AfterValidator(_no_control_characters)]
"""Text of several lines, at most 20,000 characters."""

UtcDateTime = Annotated[
    datetime,
    BeforeValidator(_moment_not_number),
    AfterValidator(_to_utc),
    PlainSerializer(_iso, return_type=str, when_used="json"),
]
"""A moment with a time zone, kept in UTC."""

Int64 = Annotated[
    int,
    BeforeValidator(_integer_from_text, json_schema_input_type=int | str),
    Field(ge=-(2**63), lt=2**64),
    PlainSerializer(str, return_type=str, when_used="json"),
]
"""A 64-bit integer, written as text in JSON: other readers keep only 53 bits of a JSON number."""

"""The YAML of a PublishComponent, and its JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, cast

import dagster as dg
import yaml
from pydantic import BeforeValidator, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue, SkipJsonSchema
from pydantic_core import CoreSchema

from registry_dagster.dagster.names import JOB_NAME, RESOURCE_KEY
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.text import shown
from registry_dagster.stores.targets import DEFAULT_TARGET, TARGETS

__all__ = ["ENV_REFERENCE", "Declared", "GateAttributes", "PartitionsOf", "PublishAttributes", "RegistryAttributes"]

_MISREAD = ["string", "number", "boolean"]
"""The JSON types of a text that was typed without quotes."""

ENV_REFERENCE = r"^\{\{\s*env\.(\w+)\s*\}\}$"
"""A reference to an environment variable in Dagster's YAML; the group is its name."""

TEMPLATE = r"^\{\{.*\}\}$"
"""A template that is the whole of a text, so its value may be any object."""


class RegistryAttributes(dg.Model):
    """Where versions are published to. See `FeatureRegistry`."""

    target: str | SkipJsonSchema[None] = Field(
        default=None,
        description=f"{TARGETS}. Default: {DEFAULT_TARGET}.",
    )
    token: Annotated[str, Field(pattern=ENV_REFERENCE)] | SkipJsonSchema[None] = Field(
        default=None,
        description="Access token of a DataHub server, only as {{ env.NAME }}. Default: DATAHUB_GMS_TOKEN.",
    )
    env: str = Field(default="PROD", description="DataHub's environment for what is published.")
    publisher: str | SkipJsonSchema[None] = Field(
        default=None,
        description="Who publishes if a launch sets no publisher. Default: FEATURE_REGISTRY_PUBLISHER.",
    )
    datahub: str | SkipJsonSchema[None] = Field(
        default=None, description="Address of DataHub's web pages, for links from Dagster."
    )
    storage_options: Mapping[str, Any] | SkipJsonSchema[None] = Field(
        default=None,
        description="Options of the tables' store, under fsspec's names. Secrets only as {{ env.NAME }}. "
        "Default: the environment's credentials.",
    )


class GateAttributes(dg.Model):
    """The sensor that publishes what was approved; stopped until somebody starts it."""

    approvals: str | SkipJsonSchema[None] = Field(
        default=None, description="The path of a reviewed file of approvals, starting at this folder."
    )
    name: str | SkipJsonSchema[None] = Field(
        default=None, description="Name of the gate. Default: publish_gate, or that of the publish job and _gate."
    )


class _PathOrDeclaration:
    """The JSON Schema of a path or a declaration.

    With a plain choice between the two, every mistake in a declaration would be reported as "not valid
    under any of the given schemas", at the declaration's first line.
    """

    def __get_pydantic_json_schema__(self, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        path, declaration, _ = handler(core_schema)["anyOf"]
        return {"if": {"type": "string"}, "then": path, "else": declaration}


def _declaration(value: object) -> object:
    """The value as it is: what a mapping declares is read from the file itself, in which `0626` is not 406."""
    if isinstance(value, str | FeatureTable | Mapping):
        return cast("object", value)
    raise ValueError(f"must be a declaration, or the path of a YAML file with one, got {shown(value)}")


Declared = str | FeatureTable | Mapping[Any, Any]
"""A path, a declaration, or the values of one as Dagster read them."""

PartitionsOf = Literal["each", "all", "by_materialization"] | Mapping[str, Sequence[str]]
"""What the partitions of an asset's table are."""


class PublishAttributes(dg.Model):
    """The attributes of a PublishComponent."""

    registry: RegistryAttributes = RegistryAttributes()
    gate: GateAttributes = GateAttributes()
    definitions: Sequence[str] | SkipJsonSchema[None] = Field(
        default=None,
        description="Python files in this folder that make the assets. Default: all of them; [] if the assets of "
        "datasets are made elsewhere.",
    )
    datasets: Mapping[str, Annotated[Declared, BeforeValidator(_declaration), _PathOrDeclaration()]] = Field(
        default={}, description="Asset key → its declaration, or the path of a YAML file with it."
    )
    adopted: Sequence[str] = Field(
        default=(),
        description="Declaration files that say where their tables are, and folders of them, starting at this folder: "
        "each table is an asset.",
    )
    partitions: Mapping[str, PartitionsOf] = Field(
        default={},
        description="Asset key → each, all, by_materialization, or a mapping from partition key to materializations "
        "(system@version). Default: each partition is a table of its own.",
    )
    resource_key: str = Field(default=RESOURCE_KEY, description="The key of the resource.")
    job_name: str | SkipJsonSchema[None] = Field(
        default=None,
        description=f"Name of the publish job. Default: {JOB_NAME}, followed by the folder unless that is publish.",
    )
    translator: Annotated[str, Field(pattern=TEMPLATE)] | SkipJsonSchema[None] = Field(
        default=None,
        description="An rd.FeatureRegistryTranslator, as {{ name }} of a template variable.",
    )

    @classmethod
    def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:
        """The schema as pydantic makes it, changed so that a mistake in a column or signal is reported at its line.

        Declarations are read from the file itself, so what YAML makes of a text (61 of `1:1`) is taken, too.
        """
        schema = _with_conditions(super().model_json_schema(*args, **options))
        own = (RegistryAttributes.__name__, GateAttributes.__name__)
        declared = {name: each if name in own else _as_typed(each) for name, each in schema["$defs"].items()}
        return {**schema, "$defs": declared}


def _as_typed(schema: Any) -> Any:
    """The schema with every text also as the number or yes/no that YAML 1.1 may make of it."""
    if isinstance(schema, list):
        return [_as_typed(each) for each in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    schema = {name: _as_typed(value) for name, value in cast("dict[str, Any]", schema).items()}
    if isinstance(words := schema.get("enum"), list):
        return _or_misread(schema, cast("list[Any]", words))
    if schema.get("items", {}).get("type") == _MISREAD:
        schema["items"] = {**schema["items"], "type": [*_MISREAD, "null"]}
    return {**schema, "type": _MISREAD} if schema.get("type") == "string" else schema


def _or_misread(schema: dict[str, Any], words: list[Any]) -> dict[str, Any]:
    """A choice of words, or what YAML makes of one of them; a mistake is still reported with the words alone."""
    misread = [read for word in words if isinstance(word, str) and not isinstance(read := yaml.safe_load(word), str)]
    return {"if": {"enum": misread}, "then": {}, "else": schema} if misread else schema


def _with_conditions(schema: Any) -> Any:
    """The schema with every choice between variants turned into conditions on their tag, for the same reason."""
    if isinstance(schema, list):
        return [_with_conditions(each) for each in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    schema = {name: _with_conditions(value) for name, value in cast("dict[str, Any]", schema).items()}
    return _as_conditions(schema) if _is_tagged_choice(schema) else schema


def _is_tagged_choice(schema: Mapping[str, Any]) -> bool:
    return "oneOf" in schema and "mapping" in schema.get("discriminator", {})


def _as_conditions(schema: dict[str, Any]) -> dict[str, Any]:
    """A choice between tagged variants: the tag says which one must be met."""
    tag, variants = schema["discriminator"]["propertyName"], schema["discriminator"]["mapping"]
    rest = {name: value for name, value in schema.items() if name not in {"oneOf", "discriminator"}}
    return {
        **rest,
        "type": "object",
        "required": [tag],
        "properties": {tag: {"enum": list(variants)}},
        "allOf": [
            {"if": {"required": [tag], "properties": {tag: {"const": name}}}, "then": {"$ref": ref}}
            for name, ref in variants.items()
        ],
    }

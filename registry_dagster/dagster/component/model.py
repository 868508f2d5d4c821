"""What stands in the YAML of a PublishComponent, and its JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, cast

import dagster as dg
from pydantic import BeforeValidator, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue, SkipJsonSchema
from pydantic_core import CoreSchema

from registry_dagster.dagster.pin.launchpad_link import JOB
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.stores.targets import DEFAULT_TARGET, TARGETS

__all__ = ["ENV_REFERENCE", "GateAttributes", "PublishAttributes", "RegistryAttributes"]

ENV_REFERENCE = r"^\{\{\s*env\.(\w+)\s*\}\}$"
"""An environment variable, as Dagster's YAML writes it; the group is its name."""


class RegistryAttributes(dg.Model):
    """Where versions are published to; as of `FeatureRegistry`."""

    target: str | SkipJsonSchema[None] = Field(
        default=None,
        description=f"{TARGETS}. Default: {DEFAULT_TARGET}.",
    )
    token: Annotated[str, Field(pattern=ENV_REFERENCE)] | SkipJsonSchema[None] = Field(
        default=None,
        description="Access token of a DataHub server, only as {{ env.NAME }}. Default: DATAHUB_GMS_TOKEN.",
    )
    env: str = Field(default="PROD", description="DataHub's environment of what is published.")
    publisher: str | SkipJsonSchema[None] = Field(
        default=None,
        description="Who publishes when a launch names nobody. Default: FEATURE_REGISTRY_PUBLISHER.",
    )
    datahub: str | SkipJsonSchema[None] = Field(
        default=None, description="Address of DataHub's web pages, for links from Dagster."
    )
    storage_options: Mapping[str, Any] | SkipJsonSchema[None] = Field(
        default=None,
        description="Options of the store that the tables are in, by fsspec's names. Secrets only as {{ env.NAME }}. "
        "Default: what the environment has.",
    )


class GateAttributes(dg.Model):
    """The sensor that publishes what was approved; stopped until somebody starts it."""

    approvals: str | SkipJsonSchema[None] = Field(
        default=None, description="A reviewed file of approvals, beside this one or by its whole path."
    )


class _PathOrDeclaration:
    """The JSON Schema of a path or a declaration.

    A choice between the two would answer each mistake in a declaration with "not valid under any of
    the given schemas", at the declaration's first line.
    """

    def __get_pydantic_json_schema__(self, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        path, declaration = handler(core_schema)["anyOf"]
        return {"if": {"type": "string"}, "then": path, "else": declaration}


def _declared(value: object) -> object:
    return value if isinstance(value, str | FeatureTable) else FeatureTable.from_json(value)


class PublishAttributes(dg.Model):
    """The attributes of a PublishComponent."""

    registry: RegistryAttributes = RegistryAttributes()
    gate: GateAttributes = GateAttributes()
    definitions: Sequence[str] = Field(
        default=(), description="Python files beside this one; the datasets' assets stand in them."
    )
    datasets: Mapping[str, Annotated[str | FeatureTable, BeforeValidator(_declared), _PathOrDeclaration()]] = Field(
        default={}, description="Asset key → its declaration, or the path of the YAML file that holds it."
    )
    resource_key: str = Field(default="registry", description="Under which key the resource stands.")
    job_name: str = Field(default=JOB, description="Name of the publish job.")

    @classmethod
    def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:
        """As of pydantic, with each mistake in a column or signal at its own line."""
        return _told_apart(super().model_json_schema(*args, **options))


def _told_apart(schema: Any) -> Any:
    """The schema with every choice of variants as conditions on their tag, for the same reason."""
    if isinstance(schema, list):
        return [_told_apart(each) for each in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    schema = {name: _told_apart(value) for name, value in cast("dict[str, Any]", schema).items()}
    if "oneOf" not in schema or "mapping" not in schema.get("discriminator", {}):
        return schema
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

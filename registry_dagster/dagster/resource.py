"""FeatureRegistry: the registry as a Dagster resource."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

import dagster as dg
from pydantic import Field, ValidationInfo, field_validator

from registry_dagster.dagster.declare.declaration import declaration_of
from registry_dagster.dagster.pin.metadata import pinned_metadata, resolve_declaration
from registry_dagster.dagster.pin.pipes import ExternalResults, Result, WrittenTable, result_of, results_of
from registry_dagster.dagster.pin.run_context import AssetContext, asset_context
from registry_dagster.dagster.pin.storage_options import resolve_options
from registry_dagster.dagster.pin.written_secrets import (
    refuse_written_address,
    refuse_written_secrets,
    refuse_written_token,
)
from registry_dagster.dagster.pin.written_to import HOW_TO_REPORT, WrittenTo, written_to
from registry_dagster.errors import InvalidDeclaration, TableError, TableNotFound
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.table import TableFormat
from registry_dagster.registry.registry import Registry
from registry_dagster.registry.settings import (
    default_env,
    default_publisher,
    default_target,
    target_in_environment,
)
from registry_dagster.stores.targets import DEFAULT_TARGET, TARGETS, is_server
from registry_dagster.tables import inspect_table

__all__ = ["FeatureRegistry"]


class FeatureRegistry(dg.ConfigurableResource["FeatureRegistry"]):
    """The registry that a pipeline's tables are published to.

    Assets use `table` to pin what they wrote; the publish job uses `open`. It connects only when a run
    needs it.
    """

    target: str | None = Field(
        default=None,
        description=f"Where the registry is kept: {TARGETS}. Default: {DEFAULT_TARGET}.",
    )
    token: str | None = Field(
        default=None,
        repr=False,
        description="Access token of a DataHub server, as an EnvVar. Default: DATAHUB_GMS_TOKEN.",
    )
    env: str = Field(default="PROD", description="DataHub's environment for what is published.")
    publisher: str | None = Field(
        default=None,
        description="Who publishes if a launch sets no publisher. Default: FEATURE_REGISTRY_PUBLISHER.",
    )

    datahub: str | None = Field(
        default=None,
        description="Address of DataHub's web pages, for links from Dagster, e.g. https://datahub.lab.org.",
    )

    storage_options: dict[str, Any] | None = Field(
        default=None,
        repr=False,
        description="Options of the tables' store, under fsspec's names. Secrets as EnvVars. Default: "
        "the environment's credentials.",
    )

    @field_validator("storage_options", mode="before")
    @classmethod
    def _without_written_secrets(cls, options: Any) -> Any:
        # Refuse a value of another type here: pydantic's message would show it.
        if options is not None and not isinstance(options, dict):
            raise TableError(
                f"storage_options must be a mapping from option names to values, got {type(options).__name__}."
            )
        refuse_written_secrets(cast("dict[str, Any] | None", options))
        return cast("object", options)

    @field_validator("token", mode="before")
    @classmethod
    def _token_of_the_environment(cls, token: Any) -> Any:
        refuse_written_token(token)
        return token

    @field_validator("target", "datahub", mode="before")
    @classmethod
    def _plain_address(cls, address: Any, info: ValidationInfo) -> Any:
        refuse_written_address(str(info.field_name), address)
        return address

    def get_resource_definition(self) -> Any:
        """See `dg.ConfigurableResource`. Only now is the token to be kept, so only now must it be a `dg.EnvVar`.

        Raises:
            RegistryError: the token was looked up while the definitions were loaded.
        """
        refuse_written_token(self.token, looked_up=True)
        return super().get_resource_definition()

    @property
    def is_on_datahub(self) -> bool:
        """Whether the registry is a DataHub server, as far as is known without connecting."""
        given = cast("object", self.target)
        target = given.get_value() if isinstance(given, dg.EnvVar) else self.target
        return is_server(target or target_in_environment() or "")

    def open(self) -> Registry:
        """The registry itself. Close it after use."""
        # Not the project file: which one is found depends on the working directory, and a run's is not the person's.
        return Registry.open(
            self.target or default_target(),
            token=self.token,
            env=self.env or default_env(),
            publisher=self.publisher or default_publisher(),
        )

    def table(
        self,
        context: AssetContext,
        written: WrittenTable,
        *,
        asset_key: dg.AssetKey | str | None = None,
        format: TableFormat | None = None,
        version: int | str | None = None,
        storage_options: Mapping[str, Any] | None = None,
        counts: bool = False,
        schema: Mapping[str, str] | None = None,
        how_to_read: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        check_results: Sequence[dg.AssetCheckResult] = (),
        data_version: dg.DataVersion | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> "dg.MaterializeResult[Any]":
        """Pin the table that was just written, and freeze its declaration with it. Publishes nothing.

        Reads only the table's own metadata. A table that does not fit its declaration is logged as a
        warning: the data is written, and only publishing would be refused.

        Args:
            context: The asset's context; in a graph asset, that of the op that makes its output.
            written: The table's location. Or what was reported about a table that another process wrote:
                what a Pipes client's `run` returned, or a MaterializeResult. Its metadata must have the
                location, e.g. as `dagster/uri`; all that was reported is kept.
            asset_key: Which asset, in a multi-asset.
            format, version, counts, schema, how_to_read: See `inspect_table`.
            storage_options: See `inspect_table`. Used in place of the resource's own; values may be
                `dg.EnvVar`. Never recorded.
            metadata: More metadata for the materialization.
            check_results, data_version, tags: See `dg.MaterializeResult`.

        Raises:
            InvalidDeclaration: the context is not of an asset; the asset has no `feature_table` declaration, or
                not exactly one materialization was reported, or its version is not a whole number.
            TableError: the table cannot be inspected, or what was reported does not say where it is.
        """
        result = result_of(written)
        context = asset_context(context)
        key = _asset_key(context, asset_key or result.asset_key)
        declared = _declaration(context, key)
        reported = cast("Mapping[str, Any]", result.metadata or {})
        location = _location(key, reported, version)
        options = self._options(storage_options)
        facts = inspect_table(
            location.uri, format, location.version, options, counts=counts, schema=schema, how_to_read=how_to_read
        )
        return dg.MaterializeResult(
            asset_key=key,
            metadata=pinned_metadata(context, key, declared, facts, reported=reported, given=metadata or {}),
            check_results=[*result.check_results, *check_results],
            data_version=data_version or result.data_version,
            tags=_merged_tags(result.tags, tags),
            value=result.value,
        )

    def _options(self, given: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """The options to inspect a table with: those given for it, else the resource's own."""
        return resolve_options(self.storage_options if given is None else given)

    def tables(
        self,
        context: AssetContext,
        reported: ExternalResults | Iterable[Result],
        *,
        storage_options: Mapping[str, Any] | None = None,
        counts: bool = False,
    ) -> Iterator[Result]:
        """Pin each table that another process wrote for a multi-asset. Publishes nothing.

        In the asset's body: `yield from registry.tables(context, session)`. Check results, and assets
        without a declaration, pass through unchanged.

        Args:
            context: The asset's context.
            reported: What a Pipes client's `run` returned, or the results themselves.
            storage_options, counts: See `table`.

        Raises:
            TableError: a table cannot be inspected, or what was reported does not say where it is.
        """
        context = asset_context(context)
        for result in results_of(reported):
            if isinstance(result, dg.MaterializeResult) and _is_declared(context, result):
                yield self.table(context, result, storage_options=storage_options, counts=counts)
            else:
                yield result


def _declaration(context: dg.AssetExecutionContext, key: dg.AssetKey) -> FeatureTable:
    declared = resolve_declaration(context, key)
    if declared is None:
        name = key.to_user_string()
        raise InvalidDeclaration(f"asset {name!r} has no declaration; put @feature_table(...) above @dg.asset")
    return declared


def _merged_tags(reported: Mapping[str, str] | None, given: Mapping[str, str] | None) -> dict[str, str] | None:
    return {**(reported or {}), **(given or {})} or None


def _is_declared(context: dg.AssetExecutionContext, result: "dg.MaterializeResult[Any]") -> bool:
    return declaration_of(context.assets_def, _asset_key(context, result.asset_key)) is not None


def _location(key: dg.AssetKey, reported: Mapping[str, object], version: int | str | None) -> WrittenTo:
    location = written_to(reported, version)
    if location is None:
        name = key.to_user_string()
        raise TableNotFound(f"asset {name!r}: what was reported does not say where its table is; {HOW_TO_REPORT}")
    return location


def _asset_key(context: dg.AssetExecutionContext, given: dg.AssetKey | str | None) -> dg.AssetKey:
    if given is not None:
        return dg.AssetKey.from_user_string(given) if isinstance(given, str) else given
    return _only_selected(context)


def _only_selected(context: dg.AssetExecutionContext) -> dg.AssetKey:
    selected = sorted(context.selected_asset_keys)
    if len(selected) > 1:
        names = ", ".join(key.to_user_string() for key in selected)
        raise InvalidDeclaration(f"this multi-asset makes {names}; set asset_key= to one of them")
    return selected[0]

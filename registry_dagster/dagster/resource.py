"""FeatureRegistry: the registry as a Dagster resource."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

import dagster as dg
from pydantic import Field, field_validator

from registry_dagster.dagster.declare.feature_table import declaration_of
from registry_dagster.dagster.pin.metadata import SOURCE, TABLE, declared_in_run, frozen, shown
from registry_dagster.dagster.pin.pipes import Reported, Result, Written, result_of, results_of
from registry_dagster.dagster.pin.storage_options import refuse_written_secrets, resolved
from registry_dagster.dagster.pin.written_to import HOW_TO_SAY, place_in
from registry_dagster.errors import InvalidDeclaration, TableError, TableNotFound
from registry_dagster.model.table import TableFormat
from registry_dagster.registry.registry import Registry
from registry_dagster.stores.targets import DEFAULT_TARGET, TARGETS
from registry_dagster.tables import inspect_table

__all__ = ["SOURCE", "TABLE", "FeatureRegistry"]


class FeatureRegistry(dg.ConfigurableResource["FeatureRegistry"]):
    """The registry that a pipeline's tables are published to.

    Assets use `table` to pin what they wrote; the publish job uses `open`. Nothing connects before
    a run needs it.
    """

    target: str | None = Field(
        default=None,
        description=f"Where the registry is kept: {TARGETS}. Default: {DEFAULT_TARGET}.",
    )
    token: str | None = Field(
        default=None,
        repr=False,
        description="Access token of a DataHub server; give it as an EnvVar. Default: DATAHUB_GMS_TOKEN.",
    )
    env: str = Field(default="PROD", description="DataHub's environment of what is published.")
    publisher: str | None = Field(
        default=None,
        description="Who publishes when a launch names nobody. Default: FEATURE_REGISTRY_PUBLISHER.",
    )

    datahub: str | None = Field(
        default=None,
        description="Address of DataHub's web pages, for links from Dagster, e.g. https://datahub.lab.org.",
    )

    storage_options: dict[str, Any] | None = Field(
        default=None,
        repr=False,
        description="Options of the store that the tables are in, by fsspec's names. Secrets as EnvVars. Default: what "
        "the environment has.",
    )

    @field_validator("storage_options", mode="before")
    @classmethod
    def _without_written_secrets(cls, options: Any) -> Any:
        # A value of another type is refused here, since pydantic's message would show it.
        if options is not None and not isinstance(options, dict):
            raise TableError("storage_options is a mapping of option names to values.")
        refuse_written_secrets(cast("dict[str, Any] | None", options))
        return cast("object", options)

    def open(self) -> Registry:
        """The registry itself. Close it after use."""
        return Registry.open(self.target, token=self.token, env=self.env, publisher=self.publisher)

    def table(
        self,
        context: dg.AssetExecutionContext,
        written: Written,
        *,
        asset_key: dg.AssetKey | str | None = None,
        format: TableFormat | None = None,
        version: int | str | None = None,
        storage_options: Mapping[str, Any] | None = None,
        counts: bool = False,
        metadata: Mapping[str, Any] | None = None,
        check_results: Sequence[dg.AssetCheckResult] = (),
        data_version: dg.DataVersion | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> "dg.MaterializeResult[Any]":
        """Pin the table that was just written, and freeze its declaration beside it. Publishes nothing.

        Reads the table's own metadata only. A table that does not fit its declaration is logged as a
        warning: the data is there; it is publishing that would be refused.

        Args:
            context: The asset's.
            written: Where the table is. Or what was reported of a table that another process wrote: what a
                Pipes client's `run` returned, or a MaterializeResult. Its metadata names the place, as
                `places.place_in` reads it; all that was reported is kept.
            asset_key: Which asset, in a multi-asset.
            format, version, counts: As of `inspect_table`.
            storage_options: As of `inspect_table`, in place of the resource's own; values may be `dg.EnvVar`.
                Never recorded.
            metadata: More metadata for the materialization.
            check_results, data_version, tags: As of `dg.MaterializeResult`.

        Raises:
            InvalidDeclaration: the asset carries no `feature_table` declaration, or not one asset was reported.
            TableError: the table cannot be inspected, or what was reported does not say where it is.
        """
        result = result_of(written)
        key = _asset_key(context, asset_key or result.asset_key)
        declared = declared_in_run(context, key)
        if declared is None:
            raise InvalidDeclaration(
                f"asset {key.to_user_string()!r} carries no declaration; put @feature_table(...) above @dg.asset"
            )
        reported = cast("Mapping[str, Any]", result.metadata or {})
        place = place_in(reported)
        if place is None:
            name = key.to_user_string()
            raise TableNotFound(f"asset {name!r}: what was reported does not say where its table is; {HOW_TO_SAY}")
        version = place.version if version is None else version
        options = resolved(self.storage_options if storage_options is None else storage_options)
        facts = inspect_table(place.uri, format=format, version=version, storage_options=options, counts=counts)
        said = {**reported, **shown(declared, facts), **(metadata or {})}
        return dg.MaterializeResult(
            asset_key=key,
            metadata={**said, **frozen(context, key, declared, facts, said)},
            check_results=[*result.check_results, *check_results],
            data_version=data_version or result.data_version,
            tags={**(result.tags or {}), **(tags or {})} or None,
            value=result.value,
        )

    def tables(
        self,
        context: dg.AssetExecutionContext,
        reported: Reported | Iterable[Result],
        *,
        storage_options: Mapping[str, Any] | None = None,
        counts: bool = False,
    ) -> Iterator[Result]:
        """Pin each table that another process wrote for a multi-asset. Publishes nothing.

        In the asset's body: `yield from registry.tables(context, session)`. Check results, and assets
        without a declaration, pass through as they were reported.

        Args:
            context: The asset's.
            reported: What a Pipes client's `run` returned, or the results themselves.
            storage_options, counts: As of `table`.

        Raises:
            TableError: a table cannot be inspected, or what was reported does not say where it is.
        """
        for result in results_of(reported):
            if isinstance(result, dg.MaterializeResult) and _is_declared(context, result):
                yield self.table(context, result, storage_options=storage_options, counts=counts)
            else:
                yield result


def _is_declared(context: dg.AssetExecutionContext, result: "dg.MaterializeResult[Any]") -> bool:
    return declaration_of(context.assets_def, _asset_key(context, result.asset_key)) is not None


def _asset_key(context: dg.AssetExecutionContext, given: dg.AssetKey | str | None) -> dg.AssetKey:
    if given is not None:
        return dg.AssetKey.from_user_string(given) if isinstance(given, str) else given
    selected = sorted(context.selected_asset_keys)
    if len(selected) > 1:
        names = ", ".join(key.to_user_string() for key in selected)
        raise InvalidDeclaration(f"this multi-asset makes {names}; say which in asset_key=")
    return selected[0]

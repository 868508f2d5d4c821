"""An asset whose runs record what an upstream system says about its materialization versions."""

import re
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timezone
from typing import Any

import dagster as dg

from registry_dagster.answers.lifecycle import lifecycle
from registry_dagster.dagster.names import MATERIALIZATION_VERSIONS, RESOURCE_KEY, SYSTEM
from registry_dagster.dagster.resource import FeatureRegistry
from registry_dagster.errors import RegistryError, RegistryUnavailable, SourceUnavailable
from registry_dagster.model.canonical_json import sha256_digest
from registry_dagster.model.markdown import plain
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.words import markdown_table
from registry_dagster.registry.materialization_changes import MaterializationChanges
from registry_dagster.sources.open import SourceKind, open_source
from registry_dagster.sources.source import Source, SourceReport

__all__ = ["materializations_asset"]

_MOST_ROWS = 1000
_SYSTEM_IN_NAME = {"cave": 0, "neuprint": 1}
"""Where a source's name has the upstream system: `cave DATASTACK`, `neuprint SERVER DATASET`."""


def materializations_asset(
    source: SourceKind,
    *names: str,
    server: str | None = None,
    same_as: Sequence[str] = (),
    key: dg.AssetKey | str | None = None,
    resource_key: str = RESOURCE_KEY,
) -> dg.AssetsDefinition:
    """An asset that keeps an upstream system's materialization versions current in the registry.

        minnie = rd.materializations_asset("cave", "minnie65_public")
        daily = dg.ScheduleDefinition(name="minnie_daily", target=[minnie], cron_schedule="@daily")

    Each run queries the system, records timestamps, expiry, status and aliases as facts, and shows what
    changed. It publishes no dataset and enforces nothing. Nothing is queried before a run. A version that
    contradicts its record keeps its record; the others are written, and the run fails and says so.

    Where it is among the assets given to `definitions`, it is the asset of its upstream system, and no other is
    added. Its data version changes with the facts alone. Give it the key of the system, `cave/minnie65_public`, if
    tables are declared in other code locations too.

    Args:
        source: `cave`, `neuprint` or `file`.
        names: CAVE: the datastack. neuPrint: the server, and perhaps a dataset. File: its path.
        server: CAVE: address of its global server.
        same_as: CAVE: other datastacks that show the same states under their own names, as aliases.
        key: The asset's key. Default: `materialization_versions/<source>/<names>`.
        resource_key: The key of the `FeatureRegistry` resource.

    Raises:
        InvalidDeclaration: there is no such source, or it takes other names.
    """
    upstream = open_source(source, names, server=server, same_as=same_as)
    asset_key = _key(
        [MATERIALIZATION_VERSIONS, *(re.sub(r"[^\w.-]", "_", part) for part in upstream.name)] if key is None else key
    )
    spec = dg.AssetSpec(
        asset_key,
        description=f"Materialization versions of {' '.join(upstream.name[1:])}, as {source} reports them.",
        group_name=MATERIALIZATION_VERSIONS,
        kinds={source},
        metadata=_system(upstream),
    )

    @dg.multi_asset(
        name=re.sub(r"\W", "_", "__".join(asset_key.path)), specs=[spec], required_resource_keys={resource_key}
    )
    def record_versions(context: dg.AssetExecutionContext) -> "dg.MaterializeResult[Any]":
        return _record(context, upstream, getattr(context.resources, resource_key))

    return record_versions


def _record(
    context: dg.AssetExecutionContext, upstream: Source, resource: FeatureRegistry
) -> "dg.MaterializeResult[Any]":
    answer, changes = _ask_and_record(upstream, resource)
    for note in answer.notes:
        context.log.warning(note)
    context.log.info(changes.summary)
    metadata = _metadata(answer, changes)
    if refused := changes.of("refused"):
        raise dg.Failure(
            description=f"{len(refused)} of {len(changes.versions)} versions contradict their records, which were "
            f"kept. First: {refused[0].version}: {refused[0].reason}",
            metadata=metadata,
            allow_retries=False,
        )
    # By the facts alone, so that a change is distinct from a run that found none.
    version = dg.DataVersion(sha256_digest([version.to_json() for version in answer.versions]))
    return dg.MaterializeResult(metadata=metadata, data_version=version)


def _ask_and_record(upstream: Source, resource: FeatureRegistry) -> tuple[SourceReport, MaterializationChanges]:
    try:
        answer = upstream.ask()
        with closing(resource.open()) as registry:
            return answer, registry.record_materializations(answer.versions)
    except RegistryError as error:
        again = isinstance(error, RegistryUnavailable | SourceUnavailable)
        raise dg.Failure(description=str(error), allow_retries=again) from error


def _system(upstream: Source) -> dict[str, str]:
    """The upstream system that the asset is of. A file or a whole server, which may have several, is called itself."""
    source, *names = upstream.name
    place = _SYSTEM_IN_NAME.get(source, len(names))
    return {SYSTEM: f"{source}/{names[place] if place < len(names) else ' '.join(names)}"}


def _key(key: dg.AssetKey | str | Sequence[str]) -> dg.AssetKey:
    if isinstance(key, dg.AssetKey):
        return key
    return dg.AssetKey.from_user_string(key) if isinstance(key, str) else dg.AssetKey(list(key))


def _metadata(answer: SourceReport, changes: MaterializationChanges) -> dict[str, Any]:
    now = datetime.now(timezone.utc)
    rows = [
        (plain(change.version), _state(version, now), change.outcome, plain(change.words))
        for version, change in zip(answer.versions[:_MOST_ROWS], changes.versions[:_MOST_ROWS], strict=True)
    ]
    return {
        "registry/versions": len(changes.versions),
        "registry/new": len(changes.of("new")),
        "registry/changed": len(changes.of("changed")),
        "registry/recorded": dg.MetadataValue.md(markdown_table(("version", "lifecycle", "record", "what"), rows)),
    }


def _state(version: MaterializationVersion, now: datetime) -> str:
    found = lifecycle(version, at=now)
    return found.state if found.expires_on is None else f"{found.state}, {found.expires_on.date()}"

"""Adopted tables as assets: files that commands draft, review and publish, in the graph and in the publish job.

Each table of a file is an asset. Materializing it looks at the table where it is, pins its version, and writes nothing
to the registry; the publish job then records the same as the command does.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from registry_dagster.adopt.declaration_file import TableSource
from registry_dagster.adopt.order import Attempt
from registry_dagster.adopt.publishing import attempts_in, declaration_files
from registry_dagster.dagster.declare.declaration import Declaration
from registry_dagster.dagster.declare.feature_table import declaring
from registry_dagster.dagster.names import LEFT_OUT
from registry_dagster.dagster.resource import FeatureRegistry
from registry_dagster.errors import InvalidDeclaration, RegistryError
from registry_dagster.model.canonical_json import sha256_digest
from registry_dagster.model.markdown import plain

__all__ = ["adopted_assets"]

_GROUP, _GROUP_LEFT_OUT = "adopted", "adopted_left_out"


def adopted_assets(paths: Sequence[Path], resource_key: str) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """The assets of declaration files: one for each table, or for a file that cannot be published, which says why.

    Args:
        paths: Files, and folders of YAML files.
        resource_key: The key of the resource.

    Raises:
        InvalidDeclaration: a path does not exist, or a folder has no YAML file.
    """
    for path in paths:
        if not path.exists():
            raise InvalidDeclaration(f"adopted: there is no file or folder {path}")
    return [asset for file in declaration_files(paths) for asset in _assets_of(file, resource_key)]


def _assets_of(file: Path, resource_key: str) -> Iterator[dg.AssetsDefinition | dg.AssetSpec]:
    try:
        attempts = attempts_in(file)
    except RegistryError as error:
        # A draft that nobody has reviewed yet must not take the others out of the code location.
        yield _left_out(file, error)
        return
    for key, attempt in zip(_keys(attempts), attempts, strict=True):
        yield _asset(key, attempt, resource_key)


def _left_out(file: Path, error: RegistryError) -> dg.AssetSpec:
    return dg.AssetSpec(
        dg.AssetKey([file.stem, "left out"]),
        description=f"Not published: {plain(error)}",
        metadata={LEFT_OUT: str(error)},
        group_name=_GROUP_LEFT_OUT,
    )


def _keys(attempts: Iterable[Attempt]) -> Iterator[dg.AssetKey]:
    """A key for each table: its dataset, what it is made against, and its layout; a number where that is the same."""
    times: dict[tuple[str, ...], int] = {}
    for attempt in attempts:
        declared = attempt.table.declared
        states = "+".join(map(str, declared.materializations))
        layout = [declared.layout.name] if declared.layout is not None and declared.layout.name else []
        parts = tuple(re.sub(r"[/\s]+", "_", part) for part in (attempt.dataset, states, *layout))
        times[parts] = times.get(parts, 0) + 1
        yield dg.AssetKey([*parts, *([str(times[parts])] if times[parts] > 1 else [])])


def _asset(key: dg.AssetKey, attempt: Attempt, resource_key: str) -> dg.AssetsDefinition:
    table, source = attempt.table, attempt.table.source
    assert source is not None

    @dg.multi_asset(
        name=_op_name(key),
        # The output has a name of its own: one made from the key would have characters that Dagster does not accept.
        outs={"table": dg.AssetOut(key=key, group_name=_GROUP, dagster_type=dg.Nothing)},
        required_resource_keys={resource_key},
    )
    def look_at(context: dg.AssetExecutionContext) -> "dg.MaterializeResult[Any]":
        return _looked_at(context, getattr(context.resources, resource_key), source)

    return declaring(Declaration(table.declared, label=table.label, draft=table.draft))(look_at)


def _op_name(key: dg.AssetKey) -> str:
    """A name that Dagster accepts. The digest keeps keys apart that differ in other characters alone."""
    return re.sub(r"\W", "_", f"look_at_{key.to_user_string()}_{sha256_digest(list(key.path))[7:15]}")


def _looked_at(
    context: dg.AssetExecutionContext, registry: FeatureRegistry, source: TableSource
) -> "dg.MaterializeResult[Any]":
    return registry.table(
        context,
        source.location,
        format=source.format,
        version=source.version,
        schema=source.types or None,
        how_to_read=source.how_to_read,
    )

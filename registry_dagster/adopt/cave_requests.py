"""Requests to CAVE's catalogue as tables that were found, with what the requests say of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from registry_dagster.adopt.frames import frame_of
from registry_dagster.adopt.known import Known
from registry_dagster.adopt.pattern import Matched
from registry_dagster.adopt.walk import FoundTable, Skipped, Walk
from registry_dagster.errors import RegistryError
from registry_dagster.model.names import join_path, parse_version
from registry_dagster.sources.cave_catalog.columns import CatalogMeaning, meanings
from registry_dagster.sources.cave_catalog.request import CatalogRequest
from registry_dagster.tables.storage.locations import normalise

__all__ = ["tables_of"]


def tables_of(requests: Sequence[CatalogRequest]) -> Walk:
    """The tables that requests are for. Of several requests for one place, that of the highest revision is taken."""
    walk = Walk()
    found: defaultdict[str, list[tuple[CatalogRequest, FoundTable]]] = defaultdict(list)
    for request in requests:
        if request.asset_type != "table":
            walk.skipped.append(Skipped(request.name, f"it is a {request.asset_type}, and no table"))
            continue
        try:
            table = _table(request)
        except RegistryError as error:
            walk.skipped.append(Skipped(request.name, str(error)))
            continue
        found[table.location].append((request, table))
    for at_one_place in found.values():
        *others, (taken, table) = sorted(at_one_place, key=lambda each: each[0].revision)
        walk.tables.append(table)
        walk.skipped += [Skipped(str(each), f"for the same place as {taken}, which is taken") for each, _ in others]
    return walk


def _table(request: CatalogRequest) -> FoundTable:
    version = None if request.mat_version is None else str(request.mat_version)
    matched = Matched(request.base_name, request.datastack, version, request.layout)
    return FoundTable(normalise(request.uri), matched, known=_known(request))


def _known(request: CatalogRequest) -> Known:
    ours = request.properties.feature_registry
    said = meanings(request.columns, request.datastack)
    return Known(
        columns={join_path((name,)): _framed(meaning, request.datastack) for name, meaning in said.items()},
        dataset=parse_version(ours.version).dataset if ours else None,
        table=request.source_table,
        draft=request.maturity == "draft",
        remark="; ".join(_remarks(request)) or None,
    )


def _framed(said: CatalogMeaning, datastack: str) -> CatalogMeaning:
    """What is said of a position, with the frame of the datastack where everyone knows it."""
    known = frame_of(datastack)
    return replace(said, meaning={**said.meaning, "frame": known.name}) if known and "frame" in said.meaning else said


def _remarks(request: CatalogRequest) -> Iterator[str]:
    """What a declaration has no place for, and a person should know."""
    copied = [link for column in request.columns for link in column.links if link.link_type == "copy"]
    if request.source_table and not copied:
        yield f"a copy of {request.source_table}, says CAVE's catalogue, but of no column: add copy_of where it is so"
    if request.maturity == "deprecated":
        yield "deprecated in CAVE's catalogue: leave it out, or retire it after publishing"
    if request.mutability == "mutable":
        yield "it may change, says CAVE's catalogue; a version is the state that is found when it is published"
    if request.expires_at:
        yield f"CAVE's catalogue drops its entry on {request.expires_at:%Y-%m-%d}"
    if request.access_group:
        yield f"in CAVE's catalogue it is for the group {request.access_group}"

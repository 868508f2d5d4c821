"""Published versions, made up, as the answers about records need them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from hypothesis import strategies as st

from registry_dagster.model.dataset_version import DatasetVersion, Provenance
from registry_dagster.model.geometry import Position, TransformedPosition
from registry_dagster.model.identifiers import (
    AnnotationId,
    BodyId,
    FunctionalUnitKey,
    NucleusId,
    RootId,
    SkeletonNodeId,
    SupervoxelId,
    SynapseId,
    TargetId,
)
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.names import parse_version
from registry_dagster.model.reference import Reference
from registry_dagster.model.signals import CompatibilityRange, Crosswalk, SpatialDrift
from registry_dagster.model.table import DeltaPin, TableFacts, TableField

__all__ = ["moment", "record", "related_versions", "upstream", "upstreams"]


def moment(day: str) -> datetime:
    """The start of a day, in UTC."""
    return datetime.fromisoformat(day).replace(tzinfo=timezone.utc)


def upstream(name: str, **facts: Any) -> MaterializationVersion:
    """An upstream version by its name, `system@version`."""
    system, _, version = name.partition("@")
    return MaterializationVersion(system=system, version=version, **facts)


def record(
    name: str, *versions: str | MaterializationVersion, types: dict[str, str] | None = None, **parts: Any
) -> DatasetVersion:
    """A published version `dataset@vN` of upstream versions; `columns`, `references`, `signals` as named there.

    Columns are int64 unless `types` says otherwise; those in `types` alone are in the table without meaning.
    """
    dataset, number = parse_version(name)
    dtypes = dict.fromkeys(parts.get("columns", {"x": None}), "int64") | (types or {})
    return DatasetVersion(
        dataset=dataset,
        number=number or 1,
        materializations=tuple(upstream(each) if isinstance(each, str) else each for each in versions),
        table=TableFacts(
            location=f"/data/{dataset}",
            pin=DeltaPin(table_id="6c0f", version=0),
            fields=tuple(TableField(path=path, type=dtype) for path, dtype in dtypes.items()),
            arrow_schema="/////w==",
        ),
        provenance=Provenance(publisher="ada@lab.org", message="why", published_at=moment("2026-01-01")),
        **parts,
    )


_STATES = (
    upstream("m@1", timestamp=moment("2024-01-01")),
    upstream("m@1", timestamp=moment("2024-02-01")),
    upstream("m@1"),
    upstream("m@2", aliases=("n@2",)),
    upstream("m@3", timestamp=moment("2024-01-01"), kind="annotations"),
    upstream("m@x"),
    upstream("n@2"),
    upstream("n@4", timestamp=moment("2024-01-01")),
    upstream("h@v1.2", source="neuprint"),
    upstream("h@v1.2", source="dvid"),
)
upstreams = st.sampled_from(_STATES)
"""A few upstream versions, related in every way that two can be."""

_paths = st.sampled_from(("a", "b", "x", "y", "z"))
_spaces = st.sampled_from(("m", "h"))
_tables = st.sampled_from((None, "cells", "synapses"))
_states = (None, "m@1", "m@2", "n@2", "h@v1.2")
_ends = st.sampled_from((*_states, "1", "other"))
_several = st.lists(_paths, max_size=2, unique=True).map(tuple)
_columns = st.one_of(
    st.builds(RootId, id_space=_spaces, side=st.sampled_from((None, "pre", "post")), at=st.sampled_from(_states)),
    st.builds(BodyId, id_space=_spaces, null_sentinel=st.sampled_from((None, 0))),
    st.builds(SupervoxelId, chunkedgraph=_spaces),
    st.builds(SynapseId, source_table=_tables),
    st.builds(NucleusId, source_table=_tables),
    st.builds(AnnotationId, annotation_type=st.sampled_from(("nucleus", "cell_type")), source_table=_tables),
    st.builds(
        TargetId, reference_table=st.sampled_from(("cells", "synapses")), dataset=st.sampled_from((None, "one", "two"))
    ),
    st.builds(SkeletonNodeId, skeleton_source=_spaces, skeleton_version=st.sampled_from((None, "1"))),
    st.builds(FunctionalUnitKey, part=st.sampled_from(("session", "scan_idx", "unit_id"))),
    st.builds(Position, axis=st.sampled_from(("x", "y", "z", "xyz")), frame=_spaces, unit=st.just("nm")),
    st.builds(TransformedPosition, axis=st.just("xyz"), frame=_spaces, unit=st.just("um"), transform=st.just("t")),
)
_signals = st.one_of(
    st.builds(
        CompatibilityRange,
        system=st.sampled_from(("m", "n", "h")),
        from_version=st.sampled_from((None, "1", "2")),
        to_version=st.sampled_from(("2", "3", "v1.2", "x")),
        columns=_several,
        surviving_fraction=st.sampled_from((None, 0.0, 0.5, 1.0)),
        basis=st.sampled_from(("measured", "declared")),
    ),
    st.builds(
        Crosswalk,
        dataset=st.sampled_from(("one", "two", "three")),
        from_version=st.sampled_from(_states),
        to_version=st.sampled_from(_states),
        columns=_several,
        basis=st.sampled_from(("measured", "declared")),
    ),
    st.builds(
        SpatialDrift,
        kind=st.just("frame_offset"),
        p50_nm=st.just(1.0),
        p95_nm=st.sampled_from((None, 8.0)),
        from_frame=st.sampled_from((None, "m")),
        to_frame=st.sampled_from((None, "h")),
        from_version=_ends,
        columns=_several,
        basis=st.sampled_from(("measured", "literature")),
    ),
)
_references = st.builds(
    Reference,
    columns=_paths.map(lambda path: (path,)),
    annotation_type=st.sampled_from(("nucleus", "segment")),
    to=st.sampled_from((None, "one", "two", "three")),
    to_table=_tables,
    to_columns=st.sampled_from(((), ("a",), ("x",), ("absent",))),
    cardinality=st.sampled_from(("1:1", "n:1", "1:n", "n:m")),
    stability=st.sampled_from(("stable_within_table", "version_pinned", "unstable", "unknown")),
    null_sentinel=st.sampled_from((None, 0)),
    expected_match_rate=st.sampled_from((None, 0.98)),
    crosswalk=st.sampled_from((None, None, "three")),
)


@st.composite
def related_versions(draw: Callable[..., Any], name: str | None = None) -> DatasetVersion:
    """A published version from a small world, so that two of them have much to do with each other."""
    columns = draw(st.dictionaries(_paths, _columns))
    return record(
        f"{name or draw(st.sampled_from(('one', 'two', 'three')))}@v1",
        *draw(st.lists(upstreams, min_size=1, max_size=2, unique_by=str)),
        types=dict.fromkeys(("a", "b", "x", "y", "z"), "int64"),
        columns=columns,
        references=draw(st.lists(_references, max_size=3).map(tuple)),
        signals=draw(st.lists(_signals, max_size=3).map(tuple)),
    )

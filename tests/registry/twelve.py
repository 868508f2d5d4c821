"""What the twelve questions are asked of: tables with a backfill, a retirement and a second layout."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from registry_dagster.model.embeddings import Embedding
from registry_dagster.model.geometry import Position
from registry_dagster.model.identifiers import NucleusId, RootId
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.reference import Reference
from registry_dagster.model.signals import SpatialDrift
from registry_dagster.registry.registry import Registry
from tests.registry.declared import declared, facts

SOON = datetime.now(timezone.utc) + timedelta(days=30)
M943, M1507 = (
    MaterializationVersion(system="minnie65_public", version=version, source="cave", expires_on=expires)
    for version, expires in ((943, None), (1507, SOON))
)
ROOT, NUCLEUS = RootId(id_space="minnie65_public"), NucleusId(source_table="nucleus_detection_v0")
SYNAPSES, CELLS, TYPES = "minnie65.synapses", "minnie65.cells", "minnie65.types"
CURRENT = f"{SYNAPSES}@v1"


def synapses(state: MaterializationVersion, layout: str, *, model: str = "segclr", resolution: int = 4) -> Any:
    """Embeddings of synapses with their segment and place."""
    return declared(
        SYNAPSES,
        materializations=(state,),
        layout=layout,
        columns={
            "root_id": ROOT,
            "x": Position(axis="x", frame="minnie65", unit="voxel", resolution_nm=(resolution, resolution, 40)),
            "vector": Embedding(
                dim=2, model=model, checkpoint="c1", distance="cosine", normalized=True, anchor="synapse"
            ),
        },
        references=(
            Reference(
                columns=("root_id",),
                to=CELLS,
                to_columns=("root_id",),
                annotation_type="segment",
                cardinality="n:1",
                stability="version_pinned",
                expected_match_rate=0.99 if state is M1507 else 0.5,
            ),
        ),
        signals=(SpatialDrift(kind="frame_offset", p95_nm=8 if state is M1507 else 800, basis="measured"),),
    )


TYPES_OF = {"root_id": "int64", "x": "int64", "vector": "fixed_size_list<float32>[2]"}


def publish_tables(registry: Registry) -> None:
    """Synapses: v1 is current, v2 another layout, v3 retired, v4 a backfill. Cells: v1 is current, v2 a backfill."""
    for number, state in enumerate((M1507, M943)):
        columns = {"root_id": ROOT, "nucleus_id": NUCLEUS}
        table = facts(number, location="/data/cells", root_id="int64", nucleus_id="int64")
        registry.publish(declared(CELLS, materializations=(state,), columns=columns), table, message="why")
    types = declared(TYPES, materializations=(M943,), columns={"nucleus_id": NUCLEUS})
    registry.publish(types, facts(location="/data/types", nucleus_id="int64"), message="why")
    for number, table in enumerate(
        (
            synapses(M1507, "id"),
            synapses(M1507, "pre"),
            synapses(M1507, "id", model="wrong"),
            synapses(M943, "id", resolution=8),
        )
    ):
        registry.publish(table, facts(number, location="/data/synapses", **TYPES_OF), message="why")
    registry.acts.layout(SYNAPSES, "id", reason="most ask for it")
    registry.retire(f"{SYNAPSES}@v3", reason="the wrong model", replacement=CURRENT)

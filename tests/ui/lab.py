"""A lab's registry, made up: what the pictures of the catalogue show."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from registry_dagster.model.columns import AnyColumn
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.embeddings import Embedding
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.geometry import Position
from registry_dagster.model.identifiers import FunctionalUnitKey, NucleusId, RootId, SynapseId
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.quantities import Label, Length, Probability, Volume
from registry_dagster.model.reference import Reference
from registry_dagster.model.signals import CompatibilityRange, SpatialDrift
from registry_dagster.model.table import DeltaPin, LancePin, ParquetPin, TableFacts, TableField
from registry_dagster.registry.registry import Registry

__all__ = ["publish_lab"]


def _state(version: str, day: str, expires: str | None = None) -> MaterializationVersion:
    at = datetime.fromisoformat(day).replace(tzinfo=timezone.utc)
    until = datetime.fromisoformat(expires).replace(tzinfo=timezone.utc) if expires else None
    return MaterializationVersion(
        system="minnie65_public", version=version, source="cave", timestamp=at, expires_on=until, status="available"
    )


_943, _1300 = _state("943", "2024-01-22", "2027-01-13"), _state("1300", "2025-01-13", "2028-01-13")

_NUCLEUS: dict[str, AnyColumn] = {
    "nucleus_id": NucleusId(source_table="nucleus_detection_v0", description="The detected nucleus."),
    "pt_root_id": RootId(id_space="minnie65_public", null_sentinel=0, description="The cell it is in; 0 if none."),
}
_CENTRE = Position(
    axis="xyz", frame="minnie65", unit="voxel", resolution_nm=(4, 4, 40), role="centroid", description="Its centre."
)


def _to_nuclei(column: str, to_column: str, **parts: Any) -> Reference:
    return Reference(
        columns=(column,),
        annotation_type="nucleus" if column == "nucleus_id" else "segment",
        to="minnie65.nuclei",
        to_columns=(to_column,),
        cardinality="n:1",
        stability="stable_within_table" if column == "nucleus_id" else "version_pinned",
        **parts,
    )


def _publish(
    registry: Registry,
    dataset: Dataset,
    state: MaterializationVersion,
    columns: dict[str, AnyColumn],
    message: str,
    *,
    pin: Any,
    rows: int | None = None,
    draft: bool = False,
    **parts: Sequence[Any],
) -> None:
    declared = FeatureTable(dataset=dataset, materializations=[state], columns=columns, **parts)  # type: ignore[arg-type]
    table = TableFacts(
        location=f"s3://lab-features/{dataset.name.replace('.', '/')}/{state.version}",
        pin=pin,
        fields=[TableField(path=path, type=_type(column)) for path, column in columns.items()],
        arrow_schema="/////w==",
        rows=rows,
    )
    registry.publish(declared, table, message=message, draft=draft)


def _type(column: AnyColumn) -> str:
    match column:
        case Embedding():
            return f"fixed_size_list<float32>[{column.dim}]"
        case Position():
            return "fixed_size_list<int32>[3]"
        case Label():
            return "string"
        case Volume() | Length() | Probability():
            return "float64"
        case _:
            return "int64"


def publish_lab(registry: Registry) -> None:
    """Nuclei at two states, and what was made of them: types, embeddings, skeletons, functional units."""
    nuclei = Dataset(
        name="minnie65.nuclei",
        title="Nuclei with volumes",
        description="Every detected nucleus, its volume, and the cell that it is in.",
        owners=["team:cells", "ada@lab.org"],
        tags=["nucleus", "volume"],
    )
    volume = {"volume": Volume(unit="um3", description="Volume of the nucleus.")}
    for number, (state, rows) in enumerate(((_943, 144_120), (_1300, 144_120))):
        columns: dict[str, AnyColumn] = {**_NUCLEUS, "pt_position": _CENTRE, **volume}
        pin = ParquetPin(fingerprint=f"sha256:{number + 11:064x}")
        _publish(registry, nuclei, state, columns, f"For the size paper, at {state.version}", pin=pin, rows=rows)
    registry.retire("minnie65.nuclei@v1", reason="volumes in voxels, not in µm³", replacement="minnie65.nuclei@v2")
    registry.acts.license("minnie65.nuclei", "CC-BY-4.0", reason="as in the paper")
    registry.acts.label("minnie65.nuclei@v2", "size-paper", reason="cited in the size paper")

    types: dict[str, AnyColumn] = {
        **_NUCLEUS,
        "cell_type": Label(classification_system="aibs_metamodel", description="The type with the highest score."),
        "confidence": Probability(of="cell_type"),
    }
    about = Dataset(name="minnie65.cell_types", title="Cell types", owners=["team:cells"], tags=["cell type"])
    pin = DeltaPin(table_id="0f1c", version=4)
    to = _to_nuclei("nucleus_id", "nucleus_id", expected_match_rate=1.0)
    _publish(
        registry,
        about,
        _1300,
        types,
        "Metamodel of March",
        pin=pin,
        rows=94_010,
        references=[to],
        inputs=["minnie65.nuclei@v2"],
    )

    synapses: dict[str, AnyColumn] = {
        "id": SynapseId(source_table="synapses_pni_2", description="The synapse."),
        "pre_pt_root_id": RootId(id_space="minnie65_public", side="pre", description="The presynaptic cell."),
        "post_pt_root_id": RootId(id_space="minnie65_public", side="post", description="The postsynaptic cell."),
        "embedding": Embedding(
            dim=128,
            model="SegCLR",
            checkpoint="2023-01",
            distance="cosine",
            normalized=True,
            anchor="synapse",
            description="Of the postsynaptic site.",
        ),
    }
    about = Dataset(
        name="minnie65.synapse_embeddings",
        title="Synapse embeddings",
        description="SegCLR vectors of all synapses onto the cells of the column.",
        owners=["team:synapses"],
        tags=["embedding", "synapse"],
    )
    references = [_to_nuclei("pre_pt_root_id", "pt_root_id"), _to_nuclei("post_pt_root_id", "pt_root_id")]
    signals = [
        SpatialDrift(kind="representative_point", p50_nm=120.0, p95_nm=410.0, basis="measured"),
        CompatibilityRange(
            system="minnie65_public",
            from_version="943",
            to_version="1300",
            columns=("id",),
            surviving_fraction=0.997,
            basis="measured",
        ),
    ]
    for number, message in enumerate(("The column's cells", "All cells of the column, larger checkpoint")):
        made = {**synapses, "embedding": synapses["embedding"].model_copy(update={"dim": 64 * (number + 1)})}
        _publish(
            registry,
            about,
            _1300,
            made,
            message,
            pin=DeltaPin(table_id="6c0f", version=7 + number),
            rows=13_004_117,
            references=references,
            signals=signals,
            inputs=["minnie65.nuclei@v2"],
        )

    skeletons: dict[str, AnyColumn] = {
        "root_id": RootId(id_space="minnie65_public", description="The cell."),
        "axon_length": Length(unit="um"),
        "dendrite_length": Length(unit="um"),
    }
    about = Dataset(name="minnie65.skeleton_features", title="Skeleton features", owners=["team:morphology"])
    _publish(
        registry,
        about,
        _943,
        skeletons,
        "Lengths of 943",
        pin=LancePin(version=3),
        rows=71_004,
        references=[_to_nuclei("root_id", "pt_root_id", at="minnie65_public@943")],
    )

    units: dict[str, AnyColumn] = {
        "session": FunctionalUnitKey(part="session"),
        "scan_idx": FunctionalUnitKey(part="scan_idx"),
        "unit_id": FunctionalUnitKey(part="unit_id"),
        "nucleus_id": NucleusId(source_table="nucleus_detection_v0", description="The matched nucleus."),
    }
    about = Dataset(name="minnie65.coregistration", title="Functional units matched to cells", owners=["team:function"])
    pin = ParquetPin(fingerprint=f"sha256:{77:064x}")
    to = _to_nuclei("nucleus_id", "nucleus_id")
    _publish(
        registry, about, _1300, units, "Manual matches, version 4", pin=pin, rows=19_181, references=[to], draft=True
    )

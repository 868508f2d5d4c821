"""Delivering what was handed off in a folder: each version is published again where it is pushed to."""

from __future__ import annotations

from pathlib import Path

from registry_dagster.datahub.urns import PLATFORM, platform_urn
from registry_dagster.errors import NotPublished
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.names import parse_version
from registry_dagster.registry.plan import Origin, Publication
from registry_dagster.registry.registry import Registry
from registry_dagster.stores.handoff_folder import FileStore

__all__ = ["handed_off"]


def handed_off(folder: Path, env: str = "PROD") -> list[Publication]:
    """The versions in a folder, as publications for another registry.

    Publisher and message are those of the hand-off; number and time are new where it is pushed to.
    Pushing again publishes nothing twice.

    Args:
        folder: The folder of a `file://` registry.
        env: DataHub's environment it was written for.

    Raises:
        NotPublished: the folder holds no version.
        CorruptRecord: a file was changed.
    """
    store = FileStore(folder)
    start, end = f"urn:li:dataset:({platform_urn(PLATFORM)},", f",{env})"
    urns = [urn for urn in store.urns() if urn.startswith(start) and urn.endswith(end)]
    names = [urn.removeprefix(start).removesuffix(end) for urn in urns]
    if not names:
        raise NotPublished(f"{store.target}: there is no version in that folder")
    with Registry(store, env) as registry:
        return [_publication(registry, registry.get(name)) for name in names]


def _publication(registry: Registry, record: DatasetVersion) -> Publication:
    provenance = record.provenance
    inputs = [registry.get(name) for name in record.inputs]
    return Publication(
        feature_table=FeatureTable(
            dataset=registry.dataset(record.dataset),
            materializations=record.materializations,
            columns=record.columns,
            references=record.references,
            signals=record.signals,
            layout=record.layout,
        ),
        table=record.table,
        message=provenance.message,
        publisher=provenance.publisher,
        label=record.label,
        draft=record.draft,
        origin=Origin(
            run_id=provenance.dagster_run_id,
            asset=provenance.dagster_asset,
            partition=provenance.dagster_partition,
            job=provenance.dagster_job,
            op=provenance.dagster_op,
            inputs=[(each.dataset, each.table.identity) for each in inputs],
            column_lineage={
                column: [(parse_version(origin.version).dataset, origin.column) for origin in origins]
                for column, origins in record.column_lineage.items()
            },
        ),
    )

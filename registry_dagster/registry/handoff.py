"""Delivering what was handed off in a folder: each version is published again where it is pushed to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from registry_dagster.datahub.urns import PLATFORM, platform_urn
from registry_dagster.errors import NotPublished, RegistryError
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.names import parse_version
from registry_dagster.registry.plan import Origin, Publication
from registry_dagster.registry.registry import Registry
from registry_dagster.stores.handoff_folder import FileStore

__all__ = ["Delivery", "deliveries", "handed_off"]


class Delivery(NamedTuple):
    """One version of a hand-off, on its way to a registry.

    Attributes:
        name: Its name in the hand-off.
        publication: What is published; or what is wrong with it.
        kept: What the Dataset says where it is pushed to, and the hand-off says otherwise. That stays.
    """

    name: str
    publication: Publication | RegistryError
    kept: tuple[str, ...] = ()


def handed_off(folder: Path, env: str = "PROD") -> list[Delivery]:
    """The versions in a folder, as publications for another registry.

    Publisher and message are those of the hand-off, and so is the digest that it is found by; number and time are new
    where it is pushed to. Pushing again publishes nothing twice. A version whose record was changed is an error of its
    own, and keeps no other out.

    Args:
        folder: The folder of a `file://` registry.
        env: DataHub's environment it was written for.

    Raises:
        NotPublished: the folder holds no version.
        RegistryError: a file is missing or is not a list of proposals.
    """
    store = FileStore(folder)
    start, end = f"urn:li:dataset:({platform_urn(PLATFORM)},", f",{env})"
    urns = [urn for urn in store.urns() if urn.startswith(start) and urn.endswith(end)]
    names = [urn.removeprefix(start).removesuffix(end) for urn in urns]
    if not names:
        raise NotPublished(f"{store.target}: there is no version in that folder")
    with Registry(store, env) as registry:
        return [Delivery(name, _publication_or_error(registry, name)) for name in names]


def deliveries(registry: Registry, versions: Sequence[Delivery]) -> list[Delivery]:
    """What is handed off, as it is delivered to a registry: what a Dataset says there since is left as it is.

    Args:
        registry: Where it is pushed to.
        versions: What `handed_off` found.
    """
    recorded: dict[str, Dataset | None] = {}
    return [_delivery(registry, each, recorded) for each in versions]


def _delivery(registry: Registry, version: Delivery, recorded: dict[str, Dataset | None]) -> Delivery:
    publication = version.publication
    if isinstance(publication, RegistryError):
        return version
    handed = publication.feature_table.dataset
    if handed.name not in recorded:
        recorded[handed.name] = _recorded(registry, handed.name)
    stays = recorded[handed.name]
    if stays is None:
        return version
    merged = stays.added_to(handed)
    table = publication.feature_table.model_copy(update={"dataset": merged})
    return Delivery(version.name, replace(publication, feature_table=table), tuple(_kept(handed, merged)))


def _recorded(registry: Registry, name: str) -> Dataset | None:
    try:
        return registry.dataset(name)
    except NotPublished:
        return None


def _kept(handed: Dataset, merged: Dataset) -> list[str]:
    """Where a hand-off would have changed a Dataset."""
    before, now = handed.to_json(), merged.to_json()
    return [
        f"{name} stays {now[name]!r} (handed off: {before[name]!r})" for name in before if now[name] != before[name]
    ]


def _publication_or_error(registry: Registry, name: str) -> Publication | RegistryError:
    try:
        return _publication(registry, registry.get(name))
    except RegistryError as error:
        return error


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
            code=provenance.code,
            handed_off_digest=record.digest,
            handed_off_at=provenance.published_at,
            inputs=[(each.dataset, each.table.identity) for each in inputs],
            column_lineage={
                column: [(parse_version(origin.version).dataset, origin.column) for origin in origins]
                for column, origins in record.column_lineage.items()
            },
        ),
    )

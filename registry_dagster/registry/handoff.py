"""Delivering what was handed off in a folder: each version is published again where it is pushed to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from registry_dagster.datahub.urns import PLATFORM, platform_urn
from registry_dagster.errors import NotPublished, RegistryError
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.materialization import LIFECYCLE, MaterializationVersion
from registry_dagster.model.names import parse_version
from registry_dagster.registry.act_merge import CarriedAct
from registry_dagster.registry.carried_acts import ActCarrier, HandedActs
from registry_dagster.registry.materialization_changes import MaterializationChanges
from registry_dagster.registry.plan import Origin, Publication
from registry_dagster.registry.registry import Registry
from registry_dagster.stores.handoff_folder import FileStore

__all__ = ["Delivery", "HandOff", "carry_acts", "carry_states", "deliveries", "handed_off"]


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


class HandOff(NamedTuple):
    """What is in a folder, for another registry.

    Attributes:
        versions: Its versions.
        acts: Dataset → what was done to it and its versions; or what is wrong with that.
        states: What is recorded of materialization versions.
    """

    versions: Sequence[Delivery]
    acts: Mapping[str, HandedActs | RegistryError]
    states: Sequence[MaterializationVersion]


def handed_off(folder: Path, env: str = "PROD") -> HandOff:
    """What is in a folder, for another registry: its versions as publications, and what was said around them.

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
        datasets = sorted({parse_version(name).dataset for name in names})
        return HandOff(
            [Delivery(name, _publication_or_error(registry, name)) for name in names],
            {name: _acts_or_error(registry, name) for name in datasets},
            registry.materializations(),
        )


def carry_acts(
    registry: Registry, handed: HandOff, names: Mapping[str, str], *, write: bool
) -> Iterator[CarriedAct | RegistryError]:
    """Record what was done to the datasets of a hand-off; an error for each dataset of which that fails.

    Args:
        registry: Where it is pushed to.
        handed: What is pushed.
        names: `dataset@vN` in the hand-off → the version there.
        write: If false, only say what would become of each act.
    """
    carry = ActCarrier(registry.acts.records, registry.acts.resolver, registry.acts.writer())
    for name, acts in handed.acts.items():
        if isinstance(acts, RegistryError):
            yield acts
            continue
        try:
            yield from carry(acts, names, write=write)
        except RegistryError as error:
            yield type(error)(f"{name}: its acts are not carried: {error}")


def carry_states(
    registry: Registry, states: Sequence[MaterializationVersion], *, write: bool
) -> tuple[MaterializationChanges, list[str]]:
    """Add what a hand-off knows of materialization versions to what is recorded.

    An expiry or status that is recorded stays: the hand-off does not say when it learnt another one.

    Returns:
        What changes, and where what is recorded stays.
    """
    recorded = registry.acts.records.materializations(states)
    added = [_without_lifecycle(state, recorded[state.key]) for state in states]
    stays = [line for state in states for line in _lifecycle_kept(state, recorded[state.key])]
    return registry.record_materializations(added, dry_run=not write), stays


def _without_lifecycle(
    state: MaterializationVersion, recorded: MaterializationVersion | None
) -> MaterializationVersion:
    """A state without what is recorded of its lifecycle already."""
    known = [name for name in LIFECYCLE if recorded and getattr(recorded, name) is not None]
    return state.without(known)


def _lifecycle_kept(state: MaterializationVersion, recorded: MaterializationVersion | None) -> Iterator[str]:
    before, now = state.to_json(), recorded.to_json() if recorded else {}
    for name in LIFECYCLE:
        if name in before and name in now and before[name] != now[name]:
            yield f"{state}: {name} stays {now[name]} (handed off: {before[name]})"


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


def _acts_or_error(registry: Registry, dataset: str) -> HandedActs | RegistryError:
    try:
        return HandedActs(registry.dataset(dataset), registry.acts.history(dataset))
    except RegistryError as error:
        return error


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

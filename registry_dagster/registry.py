"""Registry: plan, publish, read. The one path behind every door."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from datetime import datetime, timezone
from pathlib import Path
from types import TracebackType

from typing_extensions import Self

from registry_dagster.datahub.dataset import dataset_from, dataset_proposals
from registry_dagster.datahub.materialization import materialization_from, materialization_proposals
from registry_dagster.datahub.prerequisites import prerequisite_proposals
from registry_dagster.datahub.proposal import Entity
from registry_dagster.datahub.urns import container_urn, materialization_urn, version_urn
from registry_dagster.datahub.version import RECORD_ASPECTS, Summary, record_from, version_proposals
from registry_dagster.errors import (
    NotPublished,
    PublishRefused,
    RegistryError,
    RegistryUnavailable,
    VersionConflict,
)
from registry_dagster.facts import Diff, diff
from registry_dagster.model.base import suggestion
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion, Provenance
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.names import parse_version
from registry_dagster.model.table import TableFacts
from registry_dagster.plan import Plan, Receipt, Source, warnings_for
from registry_dagster.published import PublishedVersions
from registry_dagster.stores.store import Store, open_store

__all__ = ["Registry"]

_TARGET = "FEATURE_REGISTRY"
_PUBLISHER = "FEATURE_REGISTRY_PUBLISHER"
_ENVIRONMENTS = [
    "PROD",
    "DEV",
    "TEST",
    "QA",
    "UAT",
    "EI",
    "PRE",
    "STG",
    "NON_PROD",
    "CORP",
    "RVW",
    "PRD",
    "TST",
    "SIT",
    "SBX",
    "SANDBOX",
]
_ATTEMPTS = 50
_UNPUBLISHED = Provenance(
    publisher="nobody", message="not published", published_at=datetime.fromtimestamp(0, timezone.utc)
)


class Registry:
    """The registry of feature datasets, wherever it is kept.

    Use `Registry.open`. Reading and planning write nothing; `publish` is the one act that does.
    """

    def __init__(self, store: Store, env: str = "PROD", publisher: str | None = None) -> None:
        if env not in _ENVIRONMENTS:
            raise RegistryError(
                f"DataHub knows no environment {env!r}{suggestion(env, _ENVIRONMENTS)} "
                f"One of {', '.join(_ENVIRONMENTS)}"
            )
        self._store = store
        self._env = env
        self._publisher = publisher
        self._published = PublishedVersions(store, env)

    @classmethod
    def open(cls, target: str | None = None, env: str = "PROD", publisher: str | None = None) -> Self:
        """Open the registry a target names.

        Args:
            target: `lite:///absolute/path/registry.db`. Default: the environment variable
                FEATURE_REGISTRY, else an embedded file below the home directory.
            env: DataHub's environment of everything published here.
            publisher: Who publishes, unless a publish names somebody else. Default: the environment
                variable FEATURE_REGISTRY_PUBLISHER.
        """
        target = target or os.environ.get(_TARGET) or f"lite://{Path.home() / '.feature-registry' / 'registry.db'}"
        return cls(open_store(target), env, publisher or os.environ.get(_PUBLISHER))

    def __repr__(self) -> str:
        return f"Registry({self.target!r}, env={self._env!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def target(self) -> str:
        """Where the registry is kept, without credentials."""
        return self._store.target

    def close(self) -> None:
        """Let go of the store. Nothing is written."""
        self._store.close()

    def get(self, name: str) -> DatasetVersion:
        """The version `dataset@vN`, or a dataset's newest one. Proven against its digest.

        Raises:
            NotPublished: nothing is recorded under that name.
            CorruptRecord: what is stored is not what was published.
        """
        dataset, number = parse_version(name)
        if number is None:
            number = max(self._published.of(dataset), default=None)
            if number is None:
                raise NotPublished(f"{name}: no version is published at {self.target}")
        record = self._stored(f"{dataset}@v{number}")
        if record is None:
            published = self._published.of(dataset)
            have = f"published are v{min(published)} to v{max(published)}" if published else "no version is published"
            raise NotPublished(f"{name}: not published at {self.target}; {have}")
        return record

    def versions(self, dataset: str) -> tuple[DatasetVersion, ...]:
        """All versions of a dataset, oldest first. Empty when there are none."""
        name, _ = parse_version(dataset)
        return tuple(self.get(f"{name}@v{number}") for number in self._published.of(name))

    def dataset(self, name: str) -> Dataset:
        """The Dataset as people describe it now: title, description, owners, tags.

        Raises:
            NotPublished: no such dataset.
        """
        name, _ = parse_version(name)
        dataset = dataset_from(self._entity(container_urn(name, self._env)))
        if dataset is None:
            raise NotPublished(f"{name}: no such dataset at {self.target}")
        return dataset

    def materialization(self, version: MaterializationVersion) -> MaterializationVersion | None:
        """What is recorded of an upstream version; None when nothing is."""
        return materialization_from(self._entity(materialization_urn(version, self._env)))

    def diff(self, before: str, after: str) -> Diff:
        """What changed between two published versions: table, schema and meaning."""
        return diff(self.get(before), self.get(after))

    def plan(
        self,
        feature_table: FeatureTable,
        table: TableFacts,
        *,
        label: str | None = None,
        source: Source | None = None,
    ) -> Plan:
        """What publishing would do. Writes nothing.

        Args:
            feature_table: The declaration.
            table: The table, as `inspect_table` found it.
            label: A human alias of the version.
            source: The Dagster run that made the table.

        Raises:
            TableMismatch: declaration and table disagree.
            MaterializationConflict: an upstream version is recorded with other facts.
            VersionConflict: the label belongs to a version with other content.
        """
        feature_table.check(table)
        source = source or Source()
        name = feature_table.dataset.name
        published = self._published.of(name)
        inputs, missing = self._inputs(source)
        record = DatasetVersion(
            dataset=name,
            number=max(published, default=0) + 1,
            label=label,
            materializations=feature_table.materializations,
            columns=feature_table.columns,
            references=feature_table.references,
            signals=feature_table.signals,
            table=table,
            inputs=inputs,
            reference_versions=self._reference_versions(feature_table),
            provenance=_UNPUBLISHED,
        )
        same = next(
            (summary for summary in published.values() if summary.content_digest == record.content_digest),
            None,
        )
        if same is not None:
            record = self.get(f"{name}@v{same.number}")
        self._refuse_taken_label(name, label, published, record)
        recorded = dataset_from(self._entity(container_urn(name, self._env)))
        last = self.get(f"{name}@v{max(published)}") if published else None
        return Plan(
            record=record,
            creates=same is None,
            dataset=feature_table.dataset.added_to(recorded) if recorded else feature_table.dataset,
            upstreams=tuple(self._upstream(version) for version in feature_table.materializations),
            warnings=(*warnings_for(feature_table, table), *missing),
            diff=diff(last, record) if last is not None and same is None else None,
        )

    def publish(
        self,
        feature_table: FeatureTable,
        table: TableFacts,
        *,
        message: str,
        publisher: str | None = None,
        label: str | None = None,
        version: int | None = None,
        source: Source | None = None,
    ) -> Receipt:
        """Record a table with its meaning, once.

        The same content again writes nothing and returns the version it stands under. Other content
        becomes the next version. Safe to run again after any failure.

        Args:
            feature_table: The declaration.
            table: The table, as `inspect_table` found it.
            message: Why, in the publisher's words.
            publisher: Who. Default: the registry's.
            label: A human alias of the version.
            version: The number it must get; default: the next.
            source: The Dagster run that made the table.

        Raises:
            PublishRefused: no message or no publisher.
            VersionConflict: the number or label asked for holds other content.
            RegistryUnavailable: the store failed; running again is safe.
        """
        provenance = self._provenance(message, publisher, source)
        for _ in range(_ATTEMPTS):
            plan = self.plan(feature_table, table, label=label, source=source)
            self._refuse_other_number(plan, version)
            self._write_dataset(plan.dataset)
            if not plan.creates:
                return self._receipt(plan.record, created=False)
            record = plan.record.model_copy(update={"provenance": provenance})
            self._write_prerequisites(record, plan)
            stored = self._commit(record, plan.dataset)
            if stored is not None and stored.digest == record.digest:
                return self._receipt(stored, created=True)
            self._published.look_ahead(record.dataset)
        raise RegistryUnavailable(
            f"{feature_table.dataset.name}: other publishers took the next number {_ATTEMPTS} times in a row; "
            "nothing of this publish was recorded, run it again"
        )

    def _commit(self, record: DatasetVersion, dataset: Dataset) -> DatasetVersion | None:
        """Write the whole version, then believe only what reads back."""
        try:
            self._store.create([version_proposals(record, dataset, self._env)])
        except RegistryUnavailable:
            stored = self._stored(record.name)
            if stored is None:
                raise
            return stored
        return self._stored(record.name)

    def _write_dataset(self, dataset: Dataset) -> None:
        stored = self._entity(container_urn(dataset.name, self._env))
        if dataset_from(stored) != dataset:
            self._store.upsert(dataset_proposals(dataset, stored, self._env))

    def _write_prerequisites(self, record: DatasetVersion, plan: Plan) -> None:
        self._store.ensure(prerequisite_proposals(record, plan.dataset))
        changed = [version for version in plan.upstreams if self.materialization(version) != version]
        self._store.upsert(
            proposal for version in changed for proposal in materialization_proposals(version, self._env)
        )

    def _upstream(self, declared: MaterializationVersion) -> MaterializationVersion:
        recorded = self.materialization(declared)
        return declared.added_to(recorded) if recorded is not None else declared

    def _reference_versions(self, feature_table: FeatureTable) -> dict[str, str]:
        """For each referenced dataset its newest version of a shared upstream version, else its newest."""
        own = {str(version) for version in feature_table.materializations}
        targets = {reference.to for reference in feature_table.references} - {
            None,
            feature_table.dataset.name,
        }
        return {
            target: _fitting(target, published.values(), own)
            for target in sorted(filter(None, targets))
            if (published := self._published.of(target))
        }

    def _inputs(self, source: Source) -> tuple[tuple[str, ...], list[str]]:
        """The published versions that were read, and a warning for each table that is not published."""
        inputs: list[str] = []
        missing: list[str] = []
        for dataset, table in source.inputs.items():
            versions = [
                summary.number for summary in self._published.of(dataset).values() if summary.table == dict(table)
            ]
            if versions:
                inputs.append(f"{dataset}@v{versions[-1]}")
            else:
                missing.append(
                    f"computed from {dataset}, whose table as it was read is not published; publish it first to "
                    "have it in the lineage"
                )
        return tuple(inputs), missing

    def _stored(self, version: str) -> DatasetVersion | None:
        urn = version_urn(version, self._env)
        entity = self._store.read([urn], RECORD_ASPECTS).get(urn)
        return None if entity is None else record_from(entity, urn)

    def _entity(self, urn: str) -> Entity:
        return self._store.read([urn]).get(urn, {})

    def _receipt(self, record: DatasetVersion, created: bool) -> Receipt:
        return Receipt(record.name, version_urn(record.name, self._env), record.digest, created, record)

    def _provenance(self, message: str, publisher: str | None, source: Source | None) -> Provenance:
        if not message.strip():
            raise PublishRefused("a publish needs a message: say why this version is published")
        publisher = publisher or self._publisher
        if not publisher or not publisher.strip():
            raise PublishRefused(
                f"a publish needs a publisher: name one, or set {_PUBLISHER} (an e-mail address or account name)"
            )
        return Provenance(
            publisher=publisher,
            message=message,
            published_at=datetime.now(timezone.utc),
            dagster_run_id=source.run_id if source else None,
            dagster_asset=source.asset if source else None,
            dagster_partition=source.partition if source else None,
        )

    def _refuse_other_number(self, plan: Plan, version: int | None) -> None:
        if version is None or version == plan.record.number:
            return
        name = f"{plan.record.dataset}@v{version}"
        if (taken := self._stored(name)) is not None:
            differences = tuple(str(change) for change in diff(taken, plan.record).changes)
            raise VersionConflict(f"{name} is published with other content and never changes:", differences)
        raise VersionConflict(f"{name} cannot be published: versions are numbered densely, this one is {plan.version}")

    def _refuse_taken_label(
        self, dataset: str, label: str | None, published: Mapping[int, Summary], record: DatasetVersion
    ) -> None:
        for summary in published.values():
            if label is not None and summary.label == label and summary.number != record.number:
                taken = self.get(f"{dataset}@v{summary.number}")
                differences = tuple(str(change) for change in diff(taken, record).changes)
                raise VersionConflict(f"label {label!r} belongs to {taken}, which has other content:", differences)


def _fitting(dataset: str, published: Collection[Summary], materializations: set[str]) -> str:
    shared = [summary for summary in published if summary.materializations & materializations]
    return f"{dataset}@v{max(summary.number for summary in shared or published)}"

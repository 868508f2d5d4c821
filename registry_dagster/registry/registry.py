"""Registry: plan and publish, the one path behind every door. What it reads and answers: `reading`, `answering`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from typing_extensions import Self

from registry_dagster.answers.diff import diff
from registry_dagster.datahub.retirement import Retirement
from registry_dagster.errors import InvalidDeclaration, PublishRefused, RegistryError
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.names import VersionName, parse_version
from registry_dagster.model.table import TableFacts
from registry_dagster.model.text import suggestion
from registry_dagster.registry.commit import Committer, Outcome
from registry_dagster.registry.materialization_changes import MaterializationChanges
from registry_dagster.registry.plan import Origin, Plan, Publication, Receipt
from registry_dagster.registry.planner import (
    conflict_with,
    linked_targets,
    make_plan,
    number_in_the_way,
    others_named,
    without_false_links,
)
from registry_dagster.registry.publisher import PUBLISHER_VARIABLE, Publisher
from registry_dagster.registry.questions import Answering
from registry_dagster.registry.verifier import Verification, Verifier
from registry_dagster.registry.writer import Writer
from registry_dagster.stores.open import open_store
from registry_dagster.stores.store import Store
from registry_dagster.tables.storage.options import StorageOptions

__all__ = ["ENV_VARIABLE", "Registry"]

_TARGET_VARIABLE = "FEATURE_REGISTRY"
ENV_VARIABLE = "FEATURE_REGISTRY_ENV"
_SERVER_VARIABLE = "DATAHUB_GMS_URL"
_ENVIRONMENTS = (
    *("CORP", "DEV", "EI", "NON_PROD", "PRD", "PRE", "PROD", "QA"),
    *("RVW", "SANDBOX", "SBX", "SIT", "STG", "TEST", "TST", "UAT"),
)


class Registry(Answering):
    """The registry of feature datasets, wherever it is kept.

    Use `Registry.open`. Reading and planning write nothing; publishing is the one act that does.
    """

    def __init__(self, store: Store, env: str = "PROD", publisher: str | None = None) -> None:
        if env not in _ENVIRONMENTS:
            raise RegistryError(
                f"DataHub knows no environment {env!r}{suggestion(env, _ENVIRONMENTS)} "
                f"One of {', '.join(_ENVIRONMENTS)}"
            )
        super().__init__(store, env)
        self._writer = Writer(self._records)
        committer = Committer(self._records, self._writer)
        self._publisher = Publisher(self._records, self._writer, committer, publisher)

    @classmethod
    def open(
        cls,
        target: str | None = None,
        *,
        token: str | None = None,
        env: str | None = None,
        publisher: str | None = None,
    ) -> Self:
        """Open the registry a target names.

        Args:
            target: `lite:///absolute/path/registry.db`, `file:///absolute/folder` for a hand-off, the
                `https://` address of a DataHub server, or `datahub` for the server of `~/.datahubenv`.
                Default: the environment variable FEATURE_REGISTRY, else DATAHUB_GMS_URL, else an embedded
                file below the home directory.
            token: DataHub access token. Default: DATAHUB_GMS_TOKEN, else that of `~/.datahubenv` for the
                same server. Never shown.
            env: DataHub's environment of everything published here. Default: the environment variable
                FEATURE_REGISTRY_ENV, else PROD.
            publisher: Who publishes, unless a publish names somebody else. Default: the environment
                variable FEATURE_REGISTRY_PUBLISHER.

        Raises:
            RegistryError: no store of that kind.
        """
        embedded = f"lite://{Path.home() / '.feature-registry' / 'registry.db'}"
        chosen = target or os.environ.get(_TARGET_VARIABLE) or os.environ.get(_SERVER_VARIABLE) or embedded
        return cls(
            open_store(chosen, token),
            env or os.environ.get(ENV_VARIABLE) or "PROD",
            publisher or os.environ.get(PUBLISHER_VARIABLE),
        )

    def __repr__(self) -> str:
        return f"Registry({self.target!r}, env={self._records.env!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the store. Nothing is written."""
        self._store.close()

    def plan(
        self,
        feature_table: FeatureTable,
        table: TableFacts,
        *,
        label: str | None = None,
        origin: Origin | None = None,
    ) -> Plan:
        """What publishing would do. Writes nothing.

        Args:
            feature_table: The declaration.
            table: The table, as `inspect_table` found it.
            label: A human alias of the version.
            origin: The Dagster run that made the table.

        Raises:
            TableMismatch: declaration and table disagree.
            MaterializationConflict: a materialization version is recorded with other facts.
            VersionConflict: the label belongs to a version with other content.
        """
        name = feature_table.dataset.name
        view = self._records.view(
            owners=[name],
            others=others_named(feature_table, origin),
            materializations=feature_table.materializations,
            fresh=True,
        )
        unsupported = self._store.unsupported.values()
        plan = make_plan(feature_table, table, view, label=label, origin=origin, unsupported=unsupported)
        plan = without_false_links(plan, self._records.columns(linked_targets(plan)))
        published = view.versions[name]
        if (taken := number_in_the_way(plan, published, None)) is not None:
            raise conflict_with(plan, self.get(str(VersionName(name, taken))))
        retired = self._records.retirements([*plan.record.inputs, *plan.record.reference_versions.values()])
        told = (*plan.warnings, *(f"{name} is {retirement}" for name, retirement in retired.items()))
        plan = replace(plan, warnings=told)
        if not plan.creates:
            return replace(plan, record=self.get(plan.version))
        last = self.get(str(VersionName(name, max(published)))) if published else None
        return replace(plan, diff=diff(last, plan.record)) if last else plan

    def publish(
        self,
        feature_table: FeatureTable,
        table: TableFacts,
        *,
        message: str,
        publisher: str | None = None,
        label: str | None = None,
        version: int | None = None,
        origin: Origin | None = None,
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
            origin: The Dagster run that made the table.

        Raises:
            PublishRefused: no message or no publisher.
            TableMismatch: declaration and table disagree.
            MaterializationConflict: a materialization version is recorded with other facts.
            VersionConflict: the number or label asked for holds other content.
            StoreRefused: the store does not take the record as it is.
            RegistryUnavailable: the store failed; says what is known. Running again is safe.
        """
        publication = Publication(feature_table, table, message, publisher, label, version, origin)
        (outcome,) = self.publish_many([publication])
        if isinstance(outcome, RegistryError):
            raise outcome
        return outcome

    def publish_many(self, publications: Sequence[Publication]) -> list[Outcome]:
        """Publish several, in few requests. Each stands or fails by itself.

        Returns:
            For each, in the order given, its receipt or the error that `publish` would raise.
        """
        return self._publisher.publish(publications)

    def describe(self, dataset: Dataset) -> Dataset:
        """Record what a Dataset is called now. Versions stay as they are; the store keeps the history.

        Args:
            dataset: The new description. Fields it leaves out stay as they are.

        Raises:
            NotPublished: the dataset has no version yet.
        """
        self._writer.describe(dataset)
        return self.dataset(dataset.name)

    def record_materializations(
        self, versions: Sequence[MaterializationVersion], *, dry_run: bool = False
    ) -> MaterializationChanges:
        """Record materialization versions as their system tells of them now. Publishes nothing.

        What never changes about a state (kind, timestamp, uuid) is added where it is not known yet; expiry
        and status follow the newer word; aliases are gathered. Each stands or fails by itself: one that
        contradicts its record is refused, and the others are written.

        Args:
            versions: The versions, as `sources` learns them or as written by hand.
            dry_run: Only say what would change.

        Returns:
            What became of each. Those that were refused are among them, with the reason.
        """
        return self._writer.record_materializations(versions, write=not dry_run)

    def retire(
        self, version: str, *, reason: str, replacement: str | None = None, publisher: str | None = None
    ) -> Retirement:
        """Mark a version as not to be used any more. The record itself stays untouched.

        Args:
            version: `dataset@vN`.
            reason: Why.
            replacement: The version to use instead, `dataset@vN`.
            publisher: Who says so. Default: the registry's.

        Raises:
            PublishRefused: no reason or nobody who says so.
            NotPublished: the version, or its replacement, is not published.
        """
        if not reason.strip():
            raise PublishRefused("retiring a version needs a reason: say why it should not be used")
        for name in filter(None, (version, replacement)):
            if parse_version(name).number is None:
                raise InvalidDeclaration(f"{name!r} names no exact version; write it as {name}@v1")
        if replacement == version:
            raise InvalidDeclaration(f"{version} cannot be replaced by itself; name the version to use instead")
        said = self._publisher.provenance(reason, publisher)
        retirement = Retirement(said.message, said.publisher, replacement)
        self._writer.retire(version, retirement)
        return retirement

    def verify(
        self,
        version: str,
        *,
        record: bool = False,
        table: bool = False,
        storage_options: StorageOptions | None = None,
    ) -> Verification:
        """Whether a published version still stands. Writes nothing, and reads no data.

        Args:
            version: `dataset@vN`.
            record: Only hold the record, as it stands in the store, against its digest.
            table: Only look whether the table is still there as it was recorded.
            storage_options: As of `inspect_table`. Never recorded.

        Raises:
            NotPublished: nothing is recorded under that name.
            InvalidDeclaration: the name says no exact version.
        """
        return Verifier(self._records, record, table, storage_options).verify(version)

    def verify_all(
        self,
        *datasets: str,
        record: bool = False,
        table: bool = False,
        storage_options: StorageOptions | None = None,
    ) -> Iterator[Verification]:
        """Verify every published version, one by one as the result is taken.

        Args:
            datasets: Only the versions of these; those of all when left out.
            record, table, storage_options: As of `verify`.

        Raises:
            NotPublished: a dataset that is named has no version.
        """
        names = datasets or (each.name for each in self._finder.datasets() if each.newest)
        return Verifier(self._records, record, table, storage_options).verify_all(names)

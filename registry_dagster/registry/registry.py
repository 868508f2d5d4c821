"""Registry: what people call. It says what each act and question is; the pieces it is made of do the work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from typing_extensions import Self, Unpack

from registry_dagster.errors import RegistryError
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.retirement import Retirement
from registry_dagster.registry.arguments import Table, text_of
from registry_dagster.registry.reader import Reader
from registry_dagster.registry.remote_addresses import checked_remotes
from registry_dagster.registry.remotes import Remotes
from registry_dagster.registry.resolver import At
from registry_dagster.registry.settings import TABLES_AT_ONCE, checked_env, current_settings
from registry_dagster.stores.open import open_store
from registry_dagster.stores.store import Store
from registry_dagster.tables.storage.options import OptionsOf

if TYPE_CHECKING:
    from registry_dagster.answers.citation import Citation
    from registry_dagster.answers.lock import Lock
    from registry_dagster.model.feature_table import FeatureTable
    from registry_dagster.registry.acts import Acts
    from registry_dagster.registry.holdings import Holdings
    from registry_dagster.registry.materialization_changes import MaterializationChanges
    from registry_dagster.registry.meanings import Meanings
    from registry_dagster.registry.papers import Papers
    from registry_dagster.registry.plan import Plan, Publication, PublicationDetails, Receipt
    from registry_dagster.registry.planner import Planner
    from registry_dagster.registry.publish import Outcome, PublishService
    from registry_dagster.registry.repair import Repair
    from registry_dagster.registry.verifier import Verification
    from registry_dagster.registry.writer import Writer

__all__ = ["Registry"]


class Registry(Reader):
    """The registry of feature datasets, wherever it is kept. Use `Registry.open`.

    Reading and planning write nothing. A name is `dataset@vN`, `dataset@label`, or `dataset` for its current version.

    Raises:
        NotPublished: nothing is published under a name.
        CorruptRecord: what is stored under it is not what was published.
        InvalidDeclaration: an argument is not well formed.
        RegistryUnavailable: the store cannot be reached or is busy. It is safe to try again.
    """

    def __init__(
        self, store: Store, env: str = "PROD", publisher: str | None = None, remotes: Remotes | None = None
    ) -> None:
        super().__init__(store, checked_env(env), remotes)
        self._publisher = publisher

    # The pieces. Each is loaded when it is first used: who reads a record does not wait for what publishes one.

    @cached_property
    def acts(self) -> Acts:
        """What people do around versions after publishing, and what they did."""
        from registry_dagster.registry.acts import Acts

        return Acts(self._records, self._resolver, lambda: self._writer, self._publisher)

    @cached_property
    def papers(self) -> Papers:
        """Citations, locks and statements."""
        from registry_dagster.registry.papers import Papers

        return Papers(self.acts, self._questions)

    @cached_property
    def repair(self) -> Repair:
        """Adds what a token was not allowed to write."""
        from registry_dagster.registry.repair import Repair

        return Repair(self._records, self._writer)

    @cached_property
    def meanings(self) -> Meanings:
        """What columns were declared to mean before."""
        from registry_dagster.registry.meanings import Meanings

        return Meanings(self._records)

    @cached_property
    def holdings(self) -> Holdings:
        """All that is published, for pages and mirrors."""
        from registry_dagster.registry.holdings import Holdings

        return Holdings(self._records, self._resolver)

    @cached_property
    def _planner(self) -> Planner:
        from registry_dagster.registry.planner import Planner
        from registry_dagster.registry.used_names import UsedNames

        return Planner(self._records, self._resolver, UsedNames(self._records))

    @cached_property
    def _writer(self) -> Writer:
        from registry_dagster.registry.writer import Writer

        return Writer(self._records, self._resolver)

    @cached_property
    def _service(self) -> PublishService:
        from registry_dagster.registry.publish import PublishService

        return PublishService(self._records, self._planner, self._writer, self.acts, self._publisher)

    @classmethod
    def open(
        cls,
        target: str | None = None,
        *,
        token: str | None = None,
        env: str | None = None,
        publisher: str | None = None,
        remotes: Mapping[str, str] | None = None,
    ) -> Self:
        """Open the registry at a target. No server is contacted yet.

        Args:
            target: `lite:///absolute/path/registry.db`, `file:///absolute/folder` for a hand-off, `https://…` for a
                DataHub server, or `datahub` for that of `~/.datahubenv`. Default: FEATURE_REGISTRY, else
                DATAHUB_GMS_URL, else the project file (`feature-registry.toml`), else a file below the home directory.
            token: DataHub access token, never shown. Default: DATAHUB_GMS_TOKEN, else that of `~/.datahubenv`.
            env: DataHub's environment. Default: FEATURE_REGISTRY_ENV, else the project file, else PROD.
            publisher: Who publishes. Default: FEATURE_REGISTRY_PUBLISHER, else the project file.
            remotes: Name → the address of another lab's mirror: `laba/…` is then a name of its. Default: the project
                file's.
        """
        settings = current_settings(text_of(target or "", "target", "lite:///path/registry.db"), env, publisher)
        others = Remotes(settings.remotes if remotes is None else checked_remotes(remotes), settings.options_of)
        env = settings.env.value or "PROD"
        return cls(open_store(settings.target, token), env, settings.publisher.value, others)

    def __repr__(self) -> str:
        return f"Registry({self.target!r}, env={self.env!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection to the store. Nothing is written."""
        self._store.close()

    @property
    def target(self) -> str:
        """Where the registry is kept, without credentials."""
        return self._store.target

    @property
    def env(self) -> str:
        """DataHub's environment that is read and written."""
        return self._records.env

    def remote(self, name: str) -> Registry:
        """The registry of another lab, to be read under its own names.

        Raises:
            NotPublished: no remote has that name.
            RegistryUnavailable: it cannot be reached.
        """
        records = self._labs.lab(text_of(name, "name", "laba")).records
        return Registry(records.store, records.env)

    def holder(self, name: str) -> tuple[Registry, str]:
        """The registry that a name is of, and its name there: for `laba/cells@v1`, that of laba and `cells@v1`.

        Raises:
            NotPublished, RegistryUnavailable: see `remote`.
        """
        lab, own = self._labs.of(name)
        return (self, own) if lab.remote is None else (self.remote(lab.remote.name), own)

    def check_exists(self) -> None:
        """Raise NotPublished if there is no registry here: nothing was ever published or recorded."""
        self._records.check_exists()

    def about(self) -> dict[str, str]:
        """What the registry is kept in, as far as it says: release, flags, who is asking, what is missing."""
        return self._store.about()

    def cite(self, name: str, *, at: At = None, layout: str | None = None) -> Citation:
        """How to cite a version, see `current`: in words and as BibTeX, without what is not known."""
        home, own = self.holder(name)
        return home.papers.cite(own, at, layout)

    def lock(self, *names: str) -> Lock:
        """The exact versions that names mean, for a paper: digests, tables, states and joins. `papers` checks it."""
        return self.papers.lock(*names)

    def plan(self, feature_table: FeatureTable, table: Table, **details: Unpack[PublicationDetails]) -> Plan:
        """What publishing would do. Writes nothing. Arguments and errors are those of `publish`."""
        from registry_dagster.registry.plan import Publication
        from registry_dagster.registry.publication_arguments import facts_of

        return self._planner.preview(Publication(feature_table, facts_of(table), "", **details))

    def publish(
        self,
        feature_table: FeatureTable,
        table: Table,
        *,
        message: str,
        publisher: str | None = None,
        **details: Unpack[PublicationDetails],
    ) -> Receipt:
        """Record a table with its meaning, once.

        The same content again writes nothing and returns the version that has it; other content becomes the next
        version. It is safe to run again after any failure.

        Args:
            feature_table: The declaration.
            table: The table, as `inspect_table` found it; a path or address is inspected.
            message, publisher: Why, in the publisher's words, and who. Default: the registry's publisher.
            details: Label, number, origin, draft, code, license, citation and DOI; see `Publication`.

        Raises:
            PublishRefused: no message or no publisher.
            TableMismatch: declaration and table disagree.
            MaterializationConflict: a materialization version is recorded with other facts.
            VersionConflict: the number or label asked for belongs to other content.
            NotPublished: an input is not published.
            StoreRefused: the store does not take the record as it is.
            RegistryUnavailable: the store failed; says what is known. Running again is safe.
        """
        from registry_dagster.registry.plan import Publication
        from registry_dagster.registry.publication_arguments import facts_of

        publication = Publication(feature_table, facts_of(table), message, publisher, **details)
        (outcome,) = self.publish_many([publication])
        if isinstance(outcome, RegistryError):
            raise outcome
        return outcome

    def publish_many(self, publications: Sequence[Publication]) -> list[Outcome]:
        """Publish several, in few requests: for each, in order, its receipt or the error that `publish` would raise."""
        return self._service.publish(publications)

    def describe(self, dataset: Dataset, *, message: str, publisher: str | None = None) -> Dataset:
        """Record how a Dataset is described now: fields that are left out are unchanged, and so are versions."""
        self.acts.describe(dataset, reason=message, publisher=publisher)
        return self.dataset(dataset.name)

    def record_materializations(
        self, versions: Sequence[MaterializationVersion], *, dry_run: bool = False
    ) -> MaterializationChanges:
        """Record materialization versions as their system reports them now. Publishes nothing.

        What never changes about one (kind, timestamp, uuid) is added if it is not known yet; expiry and status follow
        the newer report; aliases are collected. One that contradicts its record is refused. A dry run writes nothing.
        """
        return self._writer.record_materializations(versions, write=not dry_run)

    def retire(
        self, version: str, *, reason: str, replacement: str | None = None, publisher: str | None = None
    ) -> Retirement:
        """Record that a version should no longer be used; see `Acts.retire`. `acts.undo` takes it back."""
        return self.acts.retire(version, reason=reason, replacement=replacement, publisher=publisher)

    def verify(
        self, version: str, *, record: bool = False, table: bool = False, storage_options: OptionsOf | None = None
    ) -> Verification:
        """Whether a version `dataset@vN` is still as it was published. Writes nothing, and reads no data.

        Args:
            version: `dataset@vN`.
            record, table: Only compare the record with its digest, or only the table with what was recorded of it.
            storage_options: See `inspect_table`; or a function of the location. Never recorded.
        """
        from registry_dagster.registry.verifier import Verifier

        home, own = self.holder(version)
        return Verifier(home._records, record, table, storage_options).verify(own)

    def verify_all(
        self,
        *datasets: str,
        record: bool = False,
        table: bool = False,
        storage_options: OptionsOf | None = None,
        at_once: int = TABLES_AT_ONCE,
    ) -> Iterator[Verification]:
        """Verify all published versions, or those of some datasets, one by one as the result is iterated.

        Args:
            datasets: Their names; all if none is named.
            record, table, storage_options: See `verify`.
            at_once: How many tables are looked at, at most, at the same time.
        """
        from registry_dagster.registry.verifier import Verifier

        return Verifier(self._records, record, table, storage_options, at_once).verify_all(datasets)

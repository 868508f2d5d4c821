"""Registry: what people call. It says what each act and question is; the pieces it is made of do the work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from typing_extensions import Self, Unpack

from registry_dagster.answers.citation import Citation
from registry_dagster.answers.column_facts import ColumnFacts
from registry_dagster.answers.comparison import Comparison
from registry_dagster.answers.compatibility import Compatibility
from registry_dagster.answers.current import Taken
from registry_dagster.answers.diff import Diff
from registry_dagster.answers.joins import Joins
from registry_dagster.answers.lock import Lock
from registry_dagster.errors import RegistryError
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.retirement import Retirement
from registry_dagster.registry.acts import Acts
from registry_dagster.registry.arguments import Table, facts_of, instance_of, text_of
from registry_dagster.registry.filters import Filters, Question
from registry_dagster.registry.finder import Finder
from registry_dagster.registry.holdings import Holdings
from registry_dagster.registry.materialization_changes import MaterializationChanges
from registry_dagster.registry.meanings import Meanings
from registry_dagster.registry.papers import Papers
from registry_dagster.registry.plan import Plan, Publication, PublicationDetails, Receipt
from registry_dagster.registry.planner import Planner
from registry_dagster.registry.publish import Outcome, PublishService
from registry_dagster.registry.questions import Questions
from registry_dagster.registry.records import Records
from registry_dagster.registry.repair import Repair
from registry_dagster.registry.resolver import At, Resolver
from registry_dagster.registry.rows.found import Dependent, FoundDataset, FoundVersion, Newest
from registry_dagster.registry.rows.lineage import Lineage
from registry_dagster.registry.rows.rows import Rows, first_rows
from registry_dagster.registry.settings import checked_env, current_settings
from registry_dagster.registry.used_names import UsedNames
from registry_dagster.registry.verifier import Verification, Verifier
from registry_dagster.registry.writer import Writer
from registry_dagster.stores.open import open_store
from registry_dagster.stores.store import Store
from registry_dagster.tables.storage.options import OptionsOf

__all__ = ["Registry"]
Side = str | MaterializationVersion


class Registry:
    """The registry of feature datasets, wherever it is kept. Use `Registry.open`.

    Reading and planning write nothing. A name is `dataset@vN`, `dataset@label`, or `dataset` for its current version.

    Raises:
        NotPublished: nothing is published under a name.
        CorruptRecord: what is stored under it is not what was published.
        InvalidDeclaration: an argument is not well formed.
        RegistryUnavailable: the store cannot be reached or is busy. It is safe to try again.
    """

    def __init__(self, store: Store, env: str = "PROD", publisher: str | None = None) -> None:
        self._store, self._records = store, Records(store, checked_env(env))
        self._resolver = Resolver(self._records)
        self._finder = Finder(self._records, self._resolver)
        self._questions = Questions(self._records, self._resolver, self._finder)
        self._planner = Planner(self._records, self._resolver, UsedNames(self._records))
        self._writer = Writer(self._records, self._resolver)
        self.acts = Acts(self._records, self._resolver, self._writer, publisher)
        self.papers = Papers(self.acts, self._questions)
        self.repair = Repair(self._records, self._writer)
        self.meanings = Meanings(self._records)
        self.holdings = Holdings(self._records, self._resolver)
        self._service = PublishService(self._records, self._planner, self._writer, self.acts, publisher)

    @classmethod
    def open(
        cls,
        target: str | None = None,
        *,
        token: str | None = None,
        env: str | None = None,
        publisher: str | None = None,
    ) -> Self:
        """Open the registry at a target.

        Args:
            target: `lite:///absolute/path/registry.db`, `file:///absolute/folder` for a hand-off, `https://…` for a
                DataHub server, or `datahub` for that of `~/.datahubenv`. Default: FEATURE_REGISTRY, else
                DATAHUB_GMS_URL, else the project file (`feature-registry.toml`), else a file below the home directory.
            token: DataHub access token, never shown. Default: DATAHUB_GMS_TOKEN, else that of `~/.datahubenv`.
            env: DataHub's environment. Default: FEATURE_REGISTRY_ENV, else the project file, else PROD.
            publisher: Who publishes. Default: FEATURE_REGISTRY_PUBLISHER, else the project file.
        """
        settings = current_settings(text_of(target or "", "target", "lite:///path/registry.db"), env, publisher)
        return cls(open_store(settings.target, token), settings.env.value or "PROD", settings.publisher.value)

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

    def check_exists(self) -> None:
        """Raise NotPublished if there is no registry here: nothing was ever published or recorded."""
        self._records.check_exists()

    def about(self) -> dict[str, str]:
        """What the registry is kept in, as far as it says: release, flags, who is asking, what is missing."""
        return self._store.about()

    def plan(self, feature_table: FeatureTable, table: Table, **details: Unpack[PublicationDetails]) -> Plan:
        """What publishing would do. Writes nothing. Arguments and errors are those of `publish`."""
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
        return Verifier(self._records, record, table, storage_options).verify(version)

    def verify_all(
        self, *datasets: str, record: bool = False, table: bool = False, storage_options: OptionsOf | None = None
    ) -> Iterator[Verification]:
        """Verify all published versions, or those of some datasets, one by one as the result is iterated."""
        names = datasets or (each.name for each in self._finder.datasets() if each.newest)
        return Verifier(self._records, record, table, storage_options).verify_all(names)

    def find(
        self, text: str | None = None, *, limit: int | None = 100, **filters: Unpack[Filters]
    ) -> Rows[FoundVersion]:
        """The published versions for which all of this holds, newest first.

        A DataHub server's search lags some seconds behind; the versions of one named dataset are always complete.

        Args:
            text: Words that each begin a word of its names, columns, descriptions, message or dataset's description.
            filters: What must hold; see `Filters`.
            limit: How many at most; None for all. `stream` yields all without holding them in memory.
        """
        return first_rows(self._finder.versions(Question(text=text, **filters)), limit)

    def stream(self, **question: Unpack[Question]) -> Iterator[FoundVersion]:
        """As `find`, one by one, without a limit: memory does not grow with what is found."""
        return self._finder.versions(question)

    def datasets(self, text: str | None = None, *, limit: int | None = 100) -> Rows[FoundDataset]:
        """The datasets as people describe them now: all, or those with words that begin like those of `text`."""
        return first_rows(self._finder.datasets(text), limit)

    def materializations(self, name: str | None = None) -> tuple[MaterializationVersion, ...]:
        """The recorded materialization versions, of one system or known as `system@version`, or all of them."""
        return self._finder.materializations(name)

    def dependents(self, of: Side, *, limit: int | None = 100) -> Rows[Dependent]:
        """The published versions that were computed from something, join to it, or were made against it.

        Args:
            of: A dataset or version, a materialization version, or an annotation table (`nucleus_detection_v0`).
            limit: See `find`.
        """
        return first_rows(self._finder.dependents(of), limit)

    def lineage(self, name: str) -> Lineage:
        """What a version was made from and joins to, and, as `dependents`, what depends on it; both by its name."""
        return self._questions.lineage(name)

    def get(self, name: str, *, at: At = None, layout: str | None = None) -> DatasetVersion:
        """The version of that name, proven against its digest; see `current`. A version's digest is a name, too."""
        return self._resolver.resolve(name, at=at, layout=layout).record

    def current(self, name: str, *, at: At = None, layout: str | None = None) -> Taken:
        """Which version a name means, why, and which later ones are passed over.

        Args:
            name: A version or dataset.
            at: Only versions made against this materialization version, `system@version` by any of its names.
            layout: Only versions in this layout.
        """
        return self._resolver.taken(name, at=at, layout=layout)

    def cite(self, name: str, *, at: At = None, layout: str | None = None) -> Citation:
        """How to cite a version, see `current`: in words and as BibTeX, without what is not known."""
        return self.papers.cite(name, at, layout)

    def lock(self, *names: str) -> Lock:
        """The exact versions that names mean, for a paper: digests, tables, states and joins. `papers` checks it."""
        return self.papers.lock(*names)

    def versions(self, dataset: str) -> tuple[DatasetVersion, ...]:
        """All versions of a dataset, oldest first; empty if there are none. `find` says less of each, and streams."""
        return self._records.versions(dataset)

    def read_code(self, name: str, engine: str, *, at: At = None, layout: str | None = None) -> str:
        """Python that reads a published version's table in its pinned state.

        Args:
            name, at, layout: The version; see `current`.
            engine: polars, duckdb, pyarrow, pandas, spark, ray or lance.

        Raises:
            EngineCannotRead: no such engine, or it does not read such a table; says which do.
        """
        return self._questions.read_code(name, engine, at, layout)

    def dataset(self, name: str) -> Dataset:
        """The Dataset as people describe it now: title, description, owners, tags."""
        return self._records.described(name)

    def materialization(self, version: MaterializationVersion) -> MaterializationVersion | None:
        """What is recorded of a materialization version; None if nothing is."""
        return self._records.materialization(instance_of(MaterializationVersion, version, "version"))

    def retirement(self, version: str) -> Retirement | None:
        """By whom and why a version is retired; None if it is not retired."""
        return self._records.retirements([version]).get(version)

    def retirements(self, dataset: str) -> dict[str, Retirement]:
        """The retired versions of a dataset, `dataset@vN`, oldest first: by whom and why."""
        return self._records.retirements(self._records.names(dataset))

    def newest(self, dataset: str, *, compatible_with: Side) -> Newest:
        """The newest version of a dataset that goes with a materialization version or another table.

        A version counts if it is known to: exact, of the same moment, by stable ids, or over a crosswalk.
        Lossy and unknown ones are passed over with their reason, and so are retired ones.

        Args:
            dataset: Its name.
            compatible_with: `system@version`, a version alone if the dataset is made against one system, or a table.
        """
        return self._questions.newest(dataset, compatible_with)

    def column(self, name: str, path: str, *, at: At = None, layout: str | None = None) -> ColumnFacts:
        """What a column means: unit, frame, model, joins, signals. Its path is nested names joined by dots."""
        return self._questions.column(name, text_of(path, "path", "pt_position.x"), at, layout)

    def diff(self, before: str, after: str | None = None) -> Diff:
        """What changed between two versions: table, schema and meaning. With one name, since the version before it."""
        return self._questions.diff(before, after)

    def compatibility(self, a: Side, b: Side, *, at: At = None, layout: str | None = None) -> Compatibility:
        """Whether two versions go together, with the reason and what it rests on.

        Args:
            a, b, at, layout: A version, see `current`; or a materialization version, `system@version` if recorded.
        """
        return self._questions.compatibility(a, b, at, layout)

    def join(self, a: str, b: str, *, bridges: Sequence[str] = (), at: At = None, layout: str | None = None) -> Joins:
        """How two published tables can be joined: on which columns, how well, and what is lost.

        Args:
            a, b, at, layout: The versions; see `current`.
            bridges: More tables that may hold keys of both. Crosswalks and tables that hold ids of both are found.
        """
        return self._questions.join(a, b, bridges, at, layout)

    def comparable(self, a: str, b: str, *, at: At = None, layout: str | None = None) -> Comparison:
        """Whether the embeddings of two published tables can be compared."""
        return self._questions.comparable(a, b, at, layout)

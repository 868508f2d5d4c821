"""The questions that people ask a registry: each method says what one is; the pieces that it is made of answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from typing_extensions import Unpack

from registry_dagster.answers.current import Taken
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.retirement import Retirement
from registry_dagster.registry.arguments import instance_of, text_of
from registry_dagster.registry.lab import Lab
from registry_dagster.registry.labs import Labs
from registry_dagster.registry.remotes import Remotes
from registry_dagster.registry.resolver import At
from registry_dagster.registry.rows.listed import MaterializationList, VersionList
from registry_dagster.registry.rows.rows import Rows
from registry_dagster.stores.store import Store

if TYPE_CHECKING:
    from registry_dagster.answers.column_facts import ColumnFacts
    from registry_dagster.answers.comparison import Comparison
    from registry_dagster.answers.compatibility import Compatibility
    from registry_dagster.answers.diff import Diff
    from registry_dagster.answers.joins import Joins
    from registry_dagster.registry.filters import Filters, Question
    from registry_dagster.registry.finder import Finder
    from registry_dagster.registry.questions import Questions
    from registry_dagster.registry.rows.found import Dependent, FoundDataset, FoundVersion, Newest
    from registry_dagster.registry.rows.lineage import Lineage

__all__ = ["Reader"]
Side = str | MaterializationVersion


class Reader:
    """Answers questions about one registry, and about the labs that have a name here. Nothing is written."""

    def __init__(self, store: Store, env: str, remotes: Remotes | None) -> None:
        self._store = store
        lab = Lab.of(store, env)
        self._records, self._resolver = lab.records, lab.resolver
        self._remotes = remotes or Remotes({})
        self._labs = Labs(lab, self._remotes)

    @property
    def _finder(self) -> Finder:
        return self._labs.own.finder

    @cached_property
    def _questions(self) -> Questions:
        """What compares. Who asks for one record does not wait for it to load."""
        from registry_dagster.registry.questions import Questions

        return Questions(self._labs)

    @property
    def _question(self) -> Questions:
        """To ask one question."""
        return self._questions.for_one_answer()

    @property
    def remotes(self) -> Mapping[str, str]:
        """The labs that have a name here, each with the address of its mirror."""
        return self._remotes.addresses

    def find(
        self,
        text: str | None = None,
        *,
        limit: int | None = 100,
        remotes: Sequence[str] | Literal["all"] = (),
        **filters: Unpack[Filters],
    ) -> Rows[FoundVersion]:
        """The published versions for which all of this holds, newest first.

        A DataHub server's search lags some seconds behind; the versions of one named dataset are always complete.

        Args:
            text: Words that each begin a word of its names, columns, descriptions, message or dataset's description.
            filters: What must hold; see `Filters`.
            limit: How many at most; None for all. `stream` yields all without holding them in memory.
            remotes: Ask these labs instead; `all`: this registry, then each remote, at most `limit` of each.
        """
        question: Question = {"text": text, **filters}
        return self._labs.asked(remotes, lambda lab: lab.find(question, limit))

    def stream(self, **question: Unpack[Question]) -> Iterator[FoundVersion]:
        """As `find`, one by one, without a limit: memory does not grow with what is found."""
        return self._finder.versions(question)

    def datasets(
        self, text: str | None = None, *, limit: int | None = 100, remotes: Sequence[str] | Literal["all"] = ()
    ) -> Rows[FoundDataset]:
        """The datasets as people describe them now: all, or those with words like `text`; `remotes` as for `find`."""
        return self._labs.asked(remotes, lambda lab: lab.datasets(text, limit))

    def materializations(self, name: str | None = None) -> MaterializationList:
        """The recorded materialization versions, of one system or known as `system@version`, or all of them."""
        return MaterializationList(self._finder.materializations(name))

    def dependents(self, of: Side, *, limit: int | None = 100) -> Rows[Dependent]:
        """The published versions that were computed from something, join to it, or were made against it.

        Args:
            of: A dataset or version, a materialization version, or an annotation table (`nucleus_detection_v0`).
            limit: See `find`.
        """
        return self._question.dependents(of, limit)

    def lineage(self, name: str) -> Lineage:
        """What a version was made from and joins to, and, as `dependents`, what depends on it; both by its name."""
        return self._question.lineage(name)

    def get(self, name: str, *, at: At = None, layout: str | None = None) -> DatasetVersion:
        """The version of that name, proven against its digest; see `current`. A version's digest is a name, too.

        Of another lab's (`laba/…`) it is the very record of that lab, with its names of datasets.
        """
        lab, own = self._labs.of(name)
        return lab.resolver.resolve(own, at=at, layout=layout).record

    def current(self, name: str, *, at: At = None, layout: str | None = None) -> Taken:
        """Which version a name means, why, and which later ones are passed over.

        Args:
            name: A version or dataset.
            at: Only versions made against this materialization version, `system@version` by any of its names.
            layout: Only versions in this layout.
        """
        lab, own = self._labs.of(name)
        return lab.taken(own, at=at, layout=layout)

    def versions(self, dataset: str) -> VersionList:
        """All versions of a dataset, oldest first; empty if there are none. `find` says less of each, and streams."""
        lab, own = self._labs.of(dataset)
        return VersionList(lab.records.versions(own))

    def read_code(self, name: str, engine: str, *, at: At = None, layout: str | None = None) -> str:
        """Python that reads a published version's table in its pinned state.

        Args:
            name, at, layout: The version; see `current`.
            engine: polars, duckdb, pyarrow, pandas, spark, ray or lance.

        Raises:
            EngineCannotRead: no such engine, or it does not read such a table; says which do.
        """
        return self._question.read_code(name, engine, at, layout)

    def dataset(self, name: str) -> Dataset:
        """The Dataset as people describe it now: title, description, owners, tags."""
        lab, own = self._labs.of(name)
        return lab.records.described(own)

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
        return self._question.newest(dataset, compatible_with)

    def column(self, name: str, path: str, *, at: At = None, layout: str | None = None) -> ColumnFacts:
        """What a column means: unit, frame, model, joins, signals. Its path is nested names joined by dots."""
        return self._question.column(name, text_of(path, "path", "pt_position.x"), at, layout)

    def diff(self, before: str, after: str | None = None) -> Diff:
        """What changed between two versions: table, schema and meaning. With one name, since the version before it."""
        return self._question.diff(before, after)

    def compatibility(self, a: Side, b: Side, *, at: At = None, layout: str | None = None) -> Compatibility:
        """Whether two versions go together, with the reason and what it rests on.

        Args:
            a, b, at, layout: A version, see `current`; or a materialization version, `system@version` if recorded.
        """
        return self._question.compatibility(a, b, at, layout)

    def join(self, a: str, b: str, *, bridges: Sequence[str] = (), at: At = None, layout: str | None = None) -> Joins:
        """How two published tables can be joined: on which columns, how well, and what is lost.

        Args:
            a, b, at, layout: The versions; see `current`.
            bridges: More tables that may hold keys of both. Crosswalks and tables that hold ids of both are found.
        """
        return self._question.join(a, b, bridges, at, layout)

    def comparable(self, a: str, b: str, *, at: At = None, layout: str | None = None) -> Comparison:
        """Whether the embeddings of two published tables can be compared."""
        return self._question.comparable(a, b, at, layout)

"""Plan and Receipt: what a publish would do, and what it did. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from typing_extensions import TypedDict

from registry_dagster.answers.diff import Diff
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.markdown import code, plain
from registry_dagster.model.materialization import LIFECYCLE, MaterializationVersion
from registry_dagster.model.names import parse_version, split_path
from registry_dagster.model.source_code import SourceCode
from registry_dagster.model.spans import undeclared
from registry_dagster.model.table import TableFacts
from registry_dagster.model.words import column_words, markdown_table, reference_words, signal_words

__all__ = [
    "Beside",
    "Origin",
    "Plan",
    "Publication",
    "PublicationDetails",
    "Receipt",
    "index_warnings",
    "warnings_for",
]

_INDEXED_COLUMNS = 1000
_INDEXED_CHARACTERS = 4096
_UNKNOWN = "unknown: not in the table's own metadata; counts=True (--counts) counts it where the format allows"


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Which Dagster run made the table, and from what; for a hand-off, what was handed off.

    Args:
        run_id, asset, partition: The run, the asset key as `a/b`, the partition key.
        job, op: The job and the op, each as `module/name`.
        code: The code that ran.
        handed_off_digest, handed_off_at: The digest of the record in the hand-off, and when it was published there.
        inputs: Dataset and identity of each physical table that was read.
        column_lineage: Column → the (dataset, column) pairs it was computed from.
    """

    run_id: str | None = None
    asset: str | None = None
    partition: str | None = None
    job: str | None = None
    op: str | None = None
    code: SourceCode | None = None
    handed_off_digest: str | None = None
    handed_off_at: datetime | None = None
    inputs: Sequence[tuple[str, Mapping[str, object]]] = ()
    column_lineage: Mapping[str, Sequence[tuple[str, str]]] = field(
        default_factory=dict[str, Sequence[tuple[str, str]]]
    )


@dataclass(frozen=True)
class Publication:
    """One table to publish, of several.

    Args:
        feature_table: The declaration.
        table: The table, as `inspect_table` found it.
        message: Why, in the publisher's words.
        publisher: Who. Default: the registry's.
        label: A human alias of the version, unique in its dataset.
        version: The number it must get; default: the next.
        origin: The Dagster run that made the table.
        draft: Whether it is published as not final.
        code: The code that made the table; also as `REPOSITORY@COMMIT:PATH`. Default: that of the run.
        license, citation, doi: See `Acts.license`. They are recorded beside the version once it is published, unless
            it has others by then.
    """

    feature_table: FeatureTable
    table: TableFacts
    message: str
    publisher: str | None = None
    label: str | None = None
    version: int | None = None
    origin: Origin | None = None
    draft: bool = False
    code: SourceCode | str | None = None
    license: str | None = None
    citation: str | None = None
    doi: str | None = None

    @property
    def dataset(self) -> str:
        """The name of the dataset it becomes a version of."""
        return self.feature_table.dataset.name

    @property
    def states(self) -> Sequence[MaterializationVersion]:
        """The materialization versions as publishing records them.

        Of a hand-off without their lifecycle: it is of the day when it was handed off, and never the newer word.
        """
        declared = self.feature_table.materializations
        is_handed_off = self.origin is not None and self.origin.handed_off_digest is not None
        return [each.without(LIFECYCLE) for each in declared] if is_handed_off else declared

    @property
    def referenced(self) -> set[str]:
        """The other datasets that its joins lead to."""
        return {each.to for each in self.feature_table.references if each.to is not None} - {self.dataset}

    @property
    def others(self) -> set[str]:
        """The other datasets that its joins lead to, or that its table was computed from."""
        inputs = {dataset for dataset, _ in (self.origin.inputs if self.origin else ())}
        inputs |= {parse_version(name).dataset for name in self.feature_table.inputs}
        return self.referenced | (inputs - {self.dataset})


class Beside(TypedDict, total=False):
    """What may be said of a publication beside its content. See `Publication`."""

    code: SourceCode | str | None
    license: str | None
    citation: str | None
    doi: str | None


class PublicationDetails(Beside, total=False):
    """What may be said of a publication beside its declaration, its table and why. See `Publication`."""

    label: str | None
    version: int | None
    origin: Origin | None
    draft: bool


@dataclass(frozen=True, repr=False)
class Plan:
    """What a publish would write. Nothing has been written.

    Args:
        record: The record as it would be, but for its publisher, message and time.
        creates: Whether anything would be published; False if the same content already is.
        dataset: The Dataset as it would be recorded.
        materializations: The materialization versions as they would be recorded.
        warnings: What a person should know before publishing.
        diff: What changes since the last version, if there is one.
    """

    record: DatasetVersion
    creates: bool
    dataset: Dataset
    materializations: tuple[MaterializationVersion, ...]
    warnings: tuple[str, ...] = ()
    diff: Diff | None = None

    @property
    def version(self) -> str:
        """The name it would get, or that of the version which already has the same content."""
        return self.record.name

    @property
    def result(self) -> str:
        """What publishing would do, in words."""
        return "would be published" if self.creates else "is already published with the same content; nothing to write"

    @property
    def about(self) -> dict[str, str]:
        """What is declared of the table as a whole, in words, without what is left out."""
        record, layout = self.record, self.record.layout
        facts = {
            "title": self.dataset.title,
            "owners": ", ".join(self.dataset.owners),
            "label": record.label,
            "layout": layout and layout.name,
            "partitioned by": ", ".join(layout.partitioned_by) if layout else "",
            "sorted by": ", ".join(layout.sorted_by) if layout else "",
            "draft": "yes: it is not final, so nothing takes it by the dataset's name alone" if record.draft else "",
        }
        return {name: value for name, value in facts.items() if value}

    def __str__(self) -> str:
        changes = f"{len(self.diff.changes)} changes since {self.diff.before}" if self.diff is not None else None
        lines = [f"{self.version} {self.result}", str(self.record.table), changes]
        return "\n  ".join([*filter(None, lines), *(f"warning: {text}" for text in self.warnings)])

    def __repr__(self) -> str:
        return f"Plan({self.version!r}, creates={self.creates}, warnings={len(self.warnings)})"

    def to_markdown(self) -> str:
        """The plan as a page of tables."""
        return "\n".join(_page(self))

    def _repr_markdown_(self) -> str:
        """The plan, as a notebook shows it."""
        return self.to_markdown()


@dataclass(frozen=True, repr=False)
class Receipt:
    """What a publish did, as read back from the store.

    Args:
        version: `dataset@vN`.
        urn: The version in DataHub.
        digest: sha256 over the record's canonical JSON.
        created: True only if this publish created it; False if the same content was already published.
        record: The record, as read back.
        target: The registry that it is in, without credentials.
        notes: What a person should know: what was stated but not added, and what the plan warned of.
    """

    version: str
    urn: str
    digest: str
    created: bool
    record: DatasetVersion
    target: str = ""
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        done = "published" if self.created else "unchanged: the same content is already published as"
        where = f" in {self.target}" if self.target else ""
        return "\n  ".join([f"{done} {self.version}{where}", *self.notes])

    def __repr__(self) -> str:
        return f"Receipt({self.version!r}, created={self.created}, digest={self.digest!r}, target={self.target!r})"

    def _repr_markdown_(self) -> str:
        """The receipt, as a notebook shows it."""
        return self.to_markdown()

    def to_markdown(self) -> str:
        """The receipt as a table."""
        provenance = self.record.provenance
        rows = [
            ("version", code(self.version)),
            ("published", "now" if self.created else "before: same content, nothing written"),
            *([("in", code(self.target))] if self.target else []),
            ("by", plain(provenance.publisher)),
            ("why", plain(provenance.message)),
            *([("code", code(provenance.code))] if provenance.code else []),
            ("urn", code(self.urn)),
            ("digest", code(self.digest)),
        ]
        return "\n".join([markdown_table(("receipt", ""), rows), *_list("Notes", self.notes)])


def warnings_for(feature_table: FeatureTable, table: TableFacts) -> Iterator[str]:
    """What is not wrong, yet makes the record say less than it could."""
    paths = [each.path for each in table.fields]
    if gaps := list(undeclared(feature_table.columns, paths)):
        top = {split_path(path)[0] for path in paths}
        some = ", ".join(gaps[:5]) + (f" and {len(gaps) - 5} more" if len(gaps) > 5 else "")
        yield f"{len({split_path(path)[0] for path in gaps})} of {len(top)} columns have no declared meaning: {some}"
    if table.rows == 0:
        yield "the table has no rows"
    yield from _doubts(feature_table, table)


def index_warnings(feature_table: FeatureTable, table: TableFacts) -> Iterator[str]:
    """What a DataHub server's search index leaves out of a table; the record has it all."""
    if (count := len(table.fields)) > _INDEXED_COLUMNS:
        yield (
            f"the table has {count:,} columns, and DataHub's search finds words in the first {_INDEXED_COLUMNS:,} "
            "only; find versions by column to search all of them"
        )
    for path, column in feature_table.columns.items():
        if len(column.description or "") > _INDEXED_CHARACTERS:
            yield f"{path}: DataHub's search finds words in the first {_INDEXED_CHARACTERS:,} characters only"


def _doubts(feature_table: FeatureTable, table: TableFacts) -> Iterator[str]:
    types = {each.path: each.type for each in table.fields}
    for path, column in feature_table.columns.items():
        yield from (f"{path}: {doubt}" for doubt in column.doubts(types[path]))


def _page(plan: Plan) -> Iterator[str]:
    yield f"### {code(plan.version)} {plan.result}"
    yield from _list("Warnings", plan.warnings)
    about = [(name, plain(value)) for name, value in plan.about.items()]
    yield from ("", markdown_table(("table", ""), [*about, *_table_rows(plan.record)]))
    meanings = {path: " · ".join(column_words(column)) for path, column in plan.record.columns.items()}
    rows = [
        (code(each.path), _type(each.type), plain(meanings.get(each.path, ""))) for each in plan.record.table.fields
    ]
    yield from ("", "#### Columns", "", markdown_table(("column", "type", "meaning"), rows))
    yield from _list("Joins", [reference_words(reference) for reference in plan.record.references])
    yield from _list("Signals", [signal_words(signal) for signal in plan.record.signals])
    if plan.diff is not None:
        yield from _list(f"Changes since {code(plan.diff.before)}", [str(change) for change in plan.diff.changes])


def _table_rows(record: DatasetVersion) -> Iterator[tuple[str, str]]:
    table = record.table
    yield "location", code(table.location)
    yield "format", table.format
    yield from ((name.replace("_", " "), code(value)) for name, value in table.pin.identity.items() if value)
    for name, count in (("rows", table.rows), ("bytes", table.bytes), ("files", table.files)):
        yield name, _UNKNOWN if count is None else f"{count:,}"
    yield "made against", ", ".join(code(version) for version in record.materializations)
    if record.inputs:
        yield "computed from", ", ".join(map(code, record.inputs))
    if record.provenance.code:
        yield "code", code(record.provenance.code)


def _list(title: str, items: Sequence[str]) -> Iterator[str]:
    if items:
        yield from ("", f"#### {title}", "")
        yield from (f"- {plain(item)}" for item in items)


def _type(arrow: str) -> str:
    """An Arrow type; those of lists hold what Markdown would read as HTML."""
    return arrow if arrow.isidentifier() else code(arrow)

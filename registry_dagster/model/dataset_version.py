"""DatasetVersion: one immutable physical table plus its frozen meaning. The record itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from typing_extensions import Self

from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.base import Model, Several, in_json
from registry_dagster.model.canonical_json import canonical_array, canonical_object, canonical_text, sha256_of
from registry_dagster.model.columns import AnyColumn
from registry_dagster.model.html import html_table
from registry_dagster.model.layout import Layout
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.moments import UtcDateTime
from registry_dagster.model.names import ColumnPath, DatasetName, VersionName, VersionNameText
from registry_dagster.model.reference import Reference
from registry_dagster.model.signals import RecordedSignal
from registry_dagster.model.source_code import SourceCode
from registry_dagster.model.table import TableFacts
from registry_dagster.model.text import Description, Text, UrnText
from registry_dagster.model.words import column_words

__all__ = ["RECORD_FORMAT", "ColumnSource", "DatasetVersion", "Provenance"]

RECORD_FORMAT = 1
_CONTENT = frozenset({"dataset", "table", "materializations", "columns", "references", "signals"})
"""The fields that the digest of the content is over."""


class Provenance(Model):
    """Who published, why, and which run made the table.

    Args:
        publisher: The person or service that published.
        message: Why, in their words.
        published_at: When.
        dagster_run_id, dagster_asset, dagster_partition: What made the table, if Dagster did.
        dagster_job, dagster_op: The job and the op that did, each as `module/name`.
        code: The code that made the table.
        handed_off_digest, handed_off_at: The digest that the record had in a hand-off, and when it was published there.
    """

    publisher: UrnText
    message: Annotated[Description, Field(min_length=1)]
    published_at: UtcDateTime
    dagster_run_id: Text | None = None
    dagster_asset: Text | None = None
    dagster_partition: Text | None = None
    dagster_job: Text | None = None
    dagster_op: Text | None = None
    code: SourceCode | None = None
    handed_off_digest: Text | None = None
    handed_off_at: UtcDateTime | None = None


class ColumnSource(Model):
    """A column of another published version that a column was computed from."""

    version: VersionNameText
    column: ColumnPath


class DatasetVersion(Model):
    """One published version of a dataset. Never changes.

    Args:
        record_format: Version of this record's own layout.
        dataset: The dataset's name; its title and owners live with the Dataset and may evolve.
        number: 1, 2, 3 …, dense, given at publish.
        label: A human alias.
        materializations, columns, references, signals: The declaration, frozen.
        table: The physical table.
        inputs: The exact versions it was computed from.
        column_lineage: Column → the columns of other published versions it was computed from.
        reference_versions: What each reference names (`Reference.link`) → the version that was current then.
        linked_content: Version it is linked to or was computed from → its content digest when this was published.
        layout: How the rows are arranged.
        draft: Whether it was published as not final.
        provenance: Who published, why, and which run made it.
    """

    _tag = in_json("record_format")
    record_format: Literal[1] = RECORD_FORMAT
    dataset: DatasetName
    number: Annotated[int, Field(ge=1, lt=10**9)]
    label: Text | None = None
    materializations: Several[MaterializationVersion] = Field(min_length=1)
    columns: Mapping[ColumnPath, AnyColumn] = {}
    references: Several[Reference] = ()
    signals: Several[RecordedSignal] = ()
    table: TableFacts
    inputs: Several[VersionNameText] = ()
    column_lineage: Mapping[ColumnPath, Several[ColumnSource]] = {}
    reference_versions: Mapping[Text, VersionNameText] = {}
    linked_content: Mapping[VersionNameText, Text] = {}
    layout: Layout | None = None
    draft: bool = False
    provenance: Provenance

    @model_validator(mode="after")
    def _columns_are_in_the_table(self) -> Self:
        absent = sorted(set(self.columns) - {field.path for field in self.table.fields})
        if absent:
            raise InvalidDeclaration.at(["columns"], f"{', '.join(absent)} are not in the table")
        return self

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A changed copy. Of what was computed of the original, what did not change is carried over."""
        copy = super().model_copy(update=update, deep=deep)
        changed = set(update or ())
        computed: dict[str, Any] = vars(copy)
        computed.pop("digest", None)
        if changed & _CONTENT:
            computed.pop("content_digest", None)
        if "table" in changed:
            computed.pop("canonical_table", None)
        form, texts = computed.pop("json_form", None), computed.pop("canonical", None)
        if form is not None:
            now = copy.model_dump(mode="json", include=changed, exclude_defaults=True)
            computed["json_form"] = {name: value for name, value in form.items() if name not in changed} | now
        if texts is not None:
            kept = {name: text for name, text in texts.items() if name not in changed}
            computed["canonical"] = kept | copy._canonical(changed)
        return copy

    def __str__(self) -> str:
        return self.name

    def _repr_html_(self) -> str:
        """Its columns, as a notebook shows them."""
        meanings = {path: " · ".join(column_words(column)) for path, column in self.columns.items()}
        rows = [(field.path, field.type, meanings.get(field.path)) for field in self.table.fields]
        against = ", ".join(map(str, self.materializations))
        return html_table(("column", "type", "meaning"), rows, f"{self.name}, made against {against}")

    @property
    def name(self) -> str:
        """`dataset@vN`."""
        return str(VersionName(self.dataset, self.number))

    @cached_property
    def digest(self) -> str:
        """sha256 over the canonical JSON of the whole record."""
        return sha256_of(canonical_object(self.canonical))

    @cached_property
    def json_form(self) -> Mapping[str, Any]:
        """The record's JSON, made once: not to be changed."""
        return self.to_json()

    @cached_property
    def canonical(self) -> Mapping[str, str]:
        """The canonical JSON of each field, made once, of which all digests are made."""
        return self._canonical(self.json_form.keys())

    @cached_property
    def canonical_table(self) -> Mapping[str, str]:
        """The canonical JSON of each field of the table."""
        return {name: canonical_text(value) for name, value in self.json_form["table"].items()}

    def _canonical(self, names: Collection[str]) -> dict[str, str]:
        """The canonical JSON of some fields, without those that have their default."""
        form = self.json_form
        return {
            name: canonical_object(self.canonical_table) if name == "table" else canonical_text(form[name])
            for name in names
            if name in form
        }

    @cached_property
    def content_digest(self) -> str:
        """sha256 over what was published: this table in this state, with this meaning.

        The number, the publisher and their words, and what changes over time about a materialization version
        (expiry, status) are left out, so publishing the same again is recognised.
        """
        meaning = self.json_form
        return sha256_of(
            canonical_object(
                {
                    "dataset": self.canonical["dataset"],
                    "table": canonical_text(self.table.identity),
                    "materializations": _in_any_order([version.identity for version in self.materializations]),
                    "columns": self.canonical.get("columns", "null"),
                    "references": _in_any_order(meaning.get("references", ())),
                    "signals": _in_any_order(meaning.get("signals", ())),
                }
            )
        )


def _in_any_order(items: Sequence[Any]) -> str:
    """The same canonical JSON for the same items, however they were ordered."""
    return canonical_array(sorted(map(canonical_text, items)))

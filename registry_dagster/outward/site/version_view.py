"""What the page of a version says, in the order it says it. The page's template shows it and decides nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from registry_dagster.answers.current import Candidate, Taken
from registry_dagster.answers.diff import Diff, diff
from registry_dagster.answers.places import tables_at
from registry_dagster.errors import EngineCannotRead
from registry_dagster.model.act import Act
from registry_dagster.model.table import TableFacts
from registry_dagster.model.words import column_words, reference_words, signal_words
from registry_dagster.outward.site.asking import Asked, JoinAnswer
from registry_dagster.outward.site.catalogue import Catalogue, Entry
from registry_dagster.outward.site.lineage_picture import lineage_picture
from registry_dagster.outward.site.pictures import Picture
from registry_dagster.registry.rows.found import Dependent
from registry_dagster.registry.rows.lineage import sources_of
from registry_dagster.registry.rows.now import VersionNow
from registry_dagster.tables.engines import ENGINES
from registry_dagster.tables.read_code import read_code

__all__ = ["EVERY_PAIR", "ColumnRow", "Fact", "State", "VersionView", "compared_with", "moment_text", "version_view"]

EVERY_PAIR = 6
"""Of datasets with at most so many versions, every two are compared; of others each with the one before it."""

_NEAR = 50
"""How far back one of the same layout is looked for."""


@dataclass(frozen=True)
class Fact:
    """A name and its value; `kind` is `code` for what is not prose."""

    name: str
    value: str
    kind: str = "text"


@dataclass(frozen=True)
class State:
    """A materialization version that a table was made against."""

    name: str
    page: str | None
    expiry: str


@dataclass(frozen=True)
class ColumnRow:
    """A column of the table; its meaning is empty where none is declared."""

    path: str
    type: str
    nullable: bool
    meaning: Sequence[str]
    description: str | None


@dataclass(frozen=True)
class VersionView:
    """All that the page of a version says."""

    entry: Entry
    now: VersionNow
    states: Sequence[State]
    table: Sequence[Fact]
    published: Sequence[Fact]
    columns: Sequence[ColumnRow]
    references: Sequence[str]
    signals: Sequence[str]
    sources: Sequence[str]
    dependents: Sequence[Dependent]
    picture: Picture
    code: Sequence[Fact]
    unread: Sequence[str]
    answers: Sequence[JoinAnswer]
    changes: Sequence[Diff]
    acts: Sequence[Act]


def version_view(catalogue: Catalogue, asked: Asked, entry: Entry) -> VersionView:
    """What the page of a version says."""
    record = entry.record
    dependents = catalogue.dependents(entry.name)
    code, unread = _code(entry)
    now = entry.holding.now.versions[record.number - 1]
    return VersionView(
        entry=entry,
        now=now,
        states=tuple(_states(catalogue, entry)),
        table=tuple(_table(record.table, now)),
        published=tuple(_published(entry)),
        columns=tuple(_columns(entry)),
        references=tuple(map(reference_words, record.references)),
        signals=tuple(map(signal_words, record.signals)),
        sources=tuple(sources_of(record)),
        dependents=dependents,
        picture=lineage_picture(catalogue, entry, dependents),
        code=code,
        unread=unread,
        answers=asked.of(record.dataset) if entry.is_current else (),
        changes=tuple(_changes(entry)),
        acts=tuple(act for act in entry.holding.acts if act.version == entry.name),
    )


def moment_text(moment: datetime) -> str:
    """A moment, to the second."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def compared_with(entry: Entry) -> list[Candidate]:
    """The earlier versions that a version is compared with, the latest first.

    Of a dataset with many versions that is the one before it, of the same layout if there is one near.
    """
    holding = entry.holding
    before = reversed(holding.candidates[: entry.record.number - 1])
    near = list(islice((each for each in before if each.number in holding.numbers), _NEAR))
    if len(holding.numbers) <= EVERY_PAIR:
        return near
    return ([each for each in near if each.layout == entry.candidate.layout] or near)[:1]


def _states(catalogue: Catalogue, entry: Entry) -> Iterator[State]:
    for state in entry.record.materializations:
        yield State(str(state), catalogue.state_pages.get(state.key), catalogue.expiry_words(state))


def _table(table: TableFacts, now: VersionNow) -> Iterator[Fact]:
    yield Fact("location", table.location, "code")
    yield from (Fact("known place", str(place)) for place in now.places)
    yield Fact("format", table.format)
    yield from (Fact(name.replace("_", " "), text, "code") for name, text in table.pin.identity.items() if text)
    for name in ("committed_at", "last_modified"):
        if moment := getattr(table.pin, name, None):
            yield Fact(name.replace("_", " "), moment_text(moment))
    if how := getattr(table.pin, "how_to_read", None):
        yield Fact("how to read", how)
    for name in ("rows", "bytes", "files"):
        count: int | None = getattr(table, name)
        yield Fact(name, "unknown" if count is None else f"{count:,}")
    if table.partition_columns:
        yield Fact("partitioned by", ", ".join(table.partition_columns), "code")


def _published(entry: Entry) -> Iterator[Fact]:
    record, provenance = entry.record, entry.record.provenance
    yield Fact("published", moment_text(provenance.published_at))
    yield Fact("by", provenance.publisher)
    yield Fact("why", provenance.message)
    for name in ("asset", "partition", "run_id", "job", "op"):
        if value := getattr(provenance, f"dagster_{name}"):
            yield Fact(f"Dagster {name.replace('_', ' ')}", value, "code")
    if provenance.handed_off_at:
        yield Fact("handed off", moment_text(provenance.handed_off_at))
    yield Fact("digest", record.digest, "code")
    yield Fact("content digest", record.content_digest, "code")


def _columns(entry: Entry) -> Iterator[ColumnRow]:
    for field in entry.record.table.fields:
        declared = entry.record.columns.get(field.path)
        words = column_words(declared) if declared else ()
        yield ColumnRow(field.path, field.type, field.nullable, words, declared.description if declared else None)


def _code(entry: Entry) -> tuple[list[Fact], list[str]]:
    """The programs that read its table, and why there is none for other engines."""
    taken, record = _taken(entry.candidate), entry.record
    tables = tables_at(record.table, record.name, entry.holding.acts)
    programs: list[Fact] = []
    refused: list[str] = []
    for engine in ENGINES:
        try:
            programs.append(Fact(engine, read_code(record, engine, tables=tables, remark=taken.remark), "code"))
        except EngineCannotRead as error:
            refused.append(str(error))
    return programs, refused


def _changes(entry: Entry) -> Iterator[Diff]:
    records = {record.number: record for record in entry.holding.records}
    for before in compared_with(entry):
        found = diff(records[before.number], entry.record)
        yield replace(found, taken=(_taken(before), _taken(entry.candidate)))


def _taken(candidate: Candidate) -> Taken:
    """A version that is named exactly, with what the registry remarks on it."""
    return Taken(candidate.name, f"it is {candidate.flaw}" if candidate.flaw else None)

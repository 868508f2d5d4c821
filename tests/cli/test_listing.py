"""Lists on a terminal of any width, and where nobody looks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

import pytest

from registry_dagster.cli.listing import HEADINGS, Listing
from registry_dagster.cli.output import facts, output, report
from registry_dagster.errors import RegistryError


class Row(NamedTuple):
    name: str
    rows: int | str
    at: datetime
    why: str
    owners: tuple[str, ...] = ()


AT = datetime(2025, 1, 13, 10, 30, tzinfo=timezone(timedelta(hours=1)))
ROWS = [
    Row("minnie65.synapse_embeddings@v12", 1234567, AT, "Detected again,\nwith\ta tab", ("team:synapses", "ada")),
    Row("minnie65.nuclei@v1", "unknown", AT, "First release of all nuclei in the volume"),
]
LISTING: Listing[Row] = Listing(
    {
        "version": lambda row: row.name,
        "published": lambda row: row.at,
        "rows": lambda row: row.rows,
        "why": lambda row: row.why,
        "owners": lambda row: row.owners,
        "state": lambda row: None,
    },
    shown=("version", "rows", "published", "why", "state"),
)
Printed = Callable[[int | None], list[str]]


@pytest.fixture
def on_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    monkeypatch.setenv("NO_COLOR", "1")

    def of_width(width: int) -> None:
        monkeypatch.setattr(output, "forced", True)
        monkeypatch.setattr(output, "columns", width)

    return of_width


def test_a_pipe_gets_one_row_a_line_with_every_column(capsys: pytest.CaptureFixture[str]) -> None:
    LISTING.show(ROWS)
    assert capsys.readouterr().out.splitlines() == [
        "minnie65.synapse_embeddings@v12\t1234567\t2025-01-13T09:30:00Z\tDetected again, with a tab\t",
        "minnie65.nuclei@v1\tunknown\t2025-01-13T09:30:00Z\tFirst release of all nuclei in the volume\t",
    ]


@pytest.mark.parametrize("terminal", [True, False])
def test_quiet_prints_names_only(
    terminal: bool, on_terminal: Callable[[int], None], capsys: pytest.CaptureFixture[str]
) -> None:
    if terminal:
        on_terminal(20)
    LISTING.show(ROWS, quiet=True)
    assert capsys.readouterr().out.splitlines() == [row.name for row in ROWS]


@pytest.mark.parametrize(
    ("asked", "cells"),
    [("owners,version", 2), ("all", 6), ("Owners , rows", 2), ("published", 1)],
)
def test_columns_are_chosen_by_their_headings(asked: str, cells: int, capsys: pytest.CaptureFixture[str]) -> None:
    LISTING.show(ROWS, asked)
    assert [len(line.split("\t")) for line in capsys.readouterr().out.splitlines()] == [cells] * 2


def test_a_column_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(RegistryError, match="no column 'row'; did you mean 'rows'\\? Use some of version, rows, publ"):
        LISTING.show(ROWS, "version,row")


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120])
def test_a_narrow_terminal_shows_fewer_columns_and_breaks_no_name(
    width: int, on_terminal: Callable[[int], None], capsys: pytest.CaptureFixture[str]
) -> None:
    on_terminal(width)
    LISTING.show(ROWS)
    shown = capsys.readouterr()
    assert all(row.name in shown.out for row in ROWS)
    assert all(len(line) <= max(width, len(ROWS[0].name)) for line in shown.out.splitlines())
    assert ("rows" in shown.err, "why" in shown.err) == (width < 80, width < 120)
    assert "state" not in shown.out + shown.err
    if width == 120:
        assert shown.out.splitlines()[0].split() == ["version", "rows", "published", "why"]
        assert "1,234,567" in shown.out
        assert "2025-01-13 09:30 UTC" in shown.out


def test_facts_are_a_line_each(on_terminal: Callable[[int], None], capsys: pytest.CaptureFixture[str]) -> None:
    shown = {"version": "a.b@v1", "empty": None, "gaps": "one\ntwo", "location": "s3://bucket/" + "x" * 80}
    facts(shown)
    assert capsys.readouterr().out.splitlines() == [
        "version\ta.b@v1",
        "gaps\tone",
        "gaps\ttwo",
        f"location\t{shown['location']}",
    ]
    on_terminal(60)
    facts({**shown, "why": "a well-known " * 8})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "version   a.b@v1"
    assert f"location  {shown['location']}" in lines
    assert sum(line.count("well-known") for line in lines) == 8
    assert all(
        line.startswith(("why       a", " " * 10))
        for line in lines[lines.index(f"location  {shown['location']}") + 1 :]
    )


def test_a_text_breaks_between_words_and_is_cells_in_a_pipe(
    on_terminal: Callable[[int], None], capsys: pytest.CaptureFixture[str]
) -> None:
    text = "minnie65.nuclei@v1 ~ minnie65_public@943: lossy\n  a well-known reason of many words"
    report(text, [("verdict", "lossy"), ("at", AT, None, True, 1234567, ("a", "b"), {"unit": "nm"})])
    assert capsys.readouterr().out.splitlines() == [
        "verdict\tlossy",
        'at\t2025-01-13T09:30:00Z\t\tyes\t1234567\ta, b\t{"unit": "nm"}',
    ]
    on_terminal(30)
    report(text, ())
    assert capsys.readouterr().out.splitlines() == [
        "minnie65.nuclei@v1 ~",
        "  minnie65_public@943: lossy",
        "  a well-known reason of many",
        "    words",
    ]


def test_every_heading_has_one_spelling() -> None:
    assert [name for name in HEADINGS if name != name.lower() or "_" in name] == []

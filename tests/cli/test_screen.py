"""What standard output and error are taken for: a terminal or not, how wide, with colours or without."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import termios

import pytest

from registry_dagster.cli.output import errors, note, output, say
from registry_dagster.cli.screen import Screen

NOTE = "\x1b[33mnote \x1b[0mread this\n"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR", "TERM", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("variables", "printed"),
    [
        ({}, "note read this\n"),
        ({"FORCE_COLOR": "1"}, NOTE),
        ({"FORCE_COLOR": ""}, "note read this\n"),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, "note read this\n"),
        ({"FORCE_COLOR": "1", "NO_COLOR": ""}, NOTE),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, "note read this\n"),
    ],
)
def test_a_pipe_gets_colours_where_they_are_asked_for(
    variables: dict[str, str], printed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    note("read this")
    assert capsys.readouterr().err == printed
    assert output.is_terminal is errors.is_terminal is (variables.get("FORCE_COLOR") == "1")


def test_a_terminal_is_as_wide_as_it_says_and_as_columns_says(monkeypatch: pytest.MonkeyPatch) -> None:
    outer, inner = pty.openpty()
    try:
        # A new one has none.
        assert Screen(inner).width == 80
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        assert Screen(inner).width == 120
        monkeypatch.setenv("COLUMNS", "40")
        assert Screen(inner).width == 40
    finally:
        os.close(outer)
        os.close(inner)


@pytest.mark.parametrize("terminal", [True, False])
def test_what_people_wrote_is_printed_as_it_is(
    terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(output, "forced", terminal)
    say("[bold]the column :key:[/bold]")
    assert capsys.readouterr().out == "[bold]the column :key:[/bold]\n"

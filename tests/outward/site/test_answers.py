"""Every answer that is shown is the command's, and what was not asked is not answered."""

from __future__ import annotations

import shlex

import pytest
from typer.testing import CliRunner

from registry_dagster.cli.app import app
from registry_dagster.cli.output import output
from registry_dagster.outward.site.asking import ask, in_common, pairs
from registry_dagster.outward.site.catalogue import read_catalogue
from tests.outward.site.conftest import Built


def test_every_answer_is_what_its_command_prints(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "forced", True)
    monkeypatch.setattr(output, "columns", 1000)
    answered = 0
    for name, _, first in built.data("names"):
        for other, (verdict, kind, command, words) in (built.data(f"answers/{name}") if first else {}).items():
            assert command == f"feature-registry join {name} {other}"
            done = CliRunner().invoke(app, ["--registry", built.target, *shlex.split(command)[1:]])
            assert done.stdout == f"{words}\n"
            best = next(iter(built.registry.join(name, other).joins), None)
            assert kind == (best.verdict.value if best else "none")
            assert verdict.startswith(str(best.verdict) if best else "no way")
            assert verdict in built.page(f"datasets/{name}/index.html").text
            answered += 1
    assert answered == 8


def test_no_more_pairs_are_asked_than_was_said_and_the_page_says_how_many_there_are(built: Built) -> None:
    catalogue = read_catalogue(built.registry)
    asked = ask(built.registry, catalogue, 3)
    shared = {name: in_common(entry.record) for name, entry in catalogue.current.items()}
    every = {frozenset((a, b)) for a in shared for b in shared if a < b and shared[a] & shared[b]}
    assert (len(asked.answers), asked.pairs, asked.most) == (3, len(every), 3)
    assert {frozenset(pair) for pair in pairs(shared)} == every
    assert f"8 of {len(every)} pairs" in built.page("ask.html").text


def test_pairs_that_share_the_rarest_things_come_first_and_neighbours_of_those() -> None:
    space, table = ("space", "m"), ("table", "cells")
    shared = {"a": {space}, "b": {space, table}, "c": {space}, "d": {space, table}}
    found = list(pairs({name: frozenset(things) for name, things in shared.items()}))
    assert found == [("b", "d"), ("a", "b"), ("b", "c"), ("c", "d"), ("a", "c"), ("a", "d")]

"""What the pages show is what happens: every block of code on them is run, or checked as what it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from registry_dagster.registry.registry import Registry
from tests.docs.pages import DOCS, PAGES, ROOT
from tests.docs.program import Program
from tests.registry.declared import declared, facts

BY_THEMSELVES = ("access", "adopt", "reading-without-us", "yaml")
"""Pages that tests of their own run: beside a signing service, a bucket, where this package cannot be imported, and
in parts of declarations."""


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).with_suffix("").as_posix()


@pytest.mark.parametrize("page", [page for page in PAGES if page.stem not in BY_THEMSELVES], ids=name_of)
def test_it_runs_as_one_program(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Program(page, tmp_path, monkeypatch).run()


def test_the_commands_about_access_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = Program(DOCS / "access.md", tmp_path, monkeypatch)
    with Registry.open() as registry:
        registry.publish(declared(), facts(location="s3://lab/neurons"), message="First release")
    program.run("sh")
    assert "data = " in (tmp_path / "read.py").read_text()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_its_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name}: {target}"

"""The site holds every page, every public name and every command, and nothing from elsewhere.

`make docs` builds it, and fails at a broken link.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from mkdocs.exceptions import PluginError

import registry_dagster as rd
from docs_build.pages import MADE, command_line, contributing, front_page, on_post_page
from registry_dagster.cli.commands import Commands
from registry_dagster.model.columns import SEMANTICS
from registry_dagster.model.signals import SIGNALS
from registry_dagster.model.vocabulary import ANNOTATION_TYPES
from tests.docs.pages import DOCS, ROOT


def navigated(part: Any) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    else:
        for inner in part.values() if isinstance(part, dict) else part:
            yield from navigated(inner)


def test_every_page_is_in_the_navigation() -> None:
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    pages = {page.relative_to(DOCS).as_posix() for kind in ("*.md", "*.ipynb") for page in DOCS.rglob(kind)}
    assert sorted(navigated(settings["nav"])) == sorted(pages | MADE.keys())


def test_the_reference_has_every_public_name_once_and_no_deeper_path() -> None:
    page = (DOCS / "reference.md").read_text(encoding="utf-8")
    names = [*rd.__all__, *(f"results.{name}" for name in rd.results.__all__)]
    assert sorted(re.findall(r"^::: registry_dagster\.(\S+)$", page, flags=re.MULTILINE)) == sorted(names)


@pytest.mark.parametrize(
    "words",
    [
        SEMANTICS,
        [kind.__name__ for kind in SEMANTICS.values()],
        [kind.__name__ for kind in SIGNALS.values()],
        ANNOTATION_TYPES,
    ],
    ids=["semantics", "their classes", "signals", "annotation types"],
)
def test_the_concepts_name_every_word(words: Any) -> None:
    page = (DOCS / "concepts.md").read_text(encoding="utf-8")
    assert [word for word in words if f"`{word}`" not in page] == []


def test_every_command_is_on_the_page_of_the_command_line() -> None:
    page = command_line()
    names = list(Commands())
    assert len(names) > 40
    assert [name for name in names if f"\n## `feature-registry {name}`\n" not in page] == []


def test_the_front_page_is_the_readme_with_its_links_as_they_are_on_the_site() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", front_page())
    assert "design.md" in targets
    assert [target for target in targets if not (DOCS / target).exists() and target not in MADE] == []


def test_the_page_about_contributing_links_to_pages_of_the_site() -> None:
    assert re.findall(r"\]\(([^)#]+)\)", contributing()) == ["design.md"]


@pytest.mark.parametrize(
    "loaded",
    [
        '<script src="https://unpkg.com/mermaid"></script>',
        "<script defer src=//cdn.example/x.js></script>",
        '<link rel="stylesheet" href="https://fonts.example/css">',
        '<img src="http://badges.example/a.svg">',
    ],
)
def test_a_page_that_loads_something_from_elsewhere_is_refused(loaded: str) -> None:
    page: Any = SimpleNamespace(file=SimpleNamespace(src_uri="a.md"))
    with pytest.raises(PluginError, match="a.md loads from elsewhere"):
        on_post_page(f"<html>{loaded}</html>", page, config=SimpleNamespace())  # type: ignore[arg-type]
    link = '<a href="https://example.org">elsewhere</a><script src="assets/a.js"></script>'
    assert on_post_page(link, page, config=SimpleNamespace()) == link  # type: ignore[arg-type]

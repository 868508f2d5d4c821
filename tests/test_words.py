"""Plain English: no text holds a phrase that a native reader would stumble over.

Each pattern is a phrase that was common here, with what to write instead. A text that must stay, because it is
written into records, is named in `ALLOWED`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_dagster.model.columns import SEMANTICS
from tests.docs.pages import PAGES, ROOT

PACKAGE = ROOT / "registry_dagster"
MODULES = [*sorted(PACKAGE.rglob("*.py")), *sorted((ROOT / "example_project").rglob("*.py"))]
TEXTS = [*PAGES, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.ipynb"))]

PATTERNS = {
    r"stands?|stood|standing": "is, exists, unchanged",
    r"tells?|told|telling": "say, report, distinguish; for 'cannot be told': is unknown, could not be checked",
    r"names? no|(?:is|are) no(?! longer| more| less| fewer)": "is not a, must be a",
    r"[Aa]s of(?= `| that of| for)": "See `…`",
    r"any ?more": "no longer",
    r"anew": "again",
    r"(?:hold|holds|held|holding)(?: \S+){0,6} against": "compare with",
    r"mends?|mended|mending": "fix",
    r"by whom ever|whom ever": "whoever",
    r"no longer (?:should|can|could|must|may|will)": "should no longer, can no longer",
    r"(?<=[.!?] )[A-Z][a-z]+ed (?:is|are) (?:an?|the|what|who)": "subject first: a materialization is approved if …",
    r"^[A-Z][a-z]+ed (?:is|are) (?:an?|the|what|who)": "subject first: a materialization is approved if …",
    r"(?<=, )(?:recorded|declared|found|given|expected|asked) (?:is|are|was|were)": "but … was recorded",
    r"answers (?:\d{3}|\{\}) to|to a look at": "returned 404 for …",
    r"(?<=; )here it|[Pp]ut it first": "got …; make it the outermost decorator",
    r"[Hh]ow (?:people|you|others) calls?": "what people call it",
    r"[Ww]hether more is more": "whether a higher value means more of it",
    r"upstream (?:version|release|state)s?": "materialization version",
    r"feature stores?|sync|synced|syncs": "registry; import, record, deliver",
}
WHOLE = {re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])", re.MULTILINE): better for pattern, better in PATTERNS.items()}

ALLOWED = {
    "": ("there is no", "there are no", "There is no", "There are no"),
    # DataHub's definition of a property: published with the first records, so it never changes.
    "registry_dagster/datahub/properties.py": ("The upstream versions it was made against",),
}
"""Where → the phrases of texts there that may stay. Each was looked at."""


def texts(module: Path) -> Iterator[tuple[int, str]]:
    """The string literals of a module, docstrings too, with their lines; `{}` is a value within an f-string."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            pieces = [str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values]
            yield node.lineno, "".join(pieces)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            yield node.lineno, node.value


def stumbles(text: str, allowed: tuple[str, ...] = ()) -> list[str]:
    """Each phrase to change, with what surrounds it and what to write instead."""
    for phrase in allowed:
        text = text.replace(phrase, "")
    text = re.sub(r"\s+", " ", text)
    return [
        f"…{text[max(0, hit.start() - 30) : hit.end() + 30]}… → {better}"
        for pattern, better in WHOLE.items()
        for hit in pattern.finditer(text)
    ]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def allowed_in(path: Path) -> tuple[str, ...]:
    return tuple(phrase for place, phrases in ALLOWED.items() if name_of(path).startswith(place) for phrase in phrases)


def without_definition(text: str) -> str:
    """A text without what is written into records: a semantic's first paragraph defines its term in DataHub."""
    definitions = {kind.__doc__ for kind in SEMANTICS.values()}
    return text.partition("\n\n")[2] if text in definitions else text


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_the_texts_of_a_module_are_plain_english(module: Path) -> None:
    found = [
        f"{name_of(module)}:{line}: {stumble}"
        for line, text in texts(module)
        for stumble in stumbles(without_definition(text), allowed_in(module))
    ]
    assert found == []


@pytest.mark.parametrize("page", TEXTS, ids=name_of)
def test_a_page_is_plain_english(page: Path) -> None:
    assert stumbles(page.read_text(encoding="utf-8"), allowed_in(page)) == []


@pytest.mark.parametrize(
    "text",
    [
        "What no longer should be used is retired.",
        "Approved is a materialization whose run carries the tag.",
        "the commit of version 3 is of 2025-01-01, recorded is 2025-01-02",
        "answers 404 to a look at its version",
        "'x' names no exact version",
        "The rules that it is held\nagainst.",
        "As of `inspect_table`.",
    ],
)
def test_a_phrase_to_change_is_found(text: str) -> None:
    assert stumbles(text)


@pytest.mark.parametrize("text", ["A stand-in for a server.", "It is no longer there.", "standard", "a storyteller"])
def test_good_english_is_left_alone(text: str) -> None:
    assert stumbles(text) == []


def test_the_parts_of_an_f_string_are_read_as_one_text(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('f"{name} names " f"no {kind}"')
    ((_, text),) = texts(tmp_path / "a.py")
    assert text == "{} names no {}"

"""What people wrote is shown in plans and receipts as they wrote it: it makes no link, image or HTML."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from registry_dagster.model.markdown import code, plain
from registry_dagster.model.table import TableField
from registry_dagster.model.words import markdown_table
from registry_dagster.registry.registry import Registry
from tests.registry.declared import declared, facts

EVIL = (
    "[a](javascript:alert(1)) ![b](http://evil/b.png) <img src=x onerror=alert(1)> | **bold** `code` # <http://e.org>"
)
LIVE = re.compile(r"<(?:a|img|strong|em|script|s)\b")


def rendered(page: str) -> str:
    return MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough").render(page)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry.open(f"lite://{tmp_path}/registry.db", publisher="ada@lab.org")


def test_a_plan_and_a_receipt_show_what_was_written(registry: Registry) -> None:
    table = facts(1)
    odd = TableField(path="a`b` <img src=y>", type="list<element: float>")
    table = table.model_copy(update={"fields": (*table.fields, odd)})
    meaning = declared(title=EVIL, description=EVIL, tags=[EVIL])
    plan = registry.plan(meaning, table)
    receipt = registry.publish(meaning, table, message=f"{EVIL}\n\n# {EVIL}", publisher=EVIL)
    later = registry.plan(declared(title="T"), facts(2))
    for page in (plan, receipt, later):
        # The titles of the lists are ours.
        html = re.sub(r"<strong>[A-Z][^*]*?</strong>", "", rendered(page.to_markdown()))
        assert not LIVE.search(html), html
    shown = "![b](http://evil/b.png) &lt;img src=x onerror=alert(1)&gt; | **bold** `code`"
    assert rendered(receipt.to_markdown()).count(shown) == 3


@given(st.text(st.sampled_from("a1 \\`*_[]()<>!#|~&\n/:.-+"), max_size=30))
def test_any_text_in_a_cell_is_only_text(text: str) -> None:
    html = rendered(markdown_table(("x", "y"), [(plain(text), code(text))]))
    assert set(re.findall(r"</?(\w+)", html)) <= {"table", "thead", "tbody", "tr", "th", "td", "code"}
    assert html.count("<td>") == 2

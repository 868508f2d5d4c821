"""The tutorial's tables on every way that what is published goes: assistant, paper, Croissant, browser, another lab."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest

from registry_dagster.outward.agent.server import mcp_server
from registry_dagster.outward.mirror.write import write_mirror
from registry_dagster.outward.site.build import build_site
from registry_dagster.registry.registry import Registry
from tests.cli.program import run_command
from tests.docs.pages import DOCS
from tests.docs.program import Program

pytestmark = pytest.mark.browser

T = TypeVar("T")

NUCLEI, SYNAPSES = "minnie65.nuclei@v2", "minnie65.synapses@v1"


def apart(work: Callable[[], T]) -> T:
    """In a thread of its own: the browser has an event loop in this one, which others would stumble over."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()


def ask(target: str, tool: str, **arguments: Any) -> dict[str, Any]:
    """What an assistant's client is answered."""
    from mcp import Client

    async def call() -> dict[str, Any]:
        async with Client(mcp_server(lambda: Registry.open(target))) as client:
            answer = await client.call_tool(tool, arguments)
            assert isinstance(answer.structured_content, dict)
            return answer.structured_content

    return apart(lambda: asyncio.run(call()))


def printed(*words: str) -> str:
    done = run_command(words, os.environ, Path.cwd())
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.filterwarnings("ignore::DeprecationWarning:rdflib", "ignore:.*:DeprecationWarning:mlcroissant")
def test_the_tutorials_tables_go_the_whole_way(browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    apart(Program(DOCS / "tutorial.md", tmp_path, monkeypatch).run)
    target = f"lite://{tmp_path / 'registry.db'}"

    # An assistant's client finds them, and learns that they join.
    found = [each["version"] for each in ask(target, "find", materialization="minnie65_public@1300")["found"]]
    assert {NUCLEI, SYNAPSES} <= set(found)
    joined = ask(target, "join", a=SYNAPSES, b=NUCLEI)["joins"][0]

    # A paper locks, checks and states them.
    lock = tmp_path / "paper.lock.yaml"
    lock.write_text(printed("lock", NUCLEI, SYNAPSES))
    printed("lock", "--check", str(lock))
    statement = printed("statement", str(lock))
    assert NUCLEI in statement
    assert SYNAPSES in statement

    # mlcroissant opens what is exported.
    import mlcroissant

    document = tmp_path / "nuclei.json"
    document.write_text(printed("export", NUCLEI, "--as", "croissant"))
    dataset = mlcroissant.Dataset(jsonld=str(document))
    assert list(dataset.metadata.ctx.issues.errors) == []
    assert "volume" in str(dataset.metadata.record_sets[0].fields)

    with Registry.open(target) as registry:
        record = registry.get(NUCLEI)
        build_site(registry, tmp_path / "site")
        write_mirror(registry, str(tmp_path / "laba"))

    # A browser shows them, from the disk.
    page = browser.new_page()
    page.goto((tmp_path / "site" / "index.html").as_uri())
    page.get_by_label("Search names").fill("synapses")
    page.locator("#results a").first.click()
    page.get_by_role("link", name="v1", exact=True).first.click()
    page.get_by_text("Synapses of the same cells").first.wait_for()
    assert SYNAPSES in page.title()
    page.close()

    # Another lab, whose own registry is empty, reads the very same records, and the very same answer.
    with Registry.open(f"lite://{tmp_path / 'labb.db'}", remotes={"laba": str(tmp_path / "laba")}) as labb:
        assert labb.get(f"laba/{NUCLEI}").digest == record.digest
        (best, *_) = labb.join(f"laba/{SYNAPSES}", f"laba/{NUCLEI}").joins
        assert (best.verdict.value, best.reason.replace("laba/", "")) == (joined["verdict"], joined["reason"])

"""An assistant's client asks the twelve questions, and can change nothing."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from registry_dagster.cli.app import app
from registry_dagster.outward.agent import tools
from registry_dagster.outward.agent.server import INSTRUCTIONS, mcp_server
from registry_dagster.outward.agent.tools import TOOLS
from registry_dagster.outward.mirror.write import write_mirror
from registry_dagster.registry.registry import Registry
from tests.docs.pages import DOCS
from tests.registry.twelve import CELLS, CURRENT, SYNAPSES, TYPES, publish_tables

if TYPE_CHECKING:
    from mcp.types import CallToolResult

Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("registry") / "registry.db"
    with Registry.open(f"lite://{path}", publisher="ada@lab.org") as registry:
        publish_tables(registry)
    return path


def called(place: Path, tool: str, arguments: dict[str, Any]) -> CallToolResult:
    from mcp import Client  # takes a second to load, and is needed by one worker of a run

    async def call() -> CallToolResult:
        async with Client(mcp_server(lambda: Registry.open(f"lite://{place}"))) as client:
            return await client.call_tool(tool, arguments)

    return asyncio.run(call())


@pytest.fixture
def ask(place: Path) -> Ask:
    """The data of an answer; under `words`, the answer in words."""

    def answer(tool: str, **arguments: Any) -> dict[str, Any]:
        result = called(place, tool, arguments)
        assert not result.is_error, result.content
        (words,) = result.content
        assert isinstance(result.structured_content, dict)
        return {**result.structured_content, "words": words.text}

    return answer


def names(answer: dict[str, Any]) -> list[str]:
    return [each["version"] for each in answer["found"]]


def test_the_twelve_questions(ask: Ask) -> None:
    found = ask("find", dataset=SYNAPSES, materialization="minnie65_public@1507", semantic="embedding", retired=False)
    assert names(found) == [f"{SYNAPSES}@v2", CURRENT]
    joined = ask("join", a=SYNAPSES, b=CELLS)
    assert [joined["joins"][0]["verdict"], joined["joins"][0]["cardinality"]] == ["exact", "n:1"]
    assert "1.0% of the rows" in joined["words"]
    assert [f"{CELLS}@v1"] in [each["through"] for each in ask("join", a=SYNAPSES, b=TYPES)["joins"]]
    assert ask("newest", dataset=SYNAPSES, compatible_with="minnie65_public@943")["version"] == f"{SYNAPSES}@v4"
    assert f"{SYNAPSES}@v2" in names(ask("expiring", within_days=60))
    assert ask("column", name=SYNAPSES, path="x")["attributes"]["resolution_nm"] == [4, 4, 40]
    vector = ask("column", name=SYNAPSES, path="vector")
    assert (vector["attributes"]["model"], "segclr" in vector["words"]) == ("segclr", True)
    assert ask("comparable", a=SYNAPSES, b=f"{SYNAPSES}@v2")["a"] == CURRENT
    assert any("p95_nm 8" in each for each in ask("column", name=SYNAPSES, path="x")["signals"])
    assert f"{SYNAPSES}@v4" in names(ask("dependents", of=f"{CELLS}@v2"))
    assert ask("diff", before=SYNAPSES)["before"] == f"{SYNAPSES}@v4"
    assert ask("compatibility", a=SYNAPSES, b="minnie65_public@943")["verdict"] != "exact"
    assert SYNAPSES in [each["name"] for each in ask("datasets")["found"]]


def test_a_version_is_shown_whole_and_with_its_state(ask: Ask) -> None:
    shown = ask("show", name=f"{SYNAPSES}@v3")
    assert "the wrong model" in shown["words"]
    assert "- x (int64): position · axis x · frame minnie65" in shown["words"]
    assert shown["retired"]["replacement"] == CURRENT
    assert "arrow_schema" not in shown["table"]


def test_other_labs_are_asked_by_their_names(place: Path, tmp_path: Path) -> None:
    with Registry.open(f"lite://{place}") as registry:
        write_mirror(registry, str(tmp_path / "laba"))
    remotes = {"laba": str(tmp_path / "laba"), "far": "http://127.0.0.1:9/m"}
    with Registry.open(f"lite://{place}", remotes=remotes) as opened:
        theirs = tools.find(opened, remote="laba", dataset=CELLS)
        assert names(theirs.data) == [f"laba/{CELLS}@v2", f"laba/{CELLS}@v1"]
        everywhere = tools.find(opened, remote="all", dataset=CELLS)
        assert (len(everywhere.data["found"]), len(everywhere.data["unread"])) == (4, 1)
        assert "what far has is not listed" in everywhere.words
        shown = tools.show(opened, name=f"laba/{SYNAPSES}@v3").words
    assert "of another lab, laba: file://" in shown
    assert f"use laba/{SYNAPSES}" in shown
    assert f" {SYNAPSES}@" not in shown


def test_what_is_not_known_is_said(ask: Ask) -> None:
    shown = ask("show", name=CELLS)
    assert "license: unknown" in shown["words"]
    assert "minnie65_public@1507: expires on" in shown["words"]


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("show", {"name": "minnie65.synapse"}, f"did you mean '{SYNAPSES}'"),
        ("find", {"semantic": "embeding"}, "did you mean 'embedding'"),
        ("read_code", {"name": CELLS, "engine": "excel"}, "EngineCannotRead"),
        ("plan", {"declaration": "dataset: {nam: a}", "table": "/nowhere"}, "line 1"),
        ("find", {"limit": 100_000}, "500"),
    ],
)
def test_errors_keep_their_text(place: Path, tool: str, arguments: dict[str, Any], said: str) -> None:
    result = called(place, tool, arguments)
    assert result.is_error
    assert said in result.content[0].text


def test_no_tool_writes(place: Path, ask: Ask, tmp_path: Path) -> None:
    before = hashlib.sha256(place.read_bytes()).hexdigest()
    pq.write_table(pa.table({"nucleus_id": pa.array([1], pa.int64())}), tmp_path / "types.parquet")
    declaration = (
        f"dataset: {{name: {TYPES}, title: Types, owners: ['team:lab']}}\n"
        "materializations: [{system: minnie65_public, version: 1507, source: cave}]\n"
        "columns: {nucleus_id: {semantic: nucleus_id, source_table: nucleus_detection_v0}}\n"
    )
    planned = ask("plan", declaration=declaration, table=str(tmp_path / "types.parquet"))
    assert (planned["version"], planned["creates"]) == (f"{TYPES}@v2", True)
    assert hashlib.sha256(place.read_bytes()).hexdigest() == before


def test_a_client_starts_the_command_and_is_told_how_to_ask(place: Path) -> None:
    from mcp import Client, StdioServerParameters

    command = StdioServerParameters(
        command=sys.executable,
        args=["-c", "from registry_dagster.cli import main; main()", "mcp", "--registry", f"lite://{place}"],
    )

    async def session() -> tuple[str | None, list[Any], CallToolResult]:
        async with Client(command) as client:
            tools = (await client.list_tools()).tools
            return client.instructions, list(tools), await client.call_tool("datasets", {})

    instructions, tools, result = asyncio.run(session())
    assert instructions == INSTRUCTIONS
    assert '"unknown" is never compatible' in INSTRUCTIONS
    assert all(tool.annotations.read_only_hint for tool in tools)
    assert all(each.get("description") for tool in tools for each in tool.input_schema["properties"].values())
    assert json.loads(json.dumps(result.structured_content))["found"]


def test_the_page_for_clients_is_true() -> None:
    page = (DOCS / "assistants.md").read_text(encoding="utf-8")
    for block in re.findall(r"```json\n(.*?)```", page, re.DOTALL):
        (servers,) = json.loads(block).values()
        (server,) = servers.values()
        assert server["command"] == "feature-registry"
        assert CliRunner().invoke(app, [*server["args"], "--help"]).exit_code == 0
    named = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", page, re.MULTILINE))))
    assert named == {tool.__name__ for tool in TOOLS}

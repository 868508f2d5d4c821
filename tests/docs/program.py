"""A page as one program: its blocks are run from top to bottom, in one folder, against one registry.

- `python` runs in one namespace.
- `yaml` that begins with a comment such as `# nuclei.yaml` is that file, from the start. All of it is checked as what
  it is.
- `toml` is checked as a project file, and is one if it begins with `# feature-registry.toml`; `json` only as JSON.
- `sh` runs line by line: `feature-registry` in this process; `make` only has its target looked up. A command that ends
  with `# refused` fails, and what was wrong is what it printed.
- `text` right after something that printed is what it printed; `...` stands for anything.

Addresses of a DataHub server mean the stand-in.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import json
import re
import shlex
import sqlite3
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from packaging.requirements import Requirement
from typer.testing import CliRunner

from registry_dagster.adopt.declaration_file import read_file
from registry_dagster.cli.app import app
from registry_dagster.cli.output import output
from registry_dagster.dagster.gate.approvals import read_approvals
from registry_dagster.errors import RegistryError
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.registry.crawls import CRAWLS_VARIABLE, crawl_rules
from registry_dagster.registry.project_file import Project, parse_toml
from registry_dagster.registry.registry import Registry
from tests.docs.pages import ROOT, Block, blocks
from tests.gms.server import StandInGms
from tests.registry.declared import declared, facts

__all__ = ["Program"]

SERVERS = ("https://datahub.lab.org:8080", "http://localhost:8080")
FOLDERS = ("/scratch", "/shared")
NOT_RUN_HERE = {
    "dg": "run by tests/dagster/test_component.py",
    "dagster instance concurrency": "run by tests/deploy/test_postgres.py",
    "datahub docker": "needs Docker",
    "feature-registry serve": "run by tests/outward/site/test_folder.py",
    "feature-registry adopt cave": "run by tests/adopt/test_cave.py",
    "feature-registry materializations import cave": "run by tests/cli/test_materializations.py",
    "feature-registry materializations import neuprint": "run by tests/cli/test_materializations.py",
}
GIVEN = {
    "nuclei.yaml": "dataset: {name: minnie65.nuclei}\n"
    "materializations: [{system: minnie65_public, version: 1300, source: cave}]\n"
}
"""What some pages take for granted, beside a table `nuclei.parquet`."""

SHOWN_ONLY = {"text", "mermaid", "", "py"}
"""`py` is Python that a test of its own runs."""


class Program:
    """What a page's blocks make of an empty folder.

    Args:
        page: The page.
        folder: Where it runs; becomes the working directory.
        patch: Undoes what it sets.
    """

    def __init__(self, page: Path, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.page = page
        self.folder = folder
        self.namespace: dict[str, Any] = {"__name__": page.stem, "__file__": str(folder / f"{page.stem}.py")}
        self._patch = patch
        self._resources = contextlib.ExitStack()
        self._server: str | None = None
        patch.chdir(folder)
        patch.setenv("HOME", str(folder))
        patch.setenv("FEATURE_REGISTRY", f"lite://{folder / 'registry.db'}")
        patch.setenv("FEATURE_REGISTRY_PUBLISHER", "ada@lab.org")
        # Pages show what a person sees, on a terminal that moves nothing.
        patch.setenv("TERM", "dumb")
        patch.setattr(output, "forced", True)
        patch.setattr(output, "columns", 120)
        for name, content in GIVEN.items():
            (folder / name).write_text(content)
        pq.write_table(pa.table({"nucleus_id": [1, 2]}), folder / "nuclei.parquet")

    def run(self, *languages: str) -> None:
        """Run every block, or those in some languages; the first that fails says which it is."""
        printed = ""
        for block in blocks(self.page, "yaml"):
            if named := _file_name(block):
                (self.folder / named).write_text(block.text, encoding="utf-8")
        with self._resources:
            for block in blocks(self.page, *languages):
                if block.language == "text" and printed:
                    self._compare(block, printed)
                printed = self._run(block)
        self._check_definitions()

    def _check_definitions(self) -> None:
        """What a page calls `defs` loads as it stands, with the resources that its assets ask for."""
        import dagster as dg

        if isinstance(defs := self.namespace.get("defs"), dg.Definitions):
            dg.Definitions.validate_loadable(defs)

    def _run(self, block: Block) -> str:
        if block.language in SHOWN_ONLY:
            return ""
        run = {
            "python": self._python,
            "yaml": self._yaml,
            "toml": self._toml,
            "json": self._json,
            "sh": self._shell,
            "sql": self._sql,
        }.get(block.language)
        assert run is not None, f"{self.page.name}:{block.line}: no test runs {block.language!r}"
        return run(block)

    def _compare(self, shown: Block, printed: str) -> None:
        same = doctest.OutputChecker().check_output(shown.text, printed, doctest.ELLIPSIS)
        assert same, f"{self.page.name}:{shown.line} shows\n{shown.text}\nand this was printed:\n{printed}"

    def _python(self, block: Block) -> str:
        placed = "\n" * (block.line - 1) + block.text
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile(placed, str(self.page), "exec", dont_inherit=True), self.namespace)
        return printed.getvalue()

    def _yaml(self, block: Block) -> str:
        named = _file_name(block)
        content = yaml.safe_load(block.text)
        where = f"{self.page.name}:{block.line}"
        match content:
            case {"dataset": _, "versions": _} | {"dataset": _, "table": _}:
                read_file(block.text.replace("unit: TODO", "unit: nm").replace("semantic: TODO", "semantic: feature"))
            case {"dataset": _}:
                FeatureTable.from_json(content)
            case {"ops": {"publish": {"config": config}}}:
                self._check_publish_config(content, config)
            case [{"asset": _}, *_]:
                assert named, f"{where}: approvals need a file name in the first line"
                assert len(read_approvals(self.folder / named).entries) == len(content), where
            case [{"prefix": _}, *_]:
                assert named, f"{where}: rules on crawls need a file name in the first line"
                with pytest.MonkeyPatch.context() as patch:
                    patch.setenv(CRAWLS_VARIABLE, str(self.folder / named))
                    assert len(crawl_rules()) == len(content), where
            case {"materializations": [_, *_]}:
                assert named, f"{where}: versions need a file name in the first line, for the command that imports it"
            case {"type": "registry_dagster.PublishComponent"} | {"storage": {"postgres": _}}:
                """Run by tests/dagster/test_component.py and tests/deploy/test_postgres.py."""
            case {"gms": _, "lite": {"type": "sqlite", "config": config}}:
                from datahub.lite.sqlite_lite import SqliteLiteConfig

                SqliteLiteConfig.model_validate(config)
            case _:
                raise AssertionError(f"{where}: nothing checks this YAML")
        return ""

    def _json(self, block: Block) -> str:
        """Settings of another program; a test of the page says more."""
        json.loads(block.text)
        return ""

    def _toml(self, block: Block) -> str:
        """A project file; from here on it holds if its first line names it."""
        path = self.folder / "feature-registry.toml"
        Project.from_json({**parse_toml(block.text), "path": path})
        if block.text.startswith(f"# {path.name}\n"):
            path.write_text(block.text, encoding="utf-8")
        return ""

    def _check_publish_config(self, content: Any, config: Any) -> None:
        import dagster as dg

        import registry_dagster as rd

        assert dg.validate_run_config(rd.publish_job(), content)["ops"]["publish"]["config"]["message"]
        assert config["targets"]

    def _shell(self, block: Block) -> str:
        lines = block.text.replace("\\\n", " ").splitlines()
        return "".join(self._command(shlex.split(self._placed(line), comments=True), line) for line in lines)

    def _command(self, words: list[str], line: str) -> str:
        if any(shlex.join(words).startswith(f"{start} ") for start in NOT_RUN_HERE):
            return ""
        match words:
            case []:
                """A comment."""
            case ["export", assignment]:
                name, _, value = assignment.partition("=")
                self._patch.setenv(name, value)
            case ["make", target, *_]:
                assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE), line
            case ["pip", "install", *packages]:
                for package in packages if packages != ["."] else ["registry-dagster"]:
                    assert version(Requirement(package).name), line
            case ["feature-registry", *_, ">", into]:
                (self.folder / into).write_text(self._command(words[:-2], line), encoding="utf-8")
            case ["feature-registry", *arguments]:
                if arguments[0] == "push" and not Path(arguments[1]).exists():
                    self._hand_off(arguments[1])
                done = CliRunner().invoke(app, arguments)
                if line.endswith("# refused"):
                    assert isinstance(done.exception, RegistryError), f"{self.page.name}: {line}\n{done.output}"
                    return f"error {type(done.exception).__name__}: {done.exception}\n"
                assert done.exit_code == 0, f"{self.page.name}: {line}\n{done.output}\n{done.exception!r}"
                return done.stdout
            case _:
                raise AssertionError(f"{self.page.name}: nothing runs {line!r}")
        return ""

    def _hand_off(self, folder: str) -> None:
        """What a cluster left there."""
        with Registry.open(f"file://{folder}") as registry:
            registry.publish(declared(), facts(), message="First release")

    def _sql(self, block: Block) -> str:
        """On a table as a server's, in which one aspect was written twice."""
        database = sqlite3.connect(":memory:")
        with contextlib.closing(database):
            database.execute("CREATE TABLE metadata_aspect_v2 (urn, aspect, version)")
            urn = "urn:li:dataset:(urn:li:dataPlatform:feature-registry,a.b@v{},PROD)"
            rows = [(urn.format(number), "schemaMetadata", version) for number, version in ((1, 0), (2, 0), (2, 1))]
            database.executemany("INSERT INTO metadata_aspect_v2 VALUES (?, ?, ?)", rows)
            assert [found for found, *_ in database.execute(block.text)] == [urn.format(2)]
        return ""

    def _placed(self, line: str) -> str:
        line = line.replace("$PWD", str(self.folder))
        for folder in FOLDERS:
            line = line.replace(f"{folder}/", f"{self.folder}{folder}/")
        for server in SERVERS:
            if server in line:
                line = line.replace(server, self._stand_in())
        return line

    def _stand_in(self) -> str:
        if self._server is None:
            self._server = self._resources.enter_context(StandInGms()).url
        return self._server


def _file_name(block: Block) -> str | None:
    named = re.match(r"# (\S+\.yaml)\n", block.text)
    return named[1] if named else None

"""A project of Dagster's `dg`, in a folder of its own."""

import itertools
import os
import subprocess
import warnings
from importlib.metadata import entry_points
from inspect import signature
from pathlib import Path

import dagster as dg
import pytest

from tests.in_process import run_in_process

# Dagster 1.11 names it otherwise.
FOLDER = next(iter(signature(dg.load_from_defs_folder).parameters))
_numbers = itertools.count()


class Project:
    """A project that `dg` takes, in a folder of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.name = f"lab{next(_numbers)}"
        self.package = root / "src" / self.name
        self.component = self.package / "defs" / "publish"
        (self.package / "defs").mkdir(parents=True)
        (root / "pyproject.toml").write_text(
            f'[project]\nname = "{self.name}"\nversion = "1"\n'
            f'[tool.dg]\ndirectory_type = "project"\n[tool.dg.project]\nroot_module = "{self.name}"\n'
        )
        (self.package / "__init__.py").touch()
        (self.package / "definitions.py").write_text(
            "from pathlib import Path\n\nimport dagster as dg\n\n\n@dg.definitions\ndef defs() -> dg.Definitions:\n"
            f"    return dg.load_from_defs_folder({FOLDER}=Path(__file__).parents[2])\n"
        )
        (self.package / "defs" / "__init__.py").touch()

    def write(self, **files: str) -> None:
        """The component's files, by their names without the ending."""
        self.component.mkdir(exist_ok=True)
        (self.component / "__init__.py").touch()
        for name, text in files.items():
            (self.component / f"{name}{'.py' if name == 'pipeline' else '.yaml'}").write_text(text)

    def attributes(self, text: str) -> None:
        """A component with these attributes."""
        indented = "".join(f"  {line}\n" for line in text.splitlines())
        self.write(defs=f"type: registry_dagster.PublishComponent\nattributes:\n{indented}")

    def load(self) -> dg.Definitions:
        return dg.load_from_defs_folder(**{FOLDER: self.root})

    def dg(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `dg` in this process, for which the project's package is on the path."""
        environment = {
            **os.environ,
            "DAGSTER_DG_UPDATE_CHECK_ENABLED": "0",
            "DAGSTER_DISABLE_TELEMETRY": "1",
            "HOME": str(self.root),
            "COLUMNS": "200",
        }
        commands = entry_points(group="console_scripts", name="dg")
        if not commands:
            pytest.skip("dagster-dg-cli is not installed")
        (command,) = commands
        with warnings.catch_warnings():
            # What Dagster's program warns of is no error in a process of its own.
            warnings.simplefilter("ignore")
            return run_in_process(command.load(), ["dg", *words], environment, self.root)

    def folder(self, name: str, **files: str) -> Path:
        """Files of any folder of definitions, by their names, with `_` in place of the full stop."""
        folder = self.package / "defs" / name
        folder.mkdir(parents=True, exist_ok=True)
        for file, text in files.items():
            (folder / ".".join(file.rsplit("_", 1))).write_text(text)
        return folder


def refused(project: Project) -> str:
    """What loading the project is refused with: the whole chain of errors."""
    with pytest.raises(Exception) as error:  # noqa: PT011 - Dagster wraps it in one of its own
        project.load()
    chain: list[str] = []
    cause: BaseException | None = error.value
    while cause is not None:
        chain.append(f"{type(cause).__name__}: {cause}")
        cause = cause.__cause__ or cause.__context__
    return "\n".join(chain)

"""Runs of the lab's code location by Dagster's own command, which knows all of it, as its servers do."""

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from tests.dagster.pipeline import LAUNCHED

__all__ = ["FOLDER", "Lab"]

FOLDER = "CELLS_FOLDER"
"""The variable that says where the tables are written."""


class Lab:
    """Launches jobs of the lab's code location into an instance."""

    def __init__(self, instance: dg.DagsterInstance, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.instance = instance
        self._monkeypatch = monkeypatch
        monkeypatch.setenv("DAGSTER_HOME", str(home))
        monkeypatch.setenv(FOLDER, str(home / "tables"))

    def make(self, name: str, tags: Mapping[str, str] | None = None) -> Sequence[dg.AssetMaterialization]:
        """What a run of one asset materializes. Without tags it is a run that servers launch."""
        (command,) = entry_points(group="console_scripts", name="dagster")
        job = ["-m", "tests.dagster.pin.lab", "-a", "defs", "-j", f"make_{name}"]
        said = json.dumps(LAUNCHED if tags is None else dict(tags))
        self._monkeypatch.setattr("sys.argv", ["dagster", "job", "execute", *job, "--tags", said])
        with pytest.raises(SystemExit) as ended:
            command.load()()
        assert ended.value.code == 0
        (run, *_) = self.instance.get_runs(limit=1)
        assert run.status is dg.DagsterRunStatus.SUCCESS
        events = self.instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
        return [made for event in events if (made := event.asset_materialization) is not None]

    def metadata(self, name: str, tags: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        """The metadata of the first table that a run makes."""
        return {key: value.value for key, value in self.make(name, tags)[0].metadata.items()}

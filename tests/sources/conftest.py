from __future__ import annotations

from pathlib import Path

import pytest

from registry_dagster.sources import cave, neuprint


@pytest.fixture(autouse=True)
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No tokens but those that a test gives; caveclient looks for its own in the home directory."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for variable in (cave.TOKEN_VARIABLE, neuprint.TOKEN_VARIABLE):
        monkeypatch.delenv(variable, raising=False)

"""Places for tables: a local directory, and a local S3 that the environment leads to."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.tables.places import Place, S3Server, place_in, s3_server
from tests.tables.read_code.tables import s3_environment


@pytest.fixture(scope="session")
def s3() -> Generator[S3Server, None, None]:
    with s3_server() as server:
        yield server


@pytest.fixture(params=["local", "s3"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Generator[Place, None, None]:
    """Where a test keeps its table. The credentials for it are in the environment, as for any engine."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    nowhere = str(tmp_path / "no-such-file")
    settings = {"AWS_CONFIG_FILE": nowhere, "AWS_SHARED_CREDENTIALS_FILE": nowhere}
    if request.param == "s3":
        settings |= s3_environment(request.getfixturevalue("s3"))
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with place_in(request.param, tmp_path, lambda: request.getfixturevalue("s3")) as place:
        yield place

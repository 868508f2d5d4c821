from __future__ import annotations

import gc
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Before DataHub is imported anywhere: it reads this once.
os.environ["DATAHUB_TELEMETRY_ENABLED"] = "false"

# A run of Dagster asks the disk eight hundred times to make sure of what it wrote, of which no test needs any after the
# machine goes down: temporary files are in memory where there is room, unless TMPDIR says where.
_MEMORY, _ROOM = Path("/dev/shm"), 8 * 2**30
if "TMPDIR" not in os.environ and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM:
    os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)

# What is loaded to the end of collecting stays: nothing is looked through before, nor again and again afterwards.
gc.disable()
_OBJECTS = 5_000
"""How many are made before unused ones are looked for."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What waits for a server comes first: at the end nothing would be left to be done meanwhile."""
    items.sort(key=lambda item: item.get_closest_marker("ui") is None)


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()
    gc.set_threshold(_OBJECTS)


settings.register_profile(
    "registry", deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("registry")


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let a test interrupt programs: a shell's background jobs ignore SIGINT, and so does what they start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)

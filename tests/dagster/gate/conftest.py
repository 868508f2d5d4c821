from __future__ import annotations

import dagster as dg
import pytest


@pytest.fixture
def instance(stored_instance: dg.DagsterInstance) -> dg.DagsterInstance:
    """What a sensor reads is of many runs, each with a file of its own."""
    return stored_instance

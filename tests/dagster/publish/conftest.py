from __future__ import annotations

import dagster as dg
import pytest


@pytest.fixture
def instance(stored_instance: dg.DagsterInstance) -> dg.DagsterInstance:
    """What is published is read back from what an earlier run wrote to disk."""
    return stored_instance

"""Where the example keeps its tables, its registry and Dagster's own files."""

from __future__ import annotations

import os
from pathlib import Path

HOME = Path(os.environ.get("EXAMPLE_HOME", ".demo")).resolve()
TABLES = HOME / "tables"
CATALOG = {
    "type": "sql",
    "uri": f"sqlite:///{TABLES / 'catalog.db'}",
    "warehouse": f"file://{TABLES / 'warehouse'}",
}
REGISTRY = os.environ.get("FEATURE_REGISTRY", f"lite://{HOME / 'registry.db'}")
PUBLISHER = os.environ.get("FEATURE_REGISTRY_PUBLISHER", "demo@example.org")

"""Where the example keeps its tables, its registry and Dagster's own files."""

from __future__ import annotations

import os
from pathlib import Path

DEFAULT_HOME = Path(".demo").resolve()
HOME = Path(os.environ.get("EXAMPLE_HOME", DEFAULT_HOME)).resolve()
TABLES = HOME / "tables"
CATALOG = {
    "type": "sql",
    "uri": f"sqlite:///{TABLES / 'catalog.db'}",
    "warehouse": f"file://{TABLES / 'warehouse'}",
}
# Never the registry, publisher or environment of whoever tries the example: it would fill a real one with its tables.
REGISTRY = f"lite://{HOME / 'registry.db'}"
PUBLISHER = "demo@example.org"
ENV = "PROD"

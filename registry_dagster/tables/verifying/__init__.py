"""Is a table that was recorded still there, in the state it was recorded in? A module for each format."""

from __future__ import annotations

from registry_dagster.tables.verifying.table import StoresOutOfReach, verify_table
from registry_dagster.tables.verifying.verdict import Evidence, TableState, TableVerdict

__all__ = ["Evidence", "StoresOutOfReach", "TableState", "TableVerdict", "verify_table"]

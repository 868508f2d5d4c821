"""`feature-registry`: the registry from a terminal. A module for each kind of command."""

from __future__ import annotations

from registry_dagster.cli import answers, checks, finding, materializations, publishing, reading, verifying
from registry_dagster.cli.app import app, main

__all__ = ["answers", "app", "checks", "finding", "main", "materializations", "publishing", "reading", "verifying"]

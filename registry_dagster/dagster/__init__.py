"""The Dagster side: the only room that imports Dagster."""

from typing import Any

import dagster as dg

from registry_dagster import __version__

# Dagster's UI lists the libraries that register here. The registry is in no reference of Dagster, so a later
# Dagster may come without it, and only the line in the UI would be missing.
_libraries: Any = getattr(dg, "DagsterLibraryRegistry", None)
if _libraries is not None:
    _libraries.register("registry-dagster", __version__, is_dagster_package=False)

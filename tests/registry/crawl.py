"""DataHub's own sources, run into a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

__all__ = ["crawl"]


def crawl(
    folder: Path, source: str, config: dict[str, Any], *, whole: bool = True, **pipeline: Any
) -> list[dict[str, Any]]:
    """What a source writes of the tables that its recipe names; unless `whole`, as far as it comes."""
    from datahub.ingestion.run.pipeline import Pipeline

    written = folder / "crawl.json"
    sink = {"type": "file", "config": {"filename": str(written)}}
    run = Pipeline.create({"source": {"type": source, "config": config}, "sink": sink, **pipeline})
    # At its end it looks for newer releases on the internet, and leaves the connection open.
    with patch("datahub.ingestion.run.pipeline.retrieve_version_stats", return_value=None):
        run.run()
    if whole:
        run.raise_from_status()
    return json.loads(written.read_text())

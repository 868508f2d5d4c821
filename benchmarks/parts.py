"""What is measured, by the part."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from benchmarks import (
    a_day,
    adopting,
    bytes_stored,
    catalogue,
    definitions,
    gate,
    imports,
    publish_run,
    publishing,
    questions_sent,
    reading,
    reading_million,
    requests_sent,
    stored,
    verifying,
)
from benchmarks.report import Result

__all__ = ["LONG", "PARTS", "measure"]

PARTS: dict[str, Callable[[], Iterable[Result]]] = {
    "imports": imports.run,
    "definitions": definitions.run,
    "publishing": publishing.run,
    "requests_sent": requests_sent.run,
    "questions_sent": questions_sent.run,
    "publish_run": publish_run.run,
    "adopting": adopting.run,
    "gate": gate.run,
    "stored": stored.run,
    "verifying": verifying.run,
    "bytes_stored": bytes_stored.run,
    "reading": reading.run,
    "catalogue": catalogue.run,
}
LONG: dict[str, Callable[[], Iterable[Result]]] = {"a_day": a_day.run, "reading_million": reading_million.run}
"""Parts that take many minutes, measured only if they are named."""


def measure(part: str) -> list[Result]:
    """The results of a part."""
    logging.disable(logging.CRITICAL)  # Dagster's runs
    return list((PARTS | LONG)[part]())

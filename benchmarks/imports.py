"""What importing costs. Names are loaded when first used, so with and without using them."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.report import Result, fresh_process_seconds

_EVERYTHING = "import registry_dagster as rd; [getattr(rd, name) for name in dir(rd)]"
_COMMAND_LINE = "import registry_dagster.cli"
_ITS_LIBRARIES = "import click, rich, sqlite3, pydantic"


def run() -> Iterator[Result]:
    """The package against `import dagster`; the command line against the libraries it stands on."""
    yield Result.seconds(
        "import dagster and registry_dagster, against import dagster",
        *fresh_process_seconds("import dagster, registry_dagster", "import dagster"),
        goal="≤ 1.15",
    )
    yield Result.seconds(
        "the same, every public name used",
        *fresh_process_seconds(_EVERYTHING, "import dagster"),
        goal="none set",
    )
    yield Result.seconds(
        "import registry_dagster.cli, against its libraries",
        *fresh_process_seconds(_COMMAND_LINE, _ITS_LIBRARIES),
        goal="≤ 1.5, plus 0.5 s",
    )

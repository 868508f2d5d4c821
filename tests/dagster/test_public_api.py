"""What of Dagster the package uses. Private names break with any release of Dagster."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "registry_dagster"


def imported(source: str) -> Iterator[str]:
    """Every module or name that a source imports, dotted; those in functions too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def attributes_of_dagster(source: str) -> Iterator[str]:
    """Chains that start at Dagster itself: `dg._core`, `dagster.core.x`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            parts = ast.unparse(node).split(".")
            if parts[0] in {"dg", "dagster"}:
                yield ".".join(parts)


def private(names: Iterator[str]) -> list[str]:
    return [
        name
        for name in names
        if name.split(".")[0].startswith(("dagster", "dg"))
        and any(part.startswith("_") and not part.endswith("__") for part in name.split("."))
    ]


def test_nothing_private_of_dagster_is_imported() -> None:
    found = {
        str(path.relative_to(PACKAGE)): names
        for path in sorted(PACKAGE.rglob("*.py"))
        if (names := private(imported(path.read_text())))
    }
    assert found == {}


def test_nothing_private_of_dagster_is_reached_through_its_public_module() -> None:
    found = {
        str(path.relative_to(PACKAGE)): names
        for path in sorted(PACKAGE.rglob("*.py"))
        if (names := private(attributes_of_dagster(path.read_text())))
    }
    assert found == {}


@pytest.mark.parametrize(
    "source",
    [
        "from dagster._core.definitions import AssetSpec",
        "def later():\n    import dagster._check as check",
        "from dagster import _check",
        "from dagster_shared._serdes import pack",
    ],
)
def test_a_private_import_would_be_found(source: str) -> None:
    assert private(imported(source))


def test_a_private_attribute_would_be_found() -> None:
    assert private(attributes_of_dagster("import dagster as dg\ndg._core.x()"))

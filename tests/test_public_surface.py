"""The public names, spelled out by hand: a change here is a change for users."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import registry_dagster as rd

PACKAGE = Path(rd.__file__).parent
PUBLIC = {
    "AnnotationId",
    "Area",
    "BodyId",
    "Bookkeeping",
    "CompatibilityRange",
    "Count",
    "Crosswalk",
    "Dataset",
    "DatasetVersion",
    "Density",
    "Embedding",
    "Feature",
    "FeatureRegistry",
    "FeatureTable",
    "Flag",
    "FunctionalUnitKey",
    "Label",
    "Length",
    "Level2Id",
    "MaterializationPartitions",
    "MaterializationVersion",
    "Note",
    "NucleusId",
    "Plan",
    "Position",
    "Probability",
    "Ratio",
    "Receipt",
    "PublishComponent",
    "ReducedEmbedding",
    "Reference",
    "Registry",
    "RegistryError",
    "RootId",
    "Score",
    "Size",
    "SkeletonNodeId",
    "SpatialDrift",
    "SupervoxelId",
    "SynapseId",
    "TableFacts",
    "TargetId",
    "Timestamp",
    "TransformedPosition",
    "Volume",
    "definitions",
    "feature_table",
    "inspect_table",
    "materializations_asset",
    "pinning",
    "publish_job",
    "publish_sensor",
    "verify_checks",
}


def test_the_public_names_are_these() -> None:
    assert set(dir(rd)) == PUBLIC
    assert all(getattr(rd, name) is not None for name in PUBLIC)


def test_the_names_that_type_checkers_see_are_the_same() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    (typed,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {alias.asname for node in typed.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert seen == PUBLIC


def imported_by(statement: str) -> set[str]:
    program = f"import sys; {statement}; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_heavy_libraries_are_loaded_only_when_needed() -> None:
    heavy = {"datahub", "deltalake", "pyiceberg", "lance", "pyarrow", "fsspec"}
    every_name = "import registry_dagster as rd; [getattr(rd, name) for name in dir(rd)]"
    assert not imported_by(every_name) & heavy


def test_reading_records_needs_no_dagster_either() -> None:
    reading = "from registry_dagster.registry.registry import Registry; import registry_dagster.cli; Registry.open('lite:///x/y')"
    assert not imported_by(reading) & {"dagster", "datahub", "pyarrow", "deltalake", "pyiceberg", "lance"}


def test_only_public_dagster_names_are_imported() -> None:
    starts = tuple(f"{word} {name}" for word in ("from", "import") for name in ("dagster._", "dagster_shared"))
    private = [
        f"{path.name}: {line.strip()}"
        for path in PACKAGE.rglob("*.py")
        for line in path.read_text().splitlines()
        if line.lstrip().startswith(starts)
    ]
    assert private == []


def test_no_module_hides_a_public_name() -> None:
    """Importing a submodule puts it on the package, under its own name."""
    assert not {name for name in PUBLIC if (PACKAGE / f"{name}.py").exists() or (PACKAGE / name).is_dir()}

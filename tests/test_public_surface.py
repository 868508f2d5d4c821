"""The public names, spelled out by hand: a change here is a change for users."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import registry_dagster as rd

PACKAGE = Path(rd.__file__).parent
PUBLIC = {
    "AlongDimension",
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
    "FeatureRegistryTranslator",
    "FeatureTable",
    "Filters",
    "Flag",
    "FunctionalUnitKey",
    "Label",
    "Layout",
    "Length",
    "Level2Id",
    "MaterializationPartitions",
    "MaterializationVersion",
    "Note",
    "NucleusId",
    "Origin",
    "Plan",
    "Position",
    "Probability",
    "Publication",
    "PublicationDetails",
    "PublishComponent",
    "Question",
    "Ratio",
    "Receipt",
    "ReducedEmbedding",
    "Reference",
    "Registry",
    "RegistryError",
    "ExternalResults",
    "RootId",
    "Score",
    "Size",
    "SkeletonNodeId",
    "SourceCode",
    "SpatialDrift",
    "StorageOptions",
    "SupervoxelId",
    "SynapseId",
    "TableFacts",
    "TargetId",
    "Timestamp",
    "TransformedPosition",
    "UpstreamColumn",
    "Volume",
    "definitions",
    "expiry_checks",
    "feature_table",
    "inspect_table",
    "materializations_asset",
    "pinning",
    "plugin_urns",
    "publish_job",
    "publish_sensor",
    "unpublished_checks",
    "verify_checks",
}


RESULTS = {
    "Act",
    "Cast",
    "Change",
    "Citation",
    "ColumnFacts",
    "ColumnSource",
    "Comparability",
    "Comparison",
    "Compatibility",
    "DatasetNow",
    "CsvPin",
    "DeltaPin",
    "Dependent",
    "Diff",
    "EmbeddingPair",
    "Evidence",
    "FeatherPin",
    "FoundDataset",
    "FoundVersion",
    "IcebergPin",
    "Join",
    "Joins",
    "KeyFact",
    "LancePin",
    "OpaquePin",
    "Lifecycle",
    "Lineage",
    "Link",
    "Lock",
    "LockCheck",
    "LockFinding",
    "LockedJoin",
    "LockedState",
    "LockedVersion",
    "Loss",
    "MaterializationList",
    "MaterializationName",
    "NearestPoint",
    "Newest",
    "NullSentinel",
    "Outcome",
    "ParquetPin",
    "Place",
    "Point",
    "Provenance",
    "Remote",
    "Retirement",
    "Rows",
    "Statement",
    "Step",
    "TableField",
    "TableVerdict",
    "Taken",
    "MaterializationChange",
    "MaterializationChanges",
    "Verdict",
    "Verification",
    "VersionList",
    "VersionNow",
}


def test_the_public_names_are_these() -> None:
    assert set(rd.__all__) == PUBLIC
    assert all(getattr(rd, name) is not None for name in PUBLIC)
    assert set(dir(rd)) == PUBLIC | {"__version__", "errors", "results"}


def test_the_public_names_of_the_results_are_these() -> None:
    assert set(rd.results.__all__) == RESULTS


def test_the_names_that_type_checkers_see_are_the_same() -> None:
    tree = ast.parse((PACKAGE / "__init__.pyi").read_text())
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    seen = {alias.asname: f"{node.module}.{alias.name}" for node in imports for alias in node.names}
    assert seen.keys() == PUBLIC | {"errors", "results"}
    for name in PUBLIC:
        module, _, attribute = seen[name].rpartition(".")
        __import__(module)
        assert getattr(sys.modules[module], attribute) is getattr(rd, name)


def test_the_root_is_short_enough_to_take_in() -> None:
    assert len((PACKAGE / "__init__.py").read_text().splitlines()) <= 64


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'registry_dagster' has no attribute 'Synapse'"):
        getattr(rd, "Synapse")  # noqa: B009  # type checkers refuse it as well


def test_the_version_is_that_of_the_package() -> None:
    assert rd.__version__ == version("registry-dagster")


def run(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


def test_a_star_import_brings_the_public_names_and_nothing_else() -> None:
    star = "before = set(dir()); from registry_dagster import *; print(*sorted(set(dir()) - before - {'before'}))"
    assert set(run(star).split()) == PUBLIC


@pytest.mark.parametrize("name", ["errors.NotPublished", "results.Verdict", "__version__"])
def test_it_is_there_in_a_fresh_process(name: str) -> None:
    assert run(f"import registry_dagster as rd; print(rd.{name})").strip()


def imported_by(statement: str) -> set[str]:
    return set(run(f"import sys; {statement}; print(*{{name.split('.')[0] for name in sys.modules}})").split())


def test_the_heavy_libraries_are_loaded_only_when_needed() -> None:
    heavy = {"datahub", "deltalake", "pyiceberg", "lance", "pyarrow", "fsspec"}
    every_name = "import registry_dagster as rd; [getattr(rd, name) for name in dir(rd)]"
    assert imported_by(every_name) >= {"dagster"}
    assert not imported_by(every_name) & heavy


def test_reading_records_needs_no_dagster_either() -> None:
    reading = (
        "import registry_dagster as rd, registry_dagster.cli.app; rd.results.Verdict; rd.errors; rd.__version__; "
        "rd.Registry.open('lite:///x/y')"
    )
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

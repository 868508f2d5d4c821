"""Dagster's UI lists the package with its version among the libraries of a code location."""

import subprocess
import sys
from importlib.metadata import version

import dagster as dg

import registry_dagster as rd


def test_dagster_knows_the_library_and_its_version() -> None:
    assert rd.publish_sensor().name == "publish_gate"
    assert dg.DagsterLibraryRegistry.get()["registry-dagster"] == version("registry-dagster")


def test_reading_a_record_imports_nothing_of_dagster() -> None:
    program = (
        "import sys, registry_dagster as rd; rd.Registry; rd.FeatureTable; "
        "print([name for name in sys.modules if name.split('.')[0] in ('dagster', 'dagster_shared')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

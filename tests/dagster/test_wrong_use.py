"""Wrong use of the Dagster side is answered with what to write, never with an error of Python's or Dagster's."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

import registry_dagster as rd
from tests.dagster.pipeline import MINNIE_1300, cells_asset, cells_declared, failure, materialize, sizes_declared

TABLE: Any = rd.feature_table  # wrong types are what is tested
WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "no parentheses": (
        lambda: TABLE(dg.AssetSpec("cells")),
        r"used without parentheses; write @rd\.feature_table\(dataset=",
    ),
    "no parentheses on a function": (lambda: TABLE(lambda: None), "used without parentheses"),
    "a path": (
        lambda: TABLE("cells.yaml"),
        r"write @rd\.feature_table\(rd\.FeatureTable\.from_yaml\(Path\('cells\.yaml'\)\)\)",
    ),
    "a Path": (lambda: TABLE(Path("cells.yaml")), r"from_yaml\(Path\('cells\.yaml'\)\)"),
    "a dataset in its place": (lambda: TABLE(rd.Dataset(name="lab.cells")), "takes a FeatureTable, got Dataset"),
    "a name for the dataset": (
        lambda: TABLE(dataset="lab.cells"),
        r"dataset is str; write dataset=rd\.Dataset\(name='lab\.cells'\)",
    ),
    "one materialization version": (
        lambda: TABLE(**cells_declared(materializations=MINNIE_1300)),
        r"materializations is MaterializationVersion; write a list: materializations=\[\.\.\.\]",
    ),
    "a text for the materialization versions": (
        lambda: TABLE(**cells_declared(materializations="minnie65_public@1300")),
        "materializations is str; write a list",
    ),
    "a number for the references": (lambda: TABLE(**cells_declared(references=3)), "references is int; write a list"),
    "one reference": (
        lambda: TABLE(**cells_declared(references=sizes_declared()["references"][0])),
        "references is Reference; write a list",
    ),
    "a list for the columns": (lambda: TABLE(**cells_declared(columns=["root_id"])), "columns"),
    "no declaration of an asset": (
        lambda: TABLE({"cells": "cells.yaml"}),
        r"the declaration of 'cells' is str; use rd\.FeatureTable\(dataset=",
    ),
    "no asset key": (lambda: TABLE({3: rd.FeatureTable(**cells_declared())}), "3 is not an asset key; use a text"),
    "one asset for the job": (
        lambda: rd.publish_job(dg.AssetSpec("cells")),  # type: ignore[arg-type]
        r"publish_job: assets must be a list of assets, got AssetSpec; write assets=\[\.\.\.\]",
    ),
    "names for the job": (
        lambda: rd.publish_job(["cells"]),  # type: ignore[list-item]
        r"must hold assets, AssetSpecs or AssetKeys, got 'cells'",
    ),
    "a number for the gate": (
        lambda: rd.publish_sensor(assets=3),  # type: ignore[arg-type]
        "publish_sensor: assets must be a list of assets, got int",
    ),
    "a wrong job for the gate": (
        lambda: rd.publish_sensor(job=3),  # type: ignore[arg-type]
        r"job is int; use rd\.publish_job\(\.\.\.\) or its name",
    ),
    "no pauses": (lambda: rd.publish_sensor(pauses=()), "pauses is empty"),
    "assets for the definitions": (
        lambda: rd.definitions([dg.AssetSpec("cells")]),  # type: ignore[arg-type]
        r"takes a dg\.Definitions, got list; write rd\.definitions\(dg\.Definitions\(assets=\[\.\.\.\]\)\)",
    ),
    "a wrong resource": (
        lambda: rd.definitions(dg.Definitions(), registry=rd.Registry),  # type: ignore[arg-type]
        r"registry is Registry; use rd\.FeatureRegistry\(target=\.\.\.\)",
    ),
    "one asset to check": (
        lambda: rd.verify_checks(dg.AssetSpec("cells")),  # type: ignore[arg-type]
        r"takes a list, got AssetSpec; write verify_checks\(\[\.\.\.\]\)",
    ),
    "a number to check": (
        lambda: rd.verify_checks([3]),  # type: ignore[list-item]
        "takes assets and names of datasets, got int",
    ),
    "texts for partitions": (
        lambda: rd.MaterializationPartitions(["1300"]),  # type: ignore[list-item]
        "takes a list of MaterializationVersions, got '1300'",
    ),
    "one version for partitions": (
        lambda: rd.MaterializationPartitions(MINNIE_1300),  # type: ignore[arg-type]
        "takes a list of MaterializationVersions, got MaterializationVersion",
    ),
    "a text for a partition": (
        lambda: rd.MaterializationPartitions({"a": "1300"}),  # type: ignore[dict-item]
        "takes a list of MaterializationVersions, got '1300'",
    ),
}


@pytest.mark.parametrize("use", list(WRONG))
def test_it_says_what_to_write(use: str) -> None:
    call, said = WRONG[use]
    with pytest.raises(rd.RegistryError, match=said):
        call()


def test_the_gate_takes_assets_as_the_job_does(tmp_path: Path) -> None:
    cells = cells_asset(tmp_path / "cells.parquet")
    assert rd.publish_sensor(assets=[cells]).job_name == rd.publish_job([cells]).name


@pytest.mark.parametrize(
    ("written", "options", "said"),
    [
        (3, {}, "takes the table's location, or what was reported about it, got int"),
        ("cells.parquet", {"asset_key": "cell"}, "no asset 'cell' is made here; use one of cells"),
    ],
)
def test_a_wrong_table_says_what_to_write(
    instance: dg.DagsterInstance, resource: rd.FeatureRegistry, written: Any, options: dict[str, Any], said: str
) -> None:
    @rd.feature_table(**cells_declared())
    @dg.asset
    def cells(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
        return registry.table(context, written, **options)

    assert said in failure(materialize(instance, resource, cells, raise_on_error=False))

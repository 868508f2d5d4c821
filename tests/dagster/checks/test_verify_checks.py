"""Asset checks say whether published versions are intact. They warn, block nothing, and run when launched."""

from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import registry_dagster as rd
from registry_dagster.errors import InvalidDeclaration
from tests.dagster.pipeline import cells_asset, materialize, publish, sizes_asset

Instance = dg.DagsterInstance
CELLS = dg.AssetKey(["registry", "minnie65.cells"])
SIZES = dg.AssetKey(["registry", "minnie65.cell_sizes"])
CHECK = "stands_as_published"


@pytest.fixture
def assets(instance: Instance, resource: rd.FeatureRegistry, tmp_path: Path) -> list[dg.AssetsDefinition]:
    """Cells and their sizes, both published."""
    assets = [cells_asset(tmp_path / "cells.parquet"), sizes_asset(tmp_path / "sizes.parquet")]
    run = materialize(instance, resource, *assets)
    for asset in ("cells", "cell_sizes"):
        assert publish(instance, resource, asset=asset, run_id=run.run_id, message="why").success
    return assets


def definitions(resource: rd.FeatureRegistry, assets: list[dg.AssetsDefinition], **more: Any) -> dg.Definitions:
    pipeline = dg.Definitions(assets=assets, asset_checks=[rd.verify_checks(assets)], **more)
    return rd.definitions(pipeline, registry=resource)


def run(defs: dg.Definitions, instance: Instance, job: str = "verify") -> dg.ExecuteInProcessResult:
    return defs.resolve_job_def(job).execute_in_process(instance=instance)


def verify_job(assets: list[dg.AssetsDefinition]) -> Any:
    return dg.define_asset_job("verify", dg.AssetSelection.checks_for_assets(CELLS, SIZES))


def evaluations(result: dg.ExecuteInProcessResult) -> dict[dg.AssetKey, dg.AssetCheckEvaluation]:
    return {each.asset_key: each for each in result.get_asset_check_evaluations()}


def test_all_versions_are_intact(instance: Instance, resource: rd.FeatureRegistry, assets: list[Any]) -> None:
    found = evaluations(run(definitions(resource, assets, jobs=[verify_job(assets)]), instance))
    assert found.keys() == {CELLS, SIZES}
    cells = found[CELLS]
    assert (cells.check_name, cells.passed, cells.blocking) == (CHECK, True, False)
    assert cells.description == "Of 1 published versions: 1 intact."
    assert {name: value.value for name, value in cells.metadata.items()} == {"versions": 1, "intact": 1}


def test_a_lost_table_is_an_error_with_the_evidence(
    instance: Instance, resource: rd.FeatureRegistry, assets: list[Any], tmp_path: Path
) -> None:
    (tmp_path / "cells.parquet").unlink()
    result = run(definitions(resource, assets, jobs=[verify_job(assets)]), instance)
    assert result.success
    found = evaluations(result)
    cells = found[CELLS]
    assert (cells.passed, cells.severity, cells.blocking) == (False, dg.AssetCheckSeverity.ERROR, False)
    assert cells.metadata["missing"].value == 1
    assert "| `minnie65.cells@v1` | missing | Nothing is stored at file:" in str(cells.metadata["not intact"].value)
    evidence: Any = cells.metadata["evidence"].value
    assert evidence["minnie65.cells@v1"]["table"]["state"] == "missing"
    assert found[SIZES].passed


def test_each_of_several_versions_is_reported(
    instance: Instance, resource: rd.FeatureRegistry, assets: list[Any], tmp_path: Path
) -> None:
    again = materialize(instance, resource, cells_asset(tmp_path / "cells.parquet", rows=lambda: 5))
    assert publish(instance, resource, asset="cells", run_id=again.run_id, message="more").success
    defs = definitions(resource, assets, jobs=[verify_job(assets)])
    cells = evaluations(run(defs, instance))[CELLS]
    assert (cells.passed, cells.description) == (False, "Of 2 published versions: 1 changed, 1 intact.")
    with rd.Registry.open(resource.target, publisher="ada@lab.org") as registry:
        registry.retire("minnie65.cells@v1", reason="overwritten in place")
    assert evaluations(run(defs, instance))[CELLS].passed


def test_it_does_not_pass_if_the_store_cannot_be_reached(
    instance: Instance, resource: rd.FeatureRegistry, assets: list[Any], tmp_path: Path
) -> None:
    tmp_path.joinpath("disk").mkdir()
    pq.write_table(pa.table({"nucleus_id": [1], "root_id": [2]}), tmp_path / "disk" / "cells.parquet")
    facts = rd.inspect_table(tmp_path / "disk" / "cells.parquet")
    with resource.open() as registry:
        declared = rd.FeatureTable(
            dataset=rd.Dataset(name="minnie65.cells"),
            materializations=[rd.MaterializationVersion(system="minnie65_public", version="1300", source="cave")],
        )
        registry.publish(declared, facts, message="by hand")
    tmp_path.joinpath("disk").rename(tmp_path / "elsewhere")
    cells = evaluations(run(definitions(resource, assets, jobs=[verify_job(assets)]), instance))[CELLS]
    assert (cells.passed, cells.metadata["unreachable"].value) == (False, 1)
    assert cells.severity is dg.AssetCheckSeverity.WARN  # it may be intact


def test_nothing_published_yet_is_no_warning(instance: Instance, resource: rd.FeatureRegistry, tmp_path: Path) -> None:
    assets = [cells_asset(tmp_path / "cells.parquet")]
    job = dg.define_asset_job("verify", dg.AssetSelection.checks_for_assets(CELLS))
    cells = evaluations(run(definitions(resource, assets, jobs=[job]), instance))[CELLS]
    assert (cells.passed, cells.description) == (True, "No version is published yet.")


def test_one_of_the_checks_can_be_run_alone(
    instance: Instance, resource: rd.FeatureRegistry, assets: list[Any]
) -> None:
    job = dg.define_asset_job("verify", dg.AssetSelection.checks_for_assets(SIZES))
    assert evaluations(run(definitions(resource, assets, jobs=[job]), instance)).keys() == {SIZES}


def test_they_do_not_run_when_assets_are_materialized(
    instance: Instance, resource: rd.FeatureRegistry, assets: list[Any]
) -> None:
    job = dg.define_asset_job("everything", dg.AssetSelection.all())
    result = run(definitions(resource, assets, jobs=[job]), instance, "everything")
    assert (result.success, evaluations(result)) == (True, {})


def test_datasets_may_be_named_that_other_code_locations_publish(
    instance: Instance, resource: rd.FeatureRegistry, assets: list[Any]
) -> None:
    checks = rd.verify_checks(["minnie65.cells"], resource_key="features")
    job = dg.define_asset_job("verify", dg.AssetSelection.checks(checks))
    defs = dg.Definitions(asset_checks=[checks], jobs=[job], resources={"features": resource})
    assert evaluations(run(defs, instance))[CELLS].passed


def test_names_that_differ_in_their_dots_alone_are_two_checks(instance: Instance, resource: rd.FeatureRegistry) -> None:
    checks = rd.verify_checks(["lab.a.b", "lab.a_b"])
    job = dg.define_asset_job("verify", dg.AssetSelection.checks(checks))
    defs = dg.Definitions(asset_checks=[checks], jobs=[job], resources={"registry": resource})
    assert len(evaluations(run(defs, instance))) == 2


def test_an_asset_without_a_declaration_is_refused() -> None:
    @dg.asset
    def plain() -> None: ...

    with pytest.raises(InvalidDeclaration, match="asset plain has no declaration"):
        rd.verify_checks([plain])

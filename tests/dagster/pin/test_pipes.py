"""Tables that another process wrote, and reported through Dagster Pipes."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

import registry_dagster as rd
from registry_dagster.dagster.pin.frozen import frozen_in
from registry_dagster.errors import InvalidDeclaration, TableNotFound
from tests.dagster.pipeline import cells_declared, materialize, publish, sizes_declared

# What Dagster does by itself.
pytestmark = pytest.mark.filterwarnings(
    "ignore:AssetExecutionContext.run_id is deprecated:DeprecationWarning", "ignore::dagster.PreviewWarning"
)

WRITES_DELTA = """
import deltalake, pyarrow as pa
from dagster_pipes import open_dagster_pipes

with open_dagster_pipes() as pipes:
    where = pipes.get_extra("where")
    ids = pa.array([1, 2, 3], pa.int64())
    table = pa.table({"nucleus_id": ids, "root_id": ids})
    deltalake.write_deltalake(where, table)
    deltalake.write_deltalake(where, table, mode="append")  # somebody else's, while the job goes on
    pipes.report_asset_materialization(metadata={"dagster/uri": where, "version": 0, "cells": 3}, data_version="run-7")
"""

WRITES_THREE = """
import pyarrow as pa, pyarrow.parquet as pq
from dagster_pipes import open_dagster_pipes

with open_dagster_pipes() as pipes:
    where = pipes.get_extra("where")
    ids = pa.array([1, 2, 3], pa.int64())
    columns = {
        "cells": {"nucleus_id": ids, "root_id": ids},
        "cell_sizes": {"nucleus_id": ids, "volume": [1.5, 2.5, 3.5]},
        "log": {"line": ids},
    }
    for name in columns:
        pq.write_table(pa.table(columns[name]), f"{where}/{name}.parquet")
        path = {"raw_value": f"{where}/{name}.parquet", "type": "path"}
        pipes.report_asset_materialization(asset_key=name, metadata={"path": path})
"""

CHECKED = """
    pipes.report_asset_check(asset_key="cells", check_name="no_empty_ids", passed=True)
"""

SAYS_NOTHING = """
from dagster_pipes import open_dagster_pipes

with open_dagster_pipes() as pipes:
    pipes.report_asset_materialization(metadata={"cells": 3})
"""


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    folder = tmp_path / "lake"
    folder.mkdir()
    return folder


def run_elsewhere(context: dg.AssetExecutionContext, script: str, where: Path) -> Any:
    """What a Pipes client's `run` returns, of a job in a process of its own."""
    client = dg.PipesSubprocessClient()
    return client.run(context=context, command=[sys.executable, "-c", script], extras={"where": str(where)})


def cells_asset(script: str, where: Path) -> dg.AssetsDefinition:
    @rd.feature_table(**cells_declared())
    @dg.asset(check_specs=[dg.AssetCheckSpec("no_empty_ids", asset="cells")])
    def cells(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult:
        return registry.table(context, run_elsewhere(context, script, where))

    return cells


def tables_asset(where: Path) -> dg.AssetsDefinition:
    tables = {"cells": rd.FeatureTable(**cells_declared()), "cell_sizes": rd.FeatureTable(**sizes_declared())}

    @rd.feature_table(tables)
    @dg.multi_asset(
        specs=[dg.AssetSpec(name) for name in ("cells", "cell_sizes", "log")],
        check_specs=[dg.AssetCheckSpec("no_empty_ids", asset="cells")],
    )
    def several(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> Iterator[Any]:
        yield from registry.tables(context, run_elsewhere(context, WRITES_THREE + CHECKED, where))

    return several


def materializations(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetMaterialization]:
    return {
        event.materialization.asset_key.to_user_string(): event.materialization
        for event in result.get_asset_materialization_events()
    }


def test_a_table_that_another_process_wrote_is_published_at_the_version_it_reported(
    instance: dg.DagsterInstance, resource: rd.FeatureRegistry, registry: rd.Registry, lake: Path
) -> None:
    materialize(instance, resource, cells_asset(WRITES_DELTA + CHECKED, lake / "cells"))
    assert publish(instance, resource, asset="cells", message="Made by a job elsewhere").success

    assert registry.get("minnie65.cells").table == rd.inspect_table(lake / "cells", version=0)


def test_what_the_process_reported_is_kept(
    instance: dg.DagsterInstance, resource: rd.FeatureRegistry, lake: Path
) -> None:
    run = materialize(instance, resource, cells_asset(WRITES_DELTA + CHECKED, lake / "cells"))

    made = materializations(run)["cells"]
    assert made.metadata["cells"].value == 3
    assert made.metadata["version"].value == 0
    assert made.metadata["dagster/uri"].value == (lake / "cells").as_uri()
    assert made.tags is not None
    assert made.tags["dagster/data_version"] == "run-7"
    (check,) = run.get_asset_check_evaluations()
    assert (check.check_name, check.passed) == ("no_empty_ids", True)


def test_each_table_of_a_multi_asset_is_pinned_and_the_rest_passes_through(
    instance: dg.DagsterInstance, resource: rd.FeatureRegistry, registry: rd.Registry, lake: Path
) -> None:
    run = materialize(instance, resource, tables_asset(lake))
    for asset in ("cells", "cell_sizes"):
        assert publish(instance, resource, asset=asset, message="Made by a job elsewhere").success

    for asset in ("cells", "cell_sizes"):
        assert registry.get(f"minnie65.{asset}").table == rd.inspect_table(lake / f"{asset}.parquet")
    assert set(materializations(run)["log"].metadata) & {"path", "registry/frozen"} == {"path"}
    assert [check.check_name for check in run.get_asset_check_evaluations()] == ["no_empty_ids"]


def test_a_result_can_be_completed_before_it_is_pinned(
    instance: dg.DagsterInstance, resource: rd.FeatureRegistry, lake: Path
) -> None:
    """A job on a cluster may know only its own paths."""

    @rd.feature_table(**cells_declared())
    @dg.asset
    def cells(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
        session = run_elsewhere(context, WRITES_DELTA, lake / "cells")
        result = session.get_materialize_result()
        return registry.table(context, result, version=1, metadata={"cells": 6}, tags={"cluster": "hpc"})

    made = materializations(materialize(instance, resource, cells))["cells"]

    assert frozen_in(made.metadata).facts == rd.inspect_table(lake / "cells", version=1)
    assert made.metadata["cells"].value == 6
    assert (made.tags or {})["cluster"] == "hpc"


def test_a_process_that_does_not_say_where_it_wrote_is_answered_with_how(
    instance: dg.DagsterInstance, resource: rd.FeatureRegistry, lake: Path
) -> None:
    with pytest.raises(TableNotFound) as refused:
        materialize(instance, resource, cells_asset(SAYS_NOTHING + CHECKED, lake))

    assert str(refused.value) == (
        "asset 'cells': what was reported does not say where its table is; add the metadata 'dagster/uri' (a path or "
        "URI) to what its writer reports, and 'version' if it has one"
    )


def test_several_tables_where_one_was_meant_says_what_to_write(
    instance: dg.DagsterInstance, resource: rd.FeatureRegistry, lake: Path
) -> None:
    @rd.feature_table({"cells": rd.FeatureTable(**cells_declared())})
    @dg.multi_asset(specs=[dg.AssetSpec(name) for name in ("cells", "cell_sizes", "log")])
    def several(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry):
        return registry.table(context, run_elsewhere(context, WRITES_THREE, lake))

    with pytest.raises(InvalidDeclaration, match="cell_sizes, log, but registry.table pins exactly one"):
        materialize(instance, resource, several)

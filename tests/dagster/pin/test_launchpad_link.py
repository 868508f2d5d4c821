"""The "Publish…" link on each materialization: a launchpad that is filled in except for the message."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import dagster as dg
import pytest
import yaml

import registry_dagster as rd
from tests.dagster.pipeline import LAUNCHED, cells_asset, cells_declared, write_cells

Instance = dg.DagsterInstance
LAYERS = dg.StaticPartitionsDefinition(["layer 2/3", "layer_4"])


def layered(folder: Path, **options: Any) -> dg.AssetsDefinition:
    @rd.feature_table(**cells_declared())
    @dg.asset(key_prefix="cortex", partitions_def=LAYERS, **options)
    def cells(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
        return registry.table(context, write_cells(folder / "cells.parquet"))

    return cells


def links(result: dg.ExecuteInProcessResult) -> list[str]:
    found = [
        event.materialization.metadata.get("registry/publish_link")
        for event in result.get_asset_materialization_events()
    ]
    return [str(link.value) for link in found if link is not None]


def run(
    instance: Instance,
    resource: rd.FeatureRegistry,
    asset: dg.AssetsDefinition,
    job_name: str | None = None,
    **options: Any,
) -> dg.ExecuteInProcessResult:
    """As Dagster's servers run it: a job of a code location, which a tag of the run names."""
    pipeline = dg.Definitions(assets=[asset], jobs=[dg.define_asset_job("make")])
    names = {"job_name": job_name} if job_name else {}
    defs = rd.definitions(pipeline, registry=resource, **names)
    return defs.resolve_job_def("make").execute_in_process(instance=instance, **{"tags": LAUNCHED, **options})


def opened(link: str) -> tuple[str, dict[str, Any]]:
    """The page that a link opens, and the config it is filled with."""
    address = link.removeprefix("[**Publish…**](").removesuffix(")")
    parts = urlsplit(address)
    config = yaml.safe_load(parse_qs(parts.query)["config"][0])
    return parts.path, config["ops"]["publish"]["config"]


def test_it_names_the_asset_and_the_run_and_leaves_the_message_to_a_person(
    instance: Instance, resource: rd.FeatureRegistry, tmp_path: Path
) -> None:
    result = run(instance, resource, cells_asset(tmp_path / "cells.parquet"))
    (link,) = links(result)
    path, config = opened(link)
    assert path == "/locations/__repository__@fly%20lab/jobs/publish_feature_table/playground/setup"
    assert config == {"asset": "cells", "run_id": result.run_id}


def test_it_names_the_partition(instance: Instance, resource: rd.FeatureRegistry, tmp_path: Path) -> None:
    result = run(instance, resource, layered(tmp_path), partition_key="layer 2/3")
    (link,) = links(result)
    _, config = opened(link)
    assert config == {"asset": "cortex/cells", "run_id": result.run_id, "partition": "layer 2/3"}


def test_what_it_fills_in_can_be_published(instance: Instance, resource: rd.FeatureRegistry, tmp_path: Path) -> None:
    asset = layered(tmp_path)
    (link,) = links(run(instance, resource, asset, partition_key="layer_4"))
    _, config = opened(link)
    job = rd.publish_job([asset])
    launched = {"ops": {"publish": {"config": {**config, "message": "For the size paper"}}}}
    assert job.execute_in_process(run_config=launched, instance=instance, resources={"registry": resource}).success


def test_it_leads_to_a_publish_job_of_another_name(
    instance: Instance, resource: rd.FeatureRegistry, tmp_path: Path
) -> None:
    result = run(instance, resource, cells_asset(tmp_path / "cells.parquet"), job_name="publish_cells")
    path, _ = opened(links(result)[0])
    assert "/jobs/publish_cells/" in path


@pytest.mark.parametrize("prefix", ["/dagster", "dagster/", "/dagster/"])
def test_it_is_under_the_web_servers_path_prefix(
    instance: Instance,
    resource: rd.FeatureRegistry,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    prefix: str,
) -> None:
    monkeypatch.setenv("DAGSTER_WEBSERVER_PATH_PREFIX", prefix)
    path, _ = opened(links(run(instance, resource, cells_asset(tmp_path / "cells.parquet")))[0])
    assert path.startswith("/dagster/locations/")


def test_there_is_none_where_it_would_lead_nowhere(
    instance: Instance, resource: rd.FeatureRegistry, tmp_path: Path
) -> None:
    asset = cells_asset(tmp_path / "cells.parquet")
    no_job = dg.Definitions(assets=[asset], jobs=[dg.define_asset_job("make")], resources={"registry": resource})
    assert links(no_job.resolve_job_def("make").execute_in_process(instance=instance, tags=LAUNCHED)) == []
    assert links(run(instance, resource, asset, tags={})) == []  # not launched by Dagster's servers


GRID = dg.MultiPartitionsDefinition(
    {"region": dg.StaticPartitionsDefinition(["V1", "RL"]), "layer": dg.StaticPartitionsDefinition(["2", "4"])}
)


def published(
    instance: Instance, resource: rd.FeatureRegistry, asset: dg.AssetsDefinition, link: str
) -> dg.ExecuteInProcessResult:
    """What a person launches from a link, after writing why."""
    _, config = opened(link)
    return rd.publish_job([asset]).execute_in_process(
        run_config={"ops": {"publish": {"config": {**config, "message": "For the size paper"}}}},
        instance=instance,
        resources={"registry": resource},
    )


def test_a_partition_of_several_dimensions_is_named(
    instance: Instance, resource: rd.FeatureRegistry, tmp_path: Path
) -> None:
    @rd.feature_table(**cells_declared())
    @dg.asset(partitions_def=GRID)
    def cells(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
        return registry.table(context, write_cells(tmp_path / "cells.parquet"))

    result = run(instance, resource, cells, partition_key="2|V1")
    assert result.success
    (link,) = links(result)
    assert opened(link)[1]["partition"] == "2|V1"
    assert published(instance, resource, cells, link).success


def test_a_table_of_an_io_manager_in_several_dimensions_is_linked_to(
    instance: Instance, resource: rd.FeatureRegistry, tmp_path: Path
) -> None:
    @rd.feature_table(**cells_declared())
    @dg.asset(partitions_def=GRID, io_manager_key="files")
    def cells() -> Path:
        return write_cells(tmp_path / "cells.parquet")

    class Files(dg.IOManager):
        def handle_output(self, context: dg.OutputContext, obj: Path) -> None:
            context.add_output_metadata({"path": str(obj)})

        def load_input(self, context: dg.InputContext) -> None: ...

    files = rd.pinning(Files())
    pipeline = dg.Definitions(assets=[cells], jobs=[dg.define_asset_job("make")], resources={"files": files})
    job = rd.definitions(pipeline, registry=resource).resolve_job_def("make")
    assert links(job.execute_in_process(instance=instance, tags=LAUNCHED, partition_key="2|V1"))


@pytest.mark.filterwarnings("ignore::dagster.BetaWarning")
def test_a_run_over_a_range_of_partitions_links_to_each_of_them(
    instance: Instance, resource: rd.FeatureRegistry, registry: rd.Registry, tmp_path: Path
) -> None:
    asset = layered(tmp_path, backfill_policy=dg.BackfillPolicy.single_run())
    ends = {"dagster/asset_partition_range_start": "layer 2/3", "dagster/asset_partition_range_end": "layer_4"}
    result = run(instance, resource, asset, tags={**LAUNCHED, **ends})
    link = links(result)[0]
    assert [target["partition"] for target in opened(link)[1]["targets"]] == ["layer 2/3", "layer_4"]
    assert published(instance, resource, asset, link).success
    assert len(registry.versions("minnie65.cells")) > 0

"""acryl-datahub-dagster-plugin beside us: two views of one run, and one dataset for each table.

Its complaints datahub#12577 and datahub#18106: a second, "dagster" twin of each dataset.
"""

import importlib.util
import os
import re
import sys
import warnings
from collections.abc import Iterator
from logging import getLogger
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import dagster as dg
import polars as pl
import pytest
from datahub.ingestion.graph.config import DatahubClientConfig
from datahub.metadata.urns import DatasetUrn

import registry_dagster as rd
from registry_dagster.dagster.graph.plugin_urns import plugin_urns
from registry_dagster.datahub.urns import materialization_urn, version_urn
from tests.dagster.pipeline import MINNIE_1300, cells_declared, write_cells
from tests.gms.server import StandInGms

Instance = dg.DagsterInstance
Urns = set[str]

# The plugin reads environment, platform and name from a key of three parts and more.
DECLARED = {
    "lab.one": ["cells"],
    "lab.two": ["cortex", "cells"],
    "lab.three": ["PROD", "delta", "cells"],
    "lab.four": ["PROD", "delta", "cortex", "cells"],
}
OTHER = ["PROD", "delta", "notes"]
TABLES = "TABLES_OF_THIS_TEST"
GUIDE = Path(__file__).parents[3] / "docs" / "plugin.md"


@pytest.fixture(scope="module")
def plugin() -> SimpleNamespace:
    """The plugin. What it takes from a parser of SQL, for other ends, need not be installed."""
    pytest.importorskip("datahub_dagster_plugin", reason="acryl-datahub-dagster-plugin is not installed")
    if importlib.util.find_spec("sqlglot") is None:
        for name, parts in {
            "sqlglot_utils": ["get_query_fingerprint"],
            "sqlglot_lineage": ["SqlParsingResult", "create_lineage_sql_parsed_result"],
        }.items():
            parser: Any = ModuleType(f"datahub.sql_parsing.{name}")
            vars(parser).update(dict.fromkeys(parts))
            sys.modules.setdefault(parser.__name__, parser)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from datahub_dagster_plugin.client import dagster_generator
        from datahub_dagster_plugin.sensors import datahub_sensors
    return SimpleNamespace(generator=dagster_generator, sensors=datahub_sensors)


@pytest.fixture
def gms() -> Iterator[StandInGms]:
    with StandInGms() as server:
        yield server


@pytest.fixture
def target(gms: StandInGms) -> str:
    return gms.url


class Sensor:
    """The plugin's sensor, as the daemon evaluates it."""

    def __init__(self, plugin: SimpleNamespace, instance: Instance, gms: StandInGms, **config: Any) -> None:
        server = DatahubClientConfig(server=gms.url)
        settings = plugin.generator.DatahubDagsterSourceConfig(datahub_client_config=server, **config)
        self.definition: dg.SensorDefinition = plugin.sensors.make_datahub_sensor(settings, name="datahub")
        self._instance = instance
        self._cursor: str | None = None

    def start(self, defs: dg.Definitions) -> None:
        """It sees the runs that end from here on."""
        self._defs = defs
        self.see()

    def see(self, runs: int = 1) -> None:
        """It takes one run a tick."""
        for _ in range(runs):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                context = dg.build_sensor_context(
                    instance=self._instance, cursor=self._cursor, definitions=self._defs, sensor_name="datahub"
                )
                self.definition(context)
            self._cursor = context.cursor


def declared_asset(folder: Path, dataset: str, key: list[str]) -> dg.AssetsDefinition:
    @rd.feature_table(**cells_declared(dataset=rd.Dataset(name=dataset)))
    @dg.asset(key=key)
    def cells(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
        return registry.table(context, write_cells(folder / f"{dataset}.parquet"))

    return cells


def pipeline(folder: Path) -> list[dg.AssetsDefinition]:
    """Four declared assets, and another one."""

    @dg.asset(key=OTHER)
    def notes() -> None: ...

    return [*(declared_asset(folder, name, key) for name, key in DECLARED.items()), notes]


def definitions(
    assets: list[dg.AssetsDefinition], resource: rd.FeatureRegistry, sensor: dg.SensorDefinition, **resources: Any
) -> dg.Definitions:
    jobs = [dg.define_asset_job("make")]
    defs = dg.Definitions(assets=assets, jobs=jobs, sensors=[sensor], resources=resources)
    return rd.definitions(defs, registry=resource)


def make(defs: dg.Definitions, instance: Instance) -> None:
    assert defs.resolve_job_def("make").execute_in_process(instance=instance).success


def publish(defs: dg.Definitions, instance: Instance, *keys: list[str]) -> None:
    config = {"message": "First", "targets": [{"asset": "/".join(key)} for key in keys]}
    job = defs.resolve_job_def("publish_feature_table")
    assert job.execute_in_process(instance=instance, run_config={"ops": {"publish": {"config": config}}}).success


def datasets(gms: StandInGms) -> Urns:
    return {urn for urn in gms.entities if urn.startswith("urn:li:dataset:")}


def of_registry(*names: str) -> Urns:
    """The versions, and what they were made against."""
    return {materialization_urn(MINNIE_1300, "PROD"), *(version_urn(f"{name}@v1", "PROD") for name in names)}


def of_plugin(key: list[str]) -> Urns:
    """What the plugin makes of an asset: the asset itself, and the table that its key is taken for."""
    asset, table = dataset("dagster", ".".join(key)), dataset(key[1], ".".join(key[2:]), key[0])
    return {asset, table}


def dataset(platform: str, name: str, env: str = "PROD") -> str:
    return f"urn:li:dataset:(urn:li:dataPlatform:{platform},{name},{env})"


def outputs(entity: dict[str, Any]) -> list[str]:
    """What a run made: those of the list, and those of the edges."""
    aspect = entity.get("dataProcessInstanceOutput", {})
    return [*aspect.get("outputs", []), *(edge["destinationUrn"] for edge in aspect.get("outputEdges", []))]


def run_that_made(gms: StandInGms, version: str) -> dict[str, Any]:
    (run,) = [entity for entity in gms.entities.values() if version in outputs(entity)]
    return run


@pytest.mark.parametrize("plugin_is", ["first", "last"])
def test_no_table_gets_a_second_dataset(
    plugin: SimpleNamespace,
    instance: Instance,
    resource: rd.FeatureRegistry,
    gms: StandInGms,
    tmp_path: Path,
    plugin_is: str,
) -> None:
    assets = pipeline(tmp_path)
    sensor = Sensor(plugin, instance, gms, asset_keys_to_dataset_urn_converter=plugin_urns(assets))
    defs = definitions(assets, resource, sensor.definition)
    sensor.start(defs)

    make(defs, instance)
    if plugin_is == "first":
        sensor.see()
        assert datasets(gms) == of_plugin(OTHER)
    publish(defs, instance, *DECLARED.values())
    sensor.see(runs=2)

    assert datasets(gms) == of_registry(*DECLARED) | of_plugin(OTHER)


def test_nor_where_the_plugin_takes_no_assets_at_all(
    plugin: SimpleNamespace, instance: Instance, resource: rd.FeatureRegistry, gms: StandInGms, tmp_path: Path
) -> None:
    sensor = Sensor(plugin, instance, gms, capture_asset_materialization=False)
    defs = definitions(pipeline(tmp_path), resource, sensor.definition)
    sensor.start(defs)

    make(defs, instance)
    publish(defs, instance, *DECLARED.values())
    sensor.see(runs=2)

    assert datasets(gms) == of_registry(*DECLARED)


def test_by_default_the_plugin_makes_twins_of_keys_of_three_parts_and_more(
    plugin: SimpleNamespace, instance: Instance, resource: rd.FeatureRegistry, gms: StandInGms, tmp_path: Path
) -> None:
    sensor = Sensor(plugin, instance, gms)
    defs = definitions(pipeline(tmp_path), resource, sensor.definition)
    sensor.start(defs)

    make(defs, instance)
    publish(defs, instance, *DECLARED.values())
    sensor.see(runs=2)

    twins = [of_plugin(key) for key in [DECLARED["lab.three"], DECLARED["lab.four"], OTHER]]
    assert datasets(gms) == of_registry(*DECLARED).union(*twins)


@pytest.mark.parametrize(
    "config", [{}, {"emit_assets": False}, {"asset_keys_to_dataset_urn_converter": lambda key: None}]
)
def test_whatever_its_settings_it_makes_a_twin_of_an_asset_that_a_step_observes(
    plugin: SimpleNamespace,
    instance: Instance,
    resource: rd.FeatureRegistry,
    gms: StandInGms,
    config: dict[str, Any],
) -> None:
    @dg.op(out=dg.Out(dg.Nothing))
    def look(context: dg.OpExecutionContext) -> None:
        context.log_event(dg.AssetObservation("cells"))

    @dg.job
    def inspect() -> None:
        look()

    sensor = Sensor(plugin, instance, gms, **config)
    defs = dg.Definitions(jobs=[inspect], sensors=[sensor.definition])
    sensor.start(defs)
    assert defs.resolve_job_def("inspect").execute_in_process(instance=instance).success
    sensor.see()

    assert datasets(gms) == {dataset("dagster", "cells")}


def test_where_it_captures_outputs_it_makes_a_twin_of_the_path_that_an_io_manager_reports(
    plugin: SimpleNamespace, instance: Instance, resource: rd.FeatureRegistry, gms: StandInGms, tmp_path: Path
) -> None:
    polars = pytest.importorskip("dagster_polars", reason="dagster-polars is not installed")

    @rd.feature_table(**cells_declared())
    @dg.asset(io_manager_key="tables")
    def cells() -> pl.DataFrame:
        return pl.DataFrame({"nucleus_id": [1], "root_id": [1]})

    sensor = Sensor(plugin, instance, gms, capture_input_output=True)
    tables = rd.pinning(polars.PolarsParquetIOManager)(base_dir=str(tmp_path))
    defs = definitions([cells], resource, sensor.definition, tables=tables)
    sensor.start(defs)
    make(defs, instance)
    sensor.see()

    assert datasets(gms) == {dataset("file", str(tmp_path / "cells.parquet"))}


def test_other_assets_are_converted_by_the_plugins_own_rule(plugin: SimpleNamespace, tmp_path: Path) -> None:
    config = plugin.generator.DatahubDagsterSourceConfig(
        datahub_client_config=DatahubClientConfig(server="http://localhost")
    )
    environment = plugin.generator.DagsterEnvironment(repository=None, is_cloud=False)
    theirs = plugin.generator.DagsterGenerator(getLogger(), config, environment)
    ours = plugin_urns([])
    for key in [["notes"], ["delta", "notes"], OTHER, ["DEV", "snowflake", "lab", "notes"]]:
        assert ours(key) == theirs.asset_keys_to_dataset_urn_converter(key)


def test_other_assets_are_converted_by_ones_own_rule(tmp_path: Path) -> None:
    asset = declared_asset(tmp_path, "lab.one", ["cells"])
    convert = plugin_urns([asset], otherwise=lambda key: DatasetUrn(platform="delta", name=".".join(key)))
    assert str(convert(["notes"])) == dataset("delta", "notes")
    assert [convert(key) for key in (["cells"], ["registry", "lab.one"], ["cave", "minnie65_public"])] == [None] * 3


def test_declared_specs_and_multi_assets_are_left_to_the_registry() -> None:
    table = rd.FeatureTable(**cells_declared())

    @rd.feature_table({"PROD/delta/cells": table})
    @dg.multi_asset(specs=[dg.AssetSpec(["PROD", "delta", "cells"]), dg.AssetSpec(OTHER)])
    def both() -> tuple[None, None]: ...

    convert = plugin_urns([both, rd.feature_table(table)(dg.AssetSpec(["PROD", "delta", "outside"]))])
    assert convert(["PROD", "delta", "cells"]) is None
    assert convert(["PROD", "delta", "outside"]) is None
    assert str(convert(OTHER)) == dataset("delta", "notes")


def made_in_a_module() -> dg.JobDefinition:
    """A job as a code location loads it: from a module, which both views name it after."""
    asset = declared_asset(Path(os.environ[TABLES]), "lab.one", ["cells"])
    resources = {"registry": rd.FeatureRegistry()}
    defs = dg.Definitions(assets=[asset], jobs=[dg.define_asset_job("make")], resources=resources)
    return defs.resolve_job_def("make")


@pytest.mark.parametrize("plugin_is", ["first", "last"])
def test_what_both_report_of_a_run_is_in_one_place(
    plugin: SimpleNamespace,
    instance: Instance,
    resource: rd.FeatureRegistry,
    gms: StandInGms,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    plugin_is: str,
) -> None:
    monkeypatch.setenv(TABLES, str(tmp_path))
    asset = declared_asset(tmp_path, "lab.one", ["cells"])
    sensor = Sensor(plugin, instance, gms, asset_keys_to_dataset_urn_converter=plugin_urns([asset]))
    defs = definitions([asset], resource, sensor.definition)
    sensor.start(defs)

    here = {"execution": {"config": {"in_process": {}}}}
    with dg.execute_job(dg.reconstructable(made_in_a_module), instance, run_config=here) as result:
        assert result.success
    if plugin_is == "first":
        sensor.see()
    publish(defs, instance, ["cells"])
    sensor.see(runs=2)

    flow = f"urn:li:dataFlow:(dagster,{__name__}/make,PROD)"
    job = f"urn:li:dataJob:({flow},{__name__}/cells)"
    run = run_that_made(gms, version_urn("lab.one@v1", "PROD"))
    assert run["dataProcessInstanceRelationships"]["parentTemplate"] == job
    assert run["dataProcessInstanceRunEvent"]["result"]["type"] == "SUCCESS"
    assert run["dataProcessInstanceProperties"]["customProperties"]["step_key"] == "cells"
    assert {urn for urn in gms.entities if urn.startswith("urn:li:dataJob:") and "publish" not in urn} == {job}
    assert {urn for urn in gms.entities if urn.startswith("urn:li:dataFlow:") and "publish" not in urn} == {flow}


def test_outputs_that_the_plugin_replaced_return_when_the_same_is_published_again(
    plugin: SimpleNamespace, instance: Instance, resource: rd.FeatureRegistry, gms: StandInGms, tmp_path: Path
) -> None:
    @rd.feature_table({"cells": rd.FeatureTable(**cells_declared())})
    @dg.multi_asset(specs=[dg.AssetSpec("cells"), dg.AssetSpec(OTHER)])
    def both(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> Iterator[dg.MaterializeResult[Any]]:
        yield registry.table(context, write_cells(tmp_path / "cells.parquet"), asset_key="cells")
        yield dg.MaterializeResult(OTHER)

    sensor = Sensor(plugin, instance, gms, asset_keys_to_dataset_urn_converter=plugin_urns([both]))
    defs = definitions([both], resource, sensor.definition)
    sensor.start(defs)
    make(defs, instance)
    publish(defs, instance, ["cells"])
    sensor.see()
    theirs = dataset("dagster", ".".join(OTHER))
    assert outputs(run_that_made(gms, theirs)) == [theirs]

    publish(defs, instance, ["cells"])

    assert outputs(run_that_made(gms, theirs)) == [
        theirs,
        version_urn("minnie65.cells@v1", "PROD"),
    ]


def test_the_guide_shows_what_the_plugin_takes(plugin: SimpleNamespace) -> None:
    (block,) = re.findall(r"^```py\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    namespace: dict[str, Any] = {"__name__": "guide"}
    exec(compile(block, GUIDE.name, "exec", dont_inherit=True), namespace)
    defs: dg.Definitions = namespace["defs"]
    assert defs.resolve_sensor_def("datahub_sensor").name == "datahub_sensor"

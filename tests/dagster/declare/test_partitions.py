"""Materialization versions as partitions: each partition's table is declared against its own version."""

import re
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

import registry_dagster as rd
from registry_dagster.dagster.declare.partitions import MaterializationPartitions
from registry_dagster.dagster.pin.frozen import frozen_in
from registry_dagster.errors import InvalidDeclaration
from tests.dagster.pipeline import MINNIE_943, MINNIE_1300, cells_declared, failure, materialize, publish, write_cells

HEMIBRAIN = rd.MaterializationVersion(system="hemibrain", version="v1.2.1", source="neuprint")
REGIONS = dg.StaticPartitionsDefinition(["V1", "RL"])
Instance = dg.DagsterInstance
SINGLE_RUN = pytest.mark.filterwarnings("ignore:Parameter `backfill_policy`")  # in beta


@pytest.fixture
def versions() -> MaterializationPartitions:
    return MaterializationPartitions([MINNIE_943, MINNIE_1300])


@pytest.fixture
def grid(versions: MaterializationPartitions) -> dg.MultiPartitionsDefinition:
    return dg.MultiPartitionsDefinition({"version": versions.definition, "region": REGIONS})


def cells_asset(
    folder: Path, materializations: Any, partitions_def: dg.PartitionsDefinition, **options: Any
) -> dg.AssetsDefinition:
    @rd.feature_table(**cells_declared(materializations=materializations))
    @dg.asset(partitions_def=partitions_def, **options)
    def cells(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
        name = "_".join(context.partition_keys).replace("|", "-")
        return registry.table(context, write_cells(folder / f"{name}.parquet"))

    return cells


def run(instance: Instance, resource: rd.FeatureRegistry, asset: dg.AssetsDefinition, **options: Any) -> Any:
    return materialize(instance, resource, asset, raise_on_error=False, **options)


def frozen(instance: Instance) -> dict[str, list[str]]:
    """Partition → the versions its materialization was frozen with."""
    records = instance.fetch_materializations(dg.AssetKey("cells"), limit=100).records
    events = [record.asset_materialization for record in records]
    return {
        event.partition or "": [str(each) for each in frozen_in(event.metadata).feature_table.materializations]
        for event in events
        if event is not None
    }


def test_each_version_is_a_partition_named_as_the_system_writes_it(versions: MaterializationPartitions) -> None:
    assert versions.definition.get_partition_keys() == ["943", "1300"]
    assert versions("1300") == (MINNIE_1300,)
    assert versions.versions == (MINNIE_943, MINNIE_1300)


def test_a_partition_is_published_against_its_own_version(
    instance: Instance,
    resource: rd.FeatureRegistry,
    registry: rd.Registry,
    versions: MaterializationPartitions,
    tmp_path: Path,
) -> None:
    asset = cells_asset(tmp_path, versions, versions.definition)
    for key in ("943", "1300"):
        assert run(instance, resource, asset, partition_key=key).success
        assert publish(instance, resource, asset="cells", partition=key, message="One a version").success

    published = [registry.get(f"minnie65.cells@v{number}") for number in (1, 2)]
    assert [record.materializations for record in published] == [(MINNIE_943,), (MINNIE_1300,)]


def test_one_partition_may_be_made_against_several_systems(
    instance: Instance, resource: rd.FeatureRegistry, tmp_path: Path
) -> None:
    both = MaterializationPartitions({"first": MINNIE_943, "compared": [MINNIE_1300, HEMIBRAIN]})
    asset = cells_asset(tmp_path, both, both.definition)
    for key in ("first", "compared"):
        assert run(instance, resource, asset, partition_key=key).success

    assert frozen(instance) == {
        "first": ["minnie65_public@943"],
        "compared": ["minnie65_public@1300", "hemibrain@v1.2.1"],
    }
    assert both.versions == (MINNIE_943, MINNIE_1300, HEMIBRAIN)


@pytest.mark.parametrize("key", ["V1|1300", dg.MultiPartitionKey({"version": "1300", "region": "V1"})])
def test_along_a_dimension_the_other_ones_do_not_matter(
    instance: Instance,
    resource: rd.FeatureRegistry,
    versions: MaterializationPartitions,
    grid: dg.MultiPartitionsDefinition,
    key: str,
    tmp_path: Path,
) -> None:
    along = versions.along("version", of=grid)
    assert run(instance, resource, cells_asset(tmp_path, along, grid), partition_key=key).success
    assert frozen(instance) == {"V1|1300": ["minnie65_public@1300"]}


def test_a_partition_of_several_dimensions_is_published(
    instance: Instance,
    resource: rd.FeatureRegistry,
    registry: rd.Registry,
    versions: MaterializationPartitions,
    grid: dg.MultiPartitionsDefinition,
    tmp_path: Path,
) -> None:
    asset = cells_asset(tmp_path, versions.along("version", of=grid), grid)
    assert run(instance, resource, asset, partition_key="RL|943").success
    assert publish(instance, resource, asset="cells", partition="RL|943", message="One region").success
    assert registry.get("minnie65.cells@v1").materializations == (MINNIE_943,)


@given(st.data())
def test_every_key_of_every_grid_leads_to_its_version(data: st.DataObject) -> None:
    names = data.draw(st.lists(st.text("abz_", min_size=1, max_size=4), min_size=2, max_size=2, unique=True))
    numbers = data.draw(st.lists(st.integers(1, 9999), min_size=1, max_size=5, unique=True))
    versions = MaterializationPartitions([rd.MaterializationVersion(system="m", version=each) for each in numbers])
    others = dg.StaticPartitionsDefinition(data.draw(st.lists(st.text("19x. -", min_size=1, max_size=2), unique=True)))
    grid = dg.MultiPartitionsDefinition({names[0]: versions.definition, names[1]: others})
    along = versions.along(names[0], of=grid)
    for key in grid.get_partition_keys():
        wanted = versions(key.keys_by_dimension[names[0]])
        assert along(key) == along(str(key)) == wanted


@SINGLE_RUN
def test_a_single_run_backfill_of_one_version_freezes_it_for_every_partition(
    instance: Instance,
    resource: rd.FeatureRegistry,
    versions: MaterializationPartitions,
    grid: dg.MultiPartitionsDefinition,
    tmp_path: Path,
) -> None:
    along = versions.along("version", of=grid)
    asset = cells_asset(tmp_path, along, grid, backfill_policy=dg.BackfillPolicy.single_run())
    assert run(instance, resource, asset, tags=backfill("V1|1300", "RL|1300")).success
    assert frozen(instance) == {key: ["minnie65_public@1300"] for key in ("V1|1300", "RL|1300")}


@SINGLE_RUN
def test_a_single_run_backfill_over_several_releases_is_refused(
    instance: Instance, resource: rd.FeatureRegistry, versions: MaterializationPartitions, tmp_path: Path
) -> None:
    asset = cells_asset(tmp_path, versions, versions.definition, backfill_policy=dg.BackfillPolicy.single_run())
    result = run(instance, resource, asset, tags=backfill("943", "1300"))
    assert not result.success
    assert "943 to 1300 are made against different materialization versions; run them one by one" in failure(result)
    assert frozen(instance) == {}


def test_upstream_systems_stand_in_the_graph_before_any_run(
    resource: rd.FeatureRegistry, versions: MaterializationPartitions, grid: dg.MultiPartitionsDefinition
) -> None:
    asset = cells_asset(Path(), versions.along("version", of=grid), grid)
    defs = rd.definitions(dg.Definitions(assets=[asset]), registry=resource)
    dg.Definitions.validate_loadable(defs)
    parents = defs.resolve_asset_graph().get(dg.AssetKey(["registry", "minnie65.cells"])).parent_keys
    assert parents == {asset.key, dg.AssetKey(["cave", "minnie65_public"])}


def test_an_unknown_partition_is_answered_with_the_known_ones(versions: MaterializationPartitions) -> None:
    with pytest.raises(InvalidDeclaration, match="partition '130'; did you mean '1300'.* Known: 943, 1300"):
        versions("130")


def test_a_key_of_several_dimensions_is_answered_with_along(versions: MaterializationPartitions) -> None:
    with pytest.raises(InvalidDeclaration, match=r"of several dimensions.*versions\.along\("):
        versions("V1|1300")


@pytest.mark.parametrize("key", ["1300", "V1|1300|x", dg.MultiPartitionKey({"region": "V1", "layer": "4"})])
def test_a_key_of_other_dimensions_is_refused(
    versions: MaterializationPartitions, grid: dg.MultiPartitionsDefinition, key: str
) -> None:
    with pytest.raises(InvalidDeclaration, match=r"not a key of the dimensions region, version.*<region>\|<version>"):
        versions.along("version", of=grid)(key)


def test_a_dimension_must_hold_these_versions(
    versions: MaterializationPartitions, grid: dg.MultiPartitionsDefinition
) -> None:
    with pytest.raises(InvalidDeclaration, match="no dimension 'versio'; did you mean 'version'.*region, version"):
        versions.along("versio", of=grid)
    with pytest.raises(InvalidDeclaration, match="'region' does not have these materialization versions"):
        versions.along("region", of=grid)


@pytest.mark.parametrize("key", ["1...2", "a|b", "a,b", "[a", "a]", "a\nb", "a\0b", ""])
def test_a_key_that_dagster_cannot_take_is_refused(key: str) -> None:
    with pytest.raises(InvalidDeclaration, match="partition key"):
        MaterializationPartitions({key: MINNIE_943})


@pytest.mark.parametrize("key", ["v1.2.1", "minnie65_public@1300", "2025-01-13 10:10", "δ/β", "a..b"])
def test_any_other_key_is_good_in_several_dimensions_too(key: str) -> None:
    partitions = MaterializationPartitions({key: MINNIE_943})
    grid = dg.MultiPartitionsDefinition({"version": partitions.definition, "region": REGIONS})
    assert partitions.along("version", of=grid)(f"V1|{key}") == (MINNIE_943,)


def test_two_versions_with_one_key_need_other_keys() -> None:
    other = rd.MaterializationVersion(system="h01", version=943)
    with pytest.raises(InvalidDeclaration, match="minnie65_public@943 and h01@943 have the same partition key; choose"):
        MaterializationPartitions([MINNIE_943, other])


@pytest.mark.parametrize("nothing", [[], {}])
def test_no_versions_are_no_partitions(nothing: Any) -> None:
    with pytest.raises(InvalidDeclaration, match="no versions are given; give at least one"):
        MaterializationPartitions(nothing)


def test_a_partition_names_at_least_one_version() -> None:
    with pytest.raises(InvalidDeclaration, match="partition 'first' has no materialization version"):
        MaterializationPartitions({"first": []})


def backfill(first: str, last: str) -> dict[str, str]:
    """What Dagster tags a run over a range of partitions with."""
    return {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}


def test_what_the_guide_shows_runs(
    instance: Instance,
    resource: rd.FeatureRegistry,
    registry: rd.Registry,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    guide = (Path(__file__).parents[3] / "docs" / "partitions.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    shown: dict[str, Any] = {"__name__": "guide"}
    for block in re.findall(r"^```python\n(.*?)^```", guide, re.DOTALL | re.MULTILINE):
        exec(compile(block, "partitions.md", "exec", dont_inherit=True), shown)

    for name, key in (("nuclei", "1300"), ("synapses", "V1|943")):
        assert run(instance, resource, shown[name], partition_key=key).success
        assert publish(instance, resource, asset=name, partition=key, message="As the guide says").success
    assert registry.get("minnie65.nuclei@v1").materializations == (shown["M1300"],)
    assert registry.get("minnie65.synapses@v1").materializations == (shown["M943"],)
    assert [str(version) for version in shown["compared"]("2025")] == ["minnie65_public@1300", "h01@c3"]

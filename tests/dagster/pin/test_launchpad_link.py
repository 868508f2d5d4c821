"""The "Publish…" link on each materialization: a launchpad that is filled in except for the message."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import dagster as dg
import pytest
import yaml

import registry_dagster as rd
from tests.dagster.pin.launched import Lab
from tests.dagster.pipeline import LAUNCHED

pytestmark = [
    pytest.mark.on_disk,
    pytest.mark.filterwarnings("ignore::dagster.BetaWarning"),
    # `dg launch` takes no tags.
    pytest.mark.filterwarnings("ignore::dagster.SupersessionWarning"),
]

Instance = dg.DagsterInstance
LINK = "registry/publish_link"
CELL = {"dagster/partition": "2|V1", "dagster/partition/layer": "2", "dagster/partition/region": "V1"}


@pytest.fixture
def lab(instance: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    return Lab(instance, tmp_path / "dagster", monkeypatch)


def over(first: str, last: str) -> dict[str, str]:
    """The tags of a run over a range of partitions."""
    return {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}


def opened(link: str) -> tuple[str, dict[str, Any]]:
    """The page that a link opens, and the config it is filled with."""
    address = link.removeprefix("[**Publish…**](").removesuffix(")")
    parts = urlsplit(address)
    config = yaml.safe_load(parse_qs(parts.query)["config"][0])
    return parts.path, config["ops"]["publish"]["config"]


def publish(lab: Lab, resource: rd.FeatureRegistry, link: str) -> None:
    """What a person launches from a link, after writing why."""
    from tests.dagster.pin.lab import defs  # Dagster warns of a beta where it is imported.

    path, config = opened(link)
    job = defs.resolve_job_def(path.split("/")[4])
    launched = {"ops": {"publish": {"config": {**config, "message": "For the size paper"}}}}
    assert job.execute_in_process(run_config=launched, instance=lab.instance, resources={"registry": resource}).success


def test_it_names_the_asset_and_the_run_and_leaves_the_message_to_a_person(lab: Lab) -> None:
    path, config = opened(lab.metadata("cells")[LINK])
    assert path == "/locations/__repository__@fly%20lab/jobs/publish_feature_table/playground/setup"
    (run,) = lab.instance.get_runs()
    assert config == {"asset": "cells", "run_id": run.run_id}


def test_it_is_the_first_of_the_rows_in_the_order_in_which_people_read(lab: Lab) -> None:
    assert list(lab.metadata("cells")) == [
        LINK,
        "registry/summary",
        "dagster/row_count",
        "dagster/size_bytes",
        "dagster/uri",
        "dagster/table_name",
        "registry/column_types",
        "path",
        "took",
        "note",
        "registry/frozen",
    ]


def test_it_names_the_partition_and_what_it_fills_in_can_be_published(
    lab: Lab, resource: rd.FeatureRegistry, registry: rd.Registry
) -> None:
    link = lab.metadata("layered", {**LAUNCHED, "dagster/partition": "layer 2/3"})[LINK]
    (run,) = lab.instance.get_runs()
    assert opened(link)[1] == {"asset": "cortex/layered", "run_id": run.run_id, "partition": "layer 2/3"}
    publish(lab, resource, link)
    assert registry.get("minnie65.layered@v1").provenance.dagster_partition == "layer 2/3"


def test_it_leads_to_a_publish_job_of_another_name(lab: Lab) -> None:
    path, _ = opened(lab.metadata("named")[LINK])
    assert "/jobs/publish_cells/" in path


@pytest.mark.parametrize("prefix", ["/dagster", "dagster/"])
def test_it_is_under_the_web_servers_path_prefix(lab: Lab, monkeypatch: pytest.MonkeyPatch, prefix: str) -> None:
    monkeypatch.setenv("DAGSTER_WEBSERVER_PATH_PREFIX", prefix)
    assert opened(lab.metadata("cells")[LINK])[0].startswith("/dagster/locations/")


def test_there_is_none_where_it_would_lead_nowhere(lab: Lab) -> None:
    assert LINK not in lab.metadata("apart")  # no gate takes it
    assert LINK not in lab.metadata("cells", {})  # not launched by Dagster's servers
    assert LINK not in lab.metadata("many", {**LAUNCHED, **over("0", "20")})  # too many for an address


@pytest.mark.parametrize("name", ["grid", "files_grid"])
def test_a_partition_of_several_dimensions_is_named(lab: Lab, resource: rd.FeatureRegistry, name: str) -> None:
    link = lab.metadata(name, {**LAUNCHED, **CELL})[LINK]
    assert opened(link)[1]["partition"] == "2|V1"
    publish(lab, resource, link)


def test_a_run_over_a_range_of_partitions_links_to_each_of_them(
    lab: Lab, resource: rd.FeatureRegistry, registry: rd.Registry
) -> None:
    link = lab.metadata("at_once", {**LAUNCHED, **over("layer 2/3", "layer_4")})[LINK]
    assert [target["partition"] for target in opened(link)[1]["targets"]] == ["layer 2/3", "layer_4"]
    publish(lab, resource, link)
    assert len(registry.versions("minnie65.at_once")) > 0


def test_a_published_reference_leads_to_the_key_that_a_translator_chose(lab: Lab) -> None:
    (dep,) = lab.metadata("joined")["dagster/column_lineage"].deps_by_column["nucleus_id"]
    assert dep.asset_key == dg.AssetKey(["lab", "registry", "lab.nuclei"])

"""Beside DataHub's own crawls: an edge to the entity of the physical table if there is one, never a ghost."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pytest

from registry_dagster.datahub.crawled import LINK, CrawlRule, crawled_urn
from registry_dagster.datahub.proposal import Entity
from registry_dagster.datahub.urns import version_urn
from registry_dagster.errors import AccessDenied, RegistryError
from registry_dagster.model.table import IcebergPin, TableFacts
from registry_dagster.registry.crawls import CRAWLS_VARIABLE, crawl_rules
from registry_dagster.registry.registry import Registry
from tests.gms.server import StandInGms
from tests.registry.crawl import crawl
from tests.registry.declared import declared, facts

VERSION = version_urn("hemibrain.neurons@v1", "PROD")
CRAWLED = "urn:li:dataset:(urn:li:dataPlatform:delta-lake,data/neurons,PROD)"


@pytest.fixture
def gms(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandInGms]:
    monkeypatch.delenv(CRAWLS_VARIABLE, raising=False)
    with StandInGms() as server:
        yield server


def published(gms: StandInGms, **parts: Any) -> dict[str, Any]:
    """The aspects of a version that was just published."""
    with Registry.open(gms.url, publisher="ada@lab.org") as registry:
        registry.publish(declared(), facts(**parts), message="first")
        assert registry.verify("hemibrain.neurons@v1", record=True).record == ()
        assert not registry.publish(declared(), facts(**parts), message="again").created
    return gms.entities[VERSION]


def upstreams(version: dict[str, Any]) -> list[str]:
    return [each["dataset"] for each in version["upstreamLineage"]["upstreams"]]


def test_a_table_that_was_crawled_is_upstream_and_linked(gms: StandInGms) -> None:
    gms.put(CRAWLED, "status", {"removed": False})
    before = gms.entities[CRAWLED]
    version = published(gms)
    assert upstreams(version)[1:] == [CRAWLED]
    assert version["datasetProperties"]["customProperties"][LINK] == CRAWLED
    assert gms.entities[CRAWLED] == before, "nothing is written on theirs"


@pytest.mark.parametrize("crawled", [None, True])
def test_a_table_that_was_not_crawled_or_was_removed_leaves_no_ghost(gms: StandInGms, crawled: bool | None) -> None:
    if crawled:
        gms.put(CRAWLED, "status", {"removed": True})
    version = published(gms)
    assert CRAWLED not in json.dumps(version)
    assert crawled or CRAWLED not in gms.entities


def test_a_rule_names_what_a_lab_crawls_in_its_own_way(
    gms: StandInGms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = "urn:li:dataset:(urn:li:dataPlatform:s3,minio.lab/neurons,DEV)"
    rules = tmp_path / "crawls.yaml"
    rules.write_text("- {prefix: /data/, platform: s3, instance: minio, env: DEV, name: 'lab/{path}'}\n")
    monkeypatch.setenv(CRAWLS_VARIABLE, str(rules))
    gms.put(theirs, "status", {"removed": False})
    assert theirs in upstreams(published(gms))


def test_a_token_that_may_not_view_the_crawl_publishes_all_the_same(
    gms: StandInGms, monkeypatch: pytest.MonkeyPatch
) -> None:
    gms.put(CRAWLED, "status", {"removed": False})
    with Registry.open(gms.url, publisher="ada@lab.org") as registry:
        store = registry._store  # pyright: ignore[reportPrivateUsage]
        read = store.read

        def reading(urns: Collection[str], aspects: Collection[str] = ()) -> dict[str, Entity]:
            if CRAWLED in urns:
                raise AccessDenied("403")
            return read(urns, aspects)

        monkeypatch.setattr(store, "read", reading)
        assert registry.publish(declared(), facts(), message="first").created
    assert CRAWLED not in upstreams(gms.entities[VERSION])


@pytest.mark.parametrize(
    "text",
    ["prefix: /data/", "- {platform: s3}", "- {prefix: a, colour: red}", "- {prefix: a, lowercase: 1}", "- [", None],
)
def test_rules_that_cannot_be_used_are_named(
    gms: StandInGms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    rules = tmp_path / "crawls.yaml"
    if text is not None:
        rules.write_text(text)
    monkeypatch.setenv(CRAWLS_VARIABLE, str(rules))
    with Registry.open(gms.url, publisher="ada") as registry, pytest.raises(RegistryError, match=r"crawls\.yaml"):
        registry.publish(declared(), facts(), message="first")


def test_an_instance_is_the_text_that_was_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "crawls.yaml").write_text("- {prefix: s3://lab/, instance: 0626}\n- {prefix: s3://on/, env: on}\n")
    monkeypatch.setenv(CRAWLS_VARIABLE, str(tmp_path / "crawls.yaml"))
    first, second = crawl_rules()
    assert (first.instance, second.env) == ("0626", "on")


def at(location: str, **parts: Any) -> TableFacts:
    return facts(location=location).model_copy(update=parts)


@pytest.mark.parametrize(
    ("location", "name"),
    [
        ("s3://lab/tables/cells", "delta-lake,lab/tables/cells"),
        ("/data/cells", "delta-lake,data/cells"),
    ],
)
def test_names_are_those_of_datahubs_delta_source(location: str, name: str) -> None:
    assert crawled_urn(at(location), "PROD") == f"urn:li:dataset:(urn:li:dataPlatform:{name},PROD)"


def test_the_longest_prefix_counts() -> None:
    rules = [CrawlRule(prefix="s3://lab/", instance="all"), CrawlRule(prefix="s3://lab/em/", instance="em")]
    assert "delta-lake,em.lab/em/cells" in crawled_urn(at("s3://lab/em/cells"), "PROD", rules)
    assert "delta-lake,all.lab/cells" in crawled_urn(at("s3://lab/cells"), "PROD", rules)


def test_the_name_is_that_of_datahubs_iceberg_source(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyiceberg.catalog.sql import SqlCatalog

    properties = {"uri": f"sqlite:///{tmp_path}/catalog.db", "warehouse": f"file://{tmp_path}/warehouse"}
    catalog = SqlCatalog("lab", **properties)
    catalog.create_namespace("em")
    table = catalog.create_table("em.cells", pa.schema([("id", pa.int64())]))
    config = {"catalog": {"lab": {"type": "sql", **properties}}, "platform_instance": "lab"}
    written = crawl(tmp_path, "iceberg", config, whole=False)
    pin = IcebergPin(
        table_uuid=str(table.metadata.table_uuid),
        snapshot_id=1,
        schema_id=0,
        metadata_location=table.metadata_location,
        catalog="lab",
        identifier="em.cells",
    )
    ours = crawled_urn(at(table.location(), pin=pin), "PROD", [CrawlRule(prefix="/", instance="lab")])
    assert ours in {each.get("entityUrn") for each in written}

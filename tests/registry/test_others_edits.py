"""What others write over our entities in DataHub, by hand or by an ingestion, stops neither reading nor publishing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from registry_dagster.datahub.proposal import Proposal
from registry_dagster.datahub.urns import container_urn, materialization_urn, version_urn
from registry_dagster.errors import CorruptRecord
from registry_dagster.http import HttpClient
from registry_dagster.registry.registry import Registry
from registry_dagster.stores.gms.store import GmsStore
from registry_dagster.stores.lite.store import LiteStore
from tests.gms.server import StandInGms
from tests.registry.declared import HEMIBRAIN, declared, facts, reference

NEURONS, SYNAPSES = "hemibrain.neurons@v1", "hemibrain.synapses@v1"
VERSION, DATASET = version_urn(NEURONS, "PROD"), container_urn("hemibrain.neurons", "PROD")
UPSTREAM = materialization_urn(HEMIBRAIN, "PROD")
ELSEWHERE = "urn:li:dataset:(urn:li:dataPlatform:s3,lake/copy,PROD)"
BOB = "urn:li:corpuser:bob"
EDITS: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
    "deprecated without a note": [(VERSION, "deprecation", {"deprecated": True, "actor": BOB})],
    "deprecated for a table that is no version": [
        (VERSION, "deprecation", {"deprecated": True, "note": "old", "actor": BOB, "replacement": ELSEWHERE})
    ],
    "deprecated for something odd on our platform": [
        (
            VERSION,
            "deprecation",
            {"deprecated": True, "note": "old", "actor": BOB, "replacement": version_urn("Old Table", "PROD")},
        )
    ],
    "another sub type": [(VERSION, "subTypes", {"typeNames": ["Table"]})],
    "properties of a version overwritten": [(VERSION, "datasetProperties", {"description": "x", "tags": []})],
    "properties of a version broken": [(VERSION, "datasetProperties", {"customProperties": {"materializations": "["}})],
    "properties of a dataset overwritten": [(DATASET, "containerProperties", {"name": "Neurons"})],
    "a property added to a dataset": [
        (DATASET, "containerProperties", {"name": "n", "customProperties": {"name": "hemibrain.neurons", "cost": "3"}})
    ],
    "properties of an upstream version overwritten": [(UPSTREAM, "datasetProperties", {"description": "x"})],
    "a container of ours that is not ours": [
        ("urn:li:container:1", "subTypes", {"typeNames": ["Feature Dataset"]}),
        ("urn:li:container:1", "containerProperties", {"name": "x"}),
    ],
    "a table with our sub type": [
        (ELSEWHERE, "subTypes", {"typeNames": ["Feature Dataset Version"]}),
        (ELSEWHERE, "datasetProperties", {"customProperties": {}}),
        (ELSEWHERE, "schemaMetadata", {"fields": []}),
    ],
}
LOST = {"properties of a version overwritten", "properties of a version broken"}


@pytest.fixture(params=["lite", "gms"])
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Registry]:
    if request.param == "lite":
        with Registry(LiteStore(tmp_path / "registry.db"), publisher="ada@lab.org") as opened:
            yield opened
        return
    with StandInGms() as gms, Registry(GmsStore(HttpClient(gms.url)), publisher="ada@lab.org") as opened:
        yield opened


@pytest.mark.parametrize("edit", EDITS)
def test_everything_else_can_be_read_and_published(
    registry: Registry, edit: str, caplog: pytest.LogCaptureFixture
) -> None:
    registry.publish(declared(), facts(1), message="first")
    registry.publish(declared("hemibrain.synapses"), facts(2), message="first")
    registry._store.upsert([Proposal(*each) for each in EDITS[edit]])
    with Registry(registry._store, publisher="ada@lab.org") as again:
        found = {row.version for row in again.find()}
        assert found == ({SYNAPSES} if edit in LOST else {NEURONS, SYNAPSES})
        assert (f"{NEURONS} is left out" in caplog.text) == (edit in LOST)
        assert {each.name for each in again.datasets()} >= {"hemibrain.synapses"}
        assert list(again.materializations()) == ([] if "upstream" in edit else [HEMIBRAIN])
        again.dependents(HEMIBRAIN)
        assert again.publish(declared(title="Neurons"), facts(3), message="next").version == "hemibrain.neurons@v2"
        joined = declared("hemibrain.partners", references=(reference("hemibrain.neurons"),))
        assert again.publish(joined, facts(4), message="joined").created
        assert "hemibrain.neurons@v2" in {row.version for row in again.find("neurons")}


def test_a_version_that_was_overwritten_is_told_as_that_when_it_is_asked_for(registry: Registry) -> None:
    registry.publish(declared(), facts(1), message="first")
    registry._store.upsert([Proposal(*each) for each in EDITS["properties of a version overwritten"]])
    with pytest.raises(CorruptRecord):
        registry.get(NEURONS)
    registry.retire(NEURONS, reason="its record was overwritten")
    assert registry.retirements("hemibrain.neurons").keys() == {NEURONS}


def test_a_deprecation_made_in_datahub_is_shown_as_a_retirement(registry: Registry) -> None:
    registry.publish(declared(), facts(1), message="first")
    registry._store.upsert([Proposal(*EDITS["deprecated without a note"][0])])
    (row,) = registry.find(retired=True)
    assert row.retired == "retired by bob in DataHub: no reason was given"

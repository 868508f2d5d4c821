"""Where DataHub shows things: versions below their Dataset, materialization versions below their system."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from registry_dagster.datahub.urns import container_urn, materialization_urn, version_urn
from registry_dagster.registry.registry import Registry
from tests.gms.server import StandInGms
from tests.registry.declared import HEMIBRAIN, declared, facts

DATASET = container_urn("hemibrain.neurons", "PROD")
VERSION = version_urn("hemibrain.neurons@v1", "PROD")


@pytest.fixture
def gms() -> Iterator[StandInGms]:
    """With one version published."""
    with StandInGms() as server, Registry.open(server.url, publisher="ada@lab.org") as registry:
        registry.publish(declared(owners=["team:fly", "bob"]), facts(), message="first")
        yield server


def path(gms: StandInGms, urn: str) -> Any:
    return gms.entities[urn]["browsePathsV2"]["path"]


def test_a_version_hangs_under_its_dataset(gms: StandInGms) -> None:
    assert path(gms, VERSION) == [{"id": DATASET, "urn": DATASET}]
    assert path(gms, DATASET) == []


def test_a_materialization_version_hangs_under_its_system_not_in_folders_of_its_dots(gms: StandInGms) -> None:
    assert path(gms, materialization_urn(HEMIBRAIN, "PROD")) == [{"id": "hemibrain"}]


def test_a_path_that_a_server_made_anew_or_that_an_earlier_release_left_to_it_is_no_change(gms: StandInGms) -> None:
    with Registry.open(gms.url) as registry:
        gms.put(VERSION, "browsePathsV2", {"path": [{"id": "Default"}]})
        assert registry.verify("hemibrain.neurons@v1", record=True).record == ()
        gms.delete(VERSION, "browsePathsV2")
        assert registry.verify("hemibrain.neurons@v1", record=True).record == ()


def test_publishing_the_same_again_gives_an_earlier_release_s_version_its_place(gms: StandInGms) -> None:
    gms.delete(VERSION, "browsePathsV2")
    with Registry.open(gms.url, publisher="ada@lab.org") as registry:
        assert not registry.publish(declared(), facts(), message="again").created
    assert path(gms, VERSION) == [{"id": DATASET, "urn": DATASET}]


@pytest.mark.parametrize("urn", [DATASET, VERSION])
def test_owners_have_a_type_that_is_not_deprecated(gms: StandInGms, urn: str) -> None:
    assert {each["type"] for each in gms.entities[urn]["ownership"]["owners"]} == {"TECHNICAL_OWNER"}

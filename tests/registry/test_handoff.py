"""From a machine that cannot reach DataHub: a folder of proposals, delivered later."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from datahub.emitter.mcp import MetadataChangeProposalWrapper
from datahub.ingestion.api.common import PipelineContext
from datahub.ingestion.source.file import FileSourceConfig, GenericFileSource, read_metadata_file
from datahub.metadata.schema_classes import MetadataChangeProposalClass

from registry_dagster.errors import CorruptRecord, NotPublished, RegistryError
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.registry.handoff import Delivery, deliveries, handed_off
from registry_dagster.registry.plan import Origin, Publication, Receipt
from registry_dagster.registry.registry import Registry
from tests.gms.server import StandInGms
from tests.registry.declared import declared, facts, reference

RUN = Origin(
    run_id="run-1",
    asset="flies/synapses",
    partition="DA1",
    job="flies/daily",
    op="flies/synapses",
    inputs=[("hemibrain.neurons", facts(1, location="/data/neurons").identity)],
    column_lineage={"body_id": [("hemibrain.neurons", "body_id")]},
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a machine without a way to DataHub left: three versions of two datasets, joined and derived."""
    folder = tmp_path / "handoff"
    with Registry.open(f"file://{folder}", publisher="hpc@lab.org") as registry:
        for number in range(2):
            neurons = declared(title="Größe, (b)", owners=["team:fly"], tags=["fly"])
            registry.publish(neurons, facts(number, location="/data/neurons"), message=f"neurons {number}")
        joined = declared("hemibrain.synapses", references=(reference("hemibrain.neurons"),))
        registry.publish(joined, facts(location="/data/synapses"), message="synapses", label="pilot", origin=RUN)
    return folder


@pytest.fixture(params=["lite", "gms"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "lite":
        yield f"lite://{tmp_path}/registry.db"
    else:
        with StandInGms() as gms:
            yield gms.url


def meaning(record: DatasetVersion) -> dict[str, Any]:
    """All of a record but what is given where it is pushed to."""
    whole = {**record.to_json(), "provenance": {**record.to_json()["provenance"]}}
    for given in ("published_at", "handed_off_at", "handed_off_digest"):
        whole["provenance"].pop(given, None)
    return whole


def _generic(entry: dict[str, Any]) -> dict[str, Any]:
    """The form with the aspect as text."""
    text = json.dumps(entry["aspect"]["json"])
    return {**entry, "aspect": {"value": text, "contentType": "application/json"}}


def publication(delivery: Delivery) -> Publication:
    assert isinstance(delivery.publication, Publication), delivery.publication
    return delivery.publication


def push(folder: Path, target: str) -> list[tuple[str, bool]]:
    with Registry.open(target) as registry:
        versions = deliveries(registry, handed_off(folder).versions)
        outcomes = registry.publish_many([publication(each) for each in versions])
    return [
        (outcome.version, outcome.created) if isinstance(outcome, Receipt) else (str(outcome), False)
        for outcome in outcomes
    ]


def test_everything_is_published_as_it_was_handed_off(folder: Path, target: str) -> None:
    assert push(folder, target) == [
        ("hemibrain.neurons@v1", True),
        ("hemibrain.neurons@v2", True),
        ("hemibrain.synapses@v1", True),
    ]
    with Registry.open(f"file://{folder}") as here, Registry.open(target) as there:
        for name in ("hemibrain.neurons@v1", "hemibrain.neurons@v2", "hemibrain.synapses@v1"):
            assert meaning(there.get(name)) == meaning(here.get(name))
        assert there.dataset("hemibrain.neurons") == here.dataset("hemibrain.neurons")
        synapses = there.get("hemibrain.synapses")
    assert synapses.provenance.publisher == "hpc@lab.org"
    assert (synapses.provenance.dagster_job, synapses.provenance.dagster_op) == ("flies/daily", "flies/synapses")


def test_pushing_twice_publishes_nothing_twice(folder: Path, target: str) -> None:
    push(folder, target)
    assert [created for _, created in push(folder, target)] == [False, False, False]
    with Registry.open(target) as registry:
        assert len(registry.versions("hemibrain.neurons")) == 2


def test_numbers_joins_and_inputs_are_those_of_the_target(folder: Path, target: str) -> None:
    with Registry.open(target, publisher="ada@lab.org") as registry:
        registry.publish(declared(), facts(77, location="/data/neurons"), message="was here before")
    assert [version for version, _ in push(folder, target)] == [
        "hemibrain.neurons@v2",
        "hemibrain.neurons@v3",
        "hemibrain.synapses@v1",
    ]
    with Registry.open(target) as registry:
        synapses = registry.get("hemibrain.synapses")
    assert synapses.inputs == ("hemibrain.neurons@v3",)
    assert synapses.reference_versions == {"hemibrain.neurons": "hemibrain.neurons@v3"}
    ((column, (origin,)),) = synapses.column_lineage.items()
    assert (column, origin.version, origin.column) == ("body_id", "hemibrain.neurons@v3", "body_id")


def test_what_was_added_to_the_folder_since_is_pushed(folder: Path, target: str) -> None:
    push(folder, target)
    with Registry.open(f"file://{folder}", publisher="hpc@lab.org") as registry:
        registry.publish(declared(), facts(2, location="/data/neurons"), message="neurons 2")
    assert [created for _, created in push(folder, target)] == [False, False, False, True]


def test_environments_in_one_folder_are_pushed_one_by_one(folder: Path) -> None:
    with Registry.open(f"file://{folder}", env="DEV", publisher="hpc@lab.org") as registry:
        registry.publish(declared("trial"), facts(), message="a trial")
    assert [each.name for each in handed_off(folder, "DEV").versions] == ["trial@v1"]
    assert "trial@v1" not in {each.name for each in handed_off(folder).versions}


def test_a_folder_without_versions_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(NotPublished, match=f"file://{tmp_path}: there is no version in that folder"):
        handed_off(tmp_path)


def test_a_changed_record_is_an_error_of_its_own_and_keeps_no_other_out(folder: Path, target: str) -> None:
    for path in folder.iterdir():
        path.write_text(path.read_text().replace("neurons 0", "neurons 0, tampered with"))
    bad, one, third = handed_off(folder).versions
    assert isinstance(bad.publication, CorruptRecord)
    assert "hemibrain.neurons@v1" in str(bad.publication)
    with Registry.open(target) as registry:
        receipts = registry.publish_many([publication(each) for each in deliveries(registry, [one, third])])
    assert [isinstance(receipt, Receipt) and receipt.created for receipt in receipts] == [True, True]


def test_pushing_again_does_not_take_back_what_a_dataset_says_by_now(folder: Path, target: str) -> None:
    push(folder, target)
    with Registry.open(target, publisher="grace@lab.org") as registry:
        final = Dataset(name="hemibrain.neurons", title="Neurons, final", owners=["team:lab"], tags=["final"])
        registry.describe(final, message="it is final")
        (kept, *_) = (each.kept for each in deliveries(registry, handed_off(folder).versions))
    assert kept == (
        "title stays 'Neurons, final' (handed off: 'Größe, (b)')",
        "owners stays ['team:lab'] (handed off: ['team:fly'])",
        "tags stays ['final'] (handed off: ['fly'])",
    )
    push(folder, target)
    with Registry.open(target) as registry:
        assert registry.dataset("hemibrain.neurons").title == "Neurons, final"


def test_a_pushed_version_is_found_by_the_digest_that_it_was_handed_off_with(folder: Path, target: str) -> None:
    with Registry.open(f"file://{folder}") as here:
        handed = here.get("hemibrain.synapses")
    with Registry.open(target, publisher="ada@lab.org") as registry:
        registry.publish(declared("hemibrain.synapses"), facts(77), message="was here before")
    push(folder, target)
    with Registry.open(target) as registry:
        pushed = registry.get(handed.digest)
        assert pushed.name == "hemibrain.synapses@v2"
        assert pushed.provenance.handed_off_digest == handed.digest
        assert pushed.provenance.handed_off_at == handed.provenance.published_at
        assert pushed.provenance.dagster_run_id == "run-1"


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]]", "{}", "null", "5", '"x"', "[1]", "[{}]", "[" * 5000 + "]" * 5000, "1" * 10_000),
        '[{"entityUrn": 5, "aspectName": "x", "aspect": {"json": {}}}]',
        '[{"entityUrn": "neurons", "aspectName": "x", "aspect": {"json": {}}}]',
        '[{"entityUrn": "urn:li:dataset:(x)", "aspectName": "x", "aspect": {"json": []}}]',
    ],
)
def test_a_file_that_is_no_list_of_proposals_is_named(folder: Path, text: str) -> None:
    path = folder / f"{len(list(folder.iterdir())) + 1:06}.json"
    path.write_text(text)
    with pytest.raises(RegistryError, match=f"{path} cannot be read as proposals"):
        handed_off(folder)


@pytest.mark.parametrize("odd", ["folder", "fifo"])
def test_what_is_no_file_is_named_and_not_waited_for(folder: Path, odd: str) -> None:
    path = folder / f"{len(list(folder.iterdir())) + 1:06}.json"
    path.mkdir() if odd == "folder" else os.mkfifo(path)
    with pytest.raises(RegistryError, match=f"{path} cannot be read as proposals"):
        handed_off(folder)


def test_a_file_that_is_cut_off_is_named(folder: Path) -> None:
    path = sorted(folder.iterdir())[-1]
    path.write_text(path.read_text()[:-100])
    with pytest.raises(RegistryError, match=f"{path} cannot be read as proposals"):
        handed_off(folder)


def test_datahubs_own_file_source_reads_every_file(folder: Path) -> None:
    changes: list[str] = []
    for path in sorted(folder.iterdir()):
        read = list(read_metadata_file(path))
        assert len(read) == len(json.loads(path.read_text()))
        for item in read:
            assert isinstance(item, MetadataChangeProposalWrapper | MetadataChangeProposalClass)
            assert item.validate()
            changes.append(str(item.changeType))
    assert set(changes) == {"CREATE", "UPSERT"}


def test_every_proposal_is_one_of_datahubs_own_typed_aspects(folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        for entry in json.loads(path.read_text()):
            # DataHub's class takes the typed form for upserts only.
            proposal = MetadataChangeProposalClass.from_obj(_generic({**entry, "changeType": "UPSERT"}))
            typed = MetadataChangeProposalWrapper.try_from_mcpc(proposal)
            assert typed is not None
            assert typed.validate()


def test_datahubs_ingestion_takes_the_folder_as_it_is(folder: Path) -> None:
    source = GenericFileSource(
        PipelineContext(run_id="test"), FileSourceConfig(path=str(folder), file_extension=".json")
    )
    units = list(source.get_workunits_internal())
    assert len(units) == sum(len(json.loads(path.read_text())) for path in folder.iterdir())
    assert source.get_report().failures == []


def test_nothing_but_whole_files_is_left(folder: Path) -> None:
    assert [path.name for path in sorted(folder.iterdir())] == [
        f"{number + 1:06}.json" for number in range(len(list(folder.iterdir())))
    ]

"""What people do in DataHub's own views stays when the registry writes again."""

from __future__ import annotations

from typing import Any

from registry_dagster.datahub.dataset import dataset_from, dataset_proposals
from registry_dagster.datahub.urns import container_urn
from registry_dagster.model.dataset import Dataset
from tests.datahub.wire import stored

URN = container_urn("hemibrain.neurons", "PROD")


def declared(**facts: Any) -> Dataset:
    return Dataset(name="hemibrain.neurons", **facts)


def container(dataset: Dataset, before: dict[str, Any] | None = None) -> dict[str, Any]:
    """The stored container after this declaration, on top of what stood there."""
    return {**(before or {}), **stored(dataset_proposals(dataset, before or {}, "PROD"))[URN]}


def owners(entity: dict[str, Any]) -> list[str]:
    return [owner["owner"] for owner in entity["ownership"]["owners"]]


def tags(entity: dict[str, Any]) -> list[str]:
    return [tag["tag"] for tag in entity["globalTags"]["tags"]]


def edited_by_people() -> dict[str, Any]:
    entity = container(declared(owners=["team:olfaction", "ada@lab.org"], tags=["fly"]))
    entity["ownership"]["owners"].append({"owner": "urn:li:corpuser:eve", "type": "TECHNICAL_OWNER"})
    entity["globalTags"]["tags"].insert(0, {"tag": "urn:li:tag:gold", "context": "why"})
    return entity


def test_owners_and_tags_that_others_added_stay() -> None:
    entity = container(declared(owners=["team:olfaction"], tags=["fly"]), edited_by_people())
    assert {"owner": "urn:li:corpuser:eve", "type": "TECHNICAL_OWNER"} in entity["ownership"]["owners"]
    assert {"tag": "urn:li:tag:gold", "context": "why"} in entity["globalTags"]["tags"]


def test_owners_and_tags_no_longer_declared_fall_out() -> None:
    entity = container(declared(owners=["team:vision"]), edited_by_people())
    assert owners(entity) == ["urn:li:corpuser:eve", "urn:li:corpGroup:vision"]
    assert tags(entity) == ["urn:li:tag:gold"]


def test_all_of_ours_may_fall_out_and_theirs_remain() -> None:
    entity = container(declared(), edited_by_people())
    assert owners(entity) == ["urn:li:corpuser:eve"]
    assert dataset_from(entity) == declared()


def test_what_others_removed_comes_back_only_by_declaring_it() -> None:
    entity = edited_by_people()
    entity["globalTags"]["tags"] = []
    assert tags(container(declared(tags=["fly"]), entity)) == ["urn:li:tag:fly"]
    assert tags(container(declared(), entity)) == []


def test_an_owner_that_both_name_is_named_once_with_the_others_kind() -> None:
    entity = edited_by_people()
    entity["ownership"]["owners"] = [{"owner": "urn:li:corpGroup:olfaction", "type": "BUSINESS_OWNER"}]
    again = container(declared(owners=["team:olfaction"]), entity)
    assert again["ownership"]["owners"] == [{"owner": "urn:li:corpGroup:olfaction", "type": "BUSINESS_OWNER"}]


def test_what_a_server_adds_to_ownership_is_kept() -> None:
    entity = edited_by_people()
    entity["ownership"]["ownerTypes"] = {"DATAOWNER": ["urn:li:corpuser:eve"]}
    again = container(declared(owners=["team:vision"]), entity)
    assert again["ownership"]["ownerTypes"] == {"DATAOWNER": ["urn:li:corpuser:eve"]}


def test_declaring_the_same_again_writes_the_same() -> None:
    dataset = declared(title="Neurons", owners=["team:olfaction"], tags=["fly"])
    entity = container(dataset)
    assert container(dataset, entity) == entity


def test_a_dataset_nobody_owns_or_tagged_has_neither_aspect() -> None:
    assert not {"ownership", "globalTags"} & container(declared()).keys()


def test_the_aspects_people_edit_are_never_written() -> None:
    written = dataset_proposals(declared(title="T", description="D", owners=["team:a"], tags=["b"]), {}, "PROD")
    assert not [proposal.aspect for proposal in written if proposal.aspect.startswith("editable")]

"""Who changed a published version is found out, aspect by aspect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from registry_dagster.datahub.audit import NOT_AUDITED
from registry_dagster.datahub.urns import version_urn
from registry_dagster.datahub.version import RECORD_ASPECTS, version_proposals
from registry_dagster.errors import NotPublished, RegistryError
from registry_dagster.model.dataset import Dataset
from registry_dagster.registry.plan import Origin
from registry_dagster.registry.registry import Registry
from tests.gms.server import StandInGms
from tests.registry.declared import declared, facts, reference

NAME = "hemibrain.synapses@v1"
URN = version_urn(NAME, "PROD")


@pytest.fixture(scope="module")
def gms() -> Iterator[StandInGms]:
    with StandInGms() as server:
        yield server


@pytest.fixture
def registry(gms: StandInGms) -> Iterator[Registry]:
    """With a version that has joins, lineage and a run."""
    gms.reset()
    with Registry.open(gms.url, publisher="ada@lab.org") as registry:
        neurons = facts(location="/data/neurons")
        registry.publish(declared(), neurons, message="neurons")
        origin = Origin(
            inputs=[("hemibrain.neurons", neurons.identity)],
            column_lineage={"body_id": [("hemibrain.neurons", "body_id")]},
        )
        joined = declared("hemibrain.synapses", owners=["team:fly"], references=(reference("hemibrain.neurons"),))
        registry.publish(joined, facts(), message="synapses", label="pilot", origin=origin)
        yield registry


def join(gms: StandInGms) -> str:
    (urn,) = [urn for urn in gms.entities if urn.startswith("urn:li:erModelRelationship:")]
    return urn


def test_what_nobody_touched_is_intact(registry: Registry) -> None:
    assert registry.verify(NAME, record=True).record == ()
    assert registry.verify("hemibrain.neurons@v1", record=True).record == ()


def tampered(value: Any) -> Any:
    """The same with its first text or number replaced, wherever that stands."""
    if isinstance(value, dict):
        for name in value:
            if (changed := tampered(value[name])) != value[name]:
                return {**value, name: changed}
        return value
    if isinstance(value, list):
        return [tampered(value[0]), *value[1:]] if value else value
    return not value if isinstance(value, bool) else f"{value} tampered" if isinstance(value, str) else value


ASPECTS = [
    "datasetProperties",
    "schemaMetadata",
    "structuredProperties",
    "versionProperties",
    "upstreamLineage",
    "container",
    "subTypes",
    "dataPlatformInstance",
    "status",
]


NOT_READ = "does not read back with this token: it may not be viewed, or is missing"


def test_every_aspect_of_a_version_is_covered_here(registry: Registry) -> None:
    proposals = version_proposals(registry.get(NAME), Dataset(name="hemibrain.synapses"), "PROD")
    assert {each.aspect for each in proposals} == {*ASPECTS, *NOT_AUDITED, "erModelRelationshipProperties"}


@pytest.mark.parametrize("aspect", ASPECTS)
def test_a_tampered_aspect_is_named(gms: StandInGms, registry: Registry, aspect: str) -> None:
    gms.put(URN, aspect, tampered(gms.entities[URN][aspect]))
    (line,) = registry.verify(NAME, record=True).record or ()
    assert f"{aspect} of {URN} {'does not assign' if aspect == 'structuredProperties' else 'was changed'}" in line


@pytest.mark.parametrize("aspect", ASPECTS)
def test_a_removed_aspect_is_named(gms: StandInGms, registry: Registry, aspect: str) -> None:
    gms.delete(URN, aspect)
    (line,) = registry.verify(NAME, record=True).record or ()
    assert aspect in line
    assert ("removed" if aspect in RECORD_ASPECTS else "does not read back with this token") in line


@pytest.mark.parametrize("aspect", ["structuredProperties", "upstreamLineage", "versionProperties"])
def test_where_only_the_views_of_it_were_changed_the_record_is_said_to_be_intact(
    gms: StandInGms, registry: Registry, aspect: str
) -> None:
    gms.put(URN, aspect, tampered(gms.entities[URN][aspect]))
    (line,) = registry.verify(NAME, record=True).record or ()
    assert line.endswith("; the record itself is intact")
    assert registry.get(NAME).name == NAME


@pytest.mark.parametrize("fact", ["location", "message", "publisher", "materializations", "references", "pin", "label"])
def test_each_fact_of_the_record_is_guarded(gms: StandInGms, registry: Registry, fact: str) -> None:
    properties = gms.entities[URN]["datasetProperties"]
    custom = properties["customProperties"]
    gms.put(URN, "datasetProperties", {**properties, "customProperties": {**custom, fact: custom[fact] + " "}})
    (line,) = registry.verify(NAME, record=True).record or ()
    assert "datasetProperties" in line or "rebuilt" in line
    without = {name: value for name, value in custom.items() if name != fact}
    gms.put(URN, "datasetProperties", {**properties, "customProperties": without})
    assert registry.verify(NAME, record=True).record != ()


def test_a_removed_relationship_is_named(gms: StandInGms, registry: Registry) -> None:
    urn = join(gms)
    gms.delete(urn)
    assert registry.verify(NAME, record=True).record == (f"erModelRelationshipProperties of {urn} {NOT_READ}",)


def test_a_changed_relationship_is_named_with_the_place(gms: StandInGms, registry: Registry) -> None:
    urn = join(gms)
    gms.put(
        urn,
        "erModelRelationshipProperties",
        {**gms.entities[urn]["erModelRelationshipProperties"], "destination": version_urn("other@v1", "PROD")},
    )
    assert registry.verify(NAME, record=True).record == (
        f"erModelRelationshipProperties of {urn} was changed at destination; the record itself is intact",
    )


def test_what_people_add_is_no_change(gms: StandInGms, registry: Registry) -> None:
    stored = gms.entities[URN]
    gms.put(URN, "globalTags", {"tags": [{"tag": "urn:li:tag:gold"}]})
    gms.put(URN, "editableDatasetProperties", {"description": "In our words"})
    gms.put(URN, "ownership", {"owners": [{"owner": "urn:li:corpuser:eve", "type": "TECHNICAL_OWNER"}]})
    gms.put(URN, "deprecation", {"deprecated": True, "note": "old", "actor": "urn:li:corpuser:eve"})
    properties = stored["structuredProperties"]["properties"]
    theirs = {"propertyUrn": "urn:li:structuredProperty:lab.reviewed", "values": [{"string": "yes"}]}
    gms.put(URN, "structuredProperties", {"properties": [theirs, *properties]})
    upstream = {"dataset": version_urn("other@v1", "PROD"), "type": "COPY"}
    lineage = stored["upstreamLineage"]
    gms.put(URN, "upstreamLineage", {**lineage, "upstreams": [upstream, *lineage["upstreams"]]})
    assert registry.verify(NAME, record=True).record == ()


def test_several_changes_are_all_named(gms: StandInGms, registry: Registry) -> None:
    gms.delete(URN, "subTypes")
    gms.put(URN, "status", {"removed": True})
    assert registry.verify(NAME, record=True).record == (
        f"subTypes of {URN} {NOT_READ}",
        f"status of {URN} was changed at removed; the record itself is intact",
    )


def test_a_record_moved_to_another_version_is_found(gms: StandInGms, registry: Registry) -> None:
    registry.publish(declared("hemibrain.synapses"), facts(1), message="second")
    other = version_urn("hemibrain.synapses@v2", "PROD")
    for aspect in ("datasetProperties", "schemaMetadata"):
        gms.put(other, aspect, gms.entities[URN][aspect])
    (line,) = registry.verify("hemibrain.synapses@v2", record=True).record or ()
    assert f"holds the record of {NAME}" in line


def test_what_is_not_published_cannot_be_verified(registry: Registry) -> None:
    with pytest.raises(NotPublished, match="hemibrain.synapses@v2: not published"):
        registry.verify("hemibrain.synapses@v2", record=True)
    with pytest.raises(RegistryError, match="is not an exact version; write hemibrain.synapses@vN"):
        registry.verify("hemibrain.synapses")

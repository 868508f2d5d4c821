"""The stand-in is held to the view of DataHub's own clients, rule by rule, and each fault to its description."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import requests
from datahub.configuration.common import OperationalError
from datahub.emitter.mcp import MetadataChangeProposalWrapper
from datahub.emitter.rest_emitter import DatahubRestEmitter, EmitMode
from datahub.errors import SdkUsageError
from datahub.ingestion.graph.client import DataHubGraph
from datahub.ingestion.graph.config import ClientMode, DatahubClientConfig
from datahub.metadata import schema_classes as models
from datahub.sdk.dataset import Dataset
from datahub.sdk.main_client import DataHubClient

from tests.gms.faults import FAULTS, READ_FAULTS, WRITE_FAULTS
from tests.gms.server import Faults, StandInGms

URN = "urn:li:dataset:(urn:li:dataPlatform:feature-registry,a.b@v1,PROD)"
SECOND = URN.replace("@v1", "@v2")
THIRD = URN.replace("@v1", "@v3")
VERSION_SET = "urn:li:versionSet:(feature-registry.a.b.PROD,dataset)"
PROPERTY = "urn:li:structuredProperty:featureRegistry.format"
REMOVED, KEPT = {"removed": True}, {"removed": False}
BATCH = "/aspects?action=ingestProposalBatch"


@pytest.fixture
def gms() -> Iterator[StandInGms]:
    with StandInGms() as server:
        yield server


def proposal(urn: str, aspect: str, value: Any, kind: str = "UPSERT", **headers: str) -> dict[str, Any]:
    return {
        "entityType": urn.split(":")[2] if urn.startswith("urn:li:") else "dataset",
        "entityUrn": urn,
        "changeType": kind,
        "aspectName": aspect,
        "aspect": {"value": json.dumps(value), "contentType": "application/json"},
        "headers": {name.replace("_", "-"): value for name, value in headers.items()},
    }


def send(
    gms: StandInGms, *proposals: dict[str, Any], wait: bool = True, token: str = "", timeout: float = 5
) -> requests.Response:
    return requests.post(
        gms.url + BATCH,
        json={"proposals": proposals, "async": "false" if wait else "true"},
        headers={"Authorization": f"Bearer {token}"} if token else {},
        timeout=timeout,
    )


def get(gms: StandInGms, path: str, **headers: str) -> requests.Response:
    return requests.get(gms.url + path, headers=headers, timeout=5)


def search(gms: StandInGms, query: str = "*", **more: Any) -> list[str]:
    wanted = {"query": query, "types": ["DATASET"], "start": 0, "count": 100, **more}
    text = "query s($input: SearchAcrossEntitiesInput!) { searchAcrossEntities(input: $input) { total } }"
    answer = requests.post(f"{gms.url}/api/graphql", json={"query": text, "variables": {"input": wanted}}, timeout=5)
    return [each["entity"]["urn"] for each in answer.json()["data"]["searchAcrossEntities"]["searchResults"]]


def latest(urn: str) -> dict[str, Any]:
    return {"latest": urn, "versioningScheme": "LEXICOGRAPHIC_STRING"}


def flags(gms: StandInGms, *urns: str) -> list[bool | None]:
    return [gms.entities[urn]["versionProperties"].get("isLatest") for urn in urns]


def version(number: int, scheme: str = "LEXICOGRAPHIC_STRING") -> dict[str, Any]:
    return {
        "versionSet": VERSION_SET,
        "version": {"versionTag": f"v{number}"},
        "aliases": [],
        "sortId": f"{number:010}",
        "versioningScheme": scheme,
    }


def definition(kind: str = "string", cardinality: str = "SINGLE", entity: str = "dataset") -> dict[str, Any]:
    return {
        "qualifiedName": "featureRegistry.format",
        "valueType": f"urn:li:dataType:datahub.{kind}",
        "cardinality": cardinality,
        "entityTypes": [f"urn:li:entityType:datahub.{entity}"],
        "immutable": False,
    }


def assigned(*values: dict[str, Any]) -> dict[str, Any]:
    return {"properties": [{"propertyUrn": PROPERTY, "values": list(values)}]}


def graph(gms: StandInGms, openapi: bool | None = False, **more: Any) -> DataHubGraph:
    return DataHubGraph(
        DatahubClientConfig(server=gms.url, openapi_ingestion=openapi, retry_max_times=0, timeout_sec=5, **more)
    )


def mcp(aspect: Any, urn: str = URN, kind: str = "UPSERT", **headers: str) -> MetadataChangeProposalWrapper:
    return MetadataChangeProposalWrapper(entityUrn=urn, aspect=aspect, changeType=kind, headers=headers or None)


class TestDataHubsClients:
    @pytest.mark.parametrize("openapi", [False, True])
    def test_what_the_emitter_sends_the_graph_reads(self, gms: StandInGms, openapi: bool) -> None:
        emitter = DatahubRestEmitter(gms.url, openapi_ingestion=openapi)
        emitter.test_connection()
        properties = models.DatasetPropertiesClass(name="ä → 字", customProperties={"k": "v"})
        emitter.emit(mcp(properties))
        emitter.emit_mcps([mcp(models.StatusClass(removed=False)), mcp(models.SubTypesClass(typeNames=["x"]))])
        client = graph(gms, openapi)
        assert client.exists(URN)
        assert not client.exists(SECOND)
        assert client.get_aspect(URN, models.DatasetPropertiesClass) == properties
        assert client.get_aspect(SECOND, models.DatasetPropertiesClass) is None
        assert client.get_entity_semityped(URN)["subTypes"] == models.SubTypesClass(typeNames=["x"])
        assert client.get_entities("dataset", [URN, SECOND], ["status"]) == {
            URN: {"status": (models.StatusClass(removed=False), None)}
        }
        writes = "/openapi/v3/entity/dataset" if openapi else "/aspects"
        assert [each.status for each in gms.requests_of("POST", writes)] == [200] * len(gms.requests_of("POST", writes))

    def test_unions_come_back_as_the_classes_that_went_in(self, gms: StandInGms) -> None:
        schema = models.SchemaMetadataClass(
            schemaName="s",
            platform="urn:li:dataPlatform:feature-registry",
            version=0,
            hash="",
            platformSchema=models.OtherSchemaClass(rawSchema="{}"),
            fields=[
                models.SchemaFieldClass(
                    fieldPath="x",
                    type=models.SchemaFieldDataTypeClass(type=models.NumberTypeClass()),
                    nativeDataType="int64",
                )
            ],
        )
        client = graph(gms)
        client.emit(mcp(schema))
        assert client.get_aspect(URN, models.SchemaMetadataClass) == schema

    def test_a_conflict_is_an_operational_error_with_status_422(self, gms: StandInGms) -> None:
        client = graph(gms)
        client.emit(mcp(models.StatusClass(removed=False), kind="CREATE"))
        with pytest.raises(OperationalError) as caught:
            client.emit_mcps([mcp(models.StatusClass(removed=True), kind="CREATE")])
        assert caught.value.__cause__.response.status_code == 422  # type: ignore[union-attr]
        assert "the aspect already exists" in str(caught.value)
        assert gms.entities[URN]["status"] == KEPT

    @pytest.mark.parametrize(("number", "openapi"), [("v1.0.0", False), ("v1.0.1", True)])
    def test_the_sdk_chooses_openapi_from_core_1_0_1_on(self, number: str, openapi: bool) -> None:
        with StandInGms(version=number) as gms:
            graph(gms, openapi=None, client_mode=ClientMode.SDK).test_connection()
            client = DataHubClient(graph=graph(gms, openapi=None, client_mode=ClientMode.SDK))
            client.test_connection()
            client.entities.upsert(Dataset(platform="feature-registry", name="a.b@v1", description="one"))
            assert bool(gms.requests_of("POST", "/openapi/v3/entity/dataset")) is openapi
            assert bool(gms.requests_of("POST", "/aspects")) is not openapi

    def test_the_sdks_entities_are_created_updated_and_got(self, gms: StandInGms) -> None:
        client = DataHubClient(graph=graph(gms))
        dataset = Dataset(platform="feature-registry", name="a.b@v1", description="one", schema=[("x", "int")])
        client.entities.create(dataset)
        with pytest.raises(SdkUsageError, match="already exists"):
            client.entities.create(dataset)
        found = client.entities.get(URN)
        assert isinstance(found, Dataset)
        assert found.description == "one"
        assert [field.field_path for field in found.schema] == ["x"]
        found.set_description("two")
        client.entities.upsert(found)
        assert gms.entities[URN]["editableDatasetProperties"] == gms.history(URN, "editableDatasetProperties")[-1]

    def test_over_openapi_the_sdks_create_overwrites(self, gms: StandInGms) -> None:
        """The client drops the change type there: the reason to pin Rest.li."""
        client = graph(gms, openapi=True)
        client.emit(mcp(models.StatusClass(removed=False)))
        client.emit(mcp(models.StatusClass(removed=True), kind="CREATE"))
        assert gms.entities[URN]["status"] == REMOVED

    def test_a_version_set_never_exists_for_the_client(self, gms: StandInGms) -> None:
        send(gms, proposal(URN, "versionProperties", version(1)))
        assert "versionSetKey" in gms.entities[VERSION_SET]
        assert not graph(gms).exists(VERSION_SET)

    def test_search_of_the_graph_scrolls(self, gms: StandInGms) -> None:
        send(gms, *(proposal(f"urn:li:dataset:(urn:li:dataPlatform:x,n{n},PROD)", "status", KEPT) for n in range(5)))
        gms.refresh_search()
        client = graph(gms)
        assert len(list(client.get_urns_by_filter(entity_types=["dataset"], platform="x", batch_size=2))) == 5
        assert not list(client.get_urns_by_filter(entity_types=["container"]))
        assert len(gms.requests_of("POST", "/api/graphql")) == 4

    def test_a_write_that_waits_for_search_is_found(self, gms: StandInGms) -> None:
        graph(gms, openapi=True).emit(mcp(models.StatusClass(removed=False)), emit_mode=EmitMode.SYNC_WAIT)
        assert search(gms) == [URN]


class TestOneTransaction:
    def test_a_batch_is_written_whole(self, gms: StandInGms) -> None:
        answer = send(gms, proposal(URN, "status", KEPT), proposal("urn:li:corpuser:a", "status", KEPT))
        assert answer.json() == {"value": "success"}
        assert set(gms.entities) == {URN, "urn:li:corpuser:a"}

    def test_one_refused_item_rolls_all_back(self, gms: StandInGms) -> None:
        send(gms, proposal(URN, "status", KEPT))
        answer = send(gms, proposal(SECOND, "status", KEPT), proposal(URN, "status", REMOVED, "CREATE"))
        assert answer.status_code == 422
        assert set(answer.json()) == {"exceptionClass", "message", "status"}
        assert set(gms.entities) == {URN}
        assert gms.entities[URN]["status"] == KEPT

    def test_events_are_written_first_and_stay(self, gms: StandInGms) -> None:
        run = "urn:li:dataProcessInstance:run"
        event = proposal(run, "dataProcessInstanceRunEvent", {"timestampMillis": 1, "status": "STARTED"})
        send(gms, proposal(run, "status", KEPT))
        assert send(gms, event, proposal(run, "status", REMOVED, "CREATE")).status_code == 422
        assert "dataProcessInstanceRunEvent" in gms.entities[run]


class TestCreateOnly:
    def test_create_fails_if_the_aspect_exists(self, gms: StandInGms) -> None:
        assert send(gms, proposal(URN, "status", KEPT, "CREATE")).ok
        assert send(gms, proposal(URN, "status", KEPT, "CREATE")).status_code == 422
        assert send(gms, proposal(URN, "subTypes", {"typeNames": []}, "CREATE")).ok

    def test_create_entity_fails_if_the_entity_exists(self, gms: StandInGms) -> None:
        assert send(gms, proposal(URN, "status", KEPT, "CREATE_ENTITY")).ok
        assert send(gms, proposal(URN, "subTypes", {"typeNames": []}, "CREATE_ENTITY")).status_code == 422

    def test_create_entity_on_the_key_guards_nothing(self, gms: StandInGms) -> None:
        key = proposal(URN, "datasetKey", {"platform": "p", "name": "n", "origin": "PROD"}, "CREATE_ENTITY")
        assert send(gms, key).ok
        assert send(gms, key, proposal(URN, "status", KEPT)).ok
        assert gms.entities[URN]["datasetKey"]["name"] == "a.b@v1"

    def test_if_version_match_must_be_the_stored_version(self, gms: StandInGms) -> None:
        absent = proposal(URN, "status", KEPT, If_Version_Match="-1")
        assert send(gms, absent).ok
        assert send(gms, absent).status_code == 422
        assert send(gms, proposal(URN, "status", REMOVED, If_Version_Match="7")).status_code == 422
        assert send(gms, proposal(URN, "status", REMOVED, If_Version_Match="1")).ok
        assert send(gms, proposal(URN, "status", KEPT, If_Version_Match="2")).ok

    def test_create_with_a_version_that_must_match_never_matches(self, gms: StandInGms) -> None:
        assert send(gms, proposal(URN, "status", KEPT, "CREATE", If_Version_Match="1")).status_code == 422
        assert send(gms, proposal(URN, "status", KEPT, "CREATE", If_Version_Match="-1")).ok

    def test_if_none_match_drops_what_conflicts_without_a_word(self, gms: StandInGms) -> None:
        send(gms, proposal(URN, "status", KEPT))
        star = {"If_None_Match": "*"}
        assert send(gms, proposal(URN, "status", REMOVED, "CREATE", **star), proposal(SECOND, "status", KEPT)).ok
        assert gms.entities[URN]["status"] == KEPT
        assert SECOND in gms.entities

    def test_two_racers_with_a_key_alone_both_succeed(self, gms: StandInGms) -> None:
        key = proposal(URN, "datasetKey", {}, "CREATE_ENTITY")
        assert [send(gms, key).status_code, send(gms, key).status_code] == [200, 200]


class TestWhatIsDropped:
    @pytest.mark.parametrize(
        "urn",
        [
            "urn:li:dataset:(urn:li:dataPlatform:x,n)",
            "urn:li:dataset:(urn:li:dataPlatform:x,n,PROD",
            "urn:li:dataset:(urn:li:dataPlatform:x,,PROD)",
            f"urn:li:dataset:(urn:li:dataPlatform:x,{'n' * 450},PROD)",
            f"urn:li:dataset:(urn:li:dataPlatform:x,{'字' * 60},PROD)",
            "dataset:n",
        ],
    )
    def test_a_malformed_or_overlong_urn_vanishes_with_200(self, gms: StandInGms, urn: str) -> None:
        assert send(gms, proposal(urn, "status", KEPT), proposal(URN, "status", KEPT)).ok
        assert set(gms.entities) == {URN}

    def test_a_column_may_have_a_longer_urn(self, gms: StandInGms) -> None:
        column = f"urn:li:schemaField:({URN},{'c' * 600})"
        assert send(gms, proposal(column, "status", KEPT)).ok
        assert column in gms.entities

    @pytest.mark.parametrize(
        ("urn", "aspect"),
        [(URN, "myAspect"), (URN, "erModelRelationshipProperties"), ("urn:li:versionSet:(a,dataset)", "ownership")],
    )
    def test_an_unknown_aspect_fails_the_batch(self, gms: StandInGms, urn: str, aspect: str) -> None:
        assert send(gms, proposal(urn, aspect, {}), proposal(URN, "status", KEPT)).status_code == 422
        assert not gms.entities

    def test_an_unknown_entity_type_fails_the_batch(self, gms: StandInGms) -> None:
        assert send(gms, proposal("urn:li:novelty:x", "status", KEPT)).status_code == 422

    def test_with_alternate_validation_an_unknown_aspect_vanishes(self) -> None:
        with StandInGms(alternate_validation=True) as gms:
            assert send(gms, proposal(URN, "myAspect", {}), proposal(URN, "status", KEPT)).ok
            assert "myAspect" not in gms.entities[URN]
            assert gms.entities[URN]["status"] == KEPT

    def test_an_older_server_knows_fewer_aspects(self) -> None:
        with StandInGms(unknown_aspects=["versionProperties"]) as gms:
            assert send(gms, proposal(URN, "versionProperties", version(1))).status_code == 422


class TestStructuredProperties:
    def test_a_definition_must_come_from_an_earlier_request(self, gms: StandInGms) -> None:
        define = proposal(PROPERTY, "propertyDefinition", definition())
        assign = proposal(URN, "structuredProperties", assigned({"string": "delta"}))
        assert send(gms, assign).status_code == 422
        assert send(gms, define, assign).status_code == 422
        assert send(gms, define).ok
        assert send(gms, assign).ok

    @pytest.mark.parametrize(
        ("given", "value"),
        [
            (definition("number"), assigned({"string": "many"})),
            (definition("string"), assigned({"double": 1.0})),
            (definition(entity="container"), assigned({"string": "delta"})),
            (definition(), assigned({"string": "a"}, {"string": "b"})),
            (definition() | {"allowedValues": [{"value": {"string": "x"}}]}, assigned({"string": "y"})),
            (definition(), {"properties": assigned({"string": "x"})["properties"] * 2}),
        ],
        ids=["no number", "no text", "entity type", "several", "not allowed", "twice"],
    )
    def test_a_value_must_fit_its_definition(
        self, gms: StandInGms, given: dict[str, Any], value: dict[str, Any]
    ) -> None:
        assert send(gms, proposal(PROPERTY, "propertyDefinition", given)).ok
        assert send(gms, proposal(URN, "structuredProperties", value)).status_code == 422
        assert send(gms, proposal(URN, "structuredProperties", value, "CREATE")).status_code == 422

    def test_create_entity_is_not_checked(self, gms: StandInGms) -> None:
        assert send(gms, proposal(URN, "structuredProperties", assigned({"string": "x"}), "CREATE_ENTITY")).ok


class TestVersions:
    def test_the_latest_version_moves_in_the_same_transaction(self, gms: StandInGms) -> None:
        send(gms, proposal(URN, "versionProperties", version(1)))
        assert gms.entities[VERSION_SET]["versionSetProperties"]["latest"] == URN
        assert gms.entities[URN]["versionProperties"]["isLatest"] is True
        send(gms, proposal(SECOND, "versionProperties", version(2)))
        assert gms.entities[VERSION_SET]["versionSetProperties"]["latest"] == SECOND
        assert gms.entities[URN]["versionProperties"]["isLatest"] is False
        assert gms.entities[SECOND]["versionProperties"]["isLatest"] is True

    def test_an_earlier_version_that_comes_later_is_not_the_latest(self, gms: StandInGms) -> None:
        send(gms, proposal(SECOND, "versionProperties", version(2)))
        send(gms, proposal(URN, "versionProperties", version(1)))
        assert gms.entities[VERSION_SET]["versionSetProperties"]["latest"] == SECOND
        assert "isLatest" not in gms.entities[URN]["versionProperties"]

    def test_two_versions_of_one_request_both_become_the_latest(self, gms: StandInGms) -> None:
        send(gms, proposal(THIRD, "versionProperties", version(3)), proposal(SECOND, "versionProperties", version(2)))
        assert gms.entities[VERSION_SET]["versionSetProperties"]["latest"] == SECOND
        assert gms.entities[SECOND]["versionProperties"]["isLatest"] is True
        assert gms.entities[THIRD]["versionProperties"]["isLatest"] is True

    def test_upserting_the_latest_again_loses_its_flag(self, gms: StandInGms) -> None:
        send(gms, proposal(URN, "versionProperties", version(1)))
        send(gms, proposal(URN, "versionProperties", version(1)))
        assert "isLatest" not in gms.entities[URN]["versionProperties"]

    @pytest.mark.parametrize("wait", [True, False])
    def test_what_the_server_computes_may_not_be_sent(self, gms: StandInGms, wait: bool) -> None:
        flagged = proposal(URN, "versionProperties", version(1) | {"isLatest": True})
        assert send(gms, flagged, wait=wait).status_code == 422
        assert not gms.entities

    def test_writing_the_latest_of_a_set_moves_the_flags(self, gms: StandInGms) -> None:
        for urn, number in ((URN, 1), (SECOND, 2)):
            send(gms, proposal(urn, "versionProperties", version(number)))
        assert send(gms, proposal(VERSION_SET, "versionSetProperties", latest(URN))).ok
        assert gms.entities[VERSION_SET]["versionSetProperties"]["latest"] == URN
        assert flags(gms, URN, SECOND) == [True, False]

    @pytest.mark.parametrize(("release", "flag"), [("v1.2.0", True), ("v1.7.0", None)])
    def test_a_member_without_a_flag_stays_without_on_recent_releases(self, release: str, flag: bool | None) -> None:
        with StandInGms(version=release) as gms:
            for urn, number in ((SECOND, 2), (URN, 1)):
                send(gms, proposal(urn, "versionProperties", version(number)))
            assert flags(gms, URN, SECOND) == [None, True]
            gms.refresh_search()
            assert search(gms) == [URN, SECOND], "default search shows what never was the latest"
            send(gms, proposal(VERSION_SET, "versionSetProperties", latest(URN)))
            assert flags(gms, URN, SECOND) == [flag, False]
            send(gms, proposal(VERSION_SET, "versionSetProperties", latest(SECOND)))
            gms.refresh_search()
            assert (flags(gms, URN, SECOND), search(gms)) == ([False, True], [SECOND])

    def test_the_latest_of_a_set_must_be_versioned_and_its_scheme_never_changes(self, gms: StandInGms) -> None:
        send(gms, proposal(URN, "versionProperties", version(1)))
        assert send(gms, proposal(VERSION_SET, "versionSetProperties", latest(THIRD))).status_code == 422
        other = latest(URN) | {"versioningScheme": "ALPHANUMERIC_GENERATED_BY_DATAHUB"}
        assert send(gms, proposal(VERSION_SET, "versionSetProperties", other)).status_code == 422

    def test_sort_ids_and_tags_are_unique_in_a_set_as_far_as_search_knows(self, gms: StandInGms) -> None:
        send(gms, proposal(URN, "versionProperties", version(1)))
        other = proposal(SECOND, "versionProperties", version(1) | {"version": {"versionTag": "v01"}})
        gms.refresh_search()
        assert "must be unique" in send(gms, other).text
        assert send(gms, proposal(URN, "versionProperties", version(1))).ok

    def test_all_versions_of_a_set_have_one_scheme(self, gms: StandInGms) -> None:
        send(gms, proposal(URN, "versionProperties", version(1)))
        other = version(2, "ALPHANUMERIC_GENERATED_BY_DATAHUB")
        assert send(gms, proposal(SECOND, "versionProperties", other)).status_code == 422

    def test_a_set_takes_one_type_of_entity(self, gms: StandInGms) -> None:
        model = "urn:li:mlModel:(urn:li:dataPlatform:x,m,PROD)"
        assert send(gms, proposal(model, "versionProperties", version(1))).status_code == 422


class TestWhatIsAdded:
    def test_a_new_entity_gets_key_browse_path_and_platform(self, gms: StandInGms) -> None:
        send(gms, proposal(URN, "status", KEPT))
        platform = "urn:li:dataPlatform:feature-registry"
        assert gms.entities[URN]["datasetKey"] == {"platform": platform, "name": "a.b@v1", "origin": "PROD"}
        assert gms.entities[URN]["dataPlatformInstance"] == {"platform": platform}
        assert "browsePathsV2" in gms.entities[URN]

    def test_what_was_sent_is_not_replaced(self, gms: StandInGms) -> None:
        instance = {"platform": "urn:li:dataPlatform:feature-registry", "instance": "urn:li:i"}
        send(gms, proposal(URN, "dataPlatformInstance", instance, "CREATE", If_Version_Match="-1"))
        assert gms.history(URN, "dataPlatformInstance") == [instance]

    def test_ownership_reads_back_with_owner_types(self, gms: StandInGms) -> None:
        owner = {"owner": "urn:li:corpuser:a", "type": "DATAOWNER"}
        ownership = {"owners": [owner], "ownerTypes": {}, "lastModified": {"time": 0, "actor": "urn:li:corpuser:a"}}
        for _ in range(2):
            send(gms, proposal(URN, "ownership", ownership))
        stored = graph(gms).get_aspect(URN, models.OwnershipClass)
        assert stored is not None
        assert list((stored.ownerTypes or {}).values()) == [["urn:li:corpuser:a"]]
        assert len(gms.history(URN, "ownership")) == 1

    def test_the_version_of_an_aspect_counts_its_writes(self, gms: StandInGms) -> None:
        def stored() -> str:
            answer = get(gms, f"/entitiesV2/{quote(URN, safe='')}?aspects=List(status)").json()
            return answer["aspects"]["status"]["systemMetadata"]["version"]

        send(gms, proposal(URN, "status", KEPT))
        assert stored() == "1"
        send(gms, proposal(URN, "status", KEPT))
        assert stored() == "1"
        send(gms, proposal(URN, "status", REMOVED))
        assert stored() == "2"
        assert gms.history(URN, "status") == [KEPT, REMOVED]
        first = get(gms, f"/aspects/{quote(URN, safe='')}?aspect=status&version=1").json()
        assert first["aspect"] == {"com.linkedin.common.Status": KEPT}


class TestAsync:
    def test_what_needs_no_stored_value_is_refused_at_once(self, gms: StandInGms) -> None:
        assert send(gms, proposal(URN, "structuredProperties", assigned()), wait=False).status_code == 422

    def test_what_conflicts_is_dropped_item_by_item_without_a_word(self, gms: StandInGms) -> None:
        send(gms, proposal(URN, "status", KEPT))
        create = [proposal(URN, "status", REMOVED, "CREATE"), proposal(SECOND, "status", KEPT, "CREATE")]
        assert send(gms, *create, wait=False).ok
        assert gms.entities[URN]["status"] == KEPT
        assert gms.entities[SECOND]["status"] == KEPT


class TestReading:
    def test_an_absent_aspect_is_404(self, gms: StandInGms) -> None:
        answer = get(gms, f"/aspects/{quote(URN, safe='')}?aspect=status&version=0")
        assert (answer.status_code, answer.json()["status"]) == (404, 404)

    def test_entities_v2_has_a_key_even_for_an_absent_entity(self, gms: StandInGms) -> None:
        answer = get(gms, f"/entitiesV2/{quote(URN, safe='')}?aspects=List(status,ownership)")
        assert answer.status_code == 200
        assert set(answer.json()["aspects"]) == {"datasetKey"}
        assert "datasetKey" in graph(gms).get_entity_semityped(SECOND)

    def test_openapi_leaves_absent_entities_out(self, gms: StandInGms) -> None:
        send(gms, proposal(URN, "status", KEPT))
        wanted = [{"urn": URN, "status": {}}, {"urn": SECOND, "status": {}}]
        answer = requests.post(f"{gms.url}/openapi/v3/entity/dataset/batchGet", json=wanted, timeout=5)
        assert answer.json() == [{"urn": URN, "status": {"value": KEPT}}]
        entity = f"{gms.url}/openapi/v3/entity/dataset/"
        assert requests.head(entity + quote(URN), timeout=5).status_code == 204
        assert requests.head(entity + quote(SECOND), timeout=5).status_code == 404
        assert requests.get(entity + quote(SECOND), timeout=5).status_code == 404
        one = requests.get(f"{entity}{quote(URN)}?aspects=status&systemMetadata=true", timeout=5).json()
        assert one["status"]["systemMetadata"]["version"] == "1"
        assert requests.get(f"{entity}{quote(URN)}/status", timeout=5).json() == {"value": KEPT}

    def test_a_malformed_urn_is_400(self, gms: StandInGms) -> None:
        assert get(gms, "/entitiesV2/urn%3Ali%3Adataset%3An").status_code == 400
        assert get(gms, "/nothing").status_code == 404


class TestOpenApiWrites:
    def test_the_batch_is_an_upsert_and_async_by_default(self, gms: StandInGms) -> None:
        send(gms, proposal(URN, "status", KEPT))
        body = [{"urn": URN, "status": {"value": REMOVED}, "myAspect": {"value": {}}}]
        answer = requests.post(f"{gms.url}/openapi/v3/entity/dataset", json=body, timeout=5)
        assert answer.status_code == 202
        assert gms.entities[URN]["status"] == REMOVED
        assert "myAspect" not in gms.entities[URN]

    def test_a_failed_precondition_is_412_and_anything_else_400(self, gms: StandInGms) -> None:
        entity = f"{gms.url}/openapi/v3/entity/dataset?async=false"
        guarded = [{"urn": URN, "status": {"value": KEPT, "headers": {"If-Version-Match": "-1"}}}]
        assert requests.post(entity, json=guarded, timeout=5).status_code == 200
        assert requests.post(entity, json=guarded, timeout=5).status_code == 412
        undefined = [{"urn": URN, "structuredProperties": {"value": assigned()}}]
        assert requests.post(entity, json=undefined, timeout=5).status_code == 400
        assert requests.post(entity, json=[{"urn": "urn:li:dataset:n"}], timeout=5).status_code == 200
        malformed = [{"urn": "urn:li:dataset:n", "status": {"value": KEPT}}]
        assert requests.post(entity, json=malformed, timeout=5).status_code == 400

    def test_a_single_aspect_is_created_by_default(self, gms: StandInGms) -> None:
        aspect = f"{gms.url}/openapi/v3/entity/dataset/{quote(URN)}/status"
        assert requests.post(aspect, json={"value": KEPT}, timeout=5).json() == {"urn": URN, "status": {"value": KEPT}}
        assert requests.post(aspect, json={"value": REMOVED}, timeout=5).status_code == 400
        assert requests.post(f"{aspect}?createIfNotExists=false", json={"value": REMOVED}, timeout=5).status_code == 200
        assert gms.entities[URN]["status"] == REMOVED


class TestSearch:
    def test_search_lags_until_it_is_refreshed(self, gms: StandInGms) -> None:
        send(gms, proposal(URN, "status", KEPT))
        assert search(gms) == []
        gms.refresh_search()
        assert search(gms) == [URN]

    def test_a_proposal_may_ask_to_be_found_at_once(self, gms: StandInGms) -> None:
        at_once = {"X_DataHub_Sync_Index_Update": "true"}
        send(gms, proposal(URN, "status", KEPT, **at_once), proposal(SECOND, "status", KEPT))
        assert search(gms) == [URN]

    def test_versions_but_the_latest_are_hidden(self, gms: StandInGms) -> None:
        for number, urn in enumerate([URN, SECOND], 1):
            send(gms, proposal(urn, "versionProperties", version(number)))
        gms.refresh_search()
        assert search(gms) == [SECOND]
        assert search(gms, searchFlags={"filterNonLatestVersions": False}) == [URN, SECOND]

    def test_words_and_structured_properties_filter(self, gms: StandInGms) -> None:
        send(gms, proposal(PROPERTY, "propertyDefinition", definition()))
        send(
            gms,
            proposal(URN, "datasetProperties", {"description": "Synapse embeddings", "customProperties": {}}),
            proposal(SECOND, "structuredProperties", assigned({"string": "delta"})),
        )
        gms.refresh_search()
        assert search(gms, "synapse EMBEDDINGS") == [URN]
        rule = {"field": "structuredProperties.featureRegistry.format", "values": ["delta"], "condition": "EQUAL"}
        assert search(gms, orFilters=[{"and": [rule]}]) == [SECOND]
        assert search(gms, orFilters=[{"and": [rule | {"negated": True}]}]) == [URN]

    @pytest.mark.parametrize(("release", "known"), [("v1.0.0", False), ("v1.1.0", False), ("v1.7.0", True)])
    def test_a_field_that_the_release_does_not_know_is_refused(self, release: str, known: bool) -> None:
        wanted = {"query": "*", "sortInput": {"sortCriteria": [{"field": "createdAt", "sortOrder": "DESCENDING"}]}}
        text = "query s($input: ScrollAcrossEntitiesInput!) { scrollAcrossEntities(input: $input) { nextScrollId } }"
        with StandInGms(version=release) as gms:
            asked = {"query": text, "variables": {"input": wanted}}
            answer = requests.post(f"{gms.url}/api/graphql", json=asked, timeout=5).json()
            described = graph(gms).execute_graphql('{ input: __type(name: "ScrollAcrossEntitiesInput") { name } }')
        assert ("data" in answer) is known
        assert ("sortInput" in {each["name"] for each in described["input"]["inputFields"]}) is known

    def test_search_matches_whole_words_unless_a_beginning_is_asked_for(self, gms: StandInGms) -> None:
        send(gms, proposal(URN, "datasetProperties", {"description": "Nuclei of a mouse", "customProperties": {}}))
        gms.refresh_search()
        assert not search(gms, "nucl")
        assert search(gms, "nucl* mouse") == search(gms, "(nuclei|nuclei*)") == [URN]

    def test_search_knows_a_thousand_elements_and_4096_characters(self, gms: StandInGms) -> None:
        tags = [{"tag": f"urn:li:tag:t{number}"} for number in range(1001)]
        text = "x " * 2048 + "end"
        send(gms, proposal(URN, "globalTags", {"tags": tags}), proposal(SECOND, "datasetProperties", {"name": text}))
        gms.refresh_search()
        assert (search(gms, "t999"), search(gms, "t1000")) == ([URN], [])
        assert (search(gms, "x"), search(gms, "end")) == ([SECOND], [])

    def test_an_unknown_query_is_an_error_in_a_200(self, gms: StandInGms) -> None:
        answer = requests.post(f"{gms.url}/api/graphql", json={"query": "{ nothing }"}, timeout=5)
        assert (answer.status_code, list(answer.json())) == (200, ["errors"])
        assert graph(gms).execute_graphql("query { me { corpUser { urn } } }")["me"]


class TestTokens:
    def test_without_the_token_everything_but_config_is_401(self) -> None:
        with StandInGms(token="secret", reader_token="reader") as gms:
            assert get(gms, "/config").status_code == 200
            assert send(gms, proposal(URN, "status", KEPT)).status_code == 401
            assert send(gms, proposal(URN, "status", KEPT), token="wrong").status_code == 401
            assert send(gms, proposal(URN, "status", KEPT), token="secret").status_code == 200
            path = f"/aspects/{quote(URN, safe='')}?aspect=status&version=0"
            assert get(gms, path).status_code == 401
            assert get(gms, path, Authorization="Bearer reader").status_code == 200

    def test_a_token_without_rights_is_403(self) -> None:
        with StandInGms(token="secret", reader_token="reader") as gms:
            with pytest.raises(OperationalError) as caught:
                graph(gms, token="reader").emit(mcp(models.StatusClass(removed=False)))
            assert caught.value.__cause__.response.status_code == 403  # type: ignore[union-attr]
            assert not gms.entities


class TestFaults:
    def test_commit_then_500(self, gms: StandInGms) -> None:
        gms.faults.next("commit_then_500")
        assert send(gms, proposal(URN, "status", KEPT)).status_code == 500
        assert gms.entities[URN]["status"] == KEPT

    def test_commit_then_500_of_a_refused_request_is_the_refusal(self, gms: StandInGms) -> None:
        gms.faults.next("commit_then_500")
        assert send(gms, proposal(URN, "myAspect", {})).status_code == 422

    def test_answer_lost(self, gms: StandInGms) -> None:
        gms.faults.next("answer_lost")
        with pytest.raises(requests.ConnectionError):
            send(gms, proposal(URN, "status", KEPT))
        assert gms.entities[URN]["status"] == KEPT
        assert gms.requests[-1].status is None

    @pytest.mark.parametrize("fault", ["lost_before_commit", "refused"])
    def test_lost_before_commit_and_refused(self, gms: StandInGms, fault: Any) -> None:
        gms.faults.next(fault)
        with pytest.raises(requests.ConnectionError):
            send(gms, proposal(URN, "status", KEPT))
        assert not gms.entities
        assert send(gms, proposal(URN, "status", KEPT)).ok

    def test_slow_has_committed_when_the_client_gives_up(self, gms: StandInGms) -> None:
        gms.faults.next("slow")
        with pytest.raises(requests.ReadTimeout):
            send(gms, proposal(URN, "status", KEPT), timeout=0.1)
        assert gms.entities[URN]["status"] == KEPT

    def test_late_commit_has_not(self, gms: StandInGms) -> None:
        gms.faults.next("late_commit")
        with pytest.raises(requests.ReadTimeout):
            send(gms, proposal(URN, "status", KEPT), timeout=0.1)
        assert not gms.entities
        deadline = time.monotonic() + 5
        while not gms.entities and time.monotonic() < deadline:
            time.sleep(0.01)
        assert gms.entities[URN]["status"] == KEPT

    @pytest.mark.parametrize("fault", ["401", "403", "413", "422", "429", "500", "503"])
    def test_a_status_without_a_commit(self, gms: StandInGms, fault: Any) -> None:
        gms.faults.retry_after = 7
        gms.faults.next(fault)
        answer = send(gms, proposal(URN, "status", KEPT))
        assert answer.status_code == int(fault)
        assert answer.headers.get("Retry-After") == ("7" if fault == "429" else None)
        assert not gms.entities

    def test_item_skipped_silently(self, gms: StandInGms) -> None:
        gms.faults.next("item_skipped_silently")
        aspects = {"status": KEPT, "subTypes": {"typeNames": []}, "globalTags": {"tags": []}}
        assert send(gms, *(proposal(URN, name, value, "CREATE") for name, value in aspects.items())).ok
        assert len(set(gms.entities[URN]) & set(aspects)) == 2

    def test_duplicate_delivery(self, gms: StandInGms) -> None:
        gms.faults.next("duplicate_delivery", "duplicate_delivery")
        assert send(gms, proposal(URN, "status", KEPT, "CREATE")).status_code == 422
        assert gms.entities[URN]["status"] == KEPT
        assert send(gms, proposal(URN, "status", REMOVED)).status_code == 200

    def test_stale_search(self, gms: StandInGms) -> None:
        gms.faults.next("stale_search")
        for urn in (URN, SECOND):
            send(gms, proposal(urn, "status", KEPT, X_DataHub_Sync_Index_Update="true"))
        assert search(gms) == [SECOND]

    def test_reads_pass_unless_they_are_to_fail(self, gms: StandInGms) -> None:
        gms.faults.next("503")
        assert get(gms, "/config").status_code == 200
        assert send(gms, proposal(URN, "status", KEPT)).status_code == 503
        gms.faults.next("503", reads=True)
        assert get(gms, "/config").status_code == 503

    def test_openapi_writes_fail_too(self, gms: StandInGms) -> None:
        gms.faults.next("503")
        with pytest.raises(OperationalError):
            graph(gms, openapi=True).emit(mcp(models.StatusClass(removed=False)))

    def test_an_unknown_fault_is_said(self, gms: StandInGms) -> None:
        with pytest.raises(ValueError, match="no fault 'flood'"):
            gms.faults.next("flood")  # type: ignore[arg-type]

    def test_the_same_seed_gives_the_same_faults(self) -> None:
        def drawn(seed: int) -> list[Any]:
            faults = Faults.random(seed, 0.5, reads=True)
            return [faults.take(writes=number % 3 > 0) for number in range(200)]

        assert drawn(1) == drawn(1)
        assert drawn(1) != drawn(2)
        assert set(drawn(1)) - {None} <= set(WRITE_FAULTS)
        assert set(drawn(1)[::3]) - {None} <= set(READ_FAULTS)
        assert {fault for seed in range(20) for fault in drawn(seed)} == {None, *WRITE_FAULTS}

    def test_a_rate_of_nothing_or_all(self) -> None:
        assert Faults().take(writes=True) is None
        assert Faults.random(0, 0.0).take(writes=True) is None
        assert Faults.random(0, 1.0, ["503"]).take(writes=True) == "503"
        assert Faults.random(0, 1.0, ["503"]).take(writes=False) is None
        assert set(FAULTS) - set(WRITE_FAULTS) == {"late_commit"}

    def test_a_whole_sequence_repeats_with_its_seed(self, gms: StandInGms) -> None:
        def outcome(seed: int) -> tuple[list[int | None], list[Any]]:
            gms.reset()
            gms.faults = Faults.random(seed, 0.6, delay=0.15)
            for number in range(12):
                try:
                    send(gms, proposal(URN, "subTypes", {"typeNames": [str(number)]}), timeout=0.1)
                except requests.RequestException:
                    continue
            return [each.proposals for each in gms.requests], gms.history(URN, "subTypes")

        assert outcome(3) == outcome(3)


class TestTheServerItself:
    def test_requests_are_remembered(self, gms: StandInGms) -> None:
        send(gms, proposal(URN, "status", KEPT), proposal(SECOND, "status", KEPT))
        get(gms, "/config")
        [write] = gms.requests_of("POST", "/aspects")
        assert (write.method, write.path, write.proposals, write.status, write.fault) == ("POST", BATCH, 2, 200, None)
        assert write.size > 200
        assert len(gms.requests) == 2
        gms.reset_requests()
        assert gms.requests == []
        assert gms.entities

    def test_an_administrator_may_tamper(self, gms: StandInGms) -> None:
        send(gms, proposal(URN, "status", KEPT))
        gms.put(URN, "status", REMOVED)
        assert gms.entities[URN]["status"] == REMOVED
        gms.delete(URN, "status")
        assert "status" not in gms.entities[URN]
        gms.delete(URN)
        assert not gms.entities

    def test_a_late_commit_does_not_reach_beyond_a_reset(self, gms: StandInGms) -> None:
        gms.faults.next("late_commit")
        with pytest.raises(requests.ReadTimeout):
            send(gms, proposal(URN, "status", KEPT), timeout=0.05)
        [late] = gms.requests
        gms.reset()
        deadline = time.monotonic() + 5
        while late.status is None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert (late.status, gms.entities) == (200, {})

    def test_a_body_too_large_is_413(self) -> None:
        with StandInGms(most_bytes=1000) as gms:
            big = {"description": "x" * 2000, "customProperties": {}}
            assert send(gms, proposal(URN, "datasetProperties", big)).status_code == 413

    def test_a_body_that_is_no_json_is_400(self, gms: StandInGms) -> None:
        assert requests.post(gms.url + BATCH, data=b"{", timeout=5).status_code == 400
        assert send(gms, proposal(URN, "status", KEPT) | {"aspect": {"value": "{"}}).status_code == 400

    def test_after_its_end_nobody_answers(self) -> None:
        with StandInGms() as gms, requests.Session() as session:
            assert session.get(f"{gms.url}/config", timeout=5).ok
            url = gms.url
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{url}/config", timeout=5)
        with pytest.raises(RuntimeError, match="only inside"):
            _ = gms.url

    def test_a_kept_connection_answers_within_milliseconds(self, gms: StandInGms) -> None:
        with requests.Session() as session:
            started = time.perf_counter()
            for number in range(300):
                body = {"proposals": [proposal(URN, "subTypes", {"typeNames": [str(number)]})], "async": "false"}
                assert session.post(gms.url + BATCH, json=body, timeout=5).ok
            assert (time.perf_counter() - started) / 300 < 0.02

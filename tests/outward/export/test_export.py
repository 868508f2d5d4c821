"""What is exported says what was published, in forms that others' programs take, and gives the record back."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import rdflib
from hypothesis import HealthCheck, given, settings
from rocrate.rocrate import ROCrate

from registry_dagster.errors import CorruptRecord, InvalidDeclaration
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.outward.export.carried import carried_in
from registry_dagster.outward.export.forms import CARRYING, exported
from registry_dagster.outward.export.subject import Subject
from tests.golden.write import FOLDER
from tests.strategies import dataset_versions

pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
"""rdflib's own parser of JSON-LD, which mlcroissant uses, still makes one."""

GOLDEN = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}
DATASET = Dataset(
    name="lab.synapses", title="Synapses", description="All of them.", owners=("team:fly", "ada@lab.org"), tags=("fly",)
)


def subject(record: DatasetVersion) -> Subject:
    return Subject(record, DATASET, license="CC-BY-4.0", citation="Ada (2026)", doi="10.5281/zenodo.1")


def golden(name: str) -> DatasetVersion:
    return DatasetVersion.from_json(GOLDEN[name]["record"])


def through_a_file(document: dict[str, Any]) -> dict[str, Any]:
    return json.loads(json.dumps(document))


@pytest.mark.parametrize("form", CARRYING)
@pytest.mark.parametrize("name", GOLDEN)
def test_every_golden_record_comes_back_with_its_digests(form: str, name: str) -> None:
    carried = carried_in(through_a_file(exported(subject(golden(name)), form)))
    assert carried.record.digest == GOLDEN[name]["digest"]
    assert carried.record.content_digest == GOLDEN[name]["content_digest"]
    assert carried.unchanged


@given(dataset_versions())
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
def test_any_record_comes_back(record: DatasetVersion) -> None:
    for form in CARRYING:
        carried = carried_in(through_a_file(exported(Subject(record, Dataset(name=record.dataset)), form)))
        assert (carried.record, carried.unchanged) == (record, True)


@pytest.fixture(scope="module", params=CARRYING)
def document(request: pytest.FixtureRequest) -> dict[str, Any]:
    return through_a_file(exported(subject(golden("embedding")), request.param))


def holders(value: Any) -> Iterator[dict[str, Any] | list[Any]]:
    if isinstance(value, (dict, list)):
        yield value
        for each in value.values() if isinstance(value, dict) else value:
            yield from holders(each)


def test_whatever_is_changed_is_noticed(document: dict[str, Any]) -> None:
    for place, holder in enumerate(holders(document)):
        for key in holder if isinstance(holder, dict) else range(len(holder)):
            if not isinstance(holder[key], str):
                continue
            copy = deepcopy(document)
            changed = list(holders(copy))[place]
            changed[key] = changed[key][:-1] + ("y" if changed[key].endswith("x") else "x")
            assert _is_noticed(copy), (key, holder[key][:80])


def _is_noticed(document: dict[str, Any]) -> bool:
    try:
        return not carried_in(document).unchanged
    except (CorruptRecord, InvalidDeclaration):
        return True


@pytest.mark.parametrize("part", ['"number":12', "sha256:"])
def test_a_record_that_was_changed_is_refused(document: dict[str, Any], part: str) -> None:
    text = json.dumps(document)
    part = part if part in text else part.replace('"', '\\"')
    assert part in text
    with pytest.raises(CorruptRecord, match="was changed"):
        carried_in(json.loads(text.replace(part, part.replace("12", "13").replace("256:", "256:0"))))


@pytest.mark.parametrize("other", [[], {}, {"name": "featureRegistry:record"}, "text", None])
def test_another_document_is_refused(other: object) -> None:
    with pytest.raises(InvalidDeclaration, match="export"):
        carried_in(other)


@pytest.mark.parametrize("name", GOLDEN)
def test_mlcroissant_has_nothing_to_say_against_it(name: str, caplog: pytest.LogCaptureFixture) -> None:
    import mlcroissant  # takes a second to load, and is needed by one worker of a run

    with caplog.at_level(logging.WARNING):
        dataset = mlcroissant.Dataset(jsonld=through_a_file(exported(subject(golden(name)), "croissant")))
    issues = dataset.metadata.ctx.issues
    assert (list(issues.errors), list(issues.warnings), caplog.messages) == ([], [], [])
    (rows,) = dataset.metadata.record_sets
    assert rows.fields


def test_croissant_says_what_a_column_is() -> None:
    document = exported(subject(golden("embedding")), "croissant")
    (vector,) = [each for each in document["recordSet"][0]["field"] if "embedding" in each["description"]]
    assert (vector["dataType"], vector["isArray"], vector["arrayShape"]) == ("cr:Float32", True, "64")


def test_no_hash_is_claimed_that_is_not_a_file_s() -> None:
    for name in GOLDEN:
        text = json.dumps(exported(subject(golden(name)), "croissant")["distribution"])
        assert "sha256" not in text
        assert "md5" not in text


@pytest.mark.parametrize("name", ["parquet", "feather", "delta"])
def test_rocrate_reads_it(name: str, tmp_path: Path) -> None:
    record = golden(name)
    (tmp_path / "ro-crate-metadata.json").write_text(json.dumps(exported(subject(record), "ro-crate")))
    crate = ROCrate(tmp_path)
    root = crate.root_dataset
    assert (root["name"], root["license"]["name"]) == (f"Synapses, version {record.number}", "CC-BY-4.0")
    assert [part["name"] for part in root["hasPart"]] == [record.table.location]
    assert {each["name"] for each in root["variableMeasured"]} >= set(record.columns)
    (text,) = [each["value"] for each in root["additionalProperty"] if each["propertyID"] == "featureRegistry:record"]
    assert DatasetVersion.from_json(json.loads(text)).digest == record.digest


def test_dcat_is_one_dataset_with_its_table() -> None:
    record = golden("parquet")
    graph = rdflib.Graph().parse(data=json.dumps(exported(subject(record), "dcat")), format="json-ld")
    rows = graph.query(
        "PREFIX dcat: <http://www.w3.org/ns/dcat#> PREFIX dct: <http://purl.org/dc/terms/>"
        "SELECT ?name ?table { ?it a dcat:Dataset ; dct:identifier ?name ; dcat:distribution/dcat:accessURL ?table }"
    )
    assert [tuple(map(str, row)) for row in rows] == [(record.name, record.table.location)]


def test_datacite_says_unknown_where_the_registry_does_not_know() -> None:
    document = exported(Subject(golden("parquet"), Dataset(name="lab.synapses")), "datacite")
    assert document["publisher"] == {"name": ":unkn"}
    assert "doi" not in document
    assert "rightsList" not in document


def test_a_retired_version_says_so() -> None:
    said = Subject(golden("parquet"), DATASET, retired="wrong units")
    assert "RETIRED: wrong units" in json.dumps(exported(said, "croissant"))


def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(InvalidDeclaration, match="did you mean 'croissant'"):
        exported(subject(golden("parquet")), "croisant")

"""Records of every release read the same for ever."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from registry_dagster.datahub.audit import audit, published_aspects
from registry_dagster.datahub.urns import version_urn
from registry_dagster.datahub.version import RECORD_ASPECTS, record_from
from registry_dagster.model.columns import SEMANTICS
from registry_dagster.model.dataset_version import DatasetVersion
from tests.golden.records import records
from tests.golden.write import FOLDER, OLD_FOLDERS, golden

FILES = sorted(FOLDER.glob("*.json"))
OLD_FILES = [path for folder in OLD_FOLDERS for path in sorted(folder.glob("*.json"))]


@pytest.fixture(params=[*OLD_FILES, *FILES], ids=lambda path: f"{path.parent.name}-{path.stem}")
def kept(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What a golden file holds."""
    path: Path = request.param
    return json.loads(path.read_text(encoding="utf-8"))


def lines(value: dict[str, Any]) -> list[str]:
    """As in the file, so that a difference is shown as lines."""
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False).splitlines()


def test_a_published_record_still_reads(kept: dict[str, Any]) -> None:
    assert DatasetVersion.from_json(kept["record"]).to_json() == kept["record"]


def test_its_digests_are_still_the_same(kept: dict[str, Any]) -> None:
    record = DatasetVersion.from_json(kept["record"])
    assert record.digest == kept["digest"]
    assert record.content_digest == kept["content_digest"]


def test_its_aspects_still_give_the_same_record(kept: dict[str, Any]) -> None:
    record = DatasetVersion.from_json(kept["record"])
    urn = version_urn(record.name, "PROD")
    assert record_from(kept["aspects"][urn], urn) == record


def test_the_record_is_still_written_as_the_same_aspects(kept: dict[str, Any]) -> None:
    record = DatasetVersion.from_json(kept["record"])
    urn = version_urn(record.name, "PROD")
    written = golden(record)["aspects"][urn]
    assert [lines(written[name]) for name in RECORD_ASPECTS] == [
        lines(kept["aspects"][urn][name]) for name in RECORD_ASPECTS
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_all_other_aspects_are_written_as_this_release_began_to(path: Path) -> None:
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert lines(golden(DatasetVersion.from_json(kept["record"]))) == lines(kept)


def test_an_earlier_release_s_version_is_intact(kept: dict[str, Any]) -> None:
    published = published_aspects(DatasetVersion.from_json(kept["record"]), "PROD")
    assert list(audit(published, kept["aspects"])) == []


def test_every_semantic_and_every_format_has_a_golden_file() -> None:
    formats = {"parquet", "delta", "iceberg", "lance", "feather", "csv", "opaque"}
    assert {path.stem for path in FILES} == set(SEMANTICS) | formats | {"copy_of"} == set(records())
    assert {path.stem for path in OLD_FILES} <= {path.stem for path in FILES}


@pytest.mark.parametrize("name", records())
def test_a_golden_file_holds_the_record_it_was_made_from(name: str) -> None:
    kept = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    assert DatasetVersion.from_json(kept["record"]) == records()[name]

"""docs/rebuild.py gives every record back from whatever carries it, with the standard library alone."""

from __future__ import annotations

import importlib.util
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from datahub.emitter.serialization_helper import post_json_transform
from datahub.metadata.schema_classes import DatasetPropertiesClass, SchemaMetadataClass
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry_dagster.datahub.proposal import Proposal
from registry_dagster.datahub.version import version_proposals
from registry_dagster.model.canonical_json import canonical_json
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.outward.export.forms import CARRYING, exported
from registry_dagster.outward.export.subject import Subject
from registry_dagster.stores.mirror.layout import Index, Listed, VersionFile, checksum, file_bytes, version_path
from registry_dagster.stores.open import open_store
from tests.docs.pages import DOCS
from tests.golden.write import FOLDER, OLD_FOLDERS
from tests.strategies import dataset_versions

SCRIPT = DOCS / "rebuild.py"
SPEC = importlib.util.spec_from_file_location("rebuild", SCRIPT)
assert SPEC
assert SPEC.loader
SPEC.loader.exec_module(here := importlib.util.module_from_spec(SPEC))
GOLDEN = [
    DatasetVersion.from_json(json.loads(path.read_text(encoding="utf-8"))["record"])
    for folder in (*OLD_FOLDERS, FOLDER)
    for path in sorted(folder.glob("*.json"))
]


def rebuild(*carriers: Path) -> tuple[list[str], str]:
    """The lines that the script prints, and its errors.

    It runs without site-packages (`-S`), so nothing but the standard library can be imported.
    """
    command = [sys.executable, "-I", "-S", SCRIPT, *carriers]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", env={"PYTHONUTF8": "1"}, check=False)
    assert done.returncode == (1 if done.stderr else 0)
    return done.stdout.splitlines(), done.stderr


def texts(records: Iterable[DatasetVersion]) -> list[str]:
    return sorted(canonical_json(record.json_form).decode() for record in records)


def proposals(record: DatasetVersion) -> Sequence[Proposal]:
    return version_proposals(record, Dataset(name=record.dataset), "PROD")


def write_stores(records: Sequence[DatasetVersion], folder: Path) -> list[Path]:
    """An embedded file, a hand-off folder and a mirror, which hold the records."""
    carriers = {"lite": folder / "registry.db", "file": folder / "handoff"}
    for scheme, path in carriers.items():
        with closing(open_store(f"{scheme}://{path}")) as store:
            store.create([proposals(record) for record in records])
    return [*carriers.values(), write_mirror(records, folder / "mirror")]


def write_mirror(records: Iterable[DatasetVersion], folder: Path) -> Path:
    """A mirror of the records: the files of its versions, and its index."""
    listed: list[Listed] = []
    for record in records:
        path, content = version_path(record.name), file_bytes(VersionFile.of(record))
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
        listed.append(Listed(name=record.name, file=path, sha256=checksum(content)))
    (folder / "index.json").write_bytes(file_bytes(Index(env="PROD", versions=tuple(listed))))
    return folder


def write_documents(record: DatasetVersion, folder: Path) -> list[Path]:
    """The record in each form of export, and as DataHub's own client gives its aspects."""
    said = Subject(record, Dataset(name=record.dataset), license="CC-BY-4.0")
    documents: dict[str, Any] = {form: exported(said, form) for form in CARRYING}
    documents["datahub"] = datahubs_own(record)
    paths = {folder / f"{record.name}.{name}.json": document for name, document in documents.items()}
    for path, document in paths.items():
        path.write_text(json.dumps(document), encoding="utf-8")
    return list(paths)


def datahubs_own(record: DatasetVersion) -> dict[str, Any]:
    aspects = {each.aspect: each.value for each in proposals(record)}
    kinds = {"datasetProperties": DatasetPropertiesClass, "schemaMetadata": SchemaMetadataClass}
    return {name: kind.from_obj(post_json_transform(aspects[name])).to_obj() for name, kind in kinds.items()}


def test_it_gives_every_golden_record_from_every_carrier(tmp_path: Path) -> None:
    known = list({record.name: record for record in GOLDEN}.values())
    stores = write_stores(known, tmp_path)
    documents = [path for record in known for path in write_documents(record, tmp_path)]
    lines, errors = rebuild(*stores, *documents)
    assert errors == ""
    assert sorted(lines) == sorted(texts(known) * (len(stores) + len(CARRYING) + 1))


@given(st.lists(dataset_versions(), min_size=1, max_size=4, unique_by=lambda record: record.name))
@settings(max_examples=5, suppress_health_check=[HealthCheck.too_slow])
def test_it_gives_any_record_from_every_carrier(records: list[DatasetVersion]) -> None:
    with TemporaryDirectory() as folder:
        stores = write_stores(records, Path(folder))
        documents = [path for record in records for path in write_documents(record, Path(folder))]
        lines, errors = rebuild(*stores, *documents)
    assert errors == ""
    assert sorted(lines) == sorted(texts(records) * (len(stores) + len(CARRYING) + 1))


def changed(text: str, place: int) -> str:
    """The text with another letter, digit or sign at one place."""
    return text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :]


@pytest.fixture(scope="module")
def full() -> DatasetVersion:
    """A record with all that a record may hold."""
    return next(record for record in GOLDEN if record.table.format == "delta" and record.references)


def test_any_change_in_an_exported_record_is_named(full: DatasetVersion, tmp_path: Path) -> None:
    document = exported(Subject(full, Dataset(name=full.dataset)), "dcat")
    (record,) = [each for each in document["additionalProperty"] if each["propertyID"].endswith(":record")]
    text = record["value"]
    for place in range(len(text)):
        record["value"] = changed(text, place)
        (version,) = here.versions(document)
        said, stated = here.text_and_digest(version)
        assert stated == full.digest != here.digest_of(said), (place, said[place - 10 : place + 10])


def test_no_change_in_datahub_s_aspects_gives_another_record(full: DatasetVersion, tmp_path: Path) -> None:
    """Words beside the record may be changed; then the record is as it was. Else the version is named."""
    path, urn = tmp_path / "entity.json", f"urn:li:{full.name}"
    aspects = {each.aspect: json.dumps(each.value) for each in proposals(full)}
    named = 0
    for name in ("datasetProperties", "schemaMetadata"):
        for place in range(0, len(aspects[name]), 5):
            entity = {"urn": urn, **aspects, name: changed(aspects[name], place)}
            path.write_text(json.dumps(entity))
            ((text, problem),) = here.rebuilt(path)
            assert [text] == texts([full]) or (text is None and urn in problem)
            named += text is None
    assert named > 300


def test_a_version_that_was_changed_keeps_no_other_out(tmp_path: Path) -> None:
    first, second, third = GOLDEN[:3]
    lite, handoff, _ = write_stores([first, second, third], tmp_path)
    with closing(sqlite3.connect(lite)) as file, file:
        file.execute(
            "UPDATE metadata_aspect_v2 SET metadata = replace(metadata, 's3://', 's4://') WHERE urn LIKE ?",
            [f"%{second.name},%"],
        )
    lines, errors = rebuild(lite)
    assert sorted(lines) == texts([first, third])
    assert f"{second.name},PROD) was changed: its digest is" in errors
    (handoff / "000001.json").write_text("[")
    lines, errors = rebuild(handoff, tmp_path / "absent.json")
    assert lines == []
    assert "handoff: it cannot be read" in errors
    assert "absent.json: it cannot be read" in errors


def test_any_byte_that_is_changed_in_a_mirror_is_named_and_keeps_no_other_out(
    full: DatasetVersion, tmp_path: Path
) -> None:
    other = next(record for record in GOLDEN if record.name != full.name)
    mirror = write_mirror([full, other], tmp_path)
    path = mirror / version_path(full.name)
    content = path.read_bytes()
    for place in range(0, len(content), 7):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        (_, problem), (text, none) = here.rebuilt(mirror)
        assert problem.startswith(f"{full.name} was changed: it cannot be rebuilt: ValueError('its bytes are not")
        assert [text] == texts([other])
        assert none is None
    path.unlink()
    lines, errors = rebuild(mirror)
    assert lines == texts([other])
    assert f"{full.name} was changed: it cannot be rebuilt: FileNotFoundError" in errors


def test_a_record_of_a_mirror_is_proven_by_its_digest_too(full: DatasetVersion, tmp_path: Path) -> None:
    """Whoever changes a record and the index is found out by the digest, unless that is changed as well."""
    mirror = write_mirror([full], tmp_path)
    path, index = mirror / version_path(full.name), mirror / "index.json"
    before = path.read_bytes()
    path.write_bytes(before.replace(full.table.location.encode(), b"s4://elsewhere"))
    index.write_text(index.read_text().replace(checksum(before), checksum(path.read_bytes())))
    ((text, problem),) = here.rebuilt(mirror)
    assert text is None
    assert f"{full.digest} is stated" in problem
    ((text, problem),) = here.rebuilt(path)
    assert f"{full.digest} is stated" in problem
    path.write_bytes(before)
    assert list(here.rebuilt(path)) == [(texts([full])[0], None)]


def test_numbers_and_keys_are_written_as_the_scheme_says() -> None:
    """The examples of RFC 8785, and what JavaScript and Python write differently."""
    numbers = {333333333.33333329: "333333333.3333333", 1e30: "1e+30", 4.5: "4.5", 2e-3: "0.002", 1e-27: "1e-27"}
    numbers |= {1e21: "1e+21", 1e20: "100000000000000000000", 1e-6: "0.000001", 1e-7: "1e-7", -0.0: "0", 8.0: "8"}
    assert {number: here.canonical(number) for number in numbers} == numbers
    assert here.canonical({"\ufb33": 1, "\U0001f600": 2, "\r": None}) == '{"\\r":null,"\U0001f600":2,"\ufb33":1}'


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.text()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.integers(-(2**53) + 1, 2**53 - 1),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_its_canonical_json_is_ours(value: object) -> None:
    assert here.canonical(value).encode() == canonical_json(value)

"""A mirror says what its registry says, in plain JSON; and whatever is changed in it is named."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from registry_dagster.errors import CorruptRecord, NotPublished, RegistryError, StoreRefused, TableError
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.outward.mirror.write import write_mirror
from registry_dagster.registry.registry import Registry
from registry_dagster.stores.mirror.layout import VersionFile, file_bytes, model_in
from registry_dagster.tables.storage.open import open_storage
from registry_dagster.tables.storage.whole import read_whole
from registry_dagster.testing.search_behaviour import publish_examples
from tests.golden.write import FOLDER
from tests.registry.declared import declared, facts
from tests.strategies import dataset_versions

NUCLEI = "minnie65.nuclei"
GOLDEN = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry with acts of several kinds."""
    target = f"lite://{tmp_path_factory.mktemp('home')}/registry.db"
    with Registry.open(target, publisher="ada@lab.org") as registry:
        publish_examples(registry)
        registry.retire(f"{NUCLEI}@v1", reason="wrong units", replacement=f"{NUCLEI}@v2")
        registry.retire(f"{NUCLEI}@v2", reason="a mistake")
        registry.acts.undo(f"{NUCLEI}@v2", reason="it was right")
        registry.acts.label(f"{NUCLEI}@v2", "size-paper", reason="cited")
        yield registry


@pytest.fixture(scope="module")
def out(home: Registry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mirror")
    write_mirror(home, str(folder))
    return folder


def opened(folder: Path) -> Registry:
    return Registry.open(f"mirror:{folder}")


def said(registry: Registry) -> dict[str, Any]:
    """What a registry answers."""
    names = sorted(each.dataset.name for each in registry.holdings.read())
    return {
        "found": sorted(str(each.version) for each in registry.find(limit=None)),
        "retired": [str(each.version) for each in registry.find(retired=True)],
        "words": sorted(str(each.version) for each in registry.find("nuclei")),
        "records": {each.name: each.digest for name in names for each in registry.versions(name)},
        "datasets": [registry.dataset(name) for name in names],
        "acts": {name: registry.acts.history(name) for name in names},
        "retirements": {name: registry.retirements(name) for name in names},
        "now": [registry.acts.now(name) for name in names],
        "states": sorted(map(MaterializationVersion.to_json, registry.materializations()), key=str),
        "dependents": [str(each) for each in registry.dependents("nucleus_detection_v0")],
        "joins": str(registry.join("minnie65.synapse_embeddings", NUCLEI)),
        "verified": [str(each) for each in registry.verify_all(record=True)],
        "cited": str(registry.cite(NUCLEI)),
        "compatible": str(registry.compatibility(NUCLEI, "minnie65_public@943")),
    }


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_answers_as_its_registry_does(home: Registry, out: Path) -> None:
    with opened(out) as mirror:
        assert said(mirror) == said(home)


def test_the_same_registry_gives_the_same_bytes(home: Registry, out: Path, tmp_path: Path) -> None:
    write_mirror(home, str(tmp_path / "again"))
    assert files(tmp_path / "again") == files(out)


def test_only_what_is_new_or_changed_is_written(tmp_path: Path) -> None:
    with Registry.open(f"lite://{tmp_path}/registry.db", publisher="ada@lab.org") as registry:
        registry.publish(declared(), facts(1), message="First")
        folder = tmp_path / "mirror"
        first = write_mirror(registry, str(folder))
        (folder / "README.txt").write_text("ours")
        before = files(folder)
        assert (first.written, write_mirror(registry, str(folder)).written) == (len(before) - 1, 0)
        registry.retire("hemibrain.neurons@v1", reason="wrong units")
        assert write_mirror(registry, str(folder)).written == 2
        after = files(folder)
        changed = {path for path in after if after[path] != before.get(path)}
        assert changed == {"index.json", "datasets/hemibrain.neurons/dataset.json"}
        registry.publish(declared(), facts(2), message="Second")
        assert write_mirror(registry, str(folder)).written == 3
    with opened(folder) as mirror:
        (retire,) = mirror.acts.history("hemibrain.neurons@v1")
        assert (retire.act, retire.by, retire.why) == ("retire", "ada@lab.org", "wrong units")
        assert mirror.get("hemibrain.neurons").number == 2


def test_it_is_written_to_a_store_of_fsspec(home: Registry, out: Path) -> None:
    import fsspec

    mirrored = write_mirror(home, "memory://public/registry")
    memory = fsspec.filesystem("memory")
    for path, content in files(out).items():
        assert memory.cat_file(f"/public/registry/{path}") == content
    with Registry.open(mirrored.mirror) as mirror:
        assert mirror.get(NUCLEI) == home.get(NUCLEI)


def test_a_version_is_read_without_this_package(home: Registry, out: Path) -> None:
    index = json.loads((out / "index.json").read_text())
    (file,) = [each["file"] for each in index["versions"] if each["name"] == f"{NUCLEI}@v1"]
    held = json.loads((out / file).read_text())
    assert held["digest"] == home.get(f"{NUCLEI}@v1").digest
    assert held["record"]["table"]["location"] == home.get(f"{NUCLEI}@v1").table.location
    about = json.loads((out / "datasets" / NUCLEI / "dataset.json").read_text())
    first = about["acts"][0]
    assert (first["act"], first["by"], first["why"]) == ("retire", "ada@lab.org", "wrong units")


@pytest.mark.parametrize("name", GOLDEN)
def test_every_golden_record_comes_back_with_its_digests(name: str) -> None:
    content = file_bytes(VersionFile.of(DatasetVersion.from_json(GOLDEN[name]["record"])))
    record = model_in(VersionFile, content).proven
    assert record is not None
    assert (record.digest, record.content_digest) == (GOLDEN[name]["digest"], GOLDEN[name]["content_digest"])


@given(dataset_versions())
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
def test_any_record_comes_back(record: DatasetVersion) -> None:
    assert model_in(VersionFile, file_bytes(VersionFile.of(record))).proven == record


@pytest.mark.parametrize("file", ["/etc/passwd", "../secret.json", "datasets/../../secret.json"])
def test_it_leads_to_no_file_outside(file: str, out: Path, tmp_path: Path) -> None:
    path = copied(out, tmp_path) / "index.json"
    path.write_text(path.read_text().replace(f"datasets/{NUCLEI}/v1.json", file))
    with opened(tmp_path) as mirror, pytest.raises(CorruptRecord, match="is not a path beside the index"):
        mirror.get(f"{NUCLEI}@v1")


def copied(out: Path, to: Path) -> Path:
    for path, content in files(out).items():
        (to / path).parent.mkdir(parents=True, exist_ok=True)
        (to / path).write_bytes(content)
    return to


def test_any_byte_that_is_changed_is_named(out: Path, tmp_path: Path) -> None:
    path = copied(out, tmp_path) / "datasets" / NUCLEI / "v1.json"
    content = path.read_bytes()
    for place in range(0, len(content), 97):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with opened(tmp_path) as mirror, pytest.raises(CorruptRecord, match=r"v1\.json \(minnie65\.nuclei@v1\) was"):
            mirror.get(f"{NUCLEI}@v1")
    path.unlink()
    with opened(tmp_path) as mirror, pytest.raises(CorruptRecord, match="it is not there"):
        mirror.get(f"{NUCLEI}@v1")


def test_a_record_that_was_changed_with_its_checksum_is_refused(out: Path, tmp_path: Path) -> None:
    import hashlib

    path = copied(out, tmp_path) / "datasets" / NUCLEI / "v1.json"
    before = path.read_bytes()
    path.write_bytes(before.replace(b'"location": "', b'"location": "/elsewhere', 1))
    index = (tmp_path / "index.json").read_text()
    sums = [hashlib.sha256(each).hexdigest() for each in (before, path.read_bytes())]
    (tmp_path / "index.json").write_text(index.replace(sums[0], sums[1]))
    with opened(tmp_path) as mirror, pytest.raises(CorruptRecord, match="its digests do not prove its record"):
        mirror.get(f"{NUCLEI}@v1")


@pytest.mark.parametrize("file", [f"datasets/{NUCLEI}/dataset.json", "index.json"])
def test_other_files_that_were_changed_are_named(file: str, out: Path, tmp_path: Path) -> None:
    path = copied(out, tmp_path) / file
    path.write_bytes(b"[]")
    with opened(tmp_path) as mirror, pytest.raises(CorruptRecord, match=file):
        mirror.dataset(NUCLEI)


def test_a_file_that_is_too_large_is_not_read(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry_dagster.stores.mirror.store.MOST_BYTES", 1000)
    with opened(out) as mirror, pytest.raises(RegistryError, match=r"index\.json is larger than 1,000 bytes"):
        mirror.get(NUCLEI)


@pytest.mark.parametrize(
    ("before", "after", "wrong"),
    [
        ('"env": "PROD"', '"env": "PROD", "env": "DEV"', "it has the key 'env' twice in one object"),
        ('"env": "PROD"', '"env": NaN', "it has NaN, which is not a number of JSON"),
        ('"env": "PROD"', '"env": ' + "[" * 9999 + "]" * 9999, "its values are nested too deeply"),
        (f'"name": "{NUCLEI}@v2"', f'"name": "{NUCLEI}@v1"', f"it lists the version {NUCLEI}@v1 twice"),
        ('"mirror_format": 1', '"mirror_format": 2', "mirror_format"),
    ],
)
def test_an_index_that_readers_take_differently_is_refused(
    before: str, after: str, wrong: str, out: Path, tmp_path: Path
) -> None:
    path = copied(out, tmp_path) / "index.json"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))
    with opened(tmp_path) as mirror, pytest.raises(CorruptRecord, match=rf"index\.json is not the index.*{wrong}"):
        mirror.get(NUCLEI)


def test_it_is_only_read(out: Path) -> None:
    with opened(out) as mirror, pytest.raises(StoreRefused, match="is a mirror, which is only read"):
        mirror.retire(f"{NUCLEI}@v2", reason="why", publisher="ada@lab.org")


def test_what_is_no_mirror_is_said_to_be_none(home: Registry, tmp_path: Path) -> None:
    with opened(tmp_path) as mirror, pytest.raises(NotPublished, match=r"it has no index\.json"):
        mirror.get(NUCLEI)
    (tmp_path / "index.json").write_text('{"mine": 1}')
    with pytest.raises(RegistryError, match="is not the index of a mirror; name another location"):
        write_mirror(home, str(tmp_path))
    assert (tmp_path / "index.json").read_text() == '{"mine": 1}'
    with pytest.raises(TableError):
        write_mirror(home, "https://127.0.0.1:9/registry")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_it_is_read_from_a_web_server(home: Registry, out: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(out))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            with Registry.open(f"mirror:http://127.0.0.1:{server.server_port}") as mirror:
                assert mirror.get(NUCLEI) == home.get(NUCLEI)
                assert mirror.acts.history(NUCLEI) == home.acts.history(NUCLEI)
                assert len(mirror.find("nuclei")) == len(home.find("nuclei"))
            storage = open_storage(f"http://127.0.0.1:{server.server_port}")
            size = (out / "index.json").stat().st_size
            assert read_whole(storage, "index.json", size) == (out / "index.json").read_bytes()
            with pytest.raises(TableError, match="is larger than 1,000 bytes"):
                read_whole(storage, "index.json", 1000)
        finally:
            server.shutdown()

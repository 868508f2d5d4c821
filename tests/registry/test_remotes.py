"""Tables of other labs take part in every question under names of their own, and say where they were read."""

from __future__ import annotations

import json
import shutil
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import pytest

from registry_dagster.answers.answer import Verdict
from registry_dagster.answers.remote import Remote
from registry_dagster.errors import (
    CorruptRecord,
    InvalidDeclaration,
    NotPublished,
    RegistryError,
    RegistryUnavailable,
)
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.identifiers import NucleusId, RootId
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.signals import Crosswalk
from registry_dagster.outward.mirror.write import write_mirror
from registry_dagster.registry.registry import Registry
from registry_dagster.registry.remotes import Remotes
from registry_dagster.registry.shown import shown
from registry_dagster.testing.search_behaviour import publish_examples
from tests.golden.write import FOLDER
from tests.registry.declared import facts

NUCLEI, EMBEDDINGS = "minnie65.nuclei", "minnie65.synapse_embeddings"
MINNIE = MaterializationVersion(system="minnie65_public", version="1300", source="cave")
OURS = FeatureTable(
    dataset=Dataset(name=NUCLEI, title="Our nuclei"),
    materializations=[MINNIE],
    columns={"id": NucleusId(source_table="nucleus_detection_v0"), "root": RootId(id_space="minnie65_public")},
)


@pytest.fixture(scope="module")
def laba(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """The registry of the other lab, which has datasets of the same names."""
    with Registry.open(f"lite://{tmp_path_factory.mktemp('laba')}/registry.db", publisher="ada@laba.org") as registry:
        publish_examples(registry)
        registry.retire(f"{NUCLEI}@v2", reason="wrong units", replacement=f"{NUCLEI}@v1")
        yield registry


@pytest.fixture(scope="module")
def mirror(laba: Registry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mirror")
    write_mirror(laba, str(folder))
    return folder


@pytest.fixture(scope="module")
def ours(mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    target = f"lite://{tmp_path_factory.mktemp('ours')}/registry.db"
    with Registry.open(target, publisher="bo@here.org", remotes={"laba": str(mirror)}) as registry:
        registry.publish(OURS, facts(location="/ours/nuclei", id="int64", root="int64"), message="Ours")
        yield registry


def with_remotes(ours: Registry, **remotes: str) -> Registry:
    return Registry.open(ours.target, remotes=remotes)


def names(found: Any) -> list[str]:
    return [row.version for row in found]


def test_one_name_in_two_labs_is_two_datasets(ours: Registry, laba: Registry) -> None:
    assert ours.get(f"laba/{NUCLEI}@v1") == laba.get(f"{NUCLEI}@v1") != ours.get(f"{NUCLEI}@v1")
    assert ours.get(f"laba/{NUCLEI}@v1").digest == laba.get(f"{NUCLEI}@v1").digest
    assert [each.digest for each in ours.versions(f"laba/{NUCLEI}")] == [each.digest for each in laba.versions(NUCLEI)]
    assert (ours.dataset(f"laba/{NUCLEI}").title, ours.dataset(NUCLEI).title) == ("Nuclei", "Our nuclei")
    changes = ours.diff(f"laba/{NUCLEI}@v1", f"{NUCLEI}@v1")
    assert (changes.before, changes.after) == (f"laba/{NUCLEI}@v1", f"{NUCLEI}@v1")


def test_its_own_lab_says_which_version_is_current_and_where_it_was_read(ours: Registry, mirror: Path) -> None:
    taken = ours.current(f"laba/{NUCLEI}")
    assert taken.version == f"laba/{NUCLEI}@v1"
    assert taken.remote == Remote("laba", mirror.as_uri())
    assert taken.passed_over == (f"laba/{NUCLEI}@v2: retired by ada@laba.org: wrong units; use laba/{NUCLEI}@v1",)
    assert str(ours.column(f"laba/{EMBEDDINGS}", "id")).endswith(f"laba: {mirror.as_uri()}")
    assert ours.current(NUCLEI).remote is None
    assert "# laba/minnie65.nuclei@v1: " in ours.read_code(f"laba/{NUCLEI}@v1", "polars")


def test_what_replaces_a_retired_version_is_of_its_lab(ours: Registry, tmp_path: Path) -> None:
    with Registry.open(f"lite://{tmp_path}/registry.db", publisher="cy@labc.org") as labc:
        publish_examples(labc)
        labc.retire(f"{NUCLEI}@v2", reason="merged", replacement=f"{EMBEDDINGS}@v1")
        write_mirror(labc, str(tmp_path / "mirror"))
    use = f"retired by cy@labc.org: merged; use labc/{EMBEDDINGS}@v1"
    with with_remotes(ours, labc=str(tmp_path / "mirror")) as registry:
        assert registry.current(f"labc/{NUCLEI}").passed_over == (f"labc/{NUCLEI}@v2: {use}",)
        (row,) = registry.find(remotes=["labc"], retired=True)
        page = shown(registry, f"labc/{NUCLEI}@v2")
        assert (row.retired, page.worded(str(page.retirement))) == (use, use)


def test_code_that_reads_a_table_of_a_lab_says_why_by_its_name_here(ours: Registry) -> None:
    head, remark, *_ = ours.read_code(f"laba/{NUCLEI}", "polars").splitlines()
    assert head.startswith(f"# laba/{NUCLEI}@v1: ")
    assert remark.startswith(f"# laba/{NUCLEI}@v1: it is the current version")
    assert f"passed over: laba/{NUCLEI}@v2" in remark


def test_tables_of_two_labs_are_joined_by_what_both_recorded(ours: Registry) -> None:
    answer = ours.join(f"laba/{EMBEDDINGS}@v1", NUCLEI)
    (join, *_) = answer.joins
    assert (join.a, join.b, join.kind) == (f"laba/{EMBEDDINGS}@v1", f"{NUCLEI}@v1", "derived")
    assert join.columns == (("pre_pt_root_id", "root"),)
    assert join.verdict is Verdict.EXACT
    assert answer.notes[-1].startswith("laba and this registry recorded their facts apart: states are compared by ")
    found = ours.compatibility(f"laba/{EMBEDDINGS}@v2", NUCLEI)
    assert found.verdict is Verdict.LOSSY
    assert any(each.startswith("laba and this registry") for each in found.notes)


def test_a_reference_of_a_lab_means_its_own_dataset(ours: Registry) -> None:
    """Embeddings of laba reference nuclei: those of laba, and not ours of the same name."""
    own = ours.join(f"laba/{EMBEDDINGS}@v1", f"laba/{NUCLEI}@v2")
    assert own.joins[0].kind == "declared"
    assert not ours.compatibility(f"laba/{EMBEDDINGS}@v1", f"laba/{NUCLEI}@v2").notes
    assert "declared" not in {each.kind for each in ours.join(f"laba/{EMBEDDINGS}@v1", f"{NUCLEI}@v1").joins}
    lineage = ours.lineage(f"laba/{EMBEDDINGS}@v1")
    assert f"pre_pt_root_id joins to laba/{NUCLEI}@v2" in lineage.upstream
    assert ours.lineage(NUCLEI).dependents == ()


def test_what_depends_on_a_table_of_a_lab_is_in_that_lab(ours: Registry, laba: Registry) -> None:
    found = ours.dependents(f"laba/{NUCLEI}")
    assert names(found) == [f"laba/{each}" for each in names(laba.dependents(NUCLEI))]
    assert f"joins to laba/{NUCLEI}@v" in found[0].how[0]
    assert len(ours.dependents(NUCLEI)) == 0
    assert names(ours.dependents("laba/minnie65_public@1412")) == [f"laba/{EMBEDDINGS}@v2"]


def test_the_newest_that_goes_with_a_table_of_ours(ours: Registry, mirror: Path) -> None:
    found = ours.newest(f"laba/{EMBEDDINGS}", compatible_with=NUCLEI)
    assert found.version == f"laba/{EMBEDDINGS}@v1"
    assert str(found).endswith(f"laba: {mirror.as_uri()}")
    assert found.compatibility is not None
    assert "recorded their facts apart" in found.compatibility.notes[-1]
    assert ours.compatibility(f"laba/{NUCLEI}@v1", "laba/minnie65_public@943").verdict is Verdict.EXACT


def test_states_that_labs_recorded_differently_are_not_taken_for_one(ours: Registry, tmp_path: Path) -> None:
    from datetime import datetime, timezone

    other = MINNIE.model_copy(update={"timestamp": datetime(2025, 1, 1, tzinfo=timezone.utc)})
    here = MINNIE.model_copy(update={"timestamp": datetime(2025, 1, 2, tzinfo=timezone.utc)})
    for name, state in (("labb", other), ("own", here)):
        with Registry.open(f"lite://{tmp_path}/{name}.db", publisher="b@b.org") as registry:
            table = OURS.model_copy(update={"materializations": (state,)})
            registry.publish(table, facts(location=f"/{name}", id="int64", root="int64"), message="m")
            write_mirror(registry, str(tmp_path / name))
    with Registry.open(f"lite://{tmp_path}/own.db", remotes={"labb": str(tmp_path / "labb")}) as registry:
        found = registry.compatibility(f"labb/{NUCLEI}", NUCLEI)
    assert found.verdict is Verdict.UNKNOWN
    assert "timestamps" in found.reason


def test_a_crosswalk_that_a_lab_names_is_its_own(ours: Registry, tmp_path: Path) -> None:
    """A dataset of that name here is another one. Both are gone through, each under its own name."""
    late = MINNIE.model_copy(update={"version": "1412"})
    signal = Crosswalk(
        dataset="lab.crosswalk",
        from_version="minnie65_public@1300",
        to_version="minnie65_public@1412",
        columns=["root"],
        basis="declared",
    )
    ids = {"root": RootId(id_space="minnie65_public")}
    table = FeatureTable(dataset=Dataset(name="lab.cells"), materializations=[late], columns=ids, signals=[signal])
    columns = {
        "old": RootId(id_space="minnie65_public", at="minnie65_public@1300"),
        "new": RootId(id_space="minnie65_public", at="minnie65_public@1412"),
    }
    bridge = FeatureTable(dataset=Dataset(name="lab.crosswalk"), materializations=[MINNIE, late], columns=columns)
    with Registry.open(f"lite://{tmp_path}/labc.db", publisher="c@c.org") as registry:
        registry.publish(bridge, facts(location="/c/bridge", old="int64", new="int64"), message="m")
        registry.publish(table, facts(location="/c/cells", root="int64"), message="m")
        write_mirror(registry, str(tmp_path / "labc"))
    target = f"lite://{tmp_path}/own.db"
    with Registry.open(target, publisher="bo@here.org", remotes={"labc": str(tmp_path / "labc")}) as registry:
        registry.publish(OURS, facts(location="/ours/nuclei", id="int64", root="int64"), message="Ours")
        registry.publish(bridge, facts(location="/ours/bridge", old="int64", new="int64"), message="Ours, too")
        through = {join.through for join in registry.join("labc/lab.cells", NUCLEI).joins}
        found = registry.compatibility("labc/lab.cells", NUCLEI)
    assert through == {(), ("labc/lab.crosswalk@v1",), ("lab.crosswalk@v1",)}
    assert found.verdict is Verdict.BRIDGEABLE
    assert "root: labc/lab.crosswalk is recorded as the crosswalk" in found.reason


def test_only_this_registry_is_searched_unless_others_are_asked_for(ours: Registry, laba: Registry) -> None:
    assert names(ours.find()) == [f"{NUCLEI}@v1"]
    theirs = ours.find(remotes=["laba"])
    assert names(theirs) == [f"laba/{each}" for each in names(laba.find())]
    assert {row.remote for row in theirs} == {"laba"}
    assert names(ours.find(remotes="all", semantic="nucleus_id")) == [
        f"{NUCLEI}@v1",
        f"laba/{NUCLEI}@v2",
        f"laba/{NUCLEI}@v1",
    ]
    assert names(ours.find(remotes="all", dataset=EMBEDDINGS)) == [f"laba/{EMBEDDINGS}@v2", f"laba/{EMBEDDINGS}@v1"]
    with pytest.raises(NotPublished, match="minnie65.axons: no version is published"):
        ours.find(remotes="all", dataset="minnie65.axons")
    retired = ours.find(remotes=["laba"], retired=True)
    assert retired[0].retired == f"retired by ada@laba.org: wrong units; use laba/{NUCLEI}@v1"
    assert [row.newest for row in ours.datasets(remotes="all")] == [
        f"{NUCLEI}@v1",
        f"laba/{EMBEDDINGS}@v2",
        f"laba/{NUCLEI}@v1",
    ]
    with pytest.raises(InvalidDeclaration, match="remotes must be a list of names or 'all'"):
        ours.find(remotes="laba")
    with pytest.raises(InvalidDeclaration, match="a remote must be text, got 3"):
        ours.find(remotes=cast("Any", [3]))


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address where nobody answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/mirror"


def test_a_lab_that_cannot_be_reached_is_named_and_keeps_no_other_out(
    ours: Registry, mirror: Path, nobody: str
) -> None:
    with with_remotes(ours, far=nobody, laba=str(mirror)) as registry:
        assert names(registry.find()) == [f"{NUCLEI}@v1"]
        with pytest.raises(RegistryUnavailable, match=f"remote far: {nobody}/index.json: .* cannot be reached"):
            registry.get(f"far/{NUCLEI}@v1")
        with pytest.raises(RegistryUnavailable, match="remote far: "):
            registry.join(f"far/{NUCLEI}@v1", NUCLEI)
        with pytest.raises(RegistryUnavailable, match="remote far: "):
            registry.find(remotes=["far"])
        found = registry.find(remotes="all")
        assert len(found) == 5
        (line,) = found.unread
        assert line.startswith("what far has is not listed: remote far: ")
        assert line in str(found)


def test_a_lab_without_a_mirror_at_its_address_is_named_too(ours: Registry, mirror: Path, tmp_path: Path) -> None:
    with with_remotes(ours, moved=str(tmp_path), laba=str(mirror)) as registry:
        found = registry.find(remotes="all")
        assert len(found) == 5
        (line,) = found.unread
        assert "what moved has is not listed: remote moved: there is no mirror at" in line
        # A name that nobody knows may be known where nothing was read.
        nothing = registry.find(remotes="all", dataset="minnie65.axons")
        assert (len(nothing), nothing.unread) == (0, (line,))


def test_a_file_that_was_changed_is_named_with_its_lab(ours: Registry, mirror: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(mirror, folder)
    path = folder / "datasets" / NUCLEI / "v1.json"
    path.write_bytes(path.read_bytes().replace(b"Detected", b"detected"))
    with with_remotes(ours, laba=str(folder)) as registry:
        with pytest.raises(CorruptRecord, match=r"remote laba: .*v1\.json \(minnie65.nuclei@v1\) was changed"):
            registry.get(f"laba/{NUCLEI}@v1")
        assert registry.find(remotes="all").unread[0].startswith("what laba has is not listed: remote laba: ")
        assert registry.get(f"laba/{NUCLEI}@v2").number == 2


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.json")), ids=lambda file: file.stem)
def test_no_dataset_of_a_record_is_named_as_one_of_ours(file: Path) -> None:
    record = DatasetVersion.from_json(json.loads(file.read_text(encoding="utf-8"))["record"])
    seen = Remote("laba", "https://lab.org").seen(record)
    assert (seen.digest, seen.content_digest) == (record.digest, record.content_digest)
    named = [record.dataset, *(each.to for each in record.references), *record.inputs]
    for name in {each.partition("@")[0] for each in named if each}:
        for part in (seen.to_json()["dataset"], *map(str, seen.inputs), *(each.to for each in seen.references)):
            assert part != name


def test_a_name_that_is_no_remote_is_answered_with_those_there_are(ours: Registry) -> None:
    with pytest.raises(NotPublished, match=r"no remote is named 'labs'; did you mean 'laba'\? Name it in \[remotes\]"):
        ours.get(f"labs/{NUCLEI}")
    with pytest.raises(NotPublished, match="minnie65.nuclei2: no version is published at mirror:file"):
        ours.get("laba/minnie65.nuclei2")


def test_what_is_done_in_one_registry_takes_no_name_of_another_lab(ours: Registry) -> None:
    of_laba = f"laba/{NUCLEI}@v1' is of another lab, and here a name of one registry is expected: name {NUCLEI}@v1 in"
    with pytest.raises(InvalidDeclaration, match=of_laba):
        ours.retire(f"laba/{NUCLEI}@v1", reason="wrong units")
    with pytest.raises(InvalidDeclaration, match="to find it there, ask the remote laba"):
        ours.find(dataset=f"laba/{NUCLEI}")


@pytest.mark.parametrize(
    ("name", "address", "wrong"),
    [
        (
            "neuprint",
            "https://lab.org/registry",
            "neuprint cannot name a remote, because it is what a source is called",
        ),
        ("Lab A", "https://lab.org", "'Lab A' cannot name a remote; use lower-case letters"),
        ("laba", "lite:///x.db", "remote laba must be the address of a mirror"),
        ("laba", "", "remote laba must be the address of a mirror"),
        ("laba", "https://me:pass-word@lab.org/m", "write https://lab.org/m and give credentials as storage_options"),
        ("laba", "https://lab.org/m?sig=s3cr3t", "a query string or fragment"),
    ],
)
def test_a_remote_that_cannot_be_one_is_refused_at_once(name: str, address: str, wrong: str, ours: Registry) -> None:
    with pytest.raises(RegistryError, match=wrong) as raised:
        Registry.open(ours.target, remotes={name: address})
    assert "pass-word" not in str(raised.value)
    assert "s3cr3t" not in str(raised.value)


@pytest.mark.parametrize("given", [["laba"], "https://ada:s3cr3t@laba.org", 3])
def test_remotes_that_are_not_names_with_addresses_are_refused(given: Any, ours: Registry) -> None:
    with pytest.raises(RegistryError, match="remotes must be a mapping of names to addresses") as raised:
        Registry.open(ours.target, remotes=given)
    assert "s3cr3t" not in str(raised.value)


class _Mirror(BaseHTTPRequestHandler):
    """Serves a folder, keeps the headers that it is sent, and sends those who ask below /moved to another host."""

    folder: Path
    seen: list[tuple[str, str, dict[str, str]]]

    def do_GET(self) -> None:
        host = self.headers["Host"]
        self.seen.append((host.partition(":")[0], self.path, dict(self.headers.items())))
        if self.path.startswith("/moved/"):
            self.send_response(302)
            self.send_header("Location", f"http://localhost:{host.partition(':')[2]}{self.path[6:]}")
            self.end_headers()
            return
        content = (self.folder / self.path.lstrip("/")).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_credentials_go_to_the_place_they_are_for_alone(
    ours: Registry, mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATAHUB_GMS_TOKEN", "token-of-ours")
    seen: list[tuple[str, str, dict[str, str]]] = []
    handler = type("Handler", (_Mirror,), {"folder": mirror, "seen": seen})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        here = f"http://127.0.0.1:{server.server_port}"
        options = {f"{here}/moved": {"headers": {"X-Api-Key": "key-of-moved"}}}
        remotes = Remotes({"open": here, "moved": f"{here}/moved"}, options.get)
        with Registry(ours._store, remotes=remotes) as registry:  # pyright: ignore[reportPrivateUsage] - the same file
            for name in ("open", "moved"):
                assert registry.get(f"{name}/{NUCLEI}@v1").number == 1
        server.shutdown()
    keyed = {(host, path.partition("/datasets")[0]) for host, path, headers in seen if "X-Api-Key" in headers}
    assert all(path.startswith("/moved") and host == "127.0.0.1" for host, path in keyed)
    assert keyed
    assert any(host == "localhost" for host, _, _ in seen)
    assert not any("token-of-ours" in str(headers) for _, _, headers in seen)

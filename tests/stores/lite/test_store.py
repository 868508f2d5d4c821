"""The embedded store's file is DataHub Lite's own: the stock classes and DataHub's own command read it."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from datahub.emitter.mcp import MetadataChangeProposalWrapper
from datahub.lite.sqlite_lite import SqliteLite, SqliteLiteConfig
from datahub.metadata.schema_classes import SchemaMetadataClass, UpstreamLineageClass

from registry_dagster.datahub.proposal import Proposal
from registry_dagster.datahub.urns import container_urn, version_set_urn, version_urn
from registry_dagster.errors import RegistryError, RegistryUnavailable
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.signals import SpatialDrift
from registry_dagster.registry.plan import Origin
from registry_dagster.registry.registry import Registry
from registry_dagster.stores.lite.store import LiteStore
from tests.datahub.wire import publish_proposals, read_by_datahub
from tests.golden.records import DATASET, records
from tests.registry.declared import HEMIBRAIN, declared, facts, reference, urns_in, whole_database

SYNAPSES = version_urn("hemibrain.synapses@v2", "PROD")
SERVER_OWNED = ("urn:li:entityType:", "urn:li:dataType:", "urn:li:systemNode:")
"""What a DataHub server brings with it."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "registry.db"


@pytest.fixture
def published(path: Path) -> Path:
    """A registry with three versions of two datasets, joined and derived, one changed later."""
    drift = SpatialDrift(kind="frame_offset", p95_nm=12.5, basis="measured")
    with Registry.open(f"lite://{path}", publisher="ada@lab.org") as registry:
        neurons = facts(location="/data/neurons")
        registry.publish(declared(title="Neurons", owners=["team:olfaction"], tags=["fly"]), neurons, message="first")
        synapses = declared(
            "hemibrain.synapses",
            title="Größe, (b)",
            owners=["ada@lab.org"],
            references=(reference("hemibrain.neurons"),),
            signals=(drift,),
        )
        origin = Origin(
            run_id="run", asset="flies/synapses", partition="DA1", inputs=[("hemibrain.neurons", neurons.identity)]
        )
        for version in range(2):
            table = facts(version, location="/data/synapses")
            registry.publish(synapses, table, message="second", label=f"r{version}", origin=origin)
        registry.publish(declared(title="All neurons"), neurons, message="a better title")
        upstream = MaterializationVersion.from_json(HEMIBRAIN.to_json() | {"status": "expired"})
        registry.publish(declared("flat", materializations=(upstream,)), facts(9), message="an upstream expired")
    return path


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def edges(path: Path) -> set[tuple[Any, ...]]:
    return set(rows(path, "SELECT src_id, relnship, dst_id, dst_label FROM metadata_edge_v2"))


def writer_of(store: LiteStore) -> sqlite3.Connection:
    """The connection that a store writes through."""
    writer = store._file._writer
    assert writer is not None
    return writer.sqlite


def copy_of(path: Path, name: str) -> Path:
    """The database under another name."""
    return Path(shutil.copy(path, path.with_name(name)))


@pytest.fixture(params=[True, False], ids=["read-only", "read-write"])
def stock(request: pytest.FixtureRequest, published: Path) -> Iterator[SqliteLite]:
    """DataHub's own class on our file."""
    lite = SqliteLite(SqliteLiteConfig(file=str(published), read_only=request.param))
    yield lite
    lite._close_connection()  # stock close() rebuilds the index


def test_the_stock_class_reads_every_entity_typed(stock: SqliteLite, published: Path) -> None:
    stored = whole_database(published)
    assert set(stock.list_ids()) == set(stored)
    for urn, aspects in stored.items():
        typed = stock.get(urn, aspects=None, typed=True)
        assert typed is not None
        assert set(typed) == {"urn", *aspects}


def test_a_full_disk_is_told_and_leaves_the_store_usable(path: Path) -> None:
    store = LiteStore(path)
    with Registry(store, publisher="ada@lab.org") as registry:
        registry.publish(declared(), facts(1), message="first")
        connection = writer_of(store)
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(RegistryUnavailable, match="database or disk is full"):
            registry.publish(declared(description="full " * 3_000), facts(2), message="second")
        connection.execute("PRAGMA max_page_count = 1000000")
        assert registry.publish(declared("hemibrain.synapses"), facts(1), message="room again").created


def test_a_commit_that_another_program_holds_up_leaves_no_transaction_open(path: Path) -> None:
    """Where the file system knows no write-ahead log, a reader holds up a commit."""
    store = LiteStore(path, busy_timeout=0.1)
    with Registry(store, publisher="ada@lab.org") as registry:
        registry.publish(declared(), facts(1), message="first")
        writer_of(store).execute("PRAGMA journal_mode = DELETE")
        with sqlite3.connect(path) as other:
            reading = other.execute("SELECT * FROM metadata_aspect_v2")
            reading.fetchone()
            with pytest.raises(RegistryUnavailable, match="database is locked"):
                registry.publish(declared(), facts(2), message="held up")
            reading.close()
        other.close()
        assert registry.publish(declared(), facts(2), message="held up").created


def test_a_reader_in_a_folder_it_may_not_write_sees_what_is_published_later(path: Path) -> None:
    with Registry(LiteStore(path), publisher="ada@lab.org") as registry:
        registry.publish(declared(), facts(1), message="first")
    command = [sys.executable, "-m", "tests.stores.lite.reading_loop", str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdin is not None
        assert reader.stdout is not None
        print(file=reader.stdin, flush=True)
        assert int(reader.stdout.readline()) == 1
        with Registry(LiteStore(path), publisher="ada@lab.org") as registry:
            registry.publish(declared(), facts(2), message="second")
        print(file=reader.stdin, flush=True)
        assert int(reader.stdout.readline()) == 2


def test_the_stock_class_reads_schema_and_lineage(stock: SqliteLite) -> None:
    typed = stock.get(SYNAPSES, aspects=None, typed=True)
    assert typed is not None
    schema, lineage = typed["schemaMetadata"], typed["upstreamLineage"]
    assert isinstance(schema, SchemaMetadataClass)
    assert [field.fieldPath for field in schema.fields] == ["body_id", "score"]
    assert isinstance(lineage, UpstreamLineageClass)
    assert [upstream.dataset for upstream in lineage.upstreams] == [
        "urn:li:dataset:(urn:li:dataPlatform:neuprint,hemibrain@v1.2.1,PROD)",
        version_urn("hemibrain.neurons@v1", "PROD"),
    ]


def test_our_browse_index_is_the_one_the_stock_class_builds(published: Path) -> None:
    copy = copy_of(published, "reindexed.db")
    stock = SqliteLite(SqliteLiteConfig(file=str(copy)))
    stock.reindex()
    stock.close()
    assert edges(published) == edges(copy)


def test_a_write_to_the_same_file_by_the_stock_class_is_read(published: Path) -> None:
    gold = {"tags": [{"tag": "urn:li:tag:gold"}]}
    stock = SqliteLite(SqliteLiteConfig(file=str(published)))
    stock.write(
        MetadataChangeProposalWrapper(entityUrn=SYNAPSES, aspect=read_by_datahub(Proposal("", "globalTags", gold)))
    )
    stock.close()
    store = LiteStore(published)
    assert store.read([SYNAPSES])[SYNAPSES]["globalTags"] == gold
    store.close()
    with Registry.open(f"lite://{published}") as registry:
        assert registry.get("hemibrain.synapses").number == 2


def rows_of(path: Path) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """Each row, with how often the aspect was written by then."""
    query = "SELECT urn, aspect_name, version, metadata, system_metadata FROM metadata_aspect_v2"
    return {
        row[:3]: (json.loads(row[3]), json.loads(row[4])["properties"])
        for row in rows(path, query)
        if not row[0].startswith("urn:li:versionSet:")  # which a writer must keep by itself
    }


def test_our_rows_are_those_the_stock_class_writes(tmp_path: Path) -> None:
    """But for its second copy of what is current, which is row 0."""
    proposals = publish_proposals(records()["delta"], DATASET)
    changed = [Proposal(each.urn, each.aspect, {"removed": True}) for each in proposals if each.aspect == "status"]
    ours, theirs = tmp_path / "ours.db", tmp_path / "theirs.db"
    store = LiteStore(ours)
    stock = SqliteLite(SqliteLiteConfig(file=str(theirs)))
    for batch in (proposals, proposals, changed):
        store.upsert(batch)
        for each in batch:
            stock.write(MetadataChangeProposalWrapper(entityUrn=each.urn, aspect=read_by_datahub(each)))
    store.close()
    stock.close()
    content = rows_of(ours)
    copies = {(*key[:2], int(said["sysVersion"])): (text, said) for key, (text, said) in content.items() if not key[2]}
    assert not content.keys() & copies.keys()
    assert content | copies == rows_of(theirs)
    for table in ("metadata_aspect_v2", "metadata_edge_v2"):
        shape = f"PRAGMA table_info({table})"
        assert rows(ours, shape) == rows(theirs, shape)
    indexes = "SELECT name, tbl_name FROM sqlite_master WHERE type = 'index' AND tbl_name LIKE 'metadata%'"
    assert set(rows(ours, indexes)) == {*rows(theirs, indexes), ("edge_name_idx", "metadata_edge_v2")}


def test_each_text_is_kept_whoever_replaces_it(path: Path) -> None:
    """The stock writer adds a row for the text that it writes, and would lose ours, which has no such row."""
    store = LiteStore(path)
    stock = SqliteLite(SqliteLiteConfig(file=str(path)))
    for number, writer in enumerate(["ours", "ours", "stock", "ours", "stock", "stock", "ours"]):
        each = Proposal(SYNAPSES, "globalTags", {"tags": [{"tag": f"urn:li:tag:{number}"}]})
        if writer == "ours":
            store.upsert([each])
        else:
            stock.write(MetadataChangeProposalWrapper(entityUrn=each.urn, aspect=read_by_datahub(each)))
    stock._close_connection()
    store.close()
    tags = {version: text["tags"][0]["tag"][-1] for (*_, version), (text, _) in sorted(rows_of(path).items())}
    assert tags == {0: "6", **{number + 1: str(number) for number in range(6)}}


def test_nothing_points_at_an_entity_that_is_not_there(published: Path) -> None:
    stored = whole_database(published)
    fields = {
        f"urn:li:schemaField:({urn},{field['fieldPath']})"
        for urn, aspects in stored.items()
        for field in aspects.get("schemaMetadata", {}).get("fields", ())
    }
    mentioned = {urn for aspects in stored.values() for aspect in aspects.values() for urn in urns_in(aspect)}
    ghosts = {
        urn
        for urn in mentioned - stored.keys() - fields
        if not urn.startswith((*SERVER_OWNED, "urn:li:corpuser:", "urn:li:corpGroup:"))
    }
    assert mentioned & fields
    assert ghosts == set()


def test_the_version_set_is_an_entity_that_names_its_newest_member(published: Path) -> None:
    stored = whole_database(published)
    urn = version_set_urn("feature-registry", "hemibrain.synapses", "PROD")
    assert stored[urn]["versionSetProperties"]["latest"] == SYNAPSES


def test_history_is_kept_and_the_same_again_adds_none(published: Path) -> None:
    container = container_urn("hemibrain.neurons", "PROD")
    query = (
        "SELECT version, json_extract(metadata, '$.name') FROM metadata_aspect_v2 "
        f"WHERE urn = '{container}' AND aspect_name = 'containerProperties' ORDER BY version"
    )
    assert rows(published, query) == [(0, "All neurons"), (1, "Neurons")]
    before = published.read_bytes()
    with Registry.open(f"lite://{published}", publisher="ada@lab.org") as registry:
        registry.publish(declared(title="All neurons"), facts(location="/data/neurons"), message="again")
    assert published.read_bytes() == before


def datahub(home: Path, database: Path, *words: str) -> str:
    """What DataHub's own command prints, run as a person with this home directory would."""
    (home / ".datahubenv").write_text(
        f'gms: {{server: ""}}\nlite: {{type: sqlite, config: {{file: "{database}"}}}}\n', encoding="utf-8"
    )
    environment = os.environ | {"HOME": str(home), "DATAHUB_TELEMETRY_ENABLED": "false", "PYTHONUTF8": "1"}
    command = [str(Path(sys.executable).with_name("datahub")), "lite", *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_datahubs_own_command_shows_a_version_whole(published: Path, tmp_path: Path) -> None:
    shown = json.loads(datahub(tmp_path, published, "get", "--urn", SYNAPSES))
    body_id, _ = shown["schemaMetadata"]["fields"]
    assert body_id["nativeDataType"] == "int64"
    assert body_id["glossaryTerms"]["terms"] == [{"urn": "urn:li:glossaryTerm:FeatureRegistry.semantic.body_id"}]
    properties = shown["datasetProperties"]["customProperties"]
    assert properties["publisher"] == "ada@lab.org"
    assert properties["location"] == "/data/synapses"
    assert shown["ownership"]["owners"] == [{"owner": "urn:li:corpuser:ada@lab.org", "type": "TECHNICAL_OWNER"}]
    assert len(shown["upstreamLineage"]["upstreams"]) == 2
    assert shown["versionProperties"]["aliases"] == [{"versionTag": "r1"}]
    assigned = {each["propertyUrn"]: each["values"] for each in shown["structuredProperties"]["properties"]}
    assert assigned["urn:li:structuredProperty:featureRegistry.spatial_drift_p95_nm"] == [{"double": 12.5}]


def test_datahubs_own_command_walks_from_the_platform_to_a_version(published: Path, tmp_path: Path) -> None:
    path = "/data_platforms/feature-registry/instances/default/feature datasets"
    assert set(datahub(tmp_path, published, "ls", path).splitlines()) == {"Größe, (b)", "All neurons", "flat"}
    versions = datahub(tmp_path, published, "ls", f"{path}/All neurons/feature dataset versions")
    assert versions.splitlines() == ["hemibrain.neurons@v1"]


def test_reading_a_missing_file_finds_nothing_and_makes_none(path: Path) -> None:
    store = LiteStore(path)
    assert store.read([SYNAPSES]) == {}
    with Registry.open(f"lite://{path}") as registry:
        assert registry.versions("hemibrain.synapses") == ()
    assert list(path.parent.iterdir()) == []


def test_folders_on_the_way_are_made_at_the_first_write(tmp_path: Path) -> None:
    store = LiteStore(tmp_path / "a" / "b" / "registry.db")
    store.upsert([Proposal(SYNAPSES, "status", {"removed": False})])
    store.close()
    assert (tmp_path / "a" / "b" / "registry.db").is_file()


def test_a_file_that_is_no_database_is_named_and_left_alone(path: Path) -> None:
    path.write_text("body_id,score\n1,0.5\n" * 100)
    store = LiteStore(path)
    for attempt in (lambda: store.read([SYNAPSES]), lambda: store.upsert([])):
        with pytest.raises(RegistryError, match="file is not a database") as refusal:
            attempt()
        assert f"lite://{path}" in str(refusal.value)
        assert "Use a DataHub Lite SQLite file or a new path" in str(refusal.value)
    assert path.read_text().startswith("body_id,score\n")


def test_a_folder_for_a_file_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match=r"is a folder; use a file in it, e\.g\. .*/registry\.db"):
        LiteStore(tmp_path).read([SYNAPSES])


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(RegistryError, match="use a folder that exists or can be made"):
        LiteStore(tmp_path / "taken" / "registry.db").upsert([])


def test_a_folder_that_may_not_be_written_is_said_to_be_so() -> None:
    folder = Path("/proc/self")
    if not folder.is_dir():
        pytest.skip("no folder here that even root may not write")
    with pytest.raises(RegistryError, match="that you may write to") as refusal:
        LiteStore(folder / "registry.db").upsert([])
    assert "lite:///proc/self/registry.db" in str(refusal.value)
    assert not isinstance(refusal.value, RegistryUnavailable)  # which would say: try again later


def test_a_file_that_stays_busy_is_said_to_be_so(published: Path) -> None:
    other = sqlite3.connect(published, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store = LiteStore(published, busy_timeout=0.05)
    try:
        assert SYNAPSES in store.read([SYNAPSES])
        with pytest.raises(RegistryUnavailable, match=r"database is locked\. This step wrote nothing.*run it again"):
            store.upsert([Proposal(SYNAPSES, "status", {"removed": True})])
    finally:
        other.close()
    store.upsert([Proposal(SYNAPSES, "status", {"removed": True})])
    assert store.read([SYNAPSES], ["status"]) == {SYNAPSES: {"status": {"removed": True}}}
    store.close()


def test_a_failure_halfway_writes_nothing(path: Path) -> None:
    good = Proposal(SYNAPSES, "status", {"removed": False})
    cannot_be_json = Proposal(SYNAPSES, "datasetProperties", {"name": object()})
    store = LiteStore(path)
    for write in (store.upsert, store.ensure, lambda proposals: store.create([list(proposals)])):
        with pytest.raises(TypeError):
            write([good, cannot_be_json])
        assert store.read([SYNAPSES]) == {}
    store.upsert([good])
    assert SYNAPSES in store.read([SYNAPSES])
    store.close()

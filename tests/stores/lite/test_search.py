"""The embedded store's search index, beside what another program writes into the same file."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest
from datahub.emitter.mcp import MetadataChangeProposalWrapper
from datahub.lite.sqlite_lite import SqliteLite, SqliteLiteConfig

from registry_dagster.datahub.proposal import Proposal
from registry_dagster.datahub.search import Entry, words_of
from registry_dagster.datahub.urns import container_urn, version_urn
from registry_dagster.model.dataset import Dataset
from registry_dagster.registry.plan import Publication
from registry_dagster.registry.registry import Registry
from registry_dagster.stores.lite import index, rows
from registry_dagster.stores.lite.schema import UP_TO
from registry_dagster.stores.matching import Reader, entries
from tests.datahub.wire import publish_proposals, read_by_datahub
from tests.golden.records import DATASET, records
from tests.registry.declared import declared, facts

NAME = records()["delta"].name


def write_by_datahub(path: Path, proposals: Iterable[Proposal]) -> None:
    """By DataHub Lite's own writer, which knows nothing of the index."""
    stock = SqliteLite(SqliteLiteConfig(file=str(path)))
    for each in proposals:
        stock.write(MetadataChangeProposalWrapper(entityUrn=each.urn, aspect=read_by_datahub(each)))
    stock.close()


def indexed(path: Path) -> set[str]:
    with sqlite3.connect(path) as connection:
        return {urn for (urn,) in connection.execute("SELECT urn FROM registry_found")}


def open_registry(path: Path) -> Registry:
    return Registry.open(f"lite://{path}", publisher="ada@lab.org")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("minnie65.pt_Root_id", ["minnie65", "pt", "root", "id"]),
        ("Größe, 神経 é", ["große", "神経", "e"]),
        ("— … _", []),
    ],
)
def test_words_are_parted_at_dots_and_underscores_and_lose_case_and_accents(text: str, words: list[str]) -> None:
    assert words_of(text) == [word.casefold() for word in words]


def test_what_another_program_changed_in_place_is_seen(tmp_path: Path) -> None:
    path, urn = tmp_path / "registry.db", version_urn("hemibrain.neurons@v1", "PROD")
    with open_registry(path) as registry:
        registry.publish(declared(), facts(), message="first")
        registry.retire("hemibrain.neurons@v1", reason="wrong sizes")
    taken_back = {"deprecated": False, "note": "sizes are fine", "actor": "urn:li:corpuser:ada"}
    write_by_datahub(path, [Proposal(urn, "deprecation", taken_back)])
    with open_registry(path) as registry:
        assert not registry.find(retired=True)
        assert [row.retired for row in registry.find(retired=False)] == [None]
        registry.publish(declared("hemibrain.synapses"), facts(2), message="indexed")
        assert not registry.find(retired=True)


def test_what_is_no_entity_of_ours_any_more_is_found_no_more(tmp_path: Path) -> None:
    path, urn = tmp_path / "registry.db", container_urn("hemibrain.neurons", "PROD")
    with open_registry(path) as registry:
        registry.publish(declared(title="Neurons"), facts(), message="first")
        assert urn in indexed(path)
        registry._store.upsert([Proposal(urn, "subTypes", {"typeNames": ["Folder"]})])
    assert urn not in indexed(path)


def test_what_another_program_wrote_is_found_before_it_is_indexed(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    write_by_datahub(path, publish_proposals(records()["delta"], DATASET))
    with open_registry(path) as registry:
        assert [row.version for row in registry.find()] == [NAME]
        registry.publish(declared(), facts(), message="first")
        assert {row.version for row in registry.find()} == {NAME, "hemibrain.neurons@v1"}
    assert version_urn(NAME, "PROD") in indexed(path)


def test_what_another_program_changed_since_is_told_as_it_is_now(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    with open_registry(path) as registry:
        version = registry.publish(declared(), facts(), message="first").version
    gone = {"deprecated": True, "note": "Wrong units", "actor": "urn:li:corpuser:bob"}
    write_by_datahub(path, [Proposal(version_urn(version, "PROD"), "deprecation", gone)])
    with open_registry(path) as registry:
        assert not registry.find(retired=False)
        assert [row.version for row in registry.find(retired=True)] == [version]


def test_searching_changes_no_file(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    with open_registry(path) as registry:
        registry.publish(declared(), facts(), message="first")
    before = path.read_bytes()
    with open_registry(path) as registry:
        assert registry.find("neurons")
        assert registry.datasets()
    assert path.read_bytes() == before


def test_a_description_is_found_in_its_new_words_alone(tmp_path: Path) -> None:
    with open_registry(tmp_path / "registry.db") as registry:
        version = registry.publish(declared(), facts(), message="first").version
        dataset = version.partition("@")[0]
        registry.describe(Dataset(name=dataset, title="Zebra"), message="Renamed", publisher="bob@lab.org")
        assert registry.find("zebra")
        registry.describe(Dataset(name=dataset, title="Yak"), message="Renamed", publisher="bob@lab.org")
        assert not registry.find("zebra")
        assert registry.find("yak")


def test_pages_follow_each_other_without_gap_or_repetition(tmp_path: Path) -> None:
    with open_registry(tmp_path / "registry.db") as registry:
        registry.publish_many([Publication(declared(), facts(version), "next") for version in range(450)])
        found = [row.version for row in registry.stream()]
    assert found == [f"hemibrain.neurons@v{number}" for number in range(450, 0, -1)]


def test_a_publish_indexed_every_version_of_its_dataset_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def noted(reader: Reader, urns: Sequence[str]) -> Iterator[tuple[str, Entry]]:
        read.extend(urns)
        return entries(reader, urns)

    with open_registry(tmp_path / "registry.db") as registry:
        for number in range(5):
            registry.publish(declared(), facts(number), message="why")
        monkeypatch.setattr(index, "entries", noted)
        registry.publish(declared(), facts(5), message="why")
        versions = [urn for urn in read if ",hemibrain.neurons@v" in urn]
        assert versions == [version_urn("hemibrain.neurons@v6", "PROD")]
        read.clear()
        registry.retire("hemibrain.neurons@v2", reason="wrong")
        assert {urn for urn in read if ",hemibrain.neurons@v" in urn} == {version_urn("hemibrain.neurons@v2", "PROD")}
        read.clear()
        registry.describe(Dataset(name="hemibrain.neurons", title="Cell bodies"), message="clearer")
        assert len({urn for urn in read if ",hemibrain.neurons@v" in urn}) == 6


def as_an_earlier_release_left_it(path: Path) -> None:
    """With an index that says other things, in tables of other names."""
    with sqlite3.connect(path) as connection:
        for trigger in ("registry_kept", "registry_deleted", "registry_ended"):
            connection.execute(f"DROP TRIGGER {trigger}")
        for table in ("registry_found", "registry_tokens", "registry_word", "registry_changed"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute(f"ALTER TABLE {UP_TO} RENAME TO registry_indexed_3")
        connection.execute("CREATE TABLE registry_entry (id INTEGER PRIMARY KEY, urn TEXT)")
    connection.close()


def test_a_registry_whose_index_has_older_rules_is_indexed_again(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    with open_registry(path) as registry:
        digest = registry.publish(declared(owners=["ada"]), facts(), message="why").digest
    as_an_earlier_release_left_it(path)
    with open_registry(path) as registry:
        assert registry.get(digest[:19]).number == 1
        assert [each.version for each in registry.find(owner="ada")] == ["hemibrain.neurons@v1"]
        registry.publish(declared(), facts(1), message="why")
        assert registry.get(digest[:19]).number == 1
        assert [each.version for each in registry.find(owner="ada")] == ["hemibrain.neurons@v2", "hemibrain.neurons@v1"]
    with sqlite3.connect(path) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    connection.close()
    assert not names & {"registry_indexed_3", "registry_entry"}


def test_an_upgrade_indexes_step_by_step_and_can_be_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "registry.db"
    with open_registry(path) as registry:
        registry.publish_many([Publication(declared(), facts(version), "next") for version in range(20)])
    before = indexed(path)
    as_an_earlier_release_left_it(path)
    monkeypatch.setattr(index, "_STEP", 30)
    steps: list[int] = []

    def stopped(connection: sqlite3.Connection, reader: Reader) -> None:
        index.update_part(connection, reader)
        steps.append(len(steps))
        if len(steps) == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(rows, "update_part", stopped)
    with open_registry(path) as registry:
        with pytest.raises(KeyboardInterrupt):
            registry.publish(declared(), facts(20), message="interrupted")
        assert [each.version for each in registry.find(limit=2)] == ["hemibrain.neurons@v20", "hemibrain.neurons@v19"]
        assert len(registry.find()) == 20
    assert indexed(path) < before
    with open_registry(path) as registry:
        registry.publish(declared(), facts(20), message="whole")
        assert len(registry.find()) == 21
    assert before < indexed(path)
    assert len(steps) >= 8


def test_a_list_shows_what_another_program_made_of_a_dataset(tmp_path: Path) -> None:
    """Its title is shown beside each version, which nobody wrote."""
    path, urn = tmp_path / "registry.db", container_urn("hemibrain.neurons", "PROD")
    with open_registry(path) as registry:
        registry.publish(declared(title="Neurons"), facts(), message="first")
        properties = registry._store.read([urn])[urn]["containerProperties"]
    custom = {**properties["customProperties"], "title": "Cells"}
    write_by_datahub(path, [Proposal(urn, "containerProperties", {**properties, "customProperties": custom})])
    with open_registry(path) as registry:
        assert [row.title for row in registry.find()] == ["Cells"]
        assert [row.title for row in registry.find("cells")] == ["Cells"]
        registry.publish(declared("hemibrain.synapses"), facts(2), message="indexed")
        assert [row.title for row in registry.find("cells")] == ["Cells"]


@pytest.mark.parametrize(
    "how", ["UPDATE metadata_aspect_v2 SET metadata = replace(metadata, 'first', 'other')", "DELETE FROM {table}"]
)
def test_what_is_changed_in_place_by_hand_is_not_listed_as_it_was(tmp_path: Path, how: str) -> None:
    path = tmp_path / "registry.db"
    with open_registry(path) as registry:
        registry.publish(declared(), facts(), message="first")
        registry.publish(declared("hemibrain.synapses"), facts(2), message="second")
    with sqlite3.connect(path) as connection:
        connection.execute(f"{how.format(table='metadata_aspect_v2')} WHERE urn LIKE '%neurons@v1,%'")
    connection.close()
    listed = ["second", "other"] if how.startswith("UPDATE") else ["second"]
    with open_registry(path) as registry:
        assert sorted(row.message for row in registry.find()) == sorted(listed)
        registry.publish(declared("hemibrain.edges"), facts(3), message="third")
        assert sorted(row.message for row in registry.find()) == sorted([*listed, "third"])


def test_what_was_done_after_publishing_is_listed_at_once(tmp_path: Path) -> None:
    with open_registry(tmp_path / "registry.db") as registry:
        for number in range(3):
            registry.publish(declared(), facts(number), message="why")
        registry.retire("hemibrain.neurons@v2", reason="wrong")
        registry.retire("hemibrain.neurons@v2", reason="still wrong", replacement="hemibrain.neurons@v3")
        said = {row.version: row.retired for row in registry.find()}
        assert said["hemibrain.neurons@v2"] == "retired by ada@lab.org: still wrong; use hemibrain.neurons@v3"
        assert said["hemibrain.neurons@v1"] is None


def test_versions_are_found_by_what_another_program_made_of_their_dataset(tmp_path: Path) -> None:
    path, urn = tmp_path / "registry.db", container_urn("hemibrain.neurons", "PROD")
    with open_registry(path) as registry:
        for number, name in enumerate(("hemibrain.neurons", "hemibrain.synapses")):
            registry.publish(declared(name, owners=["ada@lab.org"]), facts(number), message="first")
    owned = {"owners": [{"owner": "urn:li:corpuser:bob", "type": "DATAOWNER"}]}
    stamp = {"lastModified": {"time": 0, "actor": "urn:li:corpuser:bob"}}
    write_by_datahub(path, [Proposal(urn, "ownership", owned | stamp)])
    with open_registry(path) as registry:
        for _ in ("not indexed yet", "indexed"):
            assert [row.version for row in registry.find(owner="bob")] == ["hemibrain.neurons@v1"]
            assert [row.version for row in registry.find(owner="ada@lab.org")] == ["hemibrain.synapses@v1"]
            registry.publish(declared("hemibrain.edges"), facts(2), message="indexed")


def test_versions_are_not_found_by_a_dataset_that_somebody_deleted(tmp_path: Path) -> None:
    path, urn = tmp_path / "registry.db", container_urn("hemibrain.neurons", "PROD")
    with open_registry(path) as registry:
        registry.publish(declared(title="Zebra"), facts(), message="first")
        assert registry.find("zebra")
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM metadata_aspect_v2 WHERE urn = ?", (urn,))
    connection.close()
    with open_registry(path) as registry:
        for _ in ("not indexed yet", "indexed"):
            assert not registry.find("zebra")
            registry.publish(declared("hemibrain.edges"), facts(2), message="indexed")
        assert [row.title for row in registry.find(dataset="hemibrain.neurons")] == [None]


def test_many_words_that_begin_alike_are_found_like_few(tmp_path: Path) -> None:
    with open_registry(tmp_path / "registry.db") as registry:
        messages = [f"spike{number:02}" for number in range(30)]
        registry.publish_many([Publication(declared(), facts(n), text) for n, text in enumerate(messages)])
        for beginning in ("s", "sp", "spi", "spike"):
            assert len(registry.find(beginning)) == 30
        assert [row.message for row in registry.find("spike1 neurons")] == messages[19:9:-1]
        assert not registry.find("spike4")


@pytest.mark.parametrize("writer", ["ours", "stock"])
def test_what_takes_the_place_of_deleted_rows_is_found(tmp_path: Path, writer: str) -> None:
    """SQLite gives the numbers of rows at the end of a table again after those were deleted."""
    path, last = tmp_path / "registry.db", "SELECT max(rowid) FROM metadata_aspect_v2"
    with open_registry(path) as registry:
        registry.publish(declared(), facts(), message="kept")
        (rows,) = sqlite3.connect(path).execute(last).fetchone()
        registry.publish(declared("hemibrain.tests"), facts(1), message="deleted")
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM metadata_aspect_v2 WHERE rowid > ?", (rows,))
    connection.close()
    if writer == "stock":
        write_by_datahub(path, [Proposal(version_urn(NAME, "PROD"), "status", {"removed": False})])
        write_by_datahub(path, publish_proposals(records()["delta"], DATASET))
    with open_registry(path) as registry:
        if writer == "ours":
            registry.publish(declared("hemibrain.trials"), facts(2), message="published")
        assert len(registry.find()) == 2
        assert len(registry.datasets()) == 2


@pytest.mark.parametrize("when", ["before", "between"])
def test_a_long_list_has_each_version_once_whatever_others_change_meanwhile(tmp_path: Path, when: str) -> None:
    path, first = tmp_path / "registry.db", version_urn("hemibrain.neurons@v1", "PROD")
    removed = [Proposal(first, "status", {"removed": True})]
    with open_registry(path) as registry:
        registry.publish_many([Publication(declared(), facts(number), "next") for number in range(140)])
    if when == "before":
        write_by_datahub(path, removed)
    with open_registry(path) as registry:
        rows = registry.stream()
        found = [next(rows) for _ in range(5)]
        if when == "between":
            write_by_datahub(path, removed)
        else:
            with open_registry(path) as other:
                other.publish(declared("hemibrain.synapses"), facts(), message="indexes what others changed")
        found += rows
    assert sorted(row.version for row in found) == sorted(f"hemibrain.neurons@v{number}" for number in range(1, 141))
    assert [row.version for row in found if row.removed] == ["hemibrain.neurons@v1"]


@pytest.mark.parametrize("spoiled", [b"", b"x", zlib.compress(b"version")])
def test_a_damaged_entry_stops_no_write_and_the_index_is_made_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, spoiled: bytes
) -> None:
    path = tmp_path / "registry.db"
    with open_registry(path) as registry:
        registry.publish(declared(title="Neurons"), facts(), message="first")
    before = indexed(path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE registry_found SET facts = ?", (spoiled,))
    connection.close()
    with open_registry(path) as registry:
        registry.retire("hemibrain.neurons@v1", reason="wrong")
        assert "the search index is damaged" in caplog.text
        assert [row.version for row in registry.find("neurons", retired=True)] == ["hemibrain.neurons@v1"]
        registry.publish(declared("hemibrain.edges"), facts(1), message="second")
        assert [row.version for row in registry.find("neurons", retired=True)] == ["hemibrain.neurons@v1"]
    assert before < indexed(path)


def test_words_of_letters_that_sqlite_does_not_know_are_found(tmp_path: Path) -> None:
    """Its tables of Unicode are older than Python's: U+19B0 was no letter yet."""
    word = "ta\u19b0lue"
    with open_registry(tmp_path / "registry.db") as registry:
        registry.publish(declared(), facts(), message=f"in {word}")
        for text in (word, word[:3], "ta"):
            assert [row.version for row in registry.find(text)] == ["hemibrain.neurons@v1"]
        assert not registry.find("lue")

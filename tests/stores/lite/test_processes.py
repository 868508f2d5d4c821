"""Publishers that are killed, and publishers that race: whole versions only, numbered densely, none lost."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from datahub.lite.sqlite_lite import SqliteLite, SqliteLiteConfig

from registry_dagster.datahub.urns import version_in, version_set_urn, version_urn
from registry_dagster.datahub.version import record_from, version_proposals
from registry_dagster.registry.registry import Registry
from registry_dagster.stores.lite.store import LiteStore
from tests.registry.declared import declared, facts, whole_database
from tests.stores.lite.killed import DECLARED
from tests.stores.lite.publish_loop import PUBLISHERS

ROOT = Path(__file__).parents[3]
OURS = "urn:li:dataset:(urn:li:dataPlatform:feature-registry,"


def numbers_of(path: Path) -> dict[str, list[int]]:
    """Dataset → the numbers of its versions, each proven to be whole and the set to point at the last."""
    # What a killed process had begun is taken back by the first of us who reads; a stock reader could not.
    LiteStore(path).read([])
    stock = SqliteLite(SqliteLiteConfig(file=str(path), read_only=True))
    try:
        assert stock._execute("PRAGMA integrity_check") == [("ok",)]
        names = dict(stock._execute("SELECT src_id, dst_id FROM metadata_edge_v2 WHERE relnship = 'name'"))
    finally:
        stock.close()
    numbers: defaultdict[str, list[int]] = defaultdict(list)
    stored = whole_database(path)
    for urn in stored:
        if not urn.startswith(OURS):
            continue
        record = record_from(stored[urn], urn)
        dataset = declared(record.dataset, owners=["team:olfaction"]).dataset
        for proposal in version_proposals(record, dataset, "PROD"):
            if proposal.aspect != "ownership":
                assert stored[proposal.urn][proposal.aspect] == proposal.value
        assert names[urn] == record.name
        numbers[record.dataset].append(record.number)
    for dataset, some in numbers.items():
        assert sorted(some) == list(range(1, len(some) + 1))
        version_set = stored[version_set_urn("feature-registry", dataset, "PROD")]["versionSetProperties"]
        assert version_in(version_set["latest"]) == (dataset, len(some))
    return {dataset: sorted(some) for dataset, some in numbers.items()}


def edges(path: Path) -> set[tuple[str, ...]]:
    connection = sqlite3.connect(path)
    try:
        return set(connection.execute("SELECT src_id, relnship, dst_id, dst_label FROM metadata_edge_v2"))
    finally:
        connection.close()


def kill(folder: Path, *words: str) -> list[Path]:
    """Run the killer; the databases it leaves."""
    subprocess.run([sys.executable, "-m", "tests.stores.lite.killed", str(folder), *words], cwd=ROOT, check=True)
    return sorted(folder.glob("*.db"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks the process that is killed")
def test_publishers_killed_50_times_leave_whole_versions_only(tmp_path: Path) -> None:
    databases = kill(tmp_path, "random", "50")
    published = 0
    for path in databases:
        published += sum(map(len, numbers_of(path).values())) if rows_of(path) else 0
        with Registry.open(f"lite://{path}", publisher="ada@lab.org") as registry:
            standing = len(registry.versions("neurons"))
            receipt = registry.publish(declared("neurons"), facts(999_999), message="after the crashes")
            assert receipt.version == f"neurons@v{standing + 1}"
    assert databases
    assert published > 0
    reindexed = SqliteLite(SqliteLiteConfig(file=str(databases[0])))
    ours = edges(databases[0])
    reindexed.reindex()
    reindexed._close_connection()
    assert edges(databases[0]) == ours


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks the process that is killed")
def test_a_publish_killed_at_any_statement_is_finished_by_running_it_again(tmp_path: Path) -> None:
    kills = 40
    databases = kill(tmp_path, "statements", str(kills))
    states: set[int] = set()
    for path in databases:
        if rows_of(path):
            states.add(len(numbers_of(path)))
        with Registry.open(f"lite://{path}", publisher="ada@lab.org") as registry:
            for feature_table in DECLARED:
                again = registry.publish(feature_table, facts(0), message="again")
                assert again.version == f"{feature_table.dataset.name}@v1"
                assert registry.get(again.version) == again.record
        assert numbers_of(path).keys() == {"neurons", "synapses"}
    assert len(databases) == kills + 1
    assert states == {0, 1, 2}


def rows_of(path: Path) -> int:
    """How many tables a file has: none when its maker was killed before."""
    connection = sqlite3.connect(path)
    try:
        return connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    finally:
        connection.close()


def race(target: str, how_many: int, *mode: str) -> list[list[tuple[str, bool, str]]]:
    """Eight processes that start publishing at one word; per process its receipts."""
    command = [sys.executable, "-m", "tests.stores.lite.publish_loop", target, str(how_many), *mode]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    receipts: list[list[tuple[str, bool, str]]] = [[] for _ in range(PUBLISHERS)]
    for line in done.stdout.splitlines():
        who, *words = line.split()
        receipts[int(who)].append(receipt(words))
    return receipts


def receipt(words: Sequence[str]) -> tuple[str, bool, str]:
    version, created, digest = words
    return version, created == "True", digest


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks the processes that publish")
def test_of_eight_that_publish_the_same_one_creates_and_all_name_the_same_version(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    contents = 3
    receipts = race(f"lite://{path}", contents, "same")
    for turn in range(contents):
        of_this_content = [mine[turn] for mine in receipts]
        assert [created for _, created, _ in of_this_content].count(True) == 1
        assert {version for version, _, _ in of_this_content} == {f"race@v{turn + 1}"}
    assert numbers_of(path) == {"race": [1, 2, 3]}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks the processes that publish")
def test_of_eight_that_publish_different_tables_each_gets_a_number_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    each = 5
    receipts = [mine for process in race(f"lite://{path}", each) for mine in process]
    assert len(receipts) == 8 * each
    assert all(created for _, created, _ in receipts)
    assert numbers_of(path) == {"race": list(range(1, 8 * each + 1))}
    with Registry.open(f"lite://{path}") as registry:
        versions = registry.versions("race")
    assert {(version.name, version.digest) for version in versions} == {(name, digest) for name, _, digest in receipts}
    assert len({version.content_digest for version in versions}) == 8 * each
    assert {version.provenance.publisher for version in versions} == {f"publisher-{who}" for who in range(8)}


def test_threads_that_share_a_registry_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    with Registry.open(f"lite://{path}", publisher="ada@lab.org") as registry, ThreadPoolExecutor(4) as pool:
        receipts = list(pool.map(lambda who: registry.publish(declared("race"), facts(who), message="why"), range(12)))
    assert sorted(receipt.record.number for receipt in receipts) == list(range(1, 13))
    assert {receipt.urn for receipt in receipts} == {version_urn(f"race@v{n}", "PROD") for n in range(1, 13)}
    assert numbers_of(path) == {"race": list(range(1, 13))}

"""A lock of a paper's versions, and what is found of it when something changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from registry_dagster.answers.answer import Verdict
from registry_dagster.answers.lock import Lock
from registry_dagster.answers.lock_check import LockCheck
from registry_dagster.datahub.retirement import retirement_proposal
from registry_dagster.errors import InvalidDeclaration, NotPublished
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.retirement import Retirement
from registry_dagster.registry.registry import Registry
from registry_dagster.stores.open import open_store
from tests.registry.declared import HEMIBRAIN, declared, reference

NEURONS, INPUTS = "hemibrain.neurons", "hemibrain.inputs"
JOIN = f"{NEURONS}@v1 ↔ {INPUTS}@v1 on body_id = body_id"


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    """Two tables that join, of a materialization version that expires in a year."""
    state = HEMIBRAIN.model_copy(update={"expires_on": datetime.now(timezone.utc) + timedelta(days=365)})
    with Registry.open(f"lite://{tmp_path / 'registry.db'}", publisher="ada@lab.org") as registry:
        for name, references in ((NEURONS, ()), (INPUTS, (reference(NEURONS),))):
            table = tmp_path / f"{name}.parquet"
            pq.write_table(pa.table({"body_id": [1, 2], "score": pa.array([0.5, 1], pa.float32())}), table)
            made = declared(name, materializations=[state], references=references)
            registry.publish(made, str(table), message="why")
        yield registry


@pytest.fixture
def lock(registry: Registry) -> Lock:
    return registry.lock(NEURONS, f"{INPUTS}@v1")


def worse(checked: LockCheck) -> list[tuple[str, str, str]]:
    """What is not as it was locked."""
    return [(each.state, each.about, each.what) for each in checked.findings if each.state != "as locked"]


def test_a_lock_says_exactly_what_was_used(registry: Registry, lock: Lock) -> None:
    record = registry.get(NEURONS)
    first = lock.versions[0]
    assert (first.version, first.digest, first.content_digest) == (record.name, record.digest, record.content_digest)
    assert (first.pin, first.location) == (record.table.pin, record.table.location)
    assert [(each.name, each.state) for each in first.materializations] == [("neuprint/hemibrain@v1.2.1", "available")]
    (join,) = lock.joins
    assert (str(join), join.verdict, join.basis) == (JOIN, Verdict.EXACT, "declared")


@pytest.mark.parametrize("given", [None, 3, b"lock_format: 1"])
def test_what_is_neither_a_path_nor_a_text_is_no_lock(registry: Registry, given: Any) -> None:
    for ask in (registry.papers.check, registry.papers.statement):
        with pytest.raises(InvalidDeclaration, match=r"must be a Path or its text, got .*; write e.g. Path"):
            ask(given)


def test_a_lock_is_read_as_it_was_written(lock: Lock, tmp_path: Path) -> None:
    assert Lock.from_yaml(lock.to_yaml()) == lock
    (tmp_path / "paper.lock.yaml").write_text(lock.to_yaml())
    assert Lock.from_yaml(tmp_path / "paper.lock.yaml") == lock


def test_what_was_named_twice_is_locked_once(registry: Registry) -> None:
    assert len(registry.lock(NEURONS, f"{NEURONS}@v1").versions) == 1
    with pytest.raises(InvalidDeclaration, match="a lock holds 1 to 100 versions, got 0 names"):
        registry.lock()
    with pytest.raises(NotPublished):
        registry.lock("hemibrain.nothing")


def test_all_is_as_locked(registry: Registry, lock: Lock) -> None:
    checked = registry.papers.check(lock)
    assert (checked.state, worse(checked)) == ("as locked", [])
    assert str(checked) == "8 checked: 8 as locked"
    assert {each.what for each in checked.findings} == {"record", "table", "retirement", "materialization", "join"}


def test_later_versions_change_nothing(registry: Registry, lock: Lock, tmp_path: Path) -> None:
    pq.write_table(pa.table({"body_id": [3], "score": pa.array([1], pa.float32())}), tmp_path / "later.parquet")
    registry.publish(declared(), str(tmp_path / "later.parquet"), message="more")
    assert registry.papers.check(lock).state == "as locked"


def test_a_retirement_after_the_lock_is_a_change_and_one_before_it_is_not(registry: Registry, lock: Lock) -> None:
    registry.retire(f"{NEURONS}@v1", reason="wrong units")
    checked = registry.papers.check(lock)
    assert worse(checked) == [("changed", f"{NEURONS}@v1", "retirement")]
    assert f"changed: {NEURONS}@v1: it is retired by ada@lab.org: wrong units" in str(checked)
    again = registry.papers.check(registry.lock(NEURONS, INPUTS))
    assert worse(again) == [("noted", f"{NEURONS}@v1", "retirement")]


def test_a_retirement_in_datahub_is_locked_whatever_people_wrote_there(registry: Registry) -> None:
    note = retirement_proposal(f"{NEURONS}@v1", Retirement("moved\x1b[2J to \u202eb", "bo@lab.org"), registry.env)
    with closing(open_store(registry.target)) as store:
        store.upsert([note])
    with Registry.open(registry.target) as now:
        lock = now.lock(f"{NEURONS}@v1")
    assert lock.versions[0].retired == r"retired by bo@lab.org in DataHub: moved\x1b[2J to \u202eb"
    assert Lock.from_yaml(lock.to_yaml()) == lock


def test_a_table_that_is_gone_is_a_change(registry: Registry, lock: Lock, tmp_path: Path) -> None:
    (tmp_path / f"{INPUTS}.parquet").unlink()
    assert worse(registry.papers.check(lock)) == [("changed", f"{INPUTS}@v1", "table")]


def test_a_materialization_version_that_expired_is_a_change_and_is_said_once(registry: Registry, lock: Lock) -> None:
    soon, gone = (datetime.now(timezone.utc) + timedelta(days=days) for days in (10, -1))
    registry.record_materializations([HEMIBRAIN.model_copy(update={"expires_on": soon})])
    assert worse(registry.papers.check(lock)) == [("noted", "hemibrain@v1.2.1", "materialization")]
    registry.record_materializations([HEMIBRAIN.model_copy(update={"expires_on": gone})])
    checked = registry.papers.check(lock)
    assert worse(checked) == [("changed", "hemibrain@v1.2.1", "materialization")]
    assert worse(registry.papers.check(registry.lock(NEURONS))) == [("noted", "hemibrain@v1.2.1", "materialization")]


def test_an_unknown_expiry_is_said_and_is_no_change(tmp_path: Path) -> None:
    with Registry.open(f"lite://{tmp_path / 'other.db'}", publisher="ada@lab.org") as registry:
        pq.write_table(pa.table({"body_id": [1], "score": pa.array([1], pa.float32())}), tmp_path / "t.parquet")
        registry.publish(declared(), str(tmp_path / "t.parquet"), message="why")
        checked = registry.papers.check(registry.lock(NEURONS))
    assert (checked.state, worse(checked)) == ("unknown", [("unknown", "hemibrain@v1.2.1", "materialization")])


def test_another_registry_is_not_the_one_that_was_locked(lock: Lock, tmp_path: Path) -> None:
    with Registry.open(f"lite://{tmp_path / 'other.db'}", publisher="ada@lab.org") as other:
        table = tmp_path / f"{NEURONS}.parquet"
        other.publish(declared(materializations=[MaterializationVersion(system="m", version="1")]), table, message="w")
        checked = other.papers.check(lock)
    assert worse(checked)[:2] == [("changed", f"{NEURONS}@v1", "record"), ("changed", f"{INPUTS}@v1", "record")]
    assert "is locked" in checked.findings[0].reason
    assert "not published" in next(each.reason for each in checked.findings if each.about == f"{INPUTS}@v1")
    assert checked.findings[-1].state == "changed"


def test_a_join_that_was_locked_otherwise_is_a_change_unless_it_is_better_now(registry: Registry, lock: Lock) -> None:
    (join,) = lock.joins
    for change, state in (
        ({"verdict": Verdict.LOSSY}, "noted"),
        ({"basis": "measured"}, "changed"),
        ({"columns": [("score", "score")]}, "changed"),
    ):
        other = lock.model_copy(update={"joins": (join.model_copy(update=change),)})
        assert registry.papers.check(other).findings[-1].state == state


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("lock_format: 1", "lock_format: 2"), "line 2: lock_format"),
        (("digest: sha256:", "digest: sha256:0"), "line 6: versions.0.digest: 'sha256:0"),
        (("verdict: exact", "verdict: perfect"), "verdict"),
        (("a: hemibrain.neurons@v1", "a: hemibrain.other@v1"), "hemibrain.other@v1 is not among the locked versions"),
        (("version: hemibrain.inputs@v1", "version: hemibrain.neurons@v1"), "hemibrain.neurons@v1 is locked twice"),
    ],
)
def test_what_is_not_a_lock_is_refused_with_its_line(
    lock: Lock, tmp_path: Path, registry: Registry, wrong: tuple[str, str], said: str
) -> None:
    file = tmp_path / "paper.lock.yaml"
    file.write_text(lock.to_yaml().replace(*wrong, 1))
    with pytest.raises(InvalidDeclaration, match=r"paper.lock.yaml, line \d+") as refused:
        registry.papers.check(file)
    assert said in str(refused.value)

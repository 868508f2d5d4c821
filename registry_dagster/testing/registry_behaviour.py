"""What every registry does, whatever it is kept in: publishing, reading, racing, and what changes around a version."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain
from typing import Any, TypeVar

import pytest

from registry_dagster.errors import NotPublished, PublishRefused, VersionConflict
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.identifiers import BodyId
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.quantities import Feature
from registry_dagster.model.reference import Reference
from registry_dagster.model.signals import Note
from registry_dagster.model.table import DeltaPin, TableFacts, TableField
from registry_dagster.registry.plan import Publication, Receipt
from registry_dagster.registry.registry import Registry
from registry_dagster.testing.at_once import at_once
from registry_dagster.testing.search_behaviour import SearchBehaviour

__all__ = ["RegistryBehaviour"]

T = TypeVar("T")
_RACERS = 4


class RegistryBehaviour(SearchBehaviour):
    """Publishing and reading, whatever the registry is kept in.

    A subclass has the fixtures `registry`, and `another_registry`: a callable that opens one more on the
    same place. Both with a publisher.
    """

    def test_what_was_published_reads_back_the_same(
        self, registry: Registry, another_registry: Callable[[], Registry]
    ) -> None:
        receipt = registry.publish(_declared(title="Cells"), _facts(), message="first", label="pilot")
        assert (receipt.version, receipt.created) == ("lab.cells@v1", True)
        with another_registry() as another:
            for name in ("lab.cells", "lab.cells@v1"):
                assert another.get(name) == receipt.record
                assert another.get(name).digest == receipt.digest
            assert another.dataset("lab.cells").title == "Cells"
            assert another.verify("lab.cells@v1", record=True).record == ()

    def test_the_same_again_is_published_once(
        self, registry: Registry, another_registry: Callable[[], Registry]
    ) -> None:
        first = registry.publish(_declared(), _facts(), message="first")
        with another_registry() as another:
            for each in (registry, another, another):
                again = each.publish(_declared(), _facts(), message="in other words")
                assert (again.created, again.record) == (False, first.record)
            assert len(another.versions("lab.cells")) == 1

    def test_a_published_version_never_changes(
        self, registry: Registry, another_registry: Callable[[], Registry]
    ) -> None:
        first = registry.publish(_declared(title="One"), _facts(), message="first")
        with another_registry() as another:
            for version in range(1, 4):
                another.publish(_declared(title=f"Title {version}"), _facts(version), message="next")
        assert registry.get("lab.cells@v1") == first.record
        assert registry.verify("lab.cells@v1", record=True).record == ()

    def test_versions_are_enumerated_oldest_first(
        self, registry: Registry, another_registry: Callable[[], Registry]
    ) -> None:
        assert registry.versions("lab.cells") == ()
        records = [registry.publish(_declared(), _facts(version), message="next").record for version in range(12)]
        with another_registry() as another:
            assert another.versions("lab.cells") == tuple(records)
        assert _numbers(records) == list(range(1, 13))

    def test_a_number_that_holds_other_content_is_a_conflict_that_shows_the_difference(
        self, registry: Registry, another_registry: Callable[[], Registry]
    ) -> None:
        registry.publish(_declared(), _facts(), message="first")
        with another_registry() as another, pytest.raises(VersionConflict) as conflict:
            another.publish(_declared(), _facts(1), message="second", version=1)
        assert conflict.value.differences == ("table: pin.version: 0 → 1",)
        assert len(registry.versions("lab.cells")) == 1

    def test_a_registry_that_is_behind_publishes_after_what_it_did_not_know(
        self, registry: Registry, another_registry: Callable[[], Registry]
    ) -> None:
        registry.publish(_declared(), _facts(), message="first")
        with another_registry() as another:
            another.publish(_declared(), _facts(1), message="second")
        assert registry.publish(_declared(), _facts(2), message="third").version == "lab.cells@v3"

    def test_those_who_race_with_other_contents_get_dense_numbers(
        self, registry: Registry, another_registry: Callable[[], Registry]
    ) -> None:
        def publish(racer: int) -> list[Receipt]:
            with another_registry() as own:
                return [own.publish(_declared(), _facts(racer * 10 + turn), message="race") for turn in range(3)]

        receipts = list(chain.from_iterable(_race(publish)))
        assert all(receipt.created for receipt in receipts)
        assert sorted(_numbers(receipt.record for receipt in receipts)) == list(range(1, 3 * _RACERS + 1))
        stored = {record.name: record for record in registry.versions("lab.cells")}
        assert stored == {receipt.version: receipt.record for receipt in receipts}

    def test_of_those_who_race_with_the_same_content_one_creates_it(
        self, registry: Registry, another_registry: Callable[[], Registry]
    ) -> None:
        def publish(version: int, _racer: int) -> Receipt:
            with another_registry() as own:
                return own.publish(_declared(), _facts(version), message="race")

        for version in range(3):
            receipts = _race(partial(publish, version))
            assert sum(receipt.created for receipt in receipts) == 1
            assert {receipt.version for receipt in receipts} == {f"lab.cells@v{version + 1}"}
            assert len({receipt.digest for receipt in receipts}) == 1
        assert len(registry.versions("lab.cells")) == 3

    def test_datasets_have_numbers_of_their_own(self, registry: Registry) -> None:
        for name in ("a", "a.b", "a.b.c"):
            for version in range(2):
                receipt = registry.publish(_declared(name), _facts(version), message="why")
                assert receipt.version == f"{name}@v{version + 1}"
        assert [record.name for record in registry.versions("a.b")] == ["a.b@v1", "a.b@v2"]

    def test_any_text_may_be_in_any_script(self, registry: Registry, another_registry: Callable[[], Registry]) -> None:
        words = "größe, (神経) \U0001f9e0 'ε' \"½\" 100 %"
        column = "größe, (nm)"
        feature_table = _declared(
            columns={column: Feature(unit=words, description=words)},
            signals=[Note(text=words, basis="declared")],
            title=words,
            description=f"{words}\n\n{words}",
            tags=[words],
        )
        table = _facts(columns=(column,), location=f"/data/{words}")
        receipt = registry.publish(feature_table, table, message=words, publisher="größe@lab.org")
        with another_registry() as another:
            assert another.get("lab.cells") == receipt.record
            assert another.dataset("lab.cells") == feature_table.dataset

    def test_a_table_of_a_thousand_columns_is_published_like_any_other(
        self, registry: Registry, another_registry: Callable[[], Registry]
    ) -> None:
        columns = {f"feature_{number}": Feature(unit="um", description="One of many.") for number in range(1000)}
        receipt = registry.publish(_declared(columns=columns), _facts(columns=tuple(columns)), message="wide")
        with another_registry() as another:
            record = another.get(receipt.version)
        assert record == receipt.record
        assert list(record.columns) == list(columns)

    def test_of_five_hundred_joins_all_are_recorded_and_the_first_become_relationships(
        self, registry: Registry, another_registry: Callable[[], Registry]
    ) -> None:
        registry.publish(_declared(), _facts(), message="target")
        joins = list(map(_join, range(500)))
        receipt = registry.publish(_declared("lab.joined", references=joins), _facts(), message="joined")
        with another_registry() as another:
            record = another.get("lab.joined")
            assert record == receipt.record
            assert record.references == tuple(joins)
            assert record.reference_versions == {"lab.cells": "lab.cells@v1"}
            assert another.verify("lab.joined@v1", record=True).record == ()

    def test_many_are_published_in_one_call_each_for_itself(
        self, registry: Registry, another_registry: Callable[[], Registry]
    ) -> None:
        good = [Publication(_declared(f"many.table_{number}"), _facts(number), "why") for number in range(60)]
        refused = Publication(_declared("many.refused"), _facts(), " ")
        again = Publication(_declared("many.table_0"), _facts(0), "the same again")
        second = Publication(_declared("many.table_0"), _facts(99), "another state")
        outcomes = registry.publish_many([*good, refused, again, second])
        assert list(map(_summary, outcomes)) == [
            *((f"many.table_{number}@v1", True) for number in range(60)),
            PublishRefused,
            ("many.table_0@v1", False),
            ("many.table_0@v2", True),
        ]
        with another_registry() as another:
            for receipt in _receipts(outcomes):
                assert another.get(receipt.version) == receipt.record

    def test_retiring_marks_a_version_and_leaves_its_record(
        self, registry: Registry, another_registry: Callable[[], Registry]
    ) -> None:
        first = registry.publish(_declared(), _facts(), message="first")
        registry.publish(_declared(), _facts(1), message="second")
        assert registry.retirement("lab.cells@v1") is None
        assert registry.retirements("lab.cells") == {}
        retirement = registry.retire("lab.cells@v1", reason="wrong unit", replacement="lab.cells@v2")
        with another_registry() as another:
            assert another.retirement("lab.cells@v1") == retirement
            assert another.retirement("lab.cells@v2") is None
            assert another.retirements("lab.cells") == {"lab.cells@v1": retirement}
            assert another.get("lab.cells@v1") == first.record
            assert another.verify("lab.cells@v1", record=True).record == ()
        with pytest.raises(NotPublished):
            registry.retire("lab.cells@v9", reason="not there")

    def test_describing_changes_the_dataset_and_no_version(
        self, registry: Registry, another_registry: Callable[[], Registry]
    ) -> None:
        first = registry.publish(_declared(title="Cells", tags=["fly"]), _facts(), message="first")
        with another_registry() as another:
            described = another.describe(
                Dataset(name="lab.cells", title="All cells", owners=["team:fly"]),
                message="Renamed",
                publisher="bob@lab.org",
            )
        assert (described.title, described.owners, described.tags) == ("All cells", ("team:fly",), ("fly",))
        with another_registry() as another:
            assert another.dataset("lab.cells") == described
            assert another.get("lab.cells@v1") == first.record
        with pytest.raises(NotPublished):
            registry.describe(Dataset(name="lab.none", title="None"), message="Renamed", publisher="bob@lab.org")

    def test_materialization_versions_are_recorded_as_facts_that_evolve(
        self, registry: Registry, another_registry: Callable[[], Registry]
    ) -> None:
        known = _available("minnie65_public", "1300", "cave")
        assert registry.record_materializations([known], dry_run=True).summary == "1 new; nothing was written"
        assert registry.materialization(known) is None
        assert registry.record_materializations([known]).summary == "1 new"
        expired = known.model_copy(update={"status": "expired", "aliases": ("minnie65_phase3_v1@1300",)})
        with another_registry() as another:
            assert another.materialization(known) == known
            assert another.record_materializations([expired]).summary == "1 changed"
        assert registry.materialization(known) == expired
        assert registry.record_materializations([expired]).summary == "1 unchanged"

    def test_recorded_materialization_versions_are_listed_by_system_in_the_order_of_their_versions(
        self, registry: Registry, another_registry: Callable[[], Registry]
    ) -> None:
        assert registry.materializations() == ()
        late = _available("minnie65_public", "1300", "cave")
        early = _available("minnie65_public", "943", "cave")
        other = _available("hemibrain", "v1.2.1", "neuprint")
        registry.record_materializations([late, early, other])
        with another_registry() as another:
            assert another.materializations() == (early, late, other)
            assert another.materializations("minnie65_public") == (early, late)
            assert another.materializations("hemibrain") == (other,)
            with pytest.raises(NotPublished, match="h01: no such materialization version or system is recorded"):
                another.materializations("h01")

    def test_a_plan_writes_nothing(self, registry: Registry) -> None:
        assert registry.plan(_declared(), _facts()).version == "lab.cells@v1"
        assert registry.versions("lab.cells") == ()
        assert registry.plan(_declared(), _facts()).creates
        with pytest.raises(NotPublished):
            registry.dataset("lab.cells")


def _race(act: Callable[[int], T]) -> list[T]:
    """What some racers, who are numbered, get when they act at the same time."""
    return at_once([partial(act, racer) for racer in range(_RACERS)])


def _numbers(records: Iterable[DatasetVersion]) -> list[int]:
    return [record.number for record in records]


def _receipts(outcomes: Iterable[object]) -> list[Receipt]:
    return [each for each in outcomes if isinstance(each, Receipt)]


def _summary(outcome: object) -> object:
    return (outcome.version, outcome.created) if isinstance(outcome, Receipt) else type(outcome)


def _available(system: str, version: str, source: str) -> MaterializationVersion:
    return MaterializationVersion(system=system, version=version, source=source, status="available")


def _join(number: int) -> Reference:
    return Reference(
        columns=["body_id"],
        to="lab.cells",
        to_columns=["body_id"],
        annotation_type="segment",
        cardinality="n:1",
        stability="version_pinned",
        description=f"Join {number}",
    )


def _declared(name: str = "lab.cells", **parts: Any) -> FeatureTable:
    about = {part: parts.pop(part) for part in ("title", "description", "owners", "tags") if part in parts}
    whole: dict[str, Any] = {
        "dataset": Dataset(name=name, **about),
        "materializations": [MaterializationVersion(system="hemibrain", version="v1.2.1", source="neuprint")],
        "columns": {"body_id": BodyId(id_space="hemibrain")},
    }
    return FeatureTable(**(whole | parts))


def _facts(version: int = 0, columns: Sequence[str] = ("body_id",), location: str = "/data/cells") -> TableFacts:
    types = {"body_id": "int64"}
    return TableFacts(
        location=location,
        pin=DeltaPin(table_id="6c0f", version=version),
        fields=[TableField(path=name, type=types.get(name, "float32")) for name in columns],
        arrow_schema="/////w==",
    )

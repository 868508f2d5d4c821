"""Publishing: planned without a trace, recorded once, read back the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from registry_dagster.answers import same_content
from registry_dagster.answers.same_content import place_of
from registry_dagster.errors import (
    MaterializationConflict,
    NotPublished,
    PublishRefused,
    TableMismatch,
    VersionConflict,
)
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.identifiers import BodyId
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.quantities import Feature, Score
from registry_dagster.model.signals import Note
from registry_dagster.model.table import CsvPin
from registry_dagster.registry.plan import Origin, Publication, Receipt
from registry_dagster.registry.registry import Registry
from tests.registry.declared import HEMIBRAIN, declared, facts, reference

NEWER = MaterializationVersion(system="hemibrain", version="v1.3", source="neuprint")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "registry.db"


@pytest.fixture
def registry(path: Path) -> Iterator[Registry]:
    with Registry.open(f"lite://{path}", publisher="ada@lab.org") as registry:
        yield registry


def contents(path: Path) -> dict[str, bytes]:
    """Every file of the store, byte by byte, but for the index that SQLite keeps of its log."""
    return {file.name: file.read_bytes() for file in path.parent.iterdir() if not file.name.endswith("-shm")}


def test_a_plan_of_a_first_publish_makes_no_file(registry: Registry, path: Path) -> None:
    plan = registry.plan(declared(), facts())
    assert plan.version == "hemibrain.neurons@v1"
    assert plan.creates
    assert plan.diff is None
    assert contents(path) == {}


def test_a_plan_against_a_registry_that_is_in_use_changes_no_byte(registry: Registry, path: Path) -> None:
    registry.publish(declared(), facts(), message="first")
    before = contents(path)
    plan = registry.plan(declared(title="Better"), facts(1, rows=7))
    assert plan.version == "hemibrain.neurons@v2"
    assert plan.diff is not None
    assert "table: rows: unknown → 7" in map(str, plan.diff.changes)
    assert contents(path) == before


def test_what_was_published_reads_back_the_same(registry: Registry, path: Path) -> None:
    before = datetime.now(timezone.utc)
    receipt = registry.publish(declared(), facts(rows=5), message="first", label="pilot")
    assert receipt.version == "hemibrain.neurons@v1"
    assert receipt.urn == "urn:li:dataset:(urn:li:dataPlatform:feature-registry,hemibrain.neurons@v1,PROD)"
    assert receipt.created
    with Registry.open(f"lite://{path}") as another:
        for name in ("hemibrain.neurons", "hemibrain.neurons@v1"):
            record = another.get(name)
            assert record == receipt.record
            assert record.digest == receipt.digest
    assert record.table == facts(rows=5)
    assert record.columns == declared().columns
    assert record.materializations == (HEMIBRAIN,)
    assert (record.label, record.provenance.publisher, record.provenance.message) == ("pilot", "ada@lab.org", "first")
    assert before <= record.provenance.published_at <= datetime.now(timezone.utc)


def test_publishing_the_same_again_creates_nothing_and_changes_no_byte(registry: Registry, path: Path) -> None:
    first = registry.publish(declared(), facts(), message="first")
    before = contents(path)
    with Registry.open(f"lite://{path}", publisher="bob@lab.org") as another:
        again = another.publish(declared(), facts(), message="in other words")
        plan = another.plan(declared(), facts())
    assert not again.created
    assert (again.version, again.digest, again.record) == (first.version, first.digest, first.record)
    assert (plan.creates, plan.version, plan.diff) == (False, first.version, None)
    assert contents(path) == before


def test_an_earlier_content_published_again_is_recognised(registry: Registry) -> None:
    for version in range(3):
        registry.publish(declared(), facts(version), message="next")
    again = registry.publish(declared(), facts(1), message="again")
    assert (again.version, again.created) == ("hemibrain.neurons@v2", False)
    assert len(registry.versions("hemibrain.neurons")) == 3


def test_other_types_of_a_file_without_types_are_other_content(registry: Registry) -> None:
    pin = CsvPin(fingerprint=f"sha256:{'0' * 64}")
    text, number = (facts(body_id=each, score="string").model_copy(update={"pin": pin}) for each in ("string", "int64"))
    table = declared(columns={"body_id": BodyId(id_space="hemibrain")})
    published = [registry.publish(table, each, message="why").version for each in (text, number, text)]
    assert published == [f"hemibrain.neurons@v{each}" for each in (1, 2, 1)]


@pytest.mark.parametrize(
    ("feature_table", "table"),
    [
        (declared(), facts(1)),
        (declared(), facts(location="/data/elsewhere")),
        (declared(columns={"body_id": BodyId(id_space="hemibrain")}), facts()),
        (declared(materializations=(NEWER,)), facts()),
        (declared(signals=(Note(text="x", basis="declared"),)), facts()),
        (declared(references=(reference("hemibrain.types"),)), facts()),
    ],
    ids=["table version", "location", "columns", "materialization", "signals", "references"],
)
def test_other_content_gets_the_next_number(registry: Registry, feature_table: FeatureTable, table: Any) -> None:
    registry.publish(declared(), facts(), message="first")
    receipt = registry.publish(feature_table, table, message="second")
    assert (receipt.version, receipt.created) == ("hemibrain.neurons@v2", True)
    assert [version.number for version in registry.versions("hemibrain.neurons")] == [1, 2]
    assert registry.get("hemibrain.neurons@v1").provenance.message == "first"


def test_a_number_that_holds_other_content_is_a_conflict_that_shows_the_difference(registry: Registry) -> None:
    registry.publish(declared(), facts(), message="first")
    with pytest.raises(VersionConflict) as conflict:
        registry.publish(declared(), facts(1), message="second", version=1)
    assert conflict.value.differences == ("table: pin.version: 0 → 1",)
    assert "hemibrain.neurons@v1 is published with other content and never changes" in str(conflict.value)
    assert "pin.version: 0 → 1" in str(conflict.value)
    assert len(registry.versions("hemibrain.neurons")) == 1


def test_a_number_that_would_leave_a_gap_is_refused_with_the_next_one(registry: Registry, path: Path) -> None:
    with pytest.raises(VersionConflict, match=r"neurons@v3 cannot be published: .* the next one is 1; pass version=1"):
        registry.publish(declared(), facts(), message="first", version=3)
    assert contents(path) == {}


def test_the_number_that_is_next_or_holds_this_content_may_be_asked_for(registry: Registry) -> None:
    assert registry.publish(declared(), facts(), message="first", version=1).created
    assert not registry.publish(declared(), facts(), message="again", version=1).created
    assert registry.publish(declared(), facts(1), message="second", version=2).created


def test_a_label_that_another_version_bears_is_a_conflict_that_shows_the_difference(registry: Registry) -> None:
    registry.publish(declared(), facts(), message="first", label="paper")
    for attempt in (
        lambda: registry.plan(declared(), facts(1), label="paper"),
        lambda: registry.publish(declared(), facts(1), message="second", label="paper"),
    ):
        with pytest.raises(VersionConflict, match="label 'paper' belongs to hemibrain.neurons@v1") as conflict:
            attempt()
        assert conflict.value.differences == ("table: pin.version: 0 → 1",)
    assert len(registry.versions("hemibrain.neurons")) == 1


def test_a_label_is_of_one_dataset_only(registry: Registry) -> None:
    registry.publish(declared(), facts(), message="first", label="paper")
    assert registry.publish(declared("hemibrain.types"), facts(), message="first", label="paper").created


@pytest.mark.parametrize("message", ["", " ", "\n\t"])
def test_a_publish_without_a_reason_is_refused_before_anything_is_written(
    registry: Registry, path: Path, message: str
) -> None:
    with pytest.raises(PublishRefused, match="needs a message: say why"):
        registry.publish(declared(), facts(), message=message)
    assert contents(path) == {}


@pytest.mark.parametrize("publisher", [None, "", "  "])
def test_a_publish_by_nobody_is_refused_before_anything_is_written(
    path: Path, publisher: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FEATURE_REGISTRY_PUBLISHER", raising=False)
    with (
        Registry.open(f"lite://{path}", publisher=publisher) as registry,
        pytest.raises(PublishRefused, match="needs a publisher: name one, or set FEATURE_REGISTRY_PUBLISHER"),
    ):
        registry.publish(declared(), facts(), message="why")
    assert contents(path) == {}


def test_the_publisher_is_the_one_named_else_the_registrys_else_the_environments(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEATURE_REGISTRY_PUBLISHER", "eve@lab.org")
    names: list[str] = []
    for opened, named in (("ada@lab.org", "bob@lab.org"), ("ada@lab.org", None), (None, None)):
        with Registry.open(f"lite://{path}", publisher=opened) as registry:
            receipt = registry.publish(declared(), facts(len(names)), message="why", publisher=named)
        names.append(receipt.record.provenance.publisher)
    assert names == ["bob@lab.org", "ada@lab.org", "eve@lab.org"]


def test_a_declaration_that_does_not_fit_the_table_writes_nothing(registry: Registry, path: Path) -> None:
    with pytest.raises(TableMismatch, match=r"(?s)/data/neurons.*score: declared, but the table has no such column"):
        registry.publish(declared(), facts(body_id="int64"), message="why")
    assert contents(path) == {}


def test_title_and_owners_follow_the_newest_publish_and_versions_stay(registry: Registry) -> None:
    first = registry.publish(declared(title="Neurons", owners=["team:olfaction"]), facts(), message="first")
    registry.publish(declared(title="All neurons", owners=["team:vision"]), facts(1), message="second")
    dataset = registry.dataset("hemibrain.neurons")
    assert (dataset.title, dataset.owners) == ("All neurons", ("team:vision",))
    assert registry.get("hemibrain.neurons@v1") == first.record


def test_a_new_title_alone_makes_no_version(registry: Registry) -> None:
    registry.publish(declared(title="Neurons"), facts(), message="first")
    again = registry.publish(declared(title="All neurons"), facts(), message="a better title")
    assert not again.created
    assert registry.dataset("hemibrain.neurons").title == "All neurons"


def test_what_a_declaration_leaves_out_of_the_dataset_stays(registry: Registry) -> None:
    registry.publish(declared(title="Neurons", tags=["fly"]), facts(), message="first")
    registry.publish(declared(), facts(1), message="second")
    dataset = registry.dataset("hemibrain.neurons")
    assert (dataset.title, dataset.tags) == ("Neurons", ("fly",))


def test_what_is_known_of_an_upstream_version_is_gathered_over_publishes(registry: Registry) -> None:
    moment = datetime(2021, 6, 1, tzinfo=timezone.utc)
    known = HEMIBRAIN.model_copy(update={"timestamp": moment, "status": "available"})
    registry.publish(declared(materializations=(known,)), facts(), message="first")
    expired = MaterializationVersion(
        system="hemibrain", version="v1.2.1", source="neuprint", status="expired", aliases=("flat@1",)
    )
    registry.publish(declared("hemibrain.types", materializations=(expired,)), facts(), message="second")
    recorded = registry.materialization(HEMIBRAIN)
    assert recorded is not None
    assert (recorded.source, recorded.timestamp, recorded.status, recorded.aliases) == (
        "neuprint",
        moment,
        "expired",
        ("flat@1",),
    )


def test_a_materialization_version_declared_with_other_facts_is_a_conflict(registry: Registry, path: Path) -> None:
    registry.publish(declared(materializations=(HEMIBRAIN.model_copy(update={"uuid": "a"}),)), facts(), message="first")
    before = contents(path)
    other = MaterializationVersion(system="hemibrain", version="v1.2.1", source="neuprint", uuid="b")
    with pytest.raises(MaterializationConflict, match=r"hemibrain@v1\.2\.1: uuid is recorded as 'a', declared as 'b'"):
        registry.publish(declared(materializations=(other,)), facts(1), message="second")
    assert contents(path) == before


def test_a_reference_is_linked_to_the_newest_version_of_the_same_upstream(registry: Registry) -> None:
    for number, upstream in enumerate((HEMIBRAIN, HEMIBRAIN, NEWER)):
        registry.publish(declared(materializations=(upstream,)), facts(number), message="neurons")
    joined = declared("hemibrain.synapses", references=(reference("hemibrain.neurons"),))
    receipt = registry.publish(joined, facts(), message="synapses")
    assert receipt.record.reference_versions == {"hemibrain.neurons": "hemibrain.neurons@v2"}


def test_a_reference_without_a_shared_upstream_is_linked_to_the_newest(registry: Registry) -> None:
    for number in range(2):
        registry.publish(declared(), facts(number), message="neurons")
    joined = declared("b", materializations=(NEWER,), references=(reference("hemibrain.neurons"),))
    receipt = registry.publish(joined, facts(), message="synapses")
    assert receipt.record.reference_versions == {"hemibrain.neurons": "hemibrain.neurons@v2"}


def test_a_reference_to_what_is_not_published_is_kept_in_words_alone(registry: Registry) -> None:
    joined = declared("hemibrain.synapses", references=(reference("hemibrain.neurons"),))
    receipt = registry.publish(joined, facts(), message="synapses")
    assert receipt.record.reference_versions == {}
    assert receipt.record.references == joined.references


def test_what_becomes_published_later_does_not_change_who_referred_to_it(registry: Registry) -> None:
    joined = declared("hemibrain.synapses", references=(reference("hemibrain.neurons"),))
    registry.publish(joined, facts(), message="synapses")
    registry.publish(declared(), facts(), message="neurons")
    assert not registry.publish(joined, facts(), message="again").created
    assert registry.get("hemibrain.synapses").reference_versions == {}


def test_inputs_are_the_exact_versions_that_were_read(registry: Registry) -> None:
    for number in range(3):
        registry.publish(declared(), facts(number), message="neurons")
    origin = Origin(
        run_id="run-1", asset="flies/synapses", partition="DA1", inputs=[("hemibrain.neurons", facts(1).identity)]
    )
    receipt = registry.publish(declared("hemibrain.synapses"), facts(), message="synapses", origin=origin)
    provenance = receipt.record.provenance
    assert receipt.record.inputs == ("hemibrain.neurons@v2",)
    assert (provenance.dagster_run_id, provenance.dagster_asset, provenance.dagster_partition) == (
        "run-1",
        "flies/synapses",
        "DA1",
    )


def test_an_input_whose_table_is_not_published_is_a_warning_and_no_lineage(registry: Registry) -> None:
    registry.publish(declared(), facts(), message="neurons")
    origin = Origin(inputs=[("hemibrain.neurons", facts(7).identity)])
    plan = registry.plan(declared("hemibrain.synapses"), facts(), origin=origin)
    assert plan.record.inputs == ()
    (warning,) = [warning for warning in plan.warnings if "computed from" in warning]
    assert warning.startswith("computed from hemibrain.neurons, whose table as it was read is not published; publish")


def test_columns_without_meaning_and_undated_upstreams_are_warned_of(registry: Registry) -> None:
    table = facts(**{"body_id": "int64", "score": "float32", **{f"c{number}": "int8" for number in range(7)}})
    warnings = registry.plan(declared(), table).warnings
    assert warnings[0] == "7 of 9 columns have no declared meaning: c0, c1, c2, c3, c4 and 2 more"
    assert warnings[1].startswith("hemibrain@v1.2.1: no timestamp is declared")


def test_what_is_not_published_is_told_with_what_is(registry: Registry) -> None:
    with pytest.raises(NotPublished, match=r"hemibrain\.neurons: no version is published at lite://"):
        registry.get("hemibrain.neurons")
    with pytest.raises(NotPublished, match=r"hemibrain\.neurons: no such dataset"):
        registry.dataset("hemibrain.neurons")
    assert registry.versions("hemibrain.neurons") == ()
    assert registry.materialization(HEMIBRAIN) is None
    for number in range(2):
        registry.publish(declared(), facts(number), message="why")
    with pytest.raises(NotPublished, match=r"neurons@v3: not published at lite://.*; published: v1 to v2"):
        registry.get("hemibrain.neurons@v3")


def test_any_script_may_stand_in_any_text(registry: Registry, path: Path) -> None:
    words = "größe, (神経) \U0001f9e0 'ε' \"½\" 100 %"
    feature_table = declared(
        title=words,
        description=f"{words}\n\n{words}",
        tags=[words],
        columns={"größe, (nm)": Feature(unit=words, description=words), r"a\.b": Score()},
        signals=(Note(text=words, basis="declared"),),
    )
    table = facts(location=f"/data/{words}", **{"größe, (nm)": "float32", r"a\.b": "float64"})
    receipt = registry.publish(feature_table, table, message=words, publisher=words)
    with Registry.open(f"lite://{path}") as another:
        assert another.get("hemibrain.neurons") == receipt.record
        assert another.dataset("hemibrain.neurons") == feature_table.dataset


def test_a_table_of_a_thousand_columns_is_published_like_any_other(registry: Registry) -> None:
    columns = {f"feature_{number}": Feature(method="m", description="One of many.") for number in range(1000)}
    table = facts(**dict.fromkeys(columns, "float32"))
    receipt = registry.publish(declared(columns=columns), table, message="wide")
    record = registry.get(receipt.version)
    assert list(record.columns) == list(columns)
    assert record.table.fields == table.fields


def test_datasets_in_one_file_have_numbers_of_their_own(registry: Registry) -> None:
    for name in ("a", "a.b", "a.b.c"):
        for number in range(2):
            assert registry.publish(declared(name), facts(number), message="why").version == f"{name}@v{number + 1}"
    assert [version.name for version in registry.versions("a.b")] == ["a.b@v1", "a.b@v2"]


def test_environments_in_one_file_know_nothing_of_each_other(registry: Registry, path: Path) -> None:
    registry.publish(declared(title="for all"), facts(), message="why")
    with Registry.open(f"lite://{path}", env="DEV", publisher="ada@lab.org") as trial:
        assert trial.versions("hemibrain.neurons") == ()
        assert trial.publish(declared(title="a trial"), facts(9), message="why").version == "hemibrain.neurons@v1"
    assert registry.dataset("hemibrain.neurons").title == "for all"
    assert len(registry.versions("hemibrain.neurons")) == 1


def test_a_registry_sees_what_another_published_meanwhile(registry: Registry, path: Path) -> None:
    registry.publish(declared(), facts(), message="first")
    with Registry.open(f"lite://{path}", publisher="bob@lab.org") as another:
        another.publish(declared(), facts(1), message="second")
        assert registry.get("hemibrain.neurons").number == 2
        another.publish(declared(), facts(2), message="third")
    assert registry.publish(declared(), facts(3), message="fourth").version == "hemibrain.neurons@v4"


def test_several_published_at_once_stand_or_fall_each_by_itself(registry: Registry) -> None:
    publications = [
        Publication(declared(), facts(0), "first"),
        Publication(declared(), facts(1), " "),
        Publication(declared(), facts(body_id="float32"), "does not fit"),
        Publication(declared(), facts(2), "second"),
        Publication(declared(), facts(0), "the first again"),
        Publication(declared("hemibrain.synapses", references=(reference("hemibrain.neurons"),)), facts(), "joined"),
    ]
    outcomes = registry.publish_many(publications)
    told = [
        (outcome.version, outcome.created) if isinstance(outcome, Receipt) else type(outcome) for outcome in outcomes
    ]
    assert told == [
        ("hemibrain.neurons@v1", True),
        PublishRefused,
        TableMismatch,
        ("hemibrain.neurons@v2", True),
        ("hemibrain.neurons@v1", False),
        ("hemibrain.synapses@v1", True),
    ]
    assert registry.get("hemibrain.synapses").reference_versions == {"hemibrain.neurons": "hemibrain.neurons@v2"}


def test_a_table_is_not_compared_with_every_version_of_its_dataset(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []

    def counted(location: str) -> str:
        compared.append(location)
        return place_of(location)

    monkeypatch.setattr(same_content, "place_of", counted)
    counts: list[int] = []
    for first in (0, 10, 20):
        compared.clear()
        registry.publish_many([Publication(declared(), facts(first + each), "again") for each in range(10)])
        counts.append(len(compared))
    assert counts[2] == counts[1]


def test_the_plan_and_the_receipt_are_pages_a_person_reads(registry: Registry) -> None:
    first = registry.publish(declared(), facts(), message="because | of it")
    page = registry.plan(declared(references=(reference("a"),)), facts(1, rows=14836)).to_markdown()
    for words in ("`hemibrain.neurons@v2` would be published", "14,836", "| `body_id` | int64 | body_id"):
        assert words in page
    assert page.index("\n\n#### Warnings\n\n- ") < page.index("\n\n| table |") < page.index("\n\n#### Joins\n\n- ")
    uncounted = registry.plan(declared(), facts().model_copy(update={"bytes": None})).to_markdown()
    assert "| bytes | unknown: not in the table's own metadata; counts=True" in uncounted
    assert "Changes since `hemibrain.neurons@v1`" in page
    assert "is already published with the same content" in registry.plan(declared(), facts()).to_markdown()
    assert "because \\| of it" in first.to_markdown()

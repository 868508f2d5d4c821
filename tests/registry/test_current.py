"""What a name was taken to mean, in everything that names a version."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_dagster.datahub.urns import version_urn
from registry_dagster.errors import InvalidDeclaration, NotPublished
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.registry.handoff import handed_off
from registry_dagster.registry.plan import Publication
from registry_dagster.registry.registry import Registry
from tests.gms.server import StandInGms
from tests.registry.declared import declared, facts, reference

NAME, OTHER = "lab.neurons", "lab.types"


def state(version: str) -> MaterializationVersion:
    return MaterializationVersion(system="m", version=version, source="manual")


@pytest.fixture(params=["lite", "file", "gms"])
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Registry]:
    """With 1507, then a backfill of 943."""
    if request.param == "gms":
        with StandInGms() as gms, Registry.open(gms.url, publisher="ada@lab.org") as registry:
            yield filled(registry)
    else:
        target = f"{request.param}://{tmp_path}/registry{'.db' if request.param == 'lite' else ''}"
        with Registry.open(target, publisher="ada@lab.org") as registry:
            yield filled(registry)


def filled(registry: Registry) -> Registry:
    for number, version in enumerate(("1507", "943")):
        registry.publish(declared(NAME, materializations=[state(version)]), facts(number), message="why")
    return registry


def test_a_backfill_does_not_become_what_the_name_means(registry: Registry) -> None:
    assert registry.get(NAME).name == f"{NAME}@v1"
    (found,) = registry.datasets()
    assert found.newest == f"{NAME}@v1"
    assert found.passed_over[0].startswith(f"{NAME}@v2: made against m@943, which is earlier than m@1507")
    assert f"passed over: {NAME}@v2" in str(found)


def test_every_text_names_the_version_it_took_and_why(registry: Registry) -> None:
    remark = f"{NAME}@v1: it is the current version, made against m@1507, though not the last published"
    for answer in (registry.compatibility(NAME, "m@1507"), registry.column(NAME, "score"), registry.lineage(NAME)):
        assert remark in str(answer)
        assert answer.taken[0].version == f"{NAME}@v1"


def test_lineage_goes_both_ways(registry: Registry) -> None:
    made = declared(OTHER, references=(reference(NAME),), inputs=(f"{NAME}@v2",))
    registry.publish(made, facts(), message="why")
    registry.publish(declared("lab.sums", inputs=(f"{OTHER}@v1",)), facts(), message="why")
    found = registry.lineage(OTHER)
    assert found.upstream == (
        "made against hemibrain@v1.2.1",
        f"computed from {NAME}@v2",
        f"body_id joins to {NAME}@v1",
    )
    assert [each.version for each in found.dependents] == ["lab.sums@v1"]
    assert [each.version for each in registry.dependents(f"{NAME}@v2")] == [f"{OTHER}@v1"]
    assert registry.lineage("hemibrain@v1.2.1").upstream == ()


def test_a_table_that_moved_to_another_registry_is_recognised_by_its_digest(registry: Registry, tmp_path: Path) -> None:
    record = registry.get(f"{NAME}@v2")
    with Registry.open(f"lite://{tmp_path}/elsewhere.db", publisher="eve@lab.org") as elsewhere:
        moved = elsewhere.publish(declared(NAME, materializations=[state("943")]), facts(1), message="moved")
        assert moved.version == f"{NAME}@v1"
        assert elsewhere.get(record.content_digest).name == moved.version
    assert [each.version for each in registry.find(digest=record.content_digest)] == [record.name]
    assert [each.version for each in registry.find(digest=record.digest)] == [record.name]
    taken = registry.current(record.content_digest)
    assert (taken.version, taken.reason) == (record.name, "it has the digest that was asked for")
    with pytest.raises(NotPublished, match="no version with this digest is published"):
        registry.get("sha256:" + "0" * 64)


def test_a_receipt_says_where_it_was_written_and_what_was_not_added(registry: Registry) -> None:
    again = registry.publish(
        declared(NAME, materializations=[state("943")]), facts(1), message="again", label="size-paper"
    )
    assert (again.created, again.target) == (False, registry.target)
    assert any("the label 'size-paper' is not added to it" in note for note in again.notes)
    assert registry.target in again.to_markdown()
    assert "size-paper" in again.to_markdown()


def test_a_plan_names_title_owners_label_layout_and_draft(registry: Registry) -> None:
    made = declared(OTHER, title="Types", owners=["team:fly"], layout="by_id")
    page = registry.plan(made, facts(), label="first", draft=True).to_markdown()
    for said in ("title | Types", "owners | team:fly", "label | first", "layout | by_id", "draft | yes"):
        assert f"| {said}" in page


def test_what_was_removed_in_datahub_is_said() -> None:
    with StandInGms() as gms, Registry.open(gms.url, publisher="ada@lab.org") as registry:
        filled(registry)
        gms.put(version_urn(f"{NAME}@v1", "PROD"), "status", {"removed": True})
        assert registry.get(NAME).name == f"{NAME}@v2"
        assert registry.acts.now(NAME).gaps == (f"{NAME}@v1: removed in DataHub",)


def test_what_was_handed_off_keeps_its_layout_draft_and_inputs(tmp_path: Path) -> None:
    with Registry.open(f"file://{tmp_path}/handoff", publisher="hpc@lab.org") as registry:
        registry.publish(declared(NAME), facts(), message="why")
        made = declared(OTHER, inputs=(f"{NAME}@v1",), layout="by_id")
        registry.publish(made, facts(1), message="why", draft=True)
    with Registry.open(f"lite://{tmp_path}/registry.db") as registry:
        versions = handed_off(tmp_path / "handoff").versions
        registry.publish_many([each.publication for each in versions if isinstance(each.publication, Publication)])
        record = registry.get(f"{OTHER}@v1")
    assert (str(record.layout), record.draft, record.inputs) == ("by_id", True, (f"{NAME}@v1",))


def test_a_clock_beside_one_exact_name_was_refused_and_applies_to_the_other(registry: Registry) -> None:
    at = "m@943"
    for ask in (registry.join, registry.comparable, registry.compatibility):
        if ask is not registry.comparable:
            assert [each.version for each in ask(f"{NAME}@v1", NAME, at=at).taken][:2] == [f"{NAME}@v1", f"{NAME}@v2"]
            assert [each.version for each in ask(NAME, f"{NAME}@v1", at=at).taken][:2] == [f"{NAME}@v2", f"{NAME}@v1"]
        with pytest.raises(InvalidDeclaration, match="each one version; leave out at and layout"):
            ask(f"{NAME}@v1", f"{NAME}@v2", at=at)

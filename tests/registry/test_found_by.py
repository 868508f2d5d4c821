"""What versions are found by, in every spelling of it: aliases of a system, owners, digests, and acts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_dagster.datahub.proposal import Proposal
from registry_dagster.datahub.urns import version_urn
from registry_dagster.errors import InvalidDeclaration, NotPublished
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.registry.registry import Registry
from registry_dagster.stores.gms.store import GmsStore
from registry_dagster.stores.handoff_folder import FileStore
from registry_dagster.stores.lite.store import LiteStore
from tests.registry.declared import declared, facts
from tests.registry.others import Place, place_of

NAME = "fly.cells"
STATE = MaterializationVersion(system="flywire_fafb_public", version="783", source="cave")


@pytest.fixture(params=["lite", "file", "gms"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with place_of(request.param, tmp_path) as place:
        yield place


@pytest.fixture
def registry(place: Place) -> Iterator[Registry]:
    with place.open() as registry:
        for number in range(2):
            table = declared(NAME, owners=["ada", "team:fly"], materializations=[STATE])
            registry.publish(table, facts(number), message="why")
        yield registry


def versions(registry: Registry, **filters: object) -> list[str]:
    return [each.version for each in registry.find(**filters)]  # type: ignore[arg-type]


BOTH = [f"{NAME}@v2", f"{NAME}@v1"]


def test_a_system_that_is_known_only_as_an_alias_was_not_found(registry: Registry) -> None:
    known_later = STATE.model_copy(update={"aliases": ("fafb_flywire@783",)})
    registry.record_materializations([known_later])
    assert versions(registry, materialization="fafb_flywire") == BOTH
    assert versions(registry, materialization="FAFB_flywire") == BOTH
    assert [each.version for each in registry.dependents("fafb_flywire")] == BOTH
    assert registry.materializations("fafb_flywire") == (known_later,)


def test_a_system_named_by_an_alias_of_the_declaration_is_found(registry: Registry) -> None:
    state = MaterializationVersion(system="banc", version="626", source="cave", aliases=("brain_and_nerve_cord@626",))
    registry.publish(declared("banc.cells", materializations=[state]), facts(), message="why")
    assert versions(registry, materialization="brain_and_nerve_cord") == ["banc.cells@v1"]
    assert [each.version for each in registry.dependents("brain_and_nerve_cord")] == ["banc.cells@v1"]


@pytest.mark.parametrize(
    "owner", ["ada", "urn:li:corpuser:ada", "fly", "team:fly", "urn:li:corpGroup:fly", "Ada", "Fly", "TEAM:fly"]
)
def test_an_owner_is_found_by_urn_and_by_plain_name(registry: Registry, owner: str) -> None:
    assert versions(registry, owner=owner) == BOTH
    assert versions(registry, owner=owner, dataset=NAME) == BOTH


@pytest.mark.parametrize("owner", ["urn:li:corpGroup:ada", "team:ada", "urn:li:corpuser:fly"])
def test_a_user_is_no_group(registry: Registry, owner: str) -> None:
    with pytest.raises(NotPublished, match="no such owner is known"):
        registry.find(owner=owner)


def test_the_beginning_of_a_digest_is_enough(registry: Registry) -> None:
    record = registry.get(f"{NAME}@v1")
    for digest in (record.digest, record.content_digest):
        for some in (digest, digest[:30], digest[: len("sha256:") + 12]):
            assert registry.get(some).name == record.name
            assert "it has the digest that was asked for" in (registry.current(some).reason or "")
            assert versions(registry, digest=some) == [record.name]
    for wrong in (record.digest[:15], "sha256:", "sha256:XYZ", record.digest + "0"):
        with pytest.raises(InvalidDeclaration, match="write sha256: and at least 12 of its 64 digits"):
            registry.get(wrong)
    with pytest.raises(NotPublished, match="no version with this digest is published at"):
        registry.get("sha256:000000000000")


def test_a_beginning_that_two_digests_have_is_an_error_that_names_them(
    place: Place, monkeypatch: pytest.MonkeyPatch, registry: Registry
) -> None:
    one, other = (registry.get(f"{NAME}@v{number}") for number in (1, 2))
    alike = "sha256:" + "0123456789ab" * 5
    for record, end in ((one, "0000"), (other, "1111")):
        store = registry._store  # pyright: ignore[reportPrivateUsage]
        urn = version_urn(record.name, "PROD")
        properties = store.read([urn], ["datasetProperties"])[urn]["datasetProperties"]
        custom = {**properties["customProperties"], "content_digest": alike + end}
        store.upsert([Proposal(urn, "datasetProperties", {**properties, "customProperties": custom})])
    with pytest.raises(InvalidDeclaration, match="is the beginning of 2 digests; give more of it") as caught:
        registry.current("sha256:0123456789ab")
    assert all(f"{NAME}@v{number} has {alike}" in str(caught.value) for number in (1, 2))
    assert registry.current(alike + "1").version == f"{NAME}@v2"


@pytest.mark.parametrize("act", ["retire", "undo"])
def test_an_act_whose_deprecation_was_not_written_yet_was_not_found(
    registry: Registry, act: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The publisher's machine may stop between the act and DataHub's deprecation, which mirrors it."""
    version = f"{NAME}@v1"
    if act == "undo":
        registry.retire(version, reason="wrong unit")
    for store in (LiteStore, FileStore, GmsStore):
        monkeypatch.setattr(store, "upsert", stopped)
    with pytest.raises(KeyboardInterrupt):
        registry.retire(version, reason="wrong unit") if act == "retire" else registry.acts.undo(version, reason="ok")
    monkeypatch.undo()
    retired = act == "retire"
    assert (registry.retirement(version) is not None) == retired
    assert versions(registry, retired=True) == ([version] if retired else [])
    assert versions(registry, retired=False, dataset=NAME) == ([BOTH[0]] if retired else BOTH)
    (row,) = [each for each in registry.find() if each.version == version]
    assert row.retired == (str(registry.retirement(version)) if retired else None)
    assert registry.verify(version, record=True).retired == retired


def stopped(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_row_says_that_a_deprecation_was_made_in_datahub(place: Place, registry: Registry) -> None:
    aspect = {"deprecated": True, "note": "old", "actor": "urn:li:corpuser:bob"}
    place.edit(f"{NAME}@v1", "deprecation", aspect)
    (row,) = registry.find(retired=True)
    assert row.retired == str(registry.retirement(f"{NAME}@v1"))
    assert "DataHub" in row.retired

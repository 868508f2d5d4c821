"""What people did to handed-off versions is delivered with them: who, why and when, once, and over nothing newer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from registry_dagster.datahub.retirement import retirement_proposal
from registry_dagster.errors import RegistryError
from registry_dagster.model.act import Act
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.retirement import Retirement
from registry_dagster.registry.act_merge import CarriedAct
from registry_dagster.registry.handoff import carry_acts, carry_states, deliveries, handed_off
from registry_dagster.registry.plan import Publication, Receipt
from registry_dagster.registry.registry import Registry
from registry_dagster.stores.open import open_store
from tests.gms.server import StandInGms
from tests.registry.declared import HEMIBRAIN, declared, facts

NEURONS = "hemibrain.neurons"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three versions, of which the last is a draft, and acts of every kind that needs no table."""
    folder = tmp_path / "handoff"
    with Registry.open(f"file://{folder}", publisher="hpc@lab.org") as registry:
        for number in range(3):
            registry.publish(declared(title="Neurons"), facts(number), message=f"neurons {number}", draft=number == 2)
        acts = registry.acts
        registry.retire(f"{NEURONS}@v1", reason="wrong units", replacement=f"{NEURONS}@v2", publisher="ada@lab.org")
        registry.retire(f"{NEURONS}@v2", reason="a mistake")
        acts.undo(f"{NEURONS}@v2", reason="it was right", publisher="ada@lab.org")
        acts.label(f"{NEURONS}@v2", "size-paper", reason="cited")
        acts.layout(NEURONS, "by_type", reason="asked for most")
        acts.promote(f"{NEURONS}@v3", reason="proofread")
        acts.license(NEURONS, "CC-BY-4.0", reason="the lab's")
        acts.doi(f"{NEURONS}@v2", "10.1000/neurons", reason="minted")
        registry.describe(Dataset(name=NEURONS, title="Neurons, final", tags=["final"]), message="for the paper")
    return folder


@pytest.fixture(params=["lite", "gms"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "lite":
        yield f"lite://{tmp_path}/registry.db"
    else:
        with StandInGms() as gms:
            yield gms.url


@pytest.fixture
def lite(tmp_path: Path) -> str:
    return f"lite://{tmp_path}/registry.db"


def push_versions(folder: Path, target: str) -> dict[str, str]:
    """The versions alone: `dataset@vN` in the hand-off → the version there."""
    with Registry.open(target) as registry:
        batch = deliveries(registry, handed_off(folder).versions)
        wanted = [each.publication for each in batch if isinstance(each.publication, Publication)]
        outcomes = registry.publish_many(wanted)
        whole = [each.name for each in batch if isinstance(each.publication, Publication)]
        pairs = zip(whole, outcomes, strict=True)
        return {name: outcome.version for name, outcome in pairs if isinstance(outcome, Receipt)}


def push(folder: Path, target: str) -> list[CarriedAct]:
    names, handed = push_versions(folder, target), handed_off(folder)
    with Registry.open(target) as registry:
        carried = list(carry_acts(registry, handed, names, write=True))
        carry_states(registry, handed.states, write=True)
    found = [each for each in carried if isinstance(each, CarriedAct)]
    assert len(found) == len(carried), carried
    return found


def history(target: str) -> tuple[Act, ...]:
    with Registry.open(target) as registry:
        return registry.acts.history(NEURONS)


def said(carried: Sequence[CarriedAct]) -> set[str]:
    return {each.outcome for each in carried}


def test_acts_keep_their_authors_words_and_times(folder: Path, target: str) -> None:
    assert said(push(folder, target)) == {"recorded"}
    assert history(target) == history(f"file://{folder}")
    with Registry.open(target) as there, Registry.open(f"file://{folder}") as here:
        assert there.acts.now(NEURONS) == here.acts.now(NEURONS)
        assert there.dataset(NEURONS) == here.dataset(NEURONS)
        assert there.retirements(NEURONS) == here.retirements(NEURONS)
        assert there.current(NEURONS) == here.current(NEURONS)
        assert there.get(f"{NEURONS}@size-paper").number == 2
        (retired,) = there.find(retired=True)
    assert retired.version == f"{NEURONS}@v1"


def test_pushing_again_adds_nothing_twice(folder: Path, target: str) -> None:
    push(folder, target)
    before = history(target)
    assert said(push(folder, target)) == {"unchanged"}
    assert history(target) == before


def test_what_was_done_since_is_carried(folder: Path, target: str) -> None:
    push(folder, target)
    with Registry.open(f"file://{folder}", publisher="hpc@lab.org") as registry:
        registry.acts.undo(f"{NEURONS}@v1", reason="the units were right")
        registry.describe(Dataset(name=NEURONS, title="Neurons, really final"), message="typo")
    new = [each for each in push(folder, target) if each.outcome == "recorded"]
    assert [each.about for each in new] == [f"{NEURONS}@v1", NEURONS]
    with Registry.open(target) as registry:
        assert registry.retirement(f"{NEURONS}@v1") is None
        assert registry.dataset(NEURONS).title == "Neurons, really final"
        assert registry.dataset(NEURONS).tags == ("final",)


def test_versions_have_the_names_that_they_have_there(folder: Path, target: str) -> None:
    with Registry.open(target, publisher="grace@lab.org") as registry:
        registry.publish(declared(), facts(77), message="was here before")
    push(folder, target)
    with Registry.open(target) as registry:
        (retirement,) = registry.retirements(NEURONS).items()
        assert registry.get(f"{NEURONS}@size-paper").number == 3
    assert retirement == (f"{NEURONS}@v2", Retirement("wrong units", "ada@lab.org", f"{NEURONS}@v3"))


def test_what_was_said_there_later_is_not_taken_back(folder: Path, target: str) -> None:
    """Every act there is later than those of the hand-off, and says otherwise."""
    push_versions(folder, target)
    with Registry.open(target, publisher="grace@lab.org") as registry:
        registry.retire(f"{NEURONS}@v1", reason="withdrawn")
        registry.acts.undo(f"{NEURONS}@v1", reason="not withdrawn")
        registry.acts.license(NEURONS, "MIT", reason="ours")
        registry.acts.layout(NEURONS, "by_id", reason="faster")
        registry.acts.label(f"{NEURONS}@v1", "size-paper", reason="of another paper")
        registry.acts.doi(f"{NEURONS}@v2", "10.1000/other", reason="minted here")
        registry.describe(Dataset(name=NEURONS, title="Cells"), message="they are cells")
        before = registry.acts.now(NEURONS)
    carried = push(folder, target)
    skipped = [(each.about, each.said[:8], str(each.reason)) for each in carried if each.outcome == "skipped"]
    assert [(about, said, reason.partition(" at 20")[0]) for about, said, reason in skipped] == [
        (f"{NEURONS}@v1", "retired;", "retirement undone"),
        (f"{NEURONS}@v2", "labelled", "label 'size-paper' belongs to v1 here, and a label never moves"),
        (NEURONS, "default ", "default layout by_id"),
        (NEURONS, "license ", "license MIT"),
        (f"{NEURONS}@v2", "DOI 10.1", "DOI 10.1000/other"),
        (NEURONS, "describe", "described: title = Cells"),
    ]
    assert skipped[0][2].endswith("by grace@lab.org is later, and holds")
    assert [each.about for each in carried if each.outcome == "recorded"] == [
        *(f"{NEURONS}@v2", f"{NEURONS}@v2"),
        f"{NEURONS}@v3",
    ]
    with Registry.open(target) as registry:
        now = registry.acts.now(NEURONS)
        assert registry.dataset(NEURONS).title == "Cells"
        assert registry.retirements(NEURONS) == {}
    assert (now.license, now.default_layout) == (before.license, before.default_layout)
    assert now.versions[0].labels == ("size-paper",)


def test_what_a_person_said_in_datahub_stays(folder: Path, lite: str) -> None:
    push_versions(folder, lite)
    store = open_store(lite)
    store.upsert([retirement_proposal(f"{NEURONS}@v1", Retirement("see the wiki", "bo@lab.org"), "PROD")])
    store.close()
    skipped = [each for each in push(folder, lite) if each.outcome == "skipped"]
    assert [(each.about, each.reason) for each in skipped] == [
        (f"{NEURONS}@v1", "its retirement was changed in DataHub's own pages; use feature-registry retire or undo")
    ]
    with Registry.open(lite) as registry:
        retirement = registry.retirement(f"{NEURONS}@v1")
    assert retirement is not None
    assert retirement.reason == "see the wiki"


def test_a_description_older_than_a_publish_of_others_is_skipped(folder: Path, lite: str) -> None:
    push_versions(folder, lite)
    with Registry.open(lite, publisher="grace@lab.org") as registry:
        registry.publish(declared(title="Neurons of the atlas"), facts(9), message="from elsewhere")
    (skipped,) = [each for each in push(folder, lite) if each.outcome == "skipped"]
    assert "the dataset was published again at" in str(skipped.reason)
    with Registry.open(lite) as registry:
        assert registry.dataset(NEURONS).title == "Neurons of the atlas"


def test_acts_on_a_version_that_is_refused_are_named(folder: Path, lite: str) -> None:
    for path in folder.iterdir():
        path.write_text(path.read_text().replace("neurons 0", "neurons 0, tampered with"))
    lost = [each for each in push(folder, lite) if each.outcome == "skipped"]
    assert [(each.about, each.reason) for each in lost] == [(f"{NEURONS}@v1", "its version was not published there")]
    with Registry.open(lite) as registry:
        assert registry.get(f"{NEURONS}@size-paper").provenance.message == "neurons 1"


def test_a_dry_run_says_what_would_be_recorded(folder: Path, lite: str) -> None:
    handed = handed_off(folder)
    with Registry.open(lite) as registry:
        names = {f"{NEURONS}@v{number}": f"{NEURONS}@v{number}" for number in (1, 2, 3)}
        carried = [each for each in carry_acts(registry, handed, names, write=False) if isinstance(each, CarriedAct)]
        assert said(carried) == {"recorded"}
        assert len(carried) == 9
        with pytest.raises(RegistryError):
            registry.acts.history(NEURONS)


def test_acts_that_others_changed_are_an_error_of_their_dataset(folder: Path, lite: str) -> None:
    for path in folder.iterdir():
        path.write_text(path.read_text().replace('\\"act\\":\\"retire\\"', '\\"act\\":\\"retired\\"'))
    handed = handed_off(folder)
    with Registry.open(lite) as registry:
        (error,) = carry_acts(registry, handed, {}, write=True)
    assert "the acts of a Dataset were changed by others" in str(error)


def test_facts_of_states_are_added_and_take_back_nothing(tmp_path: Path, target: str) -> None:
    soon, late = (datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=days) for days in (30, 60))
    with Registry.open(f"file://{tmp_path}/handoff", publisher="hpc@lab.org") as registry:
        registry.publish(declared(), facts(0), message="neurons")
        facts_there = {
            "timestamp": soon - timedelta(days=365),
            "uuid": "a89f",
            "expires_on": soon,
            "status": "expiring",
        }
        registry.record_materializations([HEMIBRAIN.model_copy(update=facts_there)])
        other = MaterializationVersion(system="hemibrain", version="v1.1", source="neuprint", uuid="77")
        registry.record_materializations([other])
    handed = handed_off(tmp_path / "handoff")
    with Registry.open(target, publisher="grace@lab.org") as registry:
        registry.record_materializations([HEMIBRAIN.model_copy(update={"expires_on": late})])
        changes, stays = carry_states(registry, handed.states, write=True)
        known = registry.materialization(HEMIBRAIN)
        assert registry.materialization(other) == other
        again, _ = carry_states(registry, handed.states, write=True)
    assert {each.version: each.outcome for each in changes.versions} == {
        "hemibrain@v1.1": "new",
        "hemibrain@v1.2.1": "changed",
    }
    assert known is not None
    assert (known.uuid, known.status, known.expires_on) == ("a89f", "expiring", late)
    assert stays == [
        f"hemibrain@v1.2.1: expires_on stays {late.isoformat().replace('+00:00', 'Z')} "
        f"(handed off: {soon.isoformat().replace('+00:00', 'Z')})"
    ]
    assert {each.outcome for each in again.versions} == {"unchanged"}


def test_what_a_version_froze_of_a_states_lifecycle_is_no_newer_word(tmp_path: Path, lite: str) -> None:
    soon, late = (datetime(2026, 1, 1, tzinfo=timezone.utc) + timedelta(days=days) for days in (30, 60))
    frozen = HEMIBRAIN.model_copy(update={"expires_on": soon, "status": "available"})
    with Registry.open(f"file://{tmp_path}/later", publisher="hpc@lab.org") as registry:
        registry.publish(declared(materializations=[frozen]), facts(0), message="neurons")
        registry.record_materializations([MaterializationVersion.from_json({**frozen.to_json(), "status": "expiring"})])
    with Registry.open(lite) as registry:
        registry.record_materializations([HEMIBRAIN.model_copy(update={"expires_on": late})])
    push(tmp_path / "later", lite)
    with Registry.open(lite) as registry:
        known = registry.materialization(HEMIBRAIN)
        (kept,) = registry.get(f"{NEURONS}@v1").materializations
    assert known is not None
    assert (known.expires_on, known.status) == (late, "expiring")
    assert (kept.expires_on, kept.status) == (soon, "available"), "a record keeps what it froze"


def test_states_are_asked_for_all_at_once() -> None:
    states = [MaterializationVersion(system="minnie65_public", version=str(number)) for number in range(20)]
    with StandInGms() as gms, Registry.open(gms.url) as registry:
        registry.record_materializations(states)
        gms.reset_requests()
        carry_states(registry, states, write=True)
        assert len(gms.requests) < 5


def test_a_state_that_contradicts_its_record_is_refused_alone(tmp_path: Path, lite: str) -> None:
    with Registry.open(f"file://{tmp_path}/handoff", publisher="hpc@lab.org") as registry:
        registry.publish(declared(), facts(0), message="neurons")
        registry.record_materializations([HEMIBRAIN.model_copy(update={"uuid": "a"})])
    with Registry.open(lite) as registry:
        registry.record_materializations([HEMIBRAIN.model_copy(update={"uuid": "b"})])
        changes, _ = carry_states(registry, handed_off(tmp_path / "handoff").states, write=True)
    assert [each.outcome for each in changes.versions] == ["refused"]

"""Acts after publishing: in one form on every store, in order, by whom, why and when."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from registry_dagster.datahub.urns import version_urn
from registry_dagster.errors import InvalidDeclaration, NotPublished, PublishRefused, VersionConflict
from registry_dagster.model.dataset import Dataset
from registry_dagster.registry.registry import Registry
from tests.gms.server import StandInGms
from tests.registry.declared import declared, facts

NAME = "hemibrain.neurons"


@pytest.fixture(params=["lite", "file", "gms"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Of a registry with two versions."""
    if request.param == "gms":
        with StandInGms() as gms:
            yield filled(gms.url)
    else:
        yield filled(f"{request.param}://{tmp_path}/registry{'.db' if request.param == 'lite' else ''}")


def filled(target: str) -> str:
    with Registry.open(target, publisher="ada@lab.org") as registry:
        for number in range(2):
            registry.publish(declared(title="Neurons", owners=["bob@lab.org"]), facts(number), message="why")
    return target


@pytest.fixture
def registry(target: str) -> Iterator[Registry]:
    with Registry.open(target, publisher="ada@lab.org") as registry:
        yield registry


def test_every_act_is_in_the_history_in_order(registry: Registry) -> None:
    acts = registry.acts
    registry.retire(f"{NAME}@v1", reason="wrong unit", replacement=f"{NAME}@v2")
    acts.undo(f"{NAME}@v1", reason="it was right", publisher="eve@lab.org")
    acts.label(f"{NAME}@v1", "size-paper", reason="cited")
    acts.layout(f"{NAME}@v2", "by_id", reason="sorted")
    acts.layout(NAME, "by_id", reason="what most read")
    acts.license(NAME, "CC-BY-4.0", reason="agreed")
    registry.describe(Dataset(name=NAME, title="All neurons"), message="renamed")
    history = acts.history(NAME)
    assert [act.act for act in history] == ["retire", "undo", "label", "layout", "layout", "license", "describe"]
    assert [act.why for act in history][:2] == ["wrong unit", "it was right"]
    assert [act.by for act in history][:2] == ["ada@lab.org", "eve@lab.org"]
    assert [act.at for act in history] == sorted(act.at for act in history)
    assert [act.act for act in acts.history(f"{NAME}@v2")] == ["layout"]


def test_what_is_true_now_follows_the_acts(registry: Registry) -> None:
    registry.acts.label(f"{NAME}@v1", "size-paper", reason="cited")
    registry.acts.layout(f"{NAME}@v2", "by_id", reason="sorted")
    registry.acts.license(NAME, "CC-BY-4.0", reason="agreed")
    registry.retire(f"{NAME}@v2", reason="wrong unit")
    now = registry.acts.now(NAME)
    first, second = now.versions
    assert (first.labels, first.license, first.marks) == (("size-paper",), "CC-BY-4.0", ())
    assert (second.layout, second.marks) == ("by_id", ("retired by ada@lab.org: wrong unit",))
    assert now.current is not None
    assert now.current.version == f"{NAME}@v1"
    assert registry.get(f"{NAME}@size-paper").number == 1


def test_a_retirement_can_be_taken_back(registry: Registry) -> None:
    registry.retire(f"{NAME}@v2", reason="wrong unit")
    assert registry.get(NAME).number == 1
    registry.acts.undo(f"{NAME}@v2", reason="it was right")
    assert registry.get(NAME).number == 2
    assert registry.retirement(f"{NAME}@v2") is None
    with pytest.raises(InvalidDeclaration, match="is not retired, so there is nothing to undo"):
        registry.acts.undo(f"{NAME}@v2", reason="once more")


def test_ownership_is_handed_over_with_who_when_and_why(registry: Registry) -> None:
    registry.describe(Dataset(name=NAME, owners=["team:new"]), message="Bob left", publisher="eve@lab.org")
    (act,) = registry.acts.history(NAME)
    assert (act.by, act.why, act.changes) == ("eve@lab.org", "Bob left", {"owners": '["team:new"]'})
    assert [each.version for each in registry.find(owner="team:new")] == [f"{NAME}@v2", f"{NAME}@v1"]
    with pytest.raises(NotPublished, match="bob@lab.org: no such owner is known"):
        registry.find(owner="bob@lab.org", dataset=NAME)


@pytest.mark.parametrize("label", ["v1", "V2", "17", "my label/x@2", "", "-x", "ü"])
def test_a_label_that_is_mistaken_for_something_else_is_refused_at_every_door(registry: Registry, label: str) -> None:
    given = {"label": label}
    with pytest.raises(InvalidDeclaration, match="label"):
        registry.plan(declared(), facts(2), **given)
    with pytest.raises(InvalidDeclaration, match="label"):
        registry.publish(declared(), facts(2), message="why", **given)
    with pytest.raises(InvalidDeclaration, match="label"):
        registry.acts.label(f"{NAME}@v1", label, reason="cited")
    assert len(registry.versions(NAME)) == 2


def test_a_label_is_unique_and_never_moves(registry: Registry) -> None:
    registry.acts.label(f"{NAME}@v1", "size-paper", reason="cited")
    with pytest.raises(VersionConflict, match=f"'size-paper' belongs to {NAME}@v1, and a label never moves"):
        registry.acts.label(f"{NAME}@v2", "size-paper", reason="cited, too")
    with pytest.raises(VersionConflict, match="size-paper"):
        registry.publish(declared(), facts(2), message="why", label="size-paper")


def test_a_draft_is_no_dataset_s_version_until_it_is_promoted(registry: Registry) -> None:
    receipt = registry.publish(declared(), facts(2), message="have a look", draft=True)
    assert receipt.record.draft
    assert registry.plan(declared(), facts(3), draft=True).record.draft
    assert registry.get(NAME).number == 2
    assert "# hemibrain.neurons@v3: it is a draft" in registry.read_code(receipt.version, "polars")
    registry.acts.promote(receipt.version, reason="looked at")
    assert registry.get(NAME).number == 3
    assert "draft" not in registry.read_code(receipt.version, "polars")
    with pytest.raises(InvalidDeclaration, match="is not a draft"):
        registry.acts.promote(receipt.version, reason="again")


@pytest.mark.parametrize("act", ["undo", "promote"])
def test_nothing_is_done_to_what_is_not_published(registry: Registry, act: str) -> None:
    with pytest.raises(NotPublished):
        getattr(registry.acts, act)(f"{NAME}@v9", reason="x")
    with pytest.raises(NotPublished):
        registry.acts.license("lab.none", "MIT", reason="x")
    with pytest.raises(PublishRefused, match="needs a reason"):
        registry.acts.label(f"{NAME}@v1", "x", reason=" ")
    assert registry.acts.history(NAME) == ()


def described(target: str, title: str) -> str:
    with Registry.open(target, publisher=f"{title}@lab.org") as own:
        own.describe(Dataset(name=NAME, title=title), message=f"for {title}")
    return "written"


def labelled(target: str, number: str) -> str:
    with Registry.open(target, publisher="ada@lab.org") as own:
        try:
            own.acts.label(f"{NAME}@v{number}", "paper", reason=f"by {number}")
        except VersionConflict as error:
            return str(error)
    return "written"


def at_once(kind: str, write: Callable[[str, str], str], target: str, words: list[str]) -> list[str]:
    if kind == "threads":
        with ThreadPoolExecutor(len(words)) as pool:
            return list(pool.map(write, [target] * len(words), words))
    with ProcessPoolExecutor(len(words), mp_context=get_context("spawn")) as pool:
        return list(pool.map(write, [target] * len(words), words))


def test_of_two_descriptions_at_one_moment_both_are_in_the_history(target: str) -> None:
    titles = ["one", "two", "three"]
    assert at_once("threads", described, target, titles) == ["written"] * 3
    with Registry.open(target) as registry:
        assert sorted(act.changes["title"] for act in registry.acts.history(NAME)) == sorted(titles)


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_of_two_writers_of_one_label_one_wins(target: str, kind: str) -> None:
    if kind == "processes" and target.startswith("http"):
        pytest.skip("a server sees no difference")
    outcomes = at_once(kind, labelled, target, ["1", "2"])
    assert outcomes.count("written") == 1
    assert any("belongs to" in outcome for outcome in outcomes)
    with Registry.open(target) as registry:
        assert len(registry.acts.history(NAME)) == 1
        assert registry.get(f"{NAME}@paper").number == outcomes.index("written") + 1


def test_a_deprecation_made_in_datahub_counts_and_is_shown_as_made_there() -> None:
    with StandInGms() as gms, Registry.open(filled(gms.url), publisher="ada@lab.org") as registry:
        deprecation = {"deprecated": True, "note": "old", "actor": "urn:li:corpuser:eve"}
        gms.put(version_urn(f"{NAME}@v2", "PROD"), "deprecation", deprecation)
        assert registry.get(NAME).number == 1
        assert str(registry.retirement(f"{NAME}@v2")) == "retired by eve in DataHub: old"
        registry.acts.undo(f"{NAME}@v2", reason="it is right")
        assert registry.get(NAME).number == 2

"""Random histories of a dataset, on every store: after each step its bare name means what the definition says.

What is done: publish, also for earlier states and in other layouts, retire, undo, remove and delete by others,
deprecate in DataHub, label, describe, promote. What is checked: the bare name, also addressed by clock and layout;
references that are left to the registry; and that no number ever names two contents.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from registry_dagster.errors import NotPublished, VersionConflict
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.names import exact_version
from registry_dagster.registry.plan import Publication, Receipt
from registry_dagster.registry.registry import Registry
from tests.gms.server import StandInGms
from tests.registry.declared import declared, facts, reference
from tests.registry.oracle import Made, State, World
from tests.registry.others import Place, lite_place

NAME, FEATURES = "lab.cells", "lab.features"

STATES: tuple[State, ...] = (("m", "943"), ("m", "1300"), ("m", "1507"), ("n", "2"), ("n", "10"))
MOMENTS = {("m", "943"): 3, ("m", "1300"): 1, ("m", "1507"): 2, ("n", "2"): 1, ("n", "10"): 2}
"""The day of each state, in January. The order of `m` is another one than that of its numbers."""

one_system = st.sampled_from(STATES).map(lambda state: frozenset({state}))
two_systems = st.tuples(st.sampled_from(STATES[:3]), st.sampled_from(STATES[3:])).map(frozenset[State])
states = st.one_of(one_system, one_system, two_systems)
drafts = st.sampled_from((False, False, True))
layouts = st.sampled_from((None, "id", "pre"))
labels = st.sampled_from(("paper", "pilot"))
publishers = st.integers(0, 2)


class History(RuleBasedStateMachine):
    """One history, by publishers who each remember what they have read; the last one is never asked in between."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.registries = tuple(place.open(f"{name}@lab.org") for name in ("ada", "bob", "carl"))
        self.world = World()
        self.given: dict[int, int] = {}
        self.contents: list[Publication] = []
        self.features = 0

    def teardown(self) -> None:
        for registry in self.registries:
            registry.close()

    @rule(who=publishers, states=states, layout=layouts, draft=drafts, timed=st.booleans())
    def publish(self, who: int, states: frozenset[State], layout: str | None, draft: bool, timed: bool) -> None:
        materializations = tuple(self._materialization(state, timed) for state in sorted(states))
        table = declared(NAME, materializations=materializations, layout=layout)
        self.contents.append(Publication(table, facts(len(self.contents)), "why", draft=draft))
        self._publish(who, len(self.contents) - 1, states, layout)

    @precondition(lambda self: self.contents)
    @rule(who=publishers, data=st.data())
    def publish_again(self, who: int, data: st.DataObject) -> None:
        content = data.draw(st.integers(0, len(self.contents) - 1))
        table = self.contents[content].feature_table
        states = frozenset((each.system, each.version) for each in table.materializations)
        self._publish(who, content, states, table.layout.name if table.layout else None)

    def _publish(self, who: int, content: int, states: frozenset[State], layout: str | None) -> None:
        publication = self.contents[content]
        (receipt,) = self.registries[who].publish_many([publication])
        assert isinstance(receipt, Receipt), receipt
        number = exact_version(receipt.version).number
        same = [each.number for each in self.world.there() if each.content == content]
        assert receipt.created == (not same), "the same content is published once"
        if same:
            assert number == same[0]
            return
        assert number not in self.given, "a number that was given is never given again"
        self.given[number] = content
        self.world.versions.append(Made(number, content, states, layout, publication.draft))
        for each in publication.feature_table.materializations:
            if each.timestamp is not None:
                self.world.moments[each.system, each.version] = MOMENTS[each.system, each.version]

    @rule(who=publishers, states=states, layout=layouts)
    def refer(self, who: int, states: frozenset[State], layout: str | None) -> None:
        left = reference(NAME, layout=layout)
        materializations = tuple(self._materialization(state, False) for state in sorted(states))
        table = declared(FEATURES, materializations=materializations, references=(left,))
        self.features += 1
        receipt = self.registries[who].publish(table, facts(self.features, location="/data/features"), message="why")
        linked = self.world.linked(states, layout)
        expected = {} if linked is None else {left.link: f"{NAME}@v{linked}"}
        assert receipt.record.reference_versions == expected

    def _one(self, data: st.DataObject, fits: Callable[[Made], bool] = lambda made: True) -> Made | None:
        known = [each for each in self.world.there() if fits(each)]
        return data.draw(st.sampled_from(known)) if known else None

    @rule(who=publishers, data=st.data())
    def retire(self, who: int, data: st.DataObject) -> None:
        if made := self._one(data):
            other = self._one(data)
            replacement = f"{NAME}@v{other.number}" if other and other is not made else None
            self.registries[who].retire(f"{NAME}@v{made.number}", reason="wrong", replacement=replacement)
            made.retired = True

    @rule(who=publishers, data=st.data())
    def undo(self, who: int, data: st.DataObject) -> None:
        if made := self._one(data, lambda each: each.retired):
            self.registries[who].acts.undo(f"{NAME}@v{made.number}", reason="right after all")
            made.retired = False

    @rule(data=st.data(), deprecated=st.booleans())
    def deprecate_in_datahub(self, data: st.DataObject, deprecated: bool) -> None:
        if made := self._one(data):
            aspect = {"deprecated": deprecated, "note": "by hand", "actor": "urn:li:corpuser:carl"}
            self.place.edit(f"{NAME}@v{made.number}", "deprecation", aspect)
            made.retired = deprecated

    @rule(data=st.data(), removed=st.booleans())
    def remove(self, data: st.DataObject, removed: bool) -> None:
        if made := self._one(data):
            self.place.remove(f"{NAME}@v{made.number}", removed)
            made.removed = removed

    @precondition(lambda self: self.place.delete is not None)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        if made := self._one(data):
            self.place.delete_version(f"{NAME}@v{made.number}")
            made.there = False

    @rule(who=publishers, data=st.data())
    def promote(self, who: int, data: st.DataObject) -> None:
        if made := self._one(data, lambda each: each.draft):
            self.registries[who].acts.promote(f"{NAME}@v{made.number}", reason="final")
            made.draft = False

    @rule(who=publishers, data=st.data(), label=labels)
    def label(self, who: int, data: st.DataObject, label: str) -> None:
        if made := self._one(data):
            try:
                self.registries[who].acts.label(f"{NAME}@v{made.number}", label, reason="cited")
            except VersionConflict:
                assert label in self.world.labels
            else:
                assert label not in self.world.labels, "a label never moves"
                self.world.labels[label] = made.number

    @precondition(lambda self: self.world.versions)
    @rule(who=publishers, layout=st.sampled_from(("id", "pre")))
    def name_default_layout(self, who: int, layout: str) -> None:
        self.registries[who].acts.layout(NAME, layout, reason="most ask for it")
        self.world.default_layout = layout

    @precondition(lambda self: self.world.versions)
    @rule(who=publishers, title=st.sampled_from(("Cells", "All cells")))
    def describe(self, who: int, title: str) -> None:
        described = self.registries[who].describe(Dataset(name=NAME, title=title), message="clearer")
        assert described.title == title

    @rule(who=publishers, at=st.sampled_from(STATES), layout=layouts)
    def ask_by_clock_and_layout(self, who: int, at: State, layout: str | None) -> None:
        expected = self.world.current(at=at, layout=layout)
        assert current(self.registries[who], at="@".join(at), layout=layout) == expected

    @invariant()
    def the_bare_name_means_what_the_definition_says(self) -> None:
        expected = self.world.current()
        for registry in self.registries[:2]:
            assert current(registry) == expected
        if expected is not None:
            self._check_answer(self.registries[0], expected)

    def _check_answer(self, registry: Registry, number: int) -> None:
        made = next(each for each in self.world.versions if each.number == number)
        record = registry.get(NAME)
        assert (record.number, record.table) == (number, self.contents[made.content].table)
        taken = registry.current(NAME)
        later = {f"{NAME}@v{each.number}" for each in self.world.there() if each.number > number}
        assert later <= {each.partition(":")[0] for each in taken.passed_over}, "what is passed over is named"
        assert (taken.reason is not None) or (not later and made.usable), "it says why it is not simply the last"

    @invariant()
    def every_number_names_what_it_always_named(self) -> None:
        records = {record.number: record for record in self.registries[1].versions(NAME)}
        assert sorted(records) == [each.number for each in self.world.there()]
        for number, record in records.items():
            assert record.table == self.contents[self.given[number]].table
        for label, number in self.world.labels.items():
            if number in records:
                assert self.registries[1].get(f"{NAME}@{label}").number == number

    def _materialization(self, state: State, timed: bool) -> MaterializationVersion:
        moment = datetime(2025, 1, MOMENTS[state], tzinfo=timezone.utc) if timed else None
        return MaterializationVersion(system=state[0], version=state[1], source="cave", timestamp=moment)


def current(registry: Registry, **address: Any) -> int | None:
    """The number that the bare name means; None where the registry says that there is none."""
    try:
        return exact_version(registry.current(NAME, **address).version).number
    except NotPublished:
        return None


class InFolder(History):
    """A history in a folder of its own, which is deleted with it."""

    def __init__(self, kind: str) -> None:
        self.folder = Path(tempfile.mkdtemp())
        super().__init__(lite_place(self.folder) if kind == "lite" else Place(f"file://{self.folder}/handoff", None))

    def teardown(self) -> None:
        super().teardown()
        shutil.rmtree(self.folder)


@pytest.fixture(scope="module")
def gms() -> Iterator[StandInGms]:
    with StandInGms() as server:
        yield server


def run(kind: str, gms: StandInGms, examples: int, steps: int) -> None:
    def on_gms() -> History:
        gms.reset()
        return History(Place(gms.url, gms.delete))

    profile = settings(max_examples=examples, stateful_step_count=steps)
    run_state_machine_as_test(on_gms if kind == "gms" else lambda: InFolder(kind), settings=profile)


@pytest.mark.parametrize("kind", ["lite", "file", "gms"])
def test_whatever_was_done_a_name_means_what_the_definition_says(kind: str, gms: StandInGms) -> None:
    run(kind, gms, examples=4 if kind == "gms" else 12, steps=20)


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["lite", "file", "gms"])
def test_whatever_was_done_for_long_a_name_means_what_the_definition_says(kind: str, gms: StandInGms) -> None:
    run(kind, gms, examples=100, steps=40)

"""A rule about declared texts that is added later: it holds for new declarations, and every record still reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.recorded import reading_records
from registry_dagster.registry.registry import Registry
from tests.registry.declared import declared, facts
from tests.registry.others import Place, place_of

NAME = "hemibrain.neurons"
TURNED = "invoice \u202egnp.exe"
SIGNED = "s3://lake/AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/t"


@pytest.fixture(params=["lite", "gms"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """With a version that an earlier release published."""
    with place_of(request.param, tmp_path) as place:
        yield place


def publish_as_before(registry: Registry) -> None:
    with reading_records():
        table = facts(1).model_copy(update={"location": SIGNED})
        registry.publish(declared(title=TURNED, description=TURNED), table, message=TURNED)
        registry.retire(f"{NAME}@v1", reason=TURNED)


def test_what_was_published_before_still_reads(place: Place) -> None:
    with place.open() as registry:
        publish_as_before(registry)
    with place.open() as registry:
        record = registry.get(f"{NAME}@v1")
        assert record.table.location == SIGNED
        assert record.provenance.message == registry.dataset(NAME).title == TURNED
        retirement = registry.retirement(f"{NAME}@v1")
        assert retirement is not None
        assert retirement.reason == TURNED
        assert registry.plan(declared(), facts(2)).version == f"{NAME}@v2"
        assert [act.why for act in registry.acts.history(f"{NAME}@v1")] == [TURNED]


def test_it_stops_no_later_publish_or_act(place: Place) -> None:
    with place.open() as registry:
        publish_as_before(registry)
        registry.describe(Dataset(name=NAME, owners=["bob@lab.org"]), message="Handed over")
        registry.retire(f"{NAME}@v1", reason="Still retired")
        assert registry.publish(declared(owners=["bob@lab.org"]), facts(2), message="more").version == f"{NAME}@v2"
        assert registry.dataset(NAME).title == TURNED


Act = Callable[[Registry], object]


@pytest.mark.parametrize(
    "act",
    [
        lambda registry: registry.publish(declared(), facts(2), message=TURNED),
        lambda registry: registry.publish(declared(), facts(2), message="why", publisher=TURNED),
        lambda registry: registry.retire(f"{NAME}@v1", reason=TURNED),
        lambda registry: registry.retire(f"{NAME}@v1", reason="red\x1b[31m"),
        lambda registry: registry.describe(Dataset(name=NAME, title="T"), message=TURNED),
        lambda registry: declared(title=TURNED),
        lambda registry: declared(description=f"Ordinary.\n{TURNED}"),
    ],
)
def test_it_holds_for_what_is_declared_now(place: Place, act: Act) -> None:
    with place.open() as registry:
        registry.publish(declared(), facts(1), message="why")
        with pytest.raises(InvalidDeclaration, match=r"'\\u202e' at position \d+ makes what follows|control character"):
            act(registry)
        assert registry.retirement(f"{NAME}@v1") is None


@pytest.mark.parametrize("text", ["קורא مرحبا", "a\u200fb", "👩\u200d🔬 cells"])
def test_what_scripts_need_is_taken(text: str) -> None:
    assert declared(title=text, description=text).dataset.title == text

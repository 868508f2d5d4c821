"""A name that the registry does not know is an error; one that people of the field write otherwise is understood."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_dagster.answers.answer import Verdict
from registry_dagster.errors import InvalidDeclaration, NotPublished
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.registry.registry import Registry
from registry_dagster.registry.vocabulary import hint, nearest, state_hint, state_meant
from tests.gms.server import StandInGms
from tests.registry.declared import declared, facts, reference

NAME = "hemibrain.neurons"


def version(system: str, text: str, source: str = "cave", *aliases: str) -> MaterializationVersion:
    return MaterializationVersion(system=system, version=text, source=source, aliases=aliases)


STATES = (
    version("flywire_fafb_public", "630"),
    version("flywire_fafb_public", "783"),
    version("minnie65_public", "1300", "cave", "minnie65_phase3@1300"),
    version("minnie65_public", "943"),
    version("banc", "943"),
    version("hemibrain", "v1.2.1", "neuprint"),
)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("flywire_fafb_public@783", "flywire_fafb_public@783"),
        ("flywire_fafb_public", "flywire_fafb_public"),
        ("hemibrain:v1.2.1", "hemibrain@v1.2.1"),
        ("hemibrain@1.2.1", "hemibrain@v1.2.1"),
        ("v1.2.1", "hemibrain@v1.2.1"),
        ("Hemibrain", "hemibrain"),
        ("FLYWIRE_FAFB_public@783", "flywire_fafb_public@783"),
        ("cave/flywire_fafb_public@630", "flywire_fafb_public@630"),
        ("CAVE/flywire_fafb_public:630", "flywire_fafb_public@630"),
        ("783", "flywire_fafb_public@783"),
        ("1300", "minnie65_public@1300"),
        ("minnie65_phase3@1300", "minnie65_phase3@1300"),
        ("943", None),
        ("neuprint/flywire_fafb_public@630", None),
        ("flywire@783", None),
        ("flywire_fafb_public@", None),
        ("", None),
        ("@", None),
        ("/", None),
    ],
)
def test_a_state_is_understood_as_the_field_writes_it(typed: str, meant: str | None) -> None:
    assert state_meant(typed, STATES) == meant


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("flywire@783", "; did you mean 'flywire_fafb_public@783'?"),
        ("flywire_fafb_pubic@783", "; did you mean 'flywire_fafb_public@783'?"),
        ("minnie65_public@13000", "; did you mean 'minnie65_public@1300'?"),
        ("minnie65_pubic", "; did you mean 'minnie65_public'?"),
        ("943", "; several are recorded: write banc@943 or minnie65_public@943."),
        ("h01", "; known: banc, flywire_fafb_public, hemibrain, minnie65_phase3, minnie65_public."),
    ],
)
def test_one_that_is_not_understood_is_answered_with_what_to_write(typed: str, said: str) -> None:
    assert state_hint(typed, STATES) == said
    assert state_hint(typed, ()) == "."


def test_a_word_is_near_by_its_letters_or_if_it_is_part_of_one_alone() -> None:
    assert nearest("Nucleii", ["nuclei", "synapses"]) == "nuclei"
    assert nearest("ada", ["ada@lab.org", "bob@lab.org"]) == "ada@lab.org"
    assert nearest("lab", ["ada@lab.org", "bob@lab.org"]) is None
    assert hint("x", [f"lab.t{number}" for number in range(10)]).endswith("lab.t7 and 2 more.")


@pytest.fixture(params=["lite", "file", "gms"])
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Registry]:
    if request.param == "gms":
        with StandInGms() as gms, Registry.open(gms.url, publisher="ada@lab.org") as registry:
            yield registry
        return
    target = f"{request.param}://{tmp_path}/registry{'.db' if request.param == 'lite' else ''}"
    with Registry.open(target, publisher="ada@lab.org") as registry:
        yield registry


def test_spellings_of_a_state_are_understood_wherever_one_is_named(registry: Registry) -> None:
    registry.publish(declared(owners=["team:olfaction"]), facts(), message="first")
    registry.publish(declared("hemibrain.cells", references=[reference(NAME)]), facts(1), message="cells")
    for typed in ("hemibrain:v1.2.1", "Hemibrain@V1.2.1", "neuprint/hemibrain@v1.2.1", "v1.2.1"):
        assert len(registry.find(materialization=typed)) == 2
        assert len(registry.dependents(typed)) == 2
        assert registry.current(NAME, at=typed).version == f"{NAME}@v1"
        assert registry.newest(NAME, compatible_with=typed).version == f"{NAME}@v1"
        assert registry.compatibility(NAME, typed).verdict is Verdict.EXACT
        assert len(registry.materializations(typed)) == 1
    with pytest.raises(InvalidDeclaration, match="name one of its versions"):
        registry.compatibility(NAME, "Hemibrain")
    assert registry.find(owner="team:Olfaction")


def test_what_is_known_but_has_no_answer_is_no_error(registry: Registry) -> None:
    registry.publish(declared(), facts(), message="first")
    registry.record_materializations([version("flywire_fafb_public", "783")])
    assert not registry.find(materialization="flywire_fafb_public@783")
    assert not registry.find(materialization="783")
    assert not registry.find(annotation_type="nucleus_detection")
    assert not registry.find(dataset=NAME, format="parquet")
    assert not registry.dependents(NAME)
    assert not registry.dependents(f"{NAME}@v1")
    assert not registry.find("no such words")


def test_a_dataset_that_is_not_there_is_answered_with_the_one_that_is_meant(registry: Registry) -> None:
    registry.publish(declared(), facts(), message="first")
    here = f"at {registry.target} (environment PROD)"
    typo = "hemibrain.neurrons"
    questions = (
        lambda: registry.get(typo),
        lambda: registry.get(f"{typo}@v1"),
        lambda: registry.get(f"{typo}@final"),
        lambda: registry.dataset(typo),
        lambda: registry.find(dataset=typo),
        lambda: registry.dependents(typo),
        lambda: registry.compatibility(typo, NAME),
        lambda: registry.newest(typo, compatible_with=NAME),
        lambda: registry.newest(NAME, compatible_with=typo),
        lambda: list(registry.verify_all(typo)),
    )
    for ask in questions:
        with pytest.raises(NotPublished) as refused:
            ask()
        assert f"did you mean '{NAME}'?" in str(refused.value)
        assert here in str(refused.value)
    with pytest.raises(NotPublished, match=r"neurons@v9: not published at .*; published: v1"):
        registry.dependents(f"{NAME}@v9")
    with pytest.raises(NotPublished, match="did you mean 'hemibrain@v1.2.1'"):
        registry.get(NAME, at="hemibrain@v1.2.2")


def test_where_there_is_no_registry_that_is_said(registry: Registry) -> None:
    for ask in (
        registry.check_exists,
        lambda: list(registry.verify_all()),
        lambda: registry.find(materialization="783"),
        lambda: registry.dependents("lab.cells"),
        lambda: registry.get("lab.cells"),
    ):
        with pytest.raises(NotPublished, match="there is no registry"):
            ask()
    registry.record_materializations([version("flywire_fafb_public", "783")])
    registry.check_exists()

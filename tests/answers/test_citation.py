"""How a version is cited: what is known of it, and nothing else; what people said, as it is."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_dagster.answers.bibtex import latex, verbatim
from registry_dagster.answers.citation import citation
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion, Provenance
from tests.registry.declared import declared, facts

PUBLISHED = datetime(2025, 12, 31, 23, 59, tzinfo=timezone.utc)
DOI = "10.5281/zenodo.1234567"
SAID = "Ada & Lin (2026), 50% of neurons in minnie65_public"


def version(number: int = 2) -> DatasetVersion:
    table = declared()
    return DatasetVersion(
        dataset="hemibrain.neurons",
        number=number,
        materializations=table.materializations,
        columns=table.columns,
        table=facts(),
        provenance=Provenance(publisher="lin@lab.org", message="why", published_at=PUBLISHED),
    )


def dataset(**parts: Any) -> Dataset:
    return Dataset(name="hemibrain.neurons", **parts)


def test_all_that_is_known_is_said() -> None:
    record = version()
    known = dataset(title="Neurons of the calyx", owners=["ada@lab.org", "team:olfaction"])
    cited = citation(record, known, license="CC-BY-4.0", doi=DOI)
    short = record.digest[:19]
    assert cited.text == (
        "ada@lab.org, olfaction (2025). Neurons of the calyx, version 2 (feature table hemibrain.neurons@v2). "
        f"Made against hemibrain@v1.2.1. Published by lin@lab.org. License: CC-BY-4.0. Record {short}. "
        f"https://doi.org/{DOI}"
    )
    assert cited.bibtex == (
        "@misc{hemibrain.neurons:v2,\n"
        "  author = {{ada@lab.org} and {olfaction}},\n"
        "  title = {{Neurons of the calyx}},\n"
        "  year = {2025},\n"
        "  version = {2},\n"
        "  howpublished = {Feature table hemibrain.neurons@v2},\n"
        f"  doi = {{{DOI}}},\n"
        "  note = {Made against hemibrain@v1.2.1. Published by lin@lab.org. License: CC-BY-4.0. "
        f"Record {short}}},\n"
        "}"
    )
    assert (cited.given, cited.unknown) == (False, ())


def test_what_is_unknown_is_left_out_and_named() -> None:
    cited = citation(version(), dataset())
    assert cited.text == (
        "hemibrain.neurons, version 2 (feature table hemibrain.neurons@v2), 2025. Made against hemibrain@v1.2.1. "
        f"Published by lin@lab.org. Record {version().digest[:19]}."
    )
    assert not re.search(r"author|doi|License|None|unknown", cited.text + cited.bibtex)
    assert cited.unknown == ("title", "owners", "license")


def test_an_owner_who_published_is_named_once() -> None:
    assert citation(version(), dataset(owners=["lin@lab.org"])).text.count("lin@lab.org") == 1


def test_what_people_said_is_used_as_it_is() -> None:
    cited = citation(version(), dataset(title="Neurons"), citation=SAID, doi=DOI, license="CC-BY-4.0")
    assert (cited.text, cited.given, cited.unknown) == (SAID, True, ())
    assert cited.bibtex == (
        "@misc{hemibrain.neurons:v2,\n"
        "  key = {hemibrain.neurons},\n"
        r"  note = {Ada \& Lin (2026), 50\% of neurons in minnie65\_public}," + "\n"
        f"  doi = {{{DOI}}},\n"
        "}"
    )


def test_a_doi_in_what_people_said_is_not_said_twice() -> None:
    said = f"Ada (2026), https://doi.org/{DOI.upper()}"
    assert "doi =" not in citation(version(), dataset(), citation=said, doi=DOI).bibtex


def test_an_entry_that_people_gave_is_the_entry() -> None:
    entry = "@article{ada26, author = {Ada}, title = {Neurons}, year = 2026}"
    assert citation(version(), dataset(), citation=entry).bibtex == entry


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a_b & 5% of #1", r"a\_b \& 5\% of \#1"),
        (r"{x ~ \y^2$", r"\textbraceleft{}x \textasciitilde{} \textbackslash{}y\textasciicircum{}2\$"),
        ("Müller, 北京", "Müller, 北京"),
    ],
)
def test_a_text_prints_in_latex_as_it_is(text: str, escaped: str) -> None:
    assert latex(text) == escaped


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["C"])))
def test_no_text_breaks_an_entry(text: str) -> None:
    for value in (latex(text), verbatim(text)):
        depth = 0
        for brace in re.findall(r"[{}]", value):
            depth += 1 if brace == "{" else -1
            assert depth >= 0
        assert depth == 0

"""Every page is there, leads somewhere, asks for nothing from elsewhere, and says what the registry says."""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing
from itertools import islice, pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from registry_dagster.errors import EngineCannotRead
from registry_dagster.outward.site import build, render
from registry_dagster.outward.site.catalogue import read_catalogue
from registry_dagster.outward.site.version_view import compared_with
from registry_dagster.registry.registry import Registry
from registry_dagster.tables.engines import ENGINES
from tests.outward.site.conftest import HOSTILE, NASTY, NUCLEI, Built, Page
from tests.registry.declared import declared, facts

VOID = {"br", "img", "input", "link", "meta", "option", "path", "rect"}


def test_there_is_a_page_for_everything(built: Built) -> None:
    for dataset in built.registry.datasets():
        assert (built.folder / "datasets" / dataset.name / "index.html").is_file()
        for record in built.registry.versions(dataset.name):
            assert (built.folder / "datasets" / dataset.name / f"v{record.number}.html").is_file()
    for state in built.registry.materializations():
        assert str(state) in built.page(f"materializations/{state.key}.html").text


def test_every_link_leads_to_a_page_of_the_site_and_nothing_is_asked_for_elsewhere(built: Built) -> None:
    for page in built.pages:
        for address in page.addresses:
            if address == "data:,":
                continue
            target = page.target(address)
            assert target.is_file(), f"{page.path}: {address}"
            assert built.folder.resolve() in target.parents
        assert "default-src 'none'" in page.path.read_text()


def test_nothing_that_people_wrote_becomes_more_than_text(built: Built) -> None:
    for page in built.pages:
        scripts = [found for tag, found in page.elements if tag == "script"]
        assert [each["src"].rpartition("/")[2] for each in scripts if each["src"]] == ["site.js"]
        assert len(scripts) == 1
        assert not {tag for tag, _ in page.elements} & {"img", "style", "iframe", "object", "b9"}
        assert not {name for _, found in page.elements for name in found if name.startswith(("on", "style"))}
        assert not [each for each in page.addresses if ":" in each and each != "data:,"]
    shown = built.page(f"datasets/{HOSTILE}/v1.html").text
    for text in (*NASTY, "javascript:/alert(1)"):
        assert text in shown, text


def test_a_version_says_how_to_read_it_as_the_registry_does(built: Built) -> None:
    for name in (f"{NUCLEI}@v1", f"{NUCLEI}@v2", "hemibrain.drafts@v1", f"{HOSTILE}@v1"):
        dataset, _, number = name.partition("@")
        shown = built.page(f"datasets/{dataset}/{number}.html").text
        for engine in ENGINES:
            try:
                assert built.registry.read_code(name, engine).strip() in shown
            except EngineCannotRead:
                continue


def test_a_table_that_was_moved_is_read_where_it_is_now(tmp_path: Path) -> None:
    pq.write_table(pa.table({"body_id": [1], "score": pa.array([0.5], pa.float32())}), tmp_path / "old.parquet")
    with Registry.open(f"lite://{tmp_path / 'registry.db'}", publisher="ada@lab.org") as registry:
        registry.publish(declared(), str(tmp_path / "old.parquet"), message="First")
        shutil.copy2(tmp_path / "old.parquet", tmp_path / "new.parquet")
        registry.acts.relocate("hemibrain.neurons@v1", str(tmp_path / "new.parquet"), reason="another disk")
        build.build_site(registry, tmp_path / "site")
        shown = Page(tmp_path / "site" / "datasets" / "hemibrain.neurons" / "v1.html").text
        assert registry.read_code("hemibrain.neurons@v1", "polars").strip() in shown
        (place,) = registry.acts.now("hemibrain.neurons").versions[0].places
        assert str(place) in shown


def test_a_version_whose_record_others_changed_is_said_not_to_read_back(tmp_path: Path) -> None:
    with Registry.open(f"lite://{tmp_path / 'registry.db'}", publisher="ada@lab.org") as registry:
        for version in range(2):
            registry.publish(declared(), facts(version), message="First")
    with closing(sqlite3.connect(tmp_path / "registry.db")) as database, database:
        spoil = "UPDATE metadata_aspect_v2 SET metadata = replace(metadata, 'First', 'Last') WHERE urn LIKE ?"
        database.execute(spoil, ["%hemibrain.neurons@v2%"])
    with Registry.open(f"lite://{tmp_path / 'registry.db'}") as registry:
        assert build.build_site(registry, tmp_path / "site").versions == 1
    page = Page(tmp_path / "site" / "datasets" / "hemibrain.neurons" / "index.html")
    assert "its record does not read back" in page.text
    assert all(page.target(each).is_file() for each in page.addresses if each != "data:,")


def test_a_version_says_what_changed_as_the_registry_does(built: Built) -> None:
    catalogue = read_catalogue(built.registry)
    pairs = [(before.name, entry.name) for entry in catalogue.entries.values() for before in compared_with(entry)]
    assert len(pairs) > 8
    for before, after in pairs:
        dataset, _, number = after.partition("@")
        page = built.page(f"datasets/{dataset}/{number}.html")
        assert str(built.registry.diff(before, after)) in page.text
        assert any(found.get("id") == f"since-{before.partition('@')[2]}" for _, found in page.elements)


def test_a_version_says_what_it_comes_from_and_what_depends_on_it_as_the_registry_does(built: Built) -> None:
    catalogue = read_catalogue(built.registry)
    for name, entry in catalogue.entries.items():
        answer = built.registry.lineage(name)
        assert {each.version: each for each in answer.dependents} == {
            each.version: each for each in catalogue.dependents(name)
        }
        shown = " ".join(built.page(f"datasets/{entry.record.dataset}/v{entry.record.number}.html").text.split())
        for text in (*answer.upstream, *map(str, islice(answer.dependents, 1))):
            assert " ".join(text.split()).partition(" (retired")[0] in shown
    for state in catalogue.states:
        found = {each.version for each in built.registry.dependents(state, limit=None)}
        assert {each.version for each in catalogue.made_against(state)} == found


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (f"datasets/{NUCLEI}/v1.html", "This version is retired by ada@lab.org: wrong units; use minnie65.nuclei@v2."),
        (f"datasets/{NUCLEI}/v1.html", "The current version is minnie65.nuclei@v2"),
        (f"datasets/{NUCLEI}/v1.html", "retired; use minnie65.nuclei@v2"),
        (f"datasets/{NUCLEI}/v2.html", "size-paper"),
        (f"datasets/{NUCLEI}/index.html", "license CC-BY-4.0"),
        ("datasets/hemibrain.drafts/v1.html", "This version is a draft."),
        ("datasets/hemibrain.counts/v3.html", "rows 2 "),
        ("datasets/hemibrain.neurons/v1.html", "rows unknown"),
        ("datasets/hemibrain.neurons/index.html", "hemibrain.counts@v8: body_id joins to hemibrain.neurons@v1"),
        ("materializations/neuprint/hemibrain@v1.2.1.html", "expiry unknown"),
    ],
)
def test_a_page_says(built: Built, path: str, said: str) -> None:
    assert said in " ".join(built.page(path).text.split())


def test_long_lists_are_on_pages_of_their_own(built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "_ON_A_PAGE", 3)
    monkeypatch.setattr(render, "_MOST_LISTED", 3)
    build.build_site(built.registry, tmp_path / "site", answers=0)
    long = built._replace(folder=tmp_path / "site")
    lists = {path.name: Page(path) for path in long.folder.glob("*.html")}
    assert NUCLEI in lists["datasets-2.html"].text
    assert NUCLEI not in lists["index.html"].text
    counts = [long.page(f"datasets/hemibrain.counts/{name}.html") for name in ("index", "versions-2", "versions-3")]
    shown = [[text for text in page.shown if re.fullmatch("v[0-9]", text)] for page in counts]
    assert shown == [["v8", "v7", "v6"], ["v5", "v4", "v3"], ["v2", "v1"]]
    for page in (*lists.values(), *counts):
        assert all(page.target(each).is_file() for each in page.addresses if each != "data:,")
    said = long.page("datasets/hemibrain.neurons/v1.html").text
    assert "… and 6 more: feature-registry dependents hemibrain.neurons@v1" in said


def test_pages_have_landmarks_headings_in_order_and_names_for_what_is_scrolled(built: Built) -> None:
    for page in built.pages:
        tags = [tag for tag, _ in page.elements]
        assert [tags.count(each) for each in ("header", "main", "footer", "h1", "title")][:4] == [1, 1, 1, 1]
        levels = [int(tag[1]) for tag in tags if tag in ("h1", "h2", "h3")]
        assert all(after - before <= 1 for before, after in pairwise(levels))
        ids = [found["id"] for _, found in page.elements if found.get("id")]
        assert len(ids) == len(set(ids)), page.path
        named = {found["for"] for tag, found in page.elements if tag == "label"}
        assert {found["id"] for tag, found in page.elements if tag in ("input", "select")} <= named
        assert all(found.get("aria-label") for _, found in page.elements if found.get("tabindex") == "0")
        assert all(found.get("aria-labelledby") in ids for tag, found in page.elements if tag == "section")

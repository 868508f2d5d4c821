"""A site is written to its own folder only, gives the same bytes again, and removes only what it made."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from datetime import datetime, timezone
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from registry_dagster.errors import NotPublished, RegistryError
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.outward.site.build import build_site
from registry_dagster.outward.site.folder import MARKER, SiteFolder
from registry_dagster.outward.site.paths import materialization_pages
from registry_dagster.outward.site.serving import site_server
from registry_dagster.registry.registry import Registry
from registry_dagster.testing.search_behaviour import publish_examples
from tests.outward.site.conftest import Built
from tests.registry.declared import declared, facts
from tests.registry.others import place_of


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", ["gms", "file"])
def test_a_site_is_built_from_any_store(kind: str, tmp_path: Path) -> None:
    with place_of(kind, tmp_path) as place, Registry.open(place.target, publisher="ada@lab.org") as registry:
        publish_examples(registry)
        built = build_site(registry, tmp_path / "site")
        assert (built.datasets, built.versions, built.materializations, built.answers) == (2, 4, 3, 1)
        page = (tmp_path / "site" / "datasets" / "minnie65.nuclei" / "v2.html").read_text()
        assert "minnie65.synapse_embeddings@v1" in page


@pytest.fixture
def small(tmp_path: Path) -> Registry:
    registry = Registry.open(f"lite://{tmp_path / 'registry.db'}", publisher="ada@lab.org")
    for number in range(2):
        registry.publish(declared(f"lab.t{number}"), facts(location=f"/data/{number}"), message="First")
    return registry


def test_the_same_registry_gives_the_same_bytes_and_touches_nothing(built: Built, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in built.folder.rglob("*.html")}
    again = build_site(built.registry, built.folder, answers=8)
    assert {path: path.stat().st_mtime_ns for path in built.folder.rglob("*.html")} == before
    assert again.removed == 0
    with Registry.open(built.target) as other:
        build_site(other, tmp_path / "site", answers=8)
    assert contents(tmp_path / "site") == contents(built.folder)


def test_pages_that_are_no_more_are_removed_and_others_files_are_kept(small: Registry, tmp_path: Path) -> None:
    out = tmp_path / "site"
    build_site(small, out)
    stale = out / "datasets" / "lab.gone" / "v1.html"
    stale.parent.mkdir()
    stale.write_text("once")
    (out / "CNAME").write_text("catalogue.lab.org")
    built = build_site(small, out, answers=0)
    assert not stale.parent.exists()
    assert not (out / "data" / "answers").exists()
    assert built.removed == 2
    assert (out / "CNAME").read_text() == "catalogue.lab.org"


def test_a_folder_with_other_files_is_left_alone(small: Registry, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(RegistryError, match=r"holds other files, and no site; name a new or empty folder"):
        build_site(small, tmp_path)
    with pytest.raises(RegistryError, match=r"thesis.txt cannot be written: Not a directory; name another folder"):
        build_site(small, tmp_path / "thesis.txt")
    assert (tmp_path / "thesis.txt").read_text() == "mine"
    assert not (tmp_path / MARKER).exists()


def test_a_link_out_of_the_folder_is_not_followed(small: Registry, tmp_path: Path) -> None:
    out, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    build_site(small, out)
    elsewhere.mkdir()
    (elsewhere / "mine.txt").write_text("mine")
    (out / "datasets" / "link").symlink_to(elsewhere)
    (out / "ask.html").unlink()
    (out / "ask.html").symlink_to(elsewhere / "mine.txt")
    build_site(small, out)
    assert (elsewhere / "mine.txt").read_text() == "mine"
    assert not (out / "ask.html").is_symlink()
    (out / "assets").rename(tmp_path / "assets")
    (out / "assets").symlink_to(elsewhere)
    with pytest.raises(RegistryError, match="is a link to elsewhere"):
        SiteFolder(out)


def test_without_a_registry_nothing_is_built(tmp_path: Path) -> None:
    with Registry.open(f"lite://{tmp_path / 'none.db'}") as empty, pytest.raises(NotPublished):
        build_site(empty, tmp_path / "site")


def test_days_are_counted_only_from_a_moment_that_is_given(tmp_path: Path) -> None:
    expiring = MaterializationVersion(
        system="m", version="1", source="cave", expires_on=datetime(2027, 1, 13, tzinfo=timezone.utc)
    )
    with Registry.open(f"lite://{tmp_path / 'registry.db'}", publisher="ada@lab.org") as registry:
        registry.publish(declared("lab.cells", materializations=(expiring,)), facts(), message="First")
        said = {}
        for moment in (None, datetime(2026, 11, 29, tzinfo=timezone.utc), datetime(2028, 1, 1, tzinfo=timezone.utc)):
            build_site(registry, tmp_path / "site", moment=moment)
            said[moment and moment.year] = (tmp_path / "site" / "materializations" / "cave" / "m@1.html").read_text()
    assert "expiry recorded: 2027-01-13 UTC" in said[None]
    assert "expires on 2027-01-13 UTC, in 45 days" in said[2026]
    assert "expired on 2027-01-13 UTC" in said[2028]


def test_names_that_differ_in_case_alone_have_pages_of_their_own() -> None:
    states = [MaterializationVersion(system=name, version="v1") for name in ("manc", "MANC", "Manc")]
    pages = materialization_pages(states)
    assert len({page.lower() for page in pages.values()}) == 3


@pytest.mark.usefixtures("interruptible")
def test_the_registry_as_it_is_now_is_served_until_interrupted(built: Built) -> None:
    command = str(Path(sys.executable).with_name("feature-registry"))
    words = ["serve", "--registry", built.target, "--port", "0", "--answers", "0"]
    with subprocess.Popen([command, *words], stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        address = next(line.split()[0] for line in running.stdout if line.startswith("http://"))
        with urlopen(address) as answer:
            assert b"minnie65.nuclei" in answer.read()
        running.send_signal(signal.SIGINT)
        assert running.wait(20) == 0


def test_a_site_is_served_to_this_machine_alone(built: Built, tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="holds no site; build one with feature-registry site"):
        site_server(tmp_path, 0)
    with site_server(built.folder, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        host, port = server.server_address[:2]
        assert host == "127.0.0.1"
        with urlopen(f"http://127.0.0.1:{port}/") as answer:
            assert answer.read() == (built.folder / "index.html").read_bytes()
        for path in ("data/", "../registry.db", "datasets/none.html"):
            with pytest.raises(HTTPError, match="404"):
                urlopen(f"http://127.0.0.1:{port}/{path}")
        elsewhere = Request(f"http://127.0.0.1:{port}/", headers={"Host": f"attacker.org:{port}"})
        with pytest.raises(HTTPError, match="403"):
            urlopen(elsewhere)
        with pytest.raises(RegistryError, match="choose another with --port"):
            site_server(built.folder, int(port))
        server.shutdown()

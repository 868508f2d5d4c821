"""The catalogue in a browser, opened from the disk: it asks for nothing elsewhere, finds, answers, and can be read."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner

from registry_dagster.cli.app import app
from registry_dagster.cli.output import output
from registry_dagster.outward.site.build import build_site
from registry_dagster.outward.site.serving import site_server
from registry_dagster.registry.registry import Registry
from tests.outward.site.conftest import HOSTILE, NUCLEI, Built, publish_everything
from tests.ui.conftest import shoot
from tests.ui.lab import publish_lab

pytestmark = pytest.mark.browser

CONTRAST = 4.5
"""What the guidelines on accessible pages ask of text."""

CONTRASTS = """() => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map((part) => {
      const share = part / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (colour !== "rgba(0, 0, 0, 0)") return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const found = [];
  for (const element of document.querySelectorAll("body *:not(script):not(svg):not(svg *)")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility()) continue;
    const [one, other] = [getComputedStyle(element).color, behind(element)].map(light).sort((a, b) => b - a);
    found.push([(one + 0.05) / (other + 0.05), `${element.tagName} ${element.className}`]);
  }
  return found;
}"""


class Opened(NamedTuple):
    """A page in the browser, and what it asked for and complained of."""

    site: Built
    page: Any
    asked: list[str]
    complaints: list[str]

    def go(self, path: str) -> None:
        # A page that differs only behind # would not be loaded again.
        self.page.goto("about:blank")
        self.page.goto(f"{self.site.folder.as_uri()}/{path}")

    def search(self, text: str) -> list[str]:
        """The versions found, as the page lists them: those that it names, and how many others."""
        self.go("index.html")
        self.page.get_by_label("Search names").fill(text)
        self.page.wait_for_function("text => document.querySelector('#search').dataset.shown === text", arg=text)
        return self.page.locator("#results li").all_inner_texts()

    def ask(self, a: str, b: str) -> tuple[str, str]:
        """The command that is shown, and the answer; empty where it was not asked at build."""
        self.go("ask.html")
        self.page.get_by_label("Join", exact=True).fill(a)
        self.page.get_by_label("to", exact=True).fill(b)
        self.page.get_by_role("button", name="Ask").click()
        self.page.locator("#command:not(:empty)").wait_for()
        return self.page.locator("#command").text_content(), self.page.locator("#says-all").text_content()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    folder = tmp_path_factory.mktemp("catalogue")
    target = f"lite://{folder / 'registry.db'}"
    with Registry.open(target, publisher="ada@lab.org") as registry:
        publish_everything(registry)
        build_site(registry, folder / "site", answers=8)
        yield Built(target, registry, folder / "site")


@pytest.fixture
def opened(site: Built, browser: Any) -> Iterator[Opened]:
    page = browser.new_page(viewport={"width": 1280, "height": 860})
    opened = Opened(site, page, [], [])
    page.on("request", lambda request: opened.asked.append(request.url))
    page.on("console", lambda message: opened.complaints.append(message.text))
    page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    page.on("dialog", lambda dialog: opened.complaints.append(dialog.message))
    yield opened
    page.close()
    assert opened.complaints == []
    assert [url for url in opened.asked if not url.startswith((site.folder.as_uri(), "about:", "data:,"))] == []


def test_every_page_opens_from_the_disk_and_runs_nothing_that_others_wrote(opened: Opened) -> None:
    for page in opened.site.pages:
        opened.go(page.path.relative_to(opened.site.folder).as_posix())
        assert opened.page.locator("h1").count() == 1
        assert opened.page.evaluate("getComputedStyle(document.body).margin") == "0px"
    opened.go(f"datasets/{HOSTILE}/v1.html")
    opened.page.get_by_text("<img src=x onerror=alert(1)>").first.wait_for()


@pytest.mark.parametrize(
    "text", ["embed", "grosse", "GRÖSSE", "m", "round 3", "presynaptic 1412", "</script>", "no such word"]
)
def test_it_finds_what_the_registry_finds(opened: Opened, text: str) -> None:
    rows = opened.search(text)
    found = list(opened.site.registry.find(text, limit=None))
    assert len(rows) == len({each.version.partition("@")[0] for each in found})
    count = opened.page.locator("#found").inner_text()
    assert count == f"{len(found)} {'version' if len(found) == 1 else 'versions'}"
    for row in rows:
        name = row.split()[0]
        assert name in {each.version.partition("@")[0] for each in found}


def test_a_search_is_kept_in_the_address_and_found_from_every_page(opened: Opened) -> None:
    opened.go("joins.html")
    opened.page.get_by_label("Search the catalogue").fill("nuclei")
    opened.page.keyboard.press("Enter")
    opened.page.wait_for_url("**/index.html#q=nuclei")
    opened.page.get_by_role("link", name=NUCLEI).first.click()
    opened.page.wait_for_url(f"**/{NUCLEI}/index.html")


def test_every_answer_is_the_commands_in_both_orders(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a terminal of any width shows it; in a pipe it is cells."""
    monkeypatch.setattr(output, "forced", True)
    monkeypatch.setattr(output, "columns", 1000)
    answered = 0
    for name, current, first in opened.site.data("names"):
        for other in opened.site.data(f"answers/{name}") if first else ():
            for a, b in ((name, other), (other, f"{name}@v{current}")):
                command, words = opened.ask(a, b)
                done = CliRunner().invoke(app, ["--registry", opened.site.target, *shlex.split(command)[1:]])
                assert words == done.stdout.removesuffix("\n")
            answered += 1
    assert answered == 8


@pytest.mark.parametrize(
    ("a", "b"), [("hemibrain.neurons@v9", NUCLEI), ("lab.none", NUCLEI), (f"{NUCLEI}@v1", "hemibrain.neurons")]
)
def test_what_was_not_asked_at_build_is_not_answered(opened: Opened, a: str, b: str) -> None:
    assert opened.ask(a, b) == (f"feature-registry join {a} {b}", "")


def test_two_versions_are_compared_where_that_was_made_else_the_command_is_shown(opened: Opened) -> None:
    counts = "hemibrain.counts"
    opened.go(f"datasets/{counts}/index.html")
    opened.page.get_by_label("What changed from").select_option("3")
    opened.page.get_by_label("to", exact=True).select_option("8")
    opened.page.get_by_role("button", name="Show").click()
    shown = opened.page.locator("#compare output").inner_text()
    assert shown == f"feature-registry diff {counts}@v3 {counts}@v8"
    opened.page.get_by_label("What changed from").select_option("7")
    opened.page.get_by_role("button", name="Show").click()
    opened.page.wait_for_url("**/v8.html#since-v7")
    shown = opened.page.locator("#since-v7 pre").text_content()
    assert shown == str(opened.site.registry.diff(f"{counts}@v7", f"{counts}@v8"))


def test_it_is_used_with_the_keyboard_alone(opened: Opened) -> None:
    opened.go(f"datasets/{NUCLEI}/v2.html")
    opened.page.keyboard.press("Tab")
    assert opened.page.evaluate("document.activeElement.textContent") == "Skip to the content"
    opened.page.keyboard.press("Enter")
    assert opened.page.evaluate("document.activeElement.id") == "main"
    reached = set()
    for _ in range(60):
        opened.page.keyboard.press("Tab")
        reached.add(opened.page.evaluate("document.activeElement.tagName.toLowerCase()"))
    assert {"a", "summary", "div"} <= reached


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "path", ["index.html", "joins.html", f"datasets/{NUCLEI}/v1.html", f"datasets/{NUCLEI}/index.html"]
)
def test_all_text_stands_out_from_what_is_behind_it(opened: Opened, scheme: str, path: str) -> None:
    opened.page.emulate_media(color_scheme=scheme)
    opened.go(path)
    found = opened.page.evaluate(CONTRASTS)
    assert len(found) > 20
    assert [each for each in found if each[0] < CONTRAST] == []


def test_it_works_from_a_server_just_as_well(opened: Opened) -> None:
    with site_server(opened.site.folder, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        opened.page.goto(f"http://127.0.0.1:{server.server_address[1]}/#q=nuclei")
        opened.page.locator("#results li").first.wait_for()
        assert {url.partition("/data/")[0].partition("/assets/")[0] for url in opened.asked if "js" in url} == {
            f"http://127.0.0.1:{server.server_address[1]}"
        }
        opened.asked.clear()
        opened.page.goto("about:blank")
        server.shutdown()


def test_it_prints_what_is_to_read_and_no_more(opened: Opened) -> None:
    opened.go(f"datasets/{NUCLEI}/v2.html")
    opened.page.emulate_media(media="print")
    opened.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert not opened.page.locator("nav").first.is_visible()
    assert opened.page.locator("details:not([open])").count() == 0
    assert len(opened.page.pdf()) > 10_000


def test_its_pictures_for_the_docs(browser: Any, tmp_path: Path) -> None:
    with Registry.open(f"lite://{tmp_path / 'registry.db'}", publisher="ada@lab.org") as registry:
        publish_lab(registry)
        build_site(registry, tmp_path / "site", title="MICrONS features of the lab")
    page = browser.new_page(viewport={"width": 1280, "height": 1160}, device_scale_factor=1)
    for name, path, height in (
        ("catalogue-version", "datasets/minnie65.synapse_embeddings/v2.html", 1400),
        ("catalogue-joins", "joins.html", 900),
    ):
        page.set_viewport_size({"width": 1280, "height": height})
        page.goto(f"{(tmp_path / 'site').as_uri()}/{path}")
        page.locator("svg .box").first.wait_for()
        shoot(page, name)
    page.close()

"""What the catalogue of 10,000 versions costs: to build, against MkDocs; to open and to search, in a real browser."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.reading import publish
from benchmarks.report import Result

VERSIONS = 10_000
PEER_PAGES = 300
_SITE = "site_name: Peer\nplugins: []\ntheme: {name: mkdocs, highlightjs: false}\nuse_directory_urls: false\n"
_ALLOWED_SECONDS = {"build": 120.0, "first page": 1.0, "search": 0.1}
_CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-sync"]
_ASKED = ("shape", "table", "measured round 3", "minnie65", "f", "feature 77", "nucleus", "embedding lab1", "10")


def run(versions: int = VERSIONS) -> Iterator[Result]:
    """Seconds to build, for each page, and in Chromium where it and Playwright are installed."""
    with tempfile.TemporaryDirectory() as folder:
        registry, site = Path(folder, "registry.db"), Path(folder, "site")
        publish(registry, versions)
        seconds = _seconds([_program("feature-registry"), "site", str(site), "--registry", f"lite://{registry}"])
        yield _allowed(f"build the catalogue of {versions:,} versions", seconds, "build")
        pages = sum(1 for _ in site.rglob("*.html"))
        peer = _mkdocs(Path(folder, "peer")) / PEER_PAGES
        yield Result.seconds("build it, a page, against MkDocs", seconds / pages, peer, goal="≤ 1")
        yield from _in_browser(site)


def _mkdocs(folder: Path) -> float:
    """Seconds that MkDocs takes for pages that say as much, with its plainest theme."""
    (folder / "docs").mkdir(parents=True)
    (folder / "mkdocs.yml").write_text(_SITE)
    rows = "".join(f"| feature_{number} | float32 | feature · unit um | A shape. |\n" for number in range(10))
    code = "```python\nimport polars as pl\n\ndata = pl.scan_parquet('s3://bench/table')\n```\n\n" * 6
    page = f"# table\n\n| column | type | meaning | description |\n| --- | --- | --- | --- |\n{rows}\n{code}"
    (folder / "docs" / "index.md").write_text("# Peer\n")
    for number in range(PEER_PAGES):
        (folder / "docs" / f"table_{number}.md").write_text(page)
    return _seconds([sys.executable, "-W", "ignore", "-m", "mkdocs", "build", "-q", "-f", str(folder / "mkdocs.yml")])


def _in_browser(site: Path) -> Iterator[Result]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return
    if (chromium := shutil.which("chromium")) is None:
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_CHROMIUM)
        opened = [_opened(browser, site) for _ in range(7)]
        yield _allowed("open its first page in Chromium, median", statistics.median(opened), "first page")
        found = [_searched(browser, site, words) for words in _ASKED for _ in range(3)]
        yield _allowed("search it in Chromium, p95", statistics.quantiles(found, n=20)[-1], "search")
        browser.close()


def _opened(browser: Any, site: Path) -> float:
    """Until all of the page is there, with nothing of it in memory."""
    page = browser.new_page()
    page.goto((site / "index.html").as_uri(), wait_until="load")
    ended = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    page.close()
    return ended / 1000


def _searched(browser: Any, site: Path, words: str) -> float:
    """From typing the words to seeing what is found, on a page that has loaded nothing of the index."""
    page = browser.new_page()
    page.goto((site / "index.html").as_uri())
    seconds = page.evaluate(
        """async (words) => {
          const input = document.querySelector('#words'), form = document.querySelector('#search');
          const start = performance.now();
          input.value = words;
          input.dispatchEvent(new Event('input'));
          while (form.dataset.shown !== words) await new Promise((resolve) => requestAnimationFrame(resolve));
          return (performance.now() - start) / 1000;
        }""",
        words,
    )
    page.close()
    return seconds


def _allowed(what: str, seconds: float, goal: str) -> Result:
    allowed = _ALLOWED_SECONDS[goal]
    return Result(what, f"{seconds:.3f} s", f"{allowed:g} s allowed", seconds / allowed, "≤ 1")


def _program(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def _seconds(words: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(words, check=True, capture_output=True)
    return time.perf_counter() - start

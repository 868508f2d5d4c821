"""Pages of the site that are made at each build, and a check that no page loads anything from elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

__all__ = ["MADE", "command_line", "contributing", "front_page", "on_files", "on_page_markdown", "on_post_page"]

ROOT = Path(__file__).parents[1]
_REMOTE = re.compile(
    r'<(?:script|img|iframe)\b[^>]*\bsrc="?(?:https?:)?//|<link\b(?=[^>]*stylesheet)[^>]*\bhref="?(?:https?:)?//'
)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made."""
    for name, make in MADE.items():
        files.append(File.generated(config, name, content=make()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Replace links to files of the repository that are not pages by their names."""
    return re.sub(
        r"\[([^\]]+)\]\(((?:\.\./)+[\w/.-]+\.py)\)", lambda found: f"{found[1]} (`{_outside(found[2])}`)", markdown
    )


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Refuse a page for which a browser would load something from another host.

    Raises:
        PluginError: the page loads a script, style or picture from another host.
    """
    if found := _REMOTE.search(output):
        raise PluginError(f"{page.file.src_uri} loads from elsewhere: {output[found.start() : found.end() + 80]}")
    return output


def front_page() -> str:
    """The README, with its links as they are on the site.

    The diagram is left out, because a browser would have to download the program that draws it.
    """
    text = _file("README.md")
    text = re.sub(r"```mermaid\n.*?```\n", "", text, flags=re.DOTALL)
    return _on_the_site(text).replace("[CONTRIBUTING.md](CONTRIBUTING.md)", "[Contributing](contributing.md)")


def contributing() -> str:
    """CONTRIBUTING.md, with its links as they are on the site."""
    return _on_the_site(_file("CONTRIBUTING.md"))


def command_line() -> str:
    """The page of the commands, as typer writes it."""
    command = [sys.executable, "-m", "typer", "registry_dagster.cli.app", "utils", "docs", "--name", "feature-registry"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def _on_the_site(text: str) -> str:
    text = re.sub(r"\[docs/([\w/-]+)\.(\w+)\]\(docs/", r"[\1](", text)
    return re.sub(r"\]\(docs/", "](", text)


def _outside(link: str) -> str:
    return link.removeprefix("../").removeprefix("../")


def _file(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


MADE: Mapping[str, Callable[[], str]] = {
    "index.md": front_page,
    "command-line.md": command_line,
    "changelog.md": lambda: _file("CHANGELOG.md"),
    "contributing.md": contributing,
}
"""Page → what makes it."""

"""One registry with something of everything, and the site of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import pytest

from registry_dagster.model.identifiers import BodyId
from registry_dagster.model.quantities import Feature, Score
from registry_dagster.model.signals import Note
from registry_dagster.outward.site.build import build_site
from registry_dagster.registry.registry import Registry
from registry_dagster.testing.search_behaviour import publish_examples
from tests.registry.declared import declared, facts, reference

NUCLEI = "minnie65.nuclei"
HOSTILE = "hostile.names"
NASTY = (
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "<!--",
    "& &lt;b&gt;",
)
"""What others may write where text is free."""


def publish_everything(registry: Registry) -> None:
    """The examples; a pair with a reference; many versions; acts; and texts that try to be more than text."""
    publish_examples(registry)
    registry.retire(f"{NUCLEI}@v1", reason="wrong units", replacement=f"{NUCLEI}@v2")
    registry.acts.label(f"{NUCLEI}@v2", "size-paper", reason="cited")
    registry.acts.license(NUCLEI, "CC-BY-4.0", reason="as in the paper")
    registry.publish(declared(title="Neurons"), facts(), message="First")
    for version in range(8):
        about = declared("hemibrain.counts", references=(reference("hemibrain.neurons"),))
        registry.publish(about, facts(version, location="/data/counts", rows=version), message=f"Round {version}")
    draft = declared("hemibrain.drafts", inputs=("hemibrain.neurons@v1",))
    registry.publish(draft, facts(location="/data/drafts"), message="Not final", draft=True)
    columns = {NASTY[0]: Feature(unit="1", description=NASTY[1]), "body_id": BodyId(id_space="hemibrain"), "s": Score()}
    registry.publish(
        declared(
            HOSTILE,
            title=NASTY[0],
            description="\n".join(NASTY),
            tags=(NASTY[2],),
            columns=columns,
            signals=(Note(text=NASTY[1], basis="declared"),),
        ),
        facts(location="javascript:/alert(1)", **{NASTY[0]: "float32", "body_id": "int64", "s": "float32"}),
        message=NASTY[0],
        publisher="o'hara@lab.org",
    )


class Page(HTMLParser):
    """What matters of a page: its elements, its links, and what people read."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.shown: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.shown.append(" " if tag == "dt" else "")

    def handle_data(self, data: str) -> None:
        self.shown.append(data)

    @property
    def text(self) -> str:
        return "".join(self.shown)

    @property
    def addresses(self) -> list[str]:
        """Everything that the page leads to or loads."""
        return [value for _, found in self.elements for name in ("href", "src") if (value := found.get(name))]

    def target(self, address: str) -> Path:
        """The file that an address within the site means."""
        path = unquote(address.partition("#")[0])
        return (self.path.parent / path).resolve() if path else self.path


class Built(NamedTuple):
    """A registry and its site."""

    target: str
    registry: Registry
    folder: Path

    @property
    def pages(self) -> list[Page]:
        return [Page(path) for path in sorted(self.folder.rglob("*.html"))]

    def page(self, path: str) -> Page:
        return Page(self.folder / path)

    def data(self, name: str) -> Any:
        """The value that a data file hands over."""
        text = (self.folder / "data" / f"{name}.js").read_text(encoding="utf-8")
        head = f"catalogue({json.dumps(name)},"
        assert text.startswith(head)
        assert text.endswith(");\n")
        return json.loads(text[len(head) : -3])


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    folder = tmp_path_factory.mktemp("site")
    target = f"lite://{folder / 'registry.db'}"
    with Registry.open(target, publisher="ada@lab.org") as registry:
        publish_everything(registry)
        build_site(registry, folder / "site", answers=8)
        yield Built(target, registry, folder / "site")

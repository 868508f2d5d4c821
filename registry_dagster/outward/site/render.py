"""Pages from templates. All that people wrote is escaped; a link leads to a page of the site, or nowhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.visible import visible
from registry_dagster.outward.site.catalogue import Catalogue
from registry_dagster.outward.site.paths import dataset_page, root_of, url, version_page
from registry_dagster.outward.site.version_view import moment_text

__all__ = ["Pages", "Site"]

_VERSION = re.compile(r"(?<!made against )(?<![\w.+-])[a-z][a-z0-9_.]*@v[1-9][0-9]*(?![\w@]|[.+-]\w)")
"""What may be a version's name in a sentence; it is one if the catalogue has it. A materialization version is not."""


_MOST_LISTED = 200
"""How many dependents a page lists."""


@dataclass(frozen=True)
class Site:
    """What every page says of the whole.

    Args:
        title: The catalogue's name.
        summary: What is in it, in a sentence.
    """

    title: str
    summary: str


class Pages:
    """Renders the pages of one catalogue."""

    def __init__(self, catalogue: Catalogue, site: Site) -> None:
        self._catalogue = catalogue
        self._environment = Environment(
            loader=PackageLoader("registry_dagster.outward.site"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            finalize=_shown,
        )
        self._site = site
        filters: dict[str, Callable[..., Any]] = {
            "count": _count,
            "day": _day,
            "moment": moment_text,
            "expiry": catalogue.expiry_words,
            "href": _href,
            "href_with": _href_with,
            "dataset_href": _dataset_href,
            "state_link": self._state_link,
            "linked": self._linked,
        }
        self._environment.filters.update(filters)

    def render(self, template: str, path: str, **values: Any) -> str:
        """One page.

        Args:
            template: The name of its template.
            path: Where it will be within the site.
            values: What the template shows.
        """
        always = {"site": self._site, "path": path, "root": root_of(path), "here": "", "most_listed": _MOST_LISTED}
        return self._environment.get_template(f"{template}.html").render({**always, **values})

    @pass_context
    def _state_link(self, context: Context, state: MaterializationVersion) -> str:
        page = self._catalogue.state_pages.get(state.key)
        return str(state) if page is None else _link(_href(context, page), state)

    @pass_context
    def _linked(self, context: Context, text: str, shown: str | None = None) -> Markup:
        """A text in which the names of published versions are links."""
        whole, end = visible(text), 0
        parts: list[Markup] = []
        for found in _VERSION.finditer(whole):
            if found[0] in self._catalogue.entries:
                parts += [Markup.escape(whole[end : found.start()])]
                parts += [_link(_href(context, version_page(found[0])), shown or found[0])]
                end = found.end()
        if not parts and shown is not None:
            return Markup.escape(visible(shown))
        return Markup("").join([*parts, Markup.escape(whole[end:])])


def _shown(value: object) -> object:
    """What a template shows: others' text without what would reorder the page."""
    return value if isinstance(value, Markup) else visible(value)


@pass_context
def _href(context: Context, path: str) -> str:
    return f"{context['root']}{url(path)}"


@pass_context
def _href_with(context: Context, path: str) -> str:
    """As `_href`, of a page with what it is asked behind `#`. Datasets' names need no escape there."""
    page, _, asked = path.partition("#")
    return f"{_href(context, page)}#{asked}"


@pass_context
def _dataset_href(context: Context, dataset: str) -> str:
    return _href(context, dataset_page(dataset))


def _link(href: str, text: object) -> Markup:
    return Markup('<a href="{}">{}</a>').format(href, visible(text))


def _count(number: int | None) -> str:
    return "unknown" if number is None else f"{number:,}"


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"

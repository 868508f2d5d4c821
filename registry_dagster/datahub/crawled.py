"""The entity that DataHub's own crawl gives a physical table: which one it would be, and how a version is tied to it.

DataHub's delta-lake, iceberg, s3, gcs and file sources name a table by its place, each in its own way. A lab that
crawls with a platform instance, or under other names, says so in rules.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from pydantic import StrictBool

from registry_dagster.datahub.proposal import Aspect, Proposal
from registry_dagster.datahub.urns import dataset_urn, encoded
from registry_dagster.model.base import Model
from registry_dagster.model.table import IcebergPin, TableFacts

__all__ = ["CrawlRule", "crawled_urn", "tied_to"]

LINK = "datahub_table"
"""The custom property that names the entity."""

_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://")
_STORES = {"s3": "s3", "s3a": "s3", "s3n": "s3", "gs": "gcs", "gcs": "gcs"} | dict.fromkeys(
    ("abfs", "abfss", "wasb", "wasbs", "az", "adl"), "abs"
)
_PLATFORMS = {"delta": "delta-lake", "iceberg": "iceberg"}

# Sources name what is in Azure by container and path, whatever the spelling.
_CONTAINER_AND_ACCOUNT = re.compile(r"^(?:abfss?|wasbs?)://([^/@]+)@[^/]+")
_ACCOUNT_HOST = re.compile(r"^https?://[^/]+\.(?:blob|dfs)\.core\.windows\.net/")


class CrawlRule(Model):
    """How the tables below one place are crawled.

    Args:
        prefix: The beginning of their locations; of local ones a path or a `file://` URI.
        platform: The source's platform; default: that of the table's format and store.
        instance: The platform instance that the source is configured with.
        env: The environment that it is configured with; default: that of the registry.
        name: The entity's name, in which `{path}` is the location behind the prefix, `{name}` the source's default.
        lowercase: Whether the source is configured to write names in lower case.
    """

    prefix: str
    platform: str | None = None
    instance: str | None = None
    env: str | None = None
    name: str = "{name}"
    lowercase: StrictBool = False


def crawled_urn(table: TableFacts, env: str, rules: Sequence[CrawlRule] = ()) -> str:
    """The entity that a crawl would give this table, whether or not there is one. The longest prefix counts."""
    location = _written(table.location)
    fitting = [rule for rule in rules if location.startswith(_written(rule.prefix))]
    rule = max(fitting, key=lambda each: len(_written(each.prefix)), default=CrawlRule(prefix=""))
    path = location[len(_written(rule.prefix)) :].strip("/")
    name = rule.name.replace("{path}", path).replace("{name}", _default_name(table))
    whole = f"{rule.instance}.{name}" if rule.instance else name
    cased = whole.lower() if rule.lowercase else whole
    return dataset_urn(rule.platform or _platform(table), encoded(cased), rule.env or env)


def tied_to(crawled: str, proposals: Sequence[Proposal], version: str) -> tuple[Proposal, ...]:
    """The aspects of a version, with a lineage edge and a property that lead to the crawled table."""
    return tuple(_tied(each, crawled) if each.urn == version else each for each in proposals)


def _tied(proposal: Proposal, crawled: str) -> Proposal:
    change = {"upstreamLineage": _with_edge, "datasetProperties": _with_link}.get(proposal.aspect)
    return replace(proposal, value=change(proposal.value, crawled)) if change else proposal


def _with_edge(lineage: Aspect, crawled: str) -> Aspect:
    upstreams: list[Mapping[str, Any]] = lineage["upstreams"]
    stamp = upstreams[0]["auditStamp"]
    return {**lineage, "upstreams": [*upstreams, {"auditStamp": stamp, "dataset": crawled, "type": "VIEW"}]}


def _with_link(properties: Aspect, crawled: str) -> Aspect:
    return {**properties, "customProperties": {**properties["customProperties"], LINK: crawled}}


def _written(location: str) -> str:
    """A location as recipes name it: a local one, which is recorded as an encoded URI, by its path."""
    return unquote(location.removeprefix("file://")) if location.startswith("file:///") else location


def _default_name(table: TableFacts) -> str:
    if isinstance(table.pin, IcebergPin) and table.pin.identifier:
        return table.pin.identifier
    place = _CONTAINER_AND_ACCOUNT.sub(r"\1", _written(table.location))
    return _SCHEME.sub("", _ACCOUNT_HOST.sub("", place)).strip("/")


def _platform(table: TableFacts) -> str:
    store = "abs" if _ACCOUNT_HOST.match(table.location) else _store(table.location)
    # The delta-lake source takes a location in Google's store for a local path; only the gcs source reads there.
    return store if (table.format, store) == ("delta", "gcs") else _PLATFORMS.get(table.format, store)


def _store(location: str) -> str:
    return _STORES.get(location.partition("://")[0], "file")

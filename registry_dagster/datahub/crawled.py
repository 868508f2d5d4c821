"""The entity that DataHub's own crawl gives a physical table: which one it would be, and how a version is tied to it.

DataHub's delta-lake, iceberg, s3, gcs and file sources name a table by its place, each in its own way. A lab that
crawls with a platform instance, or under other names, says so in rules.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from registry_dagster.datahub.proposal import Aspect, Proposal
from registry_dagster.datahub.urns import dataset_urn, encoded
from registry_dagster.model.table import IcebergPin, TableFacts

__all__ = ["CrawlRule", "crawled_urn", "tied_to"]

LINK = "datahub_table"
"""The custom property that names the entity."""

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://")
_PLATFORMS = {"delta": "delta-lake", "iceberg": "iceberg"}
_STORES = {"s3": "s3", "s3a": "s3", "s3n": "s3", "gs": "gcs", "gcs": "gcs", "abfs": "abs", "abfss": "abs"}


@dataclass(frozen=True)
class CrawlRule:
    """How the tables below one place are crawled.

    Args:
        prefix: The beginning of their locations.
        platform: The source's platform; default: that of the table's format and store.
        instance: The platform instance that the source is configured with.
        env: The environment that it is configured with; default: that of the registry.
        name: The entity's name, in which `{path}` is the location behind the prefix, `{name}` the source's default.
    """

    prefix: str
    platform: str | None = None
    instance: str | None = None
    env: str | None = None
    name: str = "{name}"


def crawled_urn(table: TableFacts, env: str, rules: Sequence[CrawlRule] = ()) -> str:
    """The entity that a crawl would give this table, whether or not there is one. The longest prefix counts."""
    fitting = [rule for rule in rules if table.location.startswith(rule.prefix)]
    rule = max(fitting, key=lambda each: len(each.prefix), default=CrawlRule(""))
    path = table.location[len(rule.prefix) :].strip("/")
    name = rule.name.replace("{path}", path).replace("{name}", _default_name(table))
    instance = f"{rule.instance}." if rule.instance else ""
    return dataset_urn(rule.platform or _platform(table), encoded(instance + name), rule.env or env)


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


def _default_name(table: TableFacts) -> str:
    if isinstance(table.pin, IcebergPin) and table.pin.identifier:
        return table.pin.identifier
    return _SCHEME.sub("", table.location).strip("/")


def _platform(table: TableFacts) -> str:
    scheme = _SCHEME.match(table.location)
    store = _STORES.get(scheme[0].removesuffix("://"), "file") if scheme else "file"
    return _PLATFORMS.get(table.format, store)

"""Ties new versions to what DataHub's own crawls made of their tables. Nothing is written on theirs."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from registry_dagster.datahub.crawled import CrawlRule, crawled_urn, tied_to
from registry_dagster.datahub.limits import fits_a_urn
from registry_dagster.datahub.retirement import is_removed
from registry_dagster.datahub.urns import version_urn
from registry_dagster.errors import AccessDenied, InvalidDeclaration, RegistryError
from registry_dagster.model.canonical_json import is_json_object
from registry_dagster.model.spelling import read_declared_items
from registry_dagster.registry.commit import Commit
from registry_dagster.registry.records import Records
from registry_dagster.yaml_document import Document

__all__ = ["CRAWLS_VARIABLE", "crawl_rules", "tied_to_crawls"]

_log = logging.getLogger(__name__)

CRAWLS_VARIABLE = "FEATURE_REGISTRY_CRAWLS"
"""Names a YAML file with a list of rules, each with the fields of `CrawlRule`."""


def tied_to_crawls(records: Records, commits: Sequence[Commit]) -> list[Commit]:
    """The commits, each with an edge to the entity that a crawl gave its table, if there is one.

    One read for all. An embedded file and a hand-off have no crawls beside them.
    """
    if not commits or not records.store.search_lags:
        return list(commits)
    rules = crawl_rules()
    urns = [crawled_urn(commit.record.table, records.env, rules) for commit in commits]
    present = _present(records, {urn for urn in urns if fits_a_urn(urn)})
    return [
        _tied(commit, urn, records.env) if urn in present else commit for commit, urn in zip(commits, urns, strict=True)
    ]


def _present(records: Records, urns: set[str]) -> set[str]:
    try:
        there = records.store.read(urns, ["status", "dataPlatformInstance"])
    except AccessDenied as error:
        # A token need not be allowed to view what others crawl.
        _log.warning("whether DataHub crawled the tables could not be read, so versions are not linked: %s", error)
        return set()
    return {urn for urn, entity in there.items() if not is_removed(entity)}


def _tied(commit: Commit, crawled: str, env: str) -> Commit:
    return replace(commit, proposals=tied_to(crawled, commit.proposals, version_urn(commit.record.name, env)))


def crawl_rules() -> tuple[CrawlRule, ...]:
    """The rules of the file that FEATURE_REGISTRY_CRAWLS names; none if it is not set.

    Raises:
        RegistryError: the file cannot be read, or does not hold such rules.
    """
    place = os.environ.get(CRAWLS_VARIABLE)
    return tuple(_rules(Path(place))) if place else ()


def _rules(path: Path) -> Iterator[CrawlRule]:
    items = read_declared_items(path, CrawlRule)
    if isinstance(items, Document):
        raise RegistryError(f"{path} must be a list of rules, e.g. [{{prefix: s3://lab/, instance: lab}}]")
    for number, item in enumerate(items, start=1):
        yield _rule(item, f"{path}, rule {number}")


def _rule(item: Document | InvalidDeclaration, where: str) -> CrawlRule:
    if isinstance(item, InvalidDeclaration):
        raise item
    if not is_json_object(item.data):
        raise RegistryError(f"{where} is not a rule; write {{prefix: s3://lab/, instance: lab}}")
    try:
        return CrawlRule.from_json(item.data)
    except InvalidDeclaration as error:
        raise RegistryError(item.located(error.problems)) from error

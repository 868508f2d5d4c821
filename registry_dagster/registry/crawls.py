"""Ties new versions to what DataHub's own crawls made of their tables. Nothing is written on theirs."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import cast

import yaml

from registry_dagster.datahub.crawled import CrawlRule, crawled_urn, tied_to
from registry_dagster.datahub.limits import fits_a_urn
from registry_dagster.datahub.retirement import is_removed
from registry_dagster.datahub.urns import version_urn
from registry_dagster.errors import AccessDenied, RegistryError
from registry_dagster.model.canonical_json import is_json_object
from registry_dagster.registry.commit import Commit
from registry_dagster.registry.records import Records

__all__ = ["CRAWLS_VARIABLE", "crawl_rules", "tied_to_crawls"]

_log = logging.getLogger(__name__)

CRAWLS_VARIABLE = "FEATURE_REGISTRY_CRAWLS"
"""Names a YAML file with a list of rules, each with the fields of `CrawlRule`."""

_NAMES = tuple(each.name for each in fields(CrawlRule))


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
    try:
        rules: object = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise RegistryError(f"{CRAWLS_VARIABLE}: {path} cannot be read ({type(error).__name__})") from None
    if not isinstance(rules, list):
        raise RegistryError(f"{path} must be a list of rules, e.g. [{{prefix: s3://lab/, instance: lab}}]")
    for rule in cast("list[object]", rules):
        yield _rule(rule, path)


def _rule(rule: object, path: Path) -> CrawlRule:
    if not is_json_object(rule) or "prefix" not in rule or not set(rule) <= set(_NAMES):
        raise RegistryError(f"{path}: {rule!r} is not a rule; give prefix, and of {', '.join(_NAMES[1:])} what differs")
    said = {name: str(value) for name, value in rule.items() if name != "lowercase"}
    return CrawlRule(**said, lowercase=_switch(rule.get("lowercase", False), path))


def _switch(value: object, path: Path) -> bool:
    if not isinstance(value, bool):
        raise RegistryError(f"{path}: lowercase must be true or false, not {value!r}")
    return value

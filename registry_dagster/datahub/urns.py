"""URNs. Names are bounded by their patterns, so none needs more encoding than DataHub's own."""

from __future__ import annotations

import hashlib
import json
import re
from functools import lru_cache
from urllib.parse import quote, unquote

from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.names import VersionName, parse_version

__all__ = [
    "PLATFORM",
    "container_urn",
    "dataset_urn",
    "decoded",
    "encoded",
    "entity_type",
    "field_urn",
    "materialization_in",
    "materialization_urn",
    "owner_urn",
    "platform_urn",
    "property_urn",
    "sort_id",
    "user_urn",
    "version_in",
    "version_set_urn",
    "version_urn",
]

PLATFORM = "feature-registry"
_VERSION = re.compile(rf"urn:li:dataset:\(urn:li:dataPlatform:{PLATFORM},(?P<name>[^,]+),[^,]+\)")

_DATASET = re.compile(r"urn:li:dataset:\(urn:li:dataPlatform:(?P<platform>[^,]+),(?P<name>[^,]+),[^,]+\)")


def platform_urn(platform: str = PLATFORM) -> str:
    return f"urn:li:dataPlatform:{platform}"


def dataset_urn(platform: str, name: str, env: str) -> str:
    return f"urn:li:dataset:({platform_urn(platform)},{name},{env})"


def version_urn(version: str, env: str) -> str:
    """A DatasetVersion, from `dataset@vN`."""
    return dataset_urn(PLATFORM, version, env)


@lru_cache(maxsize=4096)
def version_in(urn: str) -> VersionName | None:
    """The version that a URN names; None if it is not that of a DatasetVersion."""
    found = _VERSION.fullmatch(urn)
    if found is None:
        return None
    try:
        dataset, number = parse_version(found["name"])
    except InvalidDeclaration:
        return None
    return None if number is None else VersionName(dataset, number)


def materialization_urn(version: MaterializationVersion, env: str) -> str:
    return dataset_urn(version.source, str(version), env)


def materialization_in(urn: str) -> tuple[str, str] | None:
    """The source and the name of the materialization version that a URN is for; None if it is not for one."""
    found = _DATASET.fullmatch(urn)
    return (found["platform"], found["name"]) if found and "@" in found["name"] else None


def version_set_urn(platform: str, name: str, env: str) -> str:
    """The version set of a Dataset or of a source, one for each environment."""
    return f"urn:li:versionSet:({platform}:{name}:{env},dataset)"


def entity_type(urn: str) -> str:
    """`dataset` of `urn:li:dataset:(…)`."""
    return urn.split(":", 3)[2]


@lru_cache(maxsize=4096)
def container_urn(dataset: str, env: str) -> str:
    """A Dataset. DataHub's rule for container ids: md5 over the sorted JSON of the key."""
    return f"urn:li:container:{guid({'platform': PLATFORM, 'dataset': dataset, 'env': env})}"


def relationship_urn(**key: str) -> str:
    return f"urn:li:erModelRelationship:{guid(key)}"


def field_urn(dataset: str, path: str) -> str:
    """A column of a dataset entity."""
    return f"urn:li:schemaField:({dataset},{encoded(path)})"


def property_urn(qualified_name: str) -> str:
    return f"urn:li:structuredProperty:{qualified_name}"


def owner_urn(owner: str) -> str:
    """`team:olfaction` is a group, an e-mail address a user."""
    if owner.startswith("team:"):
        return f"urn:li:corpGroup:{owner.removeprefix('team:')}"
    return user_urn(owner)


def user_urn(user: str) -> str:
    return f"urn:li:corpuser:{encoded(user)}"


def encoded(text: str) -> str:
    """Text with the characters encoded that mean something inside a URN, as DataHub does it."""
    return re.sub("[(),\u241f]", lambda found: quote(found[0]), text)


def decoded(text: str) -> str:
    """The text that `encoded` encoded."""
    return re.sub("%28|%29|%2C|%E2%90%9F", lambda found: unquote(found[0]), text)


def sort_id(version: str) -> str:
    """The version with its numbers zero-padded, so that the order of texts, which servers use, is that of versions.

    No two versions have the same: a server refuses that. Where zeros would make them alike, the version follows.
    """
    padded = re.sub(r"\d+", lambda digits: digits[0].zfill(10), version)
    return f"{padded} {version}" if re.search(r"(?<!\d)0\d", version) else padded


def guid(key: dict[str, str]) -> str:
    canonical = json.dumps(key, separators=(",", ":"), sort_keys=True)
    return hashlib.md5(canonical.encode(), usedforsecurity=False).hexdigest()

"""What a DataHub server reports about itself and about the user of the token."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from registry_dagster.model.canonical_json import is_json_object

__all__ = ["ME", "PRIVILEGES", "config_facts", "privilege_names", "privileges_of", "server_version", "user_of"]

ME = "query me { me { corpUser { urn username } } }"
PRIVILEGES = """
query rights($input: GetGrantedPrivilegesInput!) { getGrantedPrivileges(input: $input) { privileges } }
"""
_FLAGS = ("noCode", "patchCapable", "retention", "statefulIngestionCapable", "supportsImpactAnalysis")


def server_version(config: Mapping[str, Any]) -> str:
    """DataHub's version, as in `/config`; empty if it is not there."""
    return str(_part(_part(config, "versions"), "acryldata/datahub").get("version") or "")


def config_facts(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """DataHub's version and the flags that matter here."""
    yield "DataHub", server_version(config) or "version not reported"
    yield "server", " ".join(_kind(config)) or "unknown"
    yield "flags", ", ".join(_flags(config)) or "none reported"


def _kind(config: Mapping[str, Any]) -> Iterator[str]:
    kind = _part(config, "datahub")
    return (str(kind[name]) for name in ("serverType", "serverEnv") if kind.get(name))


def _flags(config: Mapping[str, Any]) -> Iterator[str]:
    return (f"{name} {str(config[name]).lower()}" for name in _FLAGS if name in config)


def user_of(data: Mapping[str, Any]) -> str | None:
    """The URN of the token's user."""
    return _part(_part(data, "me"), "corpUser").get("urn")


def privilege_names(data: Mapping[str, Any]) -> list[str] | None:
    """The user's privileges; None if the server does not report them."""
    granted = _part(data, "getGrantedPrivileges").get("privileges")
    return sorted(map(str, cast("list[object]", granted))) if isinstance(granted, list) else None


def privileges_of(data: Mapping[str, Any]) -> str:
    """What the user may do with datasets, as far as the server reports it."""
    names = privilege_names(data)
    return "not reported by this server" if names is None else ", ".join(names) or "none"


def _part(whole: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = whole.get(name)
    return part if is_json_object(part) else {}

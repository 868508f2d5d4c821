"""What a DataHub server tells of itself and of who asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from registry_dagster.model.canonical_json import is_json_object

__all__ = ["ME", "PRIVILEGES", "config_facts", "privileges_of", "server_version", "user_of"]

ME = "query me { me { corpUser { urn username } } }"
PRIVILEGES = """
query rights($input: GetGrantedPrivilegesInput!) { getGrantedPrivileges(input: $input) { privileges } }
"""
_FLAGS = ("noCode", "patchCapable", "retention", "statefulIngestionCapable", "supportsImpactAnalysis")


def server_version(config: Mapping[str, Any]) -> str:
    """DataHub's release, as `/config` tells it; empty where it does not."""
    return str(_part(_part(config, "versions"), "acryldata/datahub").get("version") or "")


def config_facts(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The release and the flags that matter here."""
    yield "DataHub", server_version(config) or "does not tell its version"
    kind = _part(config, "datahub")
    yield "server", " ".join(str(kind[name]) for name in ("serverType", "serverEnv") if kind.get(name)) or "unknown"
    yield "flags", ", ".join(f"{name} {str(config[name]).lower()}" for name in _FLAGS if name in config) or "none told"


def user_of(data: Mapping[str, Any]) -> str | None:
    """The URN of who asks."""
    return _part(_part(data, "me"), "corpUser").get("urn")


def privileges_of(data: Mapping[str, Any]) -> str:
    """What they may do with datasets, as far as the server tells."""
    granted = _part(data, "getGrantedPrivileges").get("privileges")
    if not isinstance(granted, list):
        return "not told by this server"
    return ", ".join(sorted(map(str, cast("list[object]", granted)))) or "none"


def _part(whole: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = whole.get(name)
    return part if is_json_object(part) else {}

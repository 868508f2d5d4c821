"""Where a registry may be kept: one text for errors, the command line's help and Dagster's settings."""

from __future__ import annotations

import os

__all__ = [
    "DEFAULT_TARGET",
    "FILE_FORM",
    "LITE_FORM",
    "MIRROR_FORM",
    "SERVER_FORM",
    "TARGETS",
    "is_server",
    "server_in_environment",
]

LITE_FORM = "lite:///absolute/path/registry.db"
FILE_FORM = "file:///absolute/folder"
SERVER_FORM = "https://host:port"
MIRROR_FORM = "mirror:https://host/path"

TARGETS = (
    f"{LITE_FORM} (an embedded file), {SERVER_FORM} (a DataHub server), datahub (the server in ~/.datahubenv) or "
    f"{FILE_FORM} (a hand-off folder); to read only, {MIRROR_FORM} (a mirror on the web, in a bucket or in a folder)"
)
DEFAULT_TARGET = "FEATURE_REGISTRY, else DATAHUB_GMS_URL, else an embedded file below the home directory"
"""What is used if no target is given."""


def is_server(target: str) -> bool:
    """Whether a target is a DataHub server."""
    return target == "datahub" or target.partition(":")[0].lower() in ("http", "https")


def server_in_environment() -> str | None:
    """DATAHUB_GMS_PROTOCOL, _HOST and _PORT if a port is set, else DATAHUB_GMS_URL, else DATAHUB_GMS_HOST."""
    url, host, port = (os.environ.get(f"DATAHUB_GMS_{name}") for name in ("URL", "HOST", "PORT"))
    if host and port:
        return f"{os.environ.get('DATAHUB_GMS_PROTOCOL') or 'http'}://{host}:{port}"
    return url or host or None

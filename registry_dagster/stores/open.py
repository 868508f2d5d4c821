"""Which store a target names."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from registry_dagster.errors import RegistryError
from registry_dagster.stores.store import Store

__all__ = ["open_store"]


def open_store(target: str, token: str | None = None) -> Store:
    """Open the store a target names.

    Args:
        target: `lite:///absolute/path/registry.db`, `file:///absolute/folder`, the `https://` address of
            a DataHub server, or `datahub` for the server of `~/.datahubenv`.
        token: For a server. Default: DATAHUB_GMS_TOKEN, else that of `~/.datahubenv`.

    Raises:
        RegistryError: no store of that kind.
    """
    parts = urlsplit(target)
    if parts.scheme == "lite":
        from registry_dagster.stores.lite.store import LiteStore

        return LiteStore(_local_path(target, "lite:///absolute/path/registry.db"))
    if parts.scheme == "file":
        from registry_dagster.stores.handoff_folder import FileStore

        return FileStore(_local_path(target, "file:///absolute/folder"))
    if parts.scheme in ("http", "https") or target == "datahub":
        from registry_dagster.http import HttpClient
        from registry_dagster.stores.gms.credentials import server_and_token
        from registry_dagster.stores.gms.store import DATAHUB, GmsStore

        return GmsStore(HttpClient(*server_and_token(target, token), service=DATAHUB))
    raise RegistryError(
        f"no store for targets that start with {parts.scheme + ':' if parts.scheme else 'no scheme'!r}; "
        "write lite:///absolute/path/registry.db, file:///absolute/folder, or https://host:port of a DataHub server"
    )


def _local_path(target: str, form: str) -> Path:
    parts = urlsplit(target)
    if parts.netloc or not parts.path.strip("/"):
        raise RegistryError(f"the target names no file or folder; write {form} (three slashes)")
    return Path(unquote(parts.path))

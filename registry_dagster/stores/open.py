"""The store that a target names."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from registry_dagster.errors import RegistryError
from registry_dagster.stores.store import Store
from registry_dagster.stores.targets import FILE_FORM, LITE_FORM, TARGETS, is_server

if TYPE_CHECKING:
    from registry_dagster.stores.lite.backup import BackUp
    from registry_dagster.stores.mirror.store import MirrorStore
    from registry_dagster.tables.storage.options import StorageOptions

__all__ = ["back_up", "open_mirror", "open_store"]


def open_store(target: str, token: str | None = None) -> Store:
    """Open the store that a target names.

    Args:
        target: See `TARGETS`.
        token: For a server. Default: DATAHUB_GMS_TOKEN, else that of `~/.datahubenv`.

    Raises:
        RegistryError: the target does not name a store.
    """
    scheme = target.partition(":")[0].lower() if ":" in target else ""
    if scheme == "lite":
        from registry_dagster.stores.lite.store import LiteStore

        return LiteStore(_local_path(target, LITE_FORM))
    if scheme == "file":
        from registry_dagster.stores.handoff_folder import FileStore

        return FileStore(_local_path(target, FILE_FORM))
    if scheme == "mirror":
        return open_mirror(target.partition(":")[2])
    if is_server(target):
        from registry_dagster.stores.gms.credentials import client_for
        from registry_dagster.stores.gms.store import GmsStore

        return GmsStore(client_for(target, token))
    raise _no_store(scheme)


def open_mirror(location: str, storage_options: StorageOptions | None = None, remote: str | None = None) -> MirrorStore:
    """Open the mirror at a location. Nothing is contacted yet; arguments and errors are those of `MirrorStore`."""
    from registry_dagster.stores.mirror.store import MirrorStore

    return MirrorStore(location, storage_options, remote)


def back_up(target: str, to: Path) -> BackUp:
    """Copy the embedded file that a target names, whole, also while others write.

    Args:
        target: `lite:///…`.
        to: A path where nothing is yet.

    Raises:
        RegistryError: the target is not an embedded file, or the copy fails.
    """
    from registry_dagster.stores.lite.store import LiteStore

    with closing(open_store(target)) as store:
        if not isinstance(store, LiteStore):
            raise RegistryError(f"{store.target}: only the embedded file (lite:///…) is backed up by this command")
        return store.back_up(to)


def _no_store(scheme: str) -> RegistryError:
    given = f"targets that start with {scheme + ':'!r}" if scheme else "a target without a scheme"
    return RegistryError(f"no store for {given}; write {TARGETS}")


def _local_path(target: str, form: str) -> Path:
    path = _path_in(target)
    if not path.strip("/"):
        raise RegistryError(f"the target does not name an absolute path; write {form} (three slashes)")
    return Path(unquote(path))


def _path_in(target: str) -> str:
    """The path of a URI without a host; empty for anything else. `?` and `#` may be in the name of a file."""
    rest = target.partition(":")[2]
    host, slash, path = rest.removeprefix("//").partition("/") if rest.startswith("//") else ("", "", rest)
    return "" if host else slash + path

"""Serves the pages of a site to this machine alone, for browsers that open no files."""

from __future__ import annotations

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from registry_dagster.errors import RegistryError
from registry_dagster.outward.site.folder import MARKER

__all__ = ["site_server"]

_LOOPBACK = "127.0.0.1"
_NAMES = (_LOOPBACK, "localhost")


class _Handler(SimpleHTTPRequestHandler):
    """Files of one folder; the names in a folder are not listed."""

    def log_message(self, format: str, *args: Any) -> None:
        """No line for each request."""

    def send_head(self) -> Any:
        """A file, if this machine is asked by its own name: another site's name that leads here is refused."""
        host = (self.headers.get("Host") or "").partition(":")[0]
        if host not in _NAMES:
            return self.send_error(403, "ask for 127.0.0.1 or localhost")
        return super().send_head()

    def list_directory(self, path: Any) -> None:
        """Nothing is listed but what pages link to."""
        self.send_error(404, "there is no such page")

    def end_headers(self) -> None:
        """A page that was built again is loaded again, and nothing is taken for what it is not."""
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()


def site_server(folder: Path, port: int) -> ThreadingHTTPServer:
    """A server of a site, which other machines cannot reach. `serve_forever` runs it.

    Args:
        folder: Where the site was built.
        port: The port; 0 for any that is free.

    Raises:
        RegistryError: there is no site in the folder, or the port is taken.
    """
    if not (folder / MARKER).is_file():
        raise RegistryError(f"{folder} holds no site; build one with feature-registry site {folder}")
    try:
        return ThreadingHTTPServer((_LOOPBACK, port), partial(_Handler, directory=str(folder)))
    except OSError as error:
        raise RegistryError(f"port {port} cannot be used: {error.strerror}; choose another with --port") from error

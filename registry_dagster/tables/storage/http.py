"""Single files behind http:// and https://: Parquet and Feather files, and Iceberg metadata. There is no listing."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

from registry_dagster.errors import TableError, TableNotFound, TableUnreachable
from registry_dagster.http import Service, open_session, pieces, server_address
from registry_dagster.tables.storage.deadline import within
from registry_dagster.tables.storage.failures import reading, status_error
from registry_dagster.tables.storage.locations import below
from registry_dagster.tables.storage.options import StorageOptions, prepared
from registry_dagster.tables.storage.protocol import StoredObject

__all__ = ["HttpStorage"]

_OPTIONS = {"auth", "headers", "verify"}
_SERVICE = Service("a web server", "auth or headers", "storage_options", TableError, TableUnreachable)
_RETRIES = 2
_BACKOFF = 0.5
_SLOWEST = 256 * 1024


class HttpStorage:
    """A file on a web server, or files below a URL that are asked for by name.

    Args:
        location: The URL, without user or query.
        storage_options: `headers`, a mapping; `auth`, a user and a password; `verify`, false or a file of
            certificates to trust. Proxies and `.netrc` are taken from the environment.

    Raises:
        TableError: another option, `auth` that is not a pair, or a secret that would go in the clear.
    """

    def __init__(self, location: str, storage_options: StorageOptions | None = None) -> None:
        options, self._seconds = prepared(storage_options)
        if unknown := sorted(options.keys() - _OPTIONS):
            raise TableError(f"storage_options: {unknown[0]!r} is none of http's: {', '.join(sorted(_OPTIONS))}.")
        self._location = location
        self._options = options
        self._headers: dict[str, str] = options.get("headers") or {}
        self._auth = _user_and_password(options)
        server_address(location, _SERVICE, sends_secret=bool(self._headers or self._auth or _netrc_has(location)))
        self._heads: dict[str, StoredObject] = {}

    def __repr__(self) -> str:
        return f"HttpStorage({self._location!r})"

    @property
    def location(self) -> str:
        return self._location

    def exists(self, path: str = "") -> bool:
        try:
            self.head(path)
        except TableNotFound:
            return False
        return True

    def is_object(self, path: str = "") -> bool:
        return self.exists(path)

    def head(self, path: str = "") -> StoredObject:
        if path not in self._heads:
            with self._response(path, 0, 1) as answer:
                self._heads[path] = _stored(path, answer, self._where(path))
        return self._heads[path]

    def read(self, path: str = "", start: int = 0, length: int | None = None) -> bytes:
        if length is not None and length <= 0:
            return b""
        with self._response(path, start, length) as answer:
            if answer.status_code == 416:
                return b""
            if start and answer.status_code != 206:
                raise TableError(f"{self._where(path)}: the server sends whole files only, not parts of them.")
            limit = self._seconds + _expected(answer, length) / _SLOWEST
            with reading(self._where(path), limit):
                return within(limit, lambda: b"".join(pieces(answer, length, self._seconds)))

    def read_suffix(self, path: str, length: int) -> tuple[StoredObject, bytes]:
        stored = self.head(path)
        start = max(0, stored.size - length)
        return stored, self.read(path, start, stored.size - start)

    def list(self, prefix: str = "", start_after: str = "") -> Iterator[StoredObject]:
        raise TableError(
            f"{self._location}: files on a web server cannot be listed. Give the URL of a Parquet or Feather file, or "
            "of an Iceberg *.metadata.json, or the location of the table in its object store."
        )

    @contextmanager
    def _response(self, path: str, start: int, length: int | None) -> Generator[Any, None, None]:
        headers = {"Accept-Encoding": "identity", **_range(start, length)}
        verify = self._options.get("verify")
        limits = (min(5.0, self._seconds), self._seconds)

        def ask() -> Any:
            with open_session(auth=self._auth, headers=self._headers, retries=_RETRIES, backoff=_BACKOFF) as session:
                return session.get(self._url(path), headers=headers, timeout=limits, stream=True, verify=verify)

        with reading(self._where(path), self._seconds):
            answer: Any = within(self._seconds, ask)
            if answer.status_code not in {200, 206, 416}:
                answer.close()
                raise status_error(answer.status_code, self._where(path), self._seconds)
        with answer:
            yield answer

    def _url(self, path: str) -> str:
        return below(self._location, quote(path))

    def _where(self, path: str) -> str:
        return below(self._location, path)


def _user_and_password(options: StorageOptions) -> tuple[Any, ...] | None:
    auth = options.get("auth")
    if auth is None:
        return None
    if isinstance(auth, str) or len(auth) != 2:
        raise TableError("storage_options: auth takes a user and a password, as in ['ada', 'secret'].")
    return tuple(auth)


def _range(start: int, length: int | None) -> dict[str, str]:
    """The header that asks for a part; none for the whole file."""
    if length is None:
        return {"Range": f"bytes={start}-"} if start else {}
    return {"Range": f"bytes={start}-{start + length - 1}"}


def _expected(answer: Any, length: int | None) -> int:
    """How many bytes will be read, as far as the server says."""
    size = int(answer.headers.get("Content-Length") or length or 0)
    return size if length is None else min(size, length)


def _netrc_has(location: str) -> bool:
    """Whether requests would send what .netrc has for the host."""
    from requests.utils import get_netrc_auth

    return get_netrc_auth(location) is not None


def _stored(path: str, answer: Any, where: str) -> StoredObject:
    headers: Mapping[str, str] = answer.headers
    total = headers.get("Content-Range", "").rpartition("/")[2]
    size = total if answer.status_code != 200 else headers.get("Content-Length", "")
    token, modified = headers.get("ETag", "").strip('"'), headers.get("Last-Modified", "")
    moment = _moment(modified)
    if not size.isdecimal() or moment is None:
        raise TableError(
            f"{where}: the server does not say the file's size and when it was written (Last-Modified), so its states "
            "cannot be distinguished. Give its location in an object store."
        )
    return StoredObject(path, int(size), token or modified, moment)


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)

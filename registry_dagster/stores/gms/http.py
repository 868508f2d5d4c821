"""One HTTP connection: verified, timed, retried within bounds, and silent about its token."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from registry_dagster.errors import RegistryError, RegistryUnavailable

__all__ = ["Answer", "HttpClient"]

_AGAIN = (429, 500, 502, 503, 504)
_LONGEST_WAIT = 30


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    text: str

    def json(self) -> Any:
        """The parsed body.

        Raises:
            RegistryUnavailable: the body is not JSON; something stands between us and the server.
        """
        try:
            return json.loads(self.text)
        except ValueError as error:
            raise RegistryUnavailable(
                f"the server's answer is not JSON but begins {self.text[:60]!r}; is this the address of the DataHub "
                "metadata service (GMS), not of its web page?"
            ) from error


class HttpClient:
    """Requests to one server.

    Transient failures (no connection, no answer in time, 429, 5xx) are tried again a few times with
    jitter, honouring Retry-After. Every request this package makes may be repeated safely.

    Args:
        address: `https://host:port`, without user or password.
        token: Sent as a bearer token with every request; appears nowhere else.
        timeout: Seconds to connect, and to wait for an answer.
        retries: How often to try again.
        backoff: Seconds before the second retry; doubles from there.

    Raises:
        RegistryError: the address carries a user or password, or is not HTTP.
    """

    def __init__(
        self,
        address: str,
        token: str | None = None,
        *,
        timeout: tuple[float, float] = (5.0, 60.0),
        retries: int = 4,
        backoff: float = 0.5,
    ) -> None:
        import requests
        from requests.adapters import HTTPAdapter
        from urllib3.util import Retry

        try:
            parts = urlsplit(address)
            port = parts.port
        except ValueError:
            raise RegistryError("the address of a DataHub server is written https://host:port") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise RegistryError("the address of a DataHub server is written https://host:port")
        if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
            raise RegistryError(
                f"the address carries more than a server: write {parts.scheme}://{parts.hostname}"
                f"{f':{port}' if port else ''}{parts.path} and give the token as DATAHUB_GMS_TOKEN"
            )
        token = token.strip() if token else None
        if token and not (token.isascii() and token.isprintable() and " " not in token):
            raise RegistryError(
                "the token holds blanks, line breaks or other characters that no token has; copy it again"
            )
        self.address = address.rstrip("/")
        self._token = token
        self._timeout = timeout
        # urllib3's own, as for an address of a proxy that is none, are ValueErrors.
        self._errors = (requests.RequestException, ValueError)
        self._session = requests.Session()
        self._session.auth = _Bearer(token)
        retry = Retry(
            total=retries,
            status_forcelist=_AGAIN,
            allowed_methods=None,
            backoff_factor=backoff,
            backoff_jitter=backoff,
            backoff_max=_LONGEST_WAIT,
            retry_after_max=_LONGEST_WAIT,
            raise_on_status=False,
        )
        self._session.mount(f"{parts.scheme}://", HTTPAdapter(max_retries=retry))
        self._session.headers["X-RestLi-Protocol-Version"] = "2.0.0"

    def __repr__(self) -> str:
        return f"HttpClient({self.address!r})"

    def get(self, path: str) -> Answer:
        """GET a path of the server."""
        return self._ask("GET", path, None)

    def post(self, path: str, body: Any) -> Answer:
        """POST JSON to a path of the server."""
        return self._ask("POST", path, json.dumps(body).encode())

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()

    def _ask(self, method: str, path: str, body: bytes | None) -> Answer:
        try:
            response = self._session.request(
                method,
                self.address + path,
                data=body,
                headers={"Content-Type": "application/json"} if body is not None else None,
                timeout=self._timeout,
                allow_redirects=False,
            )
        except self._errors as error:
            raise RegistryUnavailable(f"{self.address} cannot be reached: {self._scrubbed(_reason(error))}") from None
        if 300 <= response.status_code < 400:
            raise RegistryError(
                f"{self.address} redirects elsewhere; give the address of the DataHub metadata service (GMS) itself"
            )
        text = response.text
        return Answer(response.status_code, self._scrubbed(text) if response.status_code >= 400 else text)

    def _scrubbed(self, text: str) -> str:
        """Without the token, should a server repeat it."""
        return text.replace(self._token, "***") if self._token else text


class _Bearer:
    """Adds the token. Being the session's auth, it also keeps a .netrc file from replacing it."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: Any) -> Any:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _reason(error: Exception) -> str:
    """The innermost cause, in words."""
    reason: BaseException = error
    while (deeper := getattr(reason, "reason", None) or (reason.args[0] if reason.args else None)) is not None:
        if not isinstance(deeper, BaseException):
            break
        reason = deeper
    if isinstance(reason, ValueError):
        # It repeats the address of a proxy, which may carry a password.
        return type(reason).__name__
    return type(reason).__name__ if not str(reason) else f"{type(reason).__name__}: {str(reason)[:200]}"

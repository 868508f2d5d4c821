"""The one HTTP client: certificates checked, waiting and bodies bounded, transient failures retried.

A token goes over https, or over http to this machine. Allow any other server by its name, e.g. one in a
trusted network: FEATURE_REGISTRY_ALLOW_HTTP=host,other-host.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn, TypeGuard
from urllib.parse import urlsplit

from registry_dagster.errors import RegistryError
from registry_dagster.http.addresses import ALLOW_HTTP, Service, checked_token, is_safe, is_token, server_address
from registry_dagster.http.scrubbing import Scrubber

if TYPE_CHECKING:
    import requests
    from urllib3.util import Retry

__all__ = [
    "ALLOW_HTTP",
    "Answer",
    "Connection",
    "HttpClient",
    "Service",
    "is_token",
    "open_session",
    "pieces",
    "server_address",
]

_ANY_SERVER = Service()
_TRANSIENT = (429, 500, 502, 503, 504)
_LONGEST_WAIT = 30
_PIECE = 1 << 16
_SLOWEST = 256 * 1024
"""Bytes a second below which a body is given up."""

_MOST_BYTES = 1 << 30
"""Of one body in memory."""


@dataclass(frozen=True)
class Answer:
    """A server's answer, whatever its status.

    Args:
        status: Its HTTP status.
        text: Its body, without the token and secret headers.
        repeats: Whether it repeated one of them.
    """

    status: int
    text: str
    repeats: bool = False


@dataclass(frozen=True)
class Connection:
    """How to reach a server, beyond its address.

    Args:
        headers: Sent with every request, and kept as secret as the token.
        verify: Whether to check the server's certificate, or the file of the authorities that may sign it. None: as
            the environment says (REQUESTS_CA_BUNDLE), else by the usual authorities.
        certificate: The client's own certificate, with its key in the same or in another file.
    """

    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    verify: bool | str | None = None
    certificate: str | tuple[str, str] | None = None


class HttpClient:
    """Requests to one server. Redirects are not followed; every request may be repeated safely.

    Transient failures (no connection, no answer in time, 429, 5xx) are retried a few times with jitter,
    honouring Retry-After.

    Args:
        address: `https://host:port`, without user or password.
        token: Sent as a bearer token with every request; appears nowhere else.
        service: The kind of server, for messages and errors.
        connection: Headers and certificates.
        timeout: Seconds to connect, and to wait for an answer.
        retries: How often to try again.
        backoff: Seconds before the second retry; doubles from there.

    Raises:
        RegistryError: `service.refused`: see `server_address`; or the token cannot be one.
    """

    def __init__(
        self,
        address: str,
        token: str | None = None,
        *,
        service: Service = _ANY_SERVER,
        connection: Connection = Connection(),
        timeout: tuple[float, float] = (5.0, 60.0),
        retries: int = 4,
        backoff: float = 0.5,
    ) -> None:
        token = checked_token(token, service)
        self.address = server_address(address, service, sends_secret=bool(token or connection.headers))
        self._service = service
        self._scrubber = Scrubber(token, connection.headers.values())
        self._connection = connection
        self._timeout = timeout
        self._session = open_session(
            auth=_Bearer(token),
            headers=connection.headers,
            retries=retries,
            backoff=backoff,
            follow_redirects=False,
        )

    def __repr__(self) -> str:
        return f"HttpClient({self.address!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a server's client holds a token and is not pickled; open the registry again where it is used")

    def get(self, path: str) -> Answer:
        """GET a path of the server."""
        with self._sent("GET", path, None, {}) as response:
            return self._answer(response, path)

    def post(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> Answer:
        """POST JSON to a path of the server."""
        sent = {**(headers or {}), "Content-Type": "application/json"}
        with self._sent("POST", path, json.dumps(body).encode(), sent) as response:
            return self._answer(response, path)

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()

    def _sent(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> requests.Response:
        """The response to a request, its body not read yet."""
        import requests

        try:
            return self._session.request(
                method,
                self.address + path,
                data=body,
                headers=headers,
                timeout=self._timeout,
                stream=True,
                # Said with each request: for a session, the environment would come before it.
                verify=self._connection.verify,
                cert=self._connection.certificate,
            )
        except (requests.RequestException, ValueError, TypeError) as error:
            raise self._unreachable(error) from None

    def _answer(self, response: requests.Response, path: str) -> Answer:
        from urllib3.exceptions import HTTPError

        try:
            text = _whole_body(response, self._timeout[1]).decode("utf-8", "replace")
        except (HTTPError, OSError) as error:
            raise self._unreachable(error) from None
        except OverflowError as error:
            raise self._service.refused(f"{self.address}{path}: {error}; ask for less at once") from None
        clean = self._scrubber.clean(text, failed=response.status_code >= 300)
        return Answer(response.status_code, clean, repeats=clean != text)

    def _unreachable(self, error: Exception) -> RegistryError:
        """Not to be chained: causes repeat addresses, and with them the password of a proxy."""
        return self._service.unavailable(
            f"{self.address} cannot be reached: {self._scrubber.clean(_reason(error), failed=True)}"
        )


def open_session(
    *,
    auth: Any = None,
    headers: Mapping[str, str] | None = None,
    retries: int,
    backoff: float,
    follow_redirects: bool = True,
) -> requests.Session:
    """A session that retries transient failures, and keeps auth and headers with the host they were given for.

    Args:
        auth: As requests takes it.
        headers: Sent with every request to that host.
        retries: How often to try again.
        backoff: Seconds before the second retry; doubles from there.
        follow_redirects: Whether an answer that points elsewhere is followed there.
    """
    import requests
    from requests.adapters import HTTPAdapter

    own = headers or {}

    class Session(requests.Session):
        def get_redirect_target(self, resp: requests.Response) -> str | None:
            return super().get_redirect_target(resp) if follow_redirects else None

        def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
            # requests takes Authorization away, but no header of another name; and adds what .netrc has.
            super().rebuild_auth(prepared_request, response)
            target = str(prepared_request.url)
            if self.should_strip_auth(str(response.request.url), target):
                for name in own:
                    prepared_request.headers.pop(name, None)
            parts = urlsplit(target)
            if not is_safe(parts.scheme, parts.hostname or ""):
                prepared_request.headers.pop("Authorization", None)

    session = Session()
    session.headers.update(own)
    session.auth = auth
    retry = _retry(retries, backoff)
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session


def _retry(retries: int, backoff: float) -> Retry:
    """When and how often a request is sent again."""
    from urllib3.util import Retry

    class TransientRetry(Retry):
        def increment(self, *args: Any, **options: Any) -> Retry:
            error = options.get("error")
            if _is_about_certificates(error):
                raise error
            return super().increment(*args, **options)

    return TransientRetry(
        total=retries,
        status_forcelist=_TRANSIENT,
        # POST included: every write here is create-only or idempotent.
        allowed_methods=None,
        backoff_factor=backoff,
        backoff_jitter=backoff,
        backoff_max=_LONGEST_WAIT,
        retry_after_max=_LONGEST_WAIT,
        # The last answer is better than a count of retries: it says why.
        raise_on_status=False,
    )


def _is_about_certificates(error: Exception | None) -> TypeGuard[Exception]:
    """Whether a certificate is refused, on either side: trying again changes nothing."""
    causes = (error, *error.args) if error is not None else ()
    return any(isinstance(each, ssl.SSLError) and "CERTIFICATE" in (each.reason or "") for each in causes)


def pieces(response: requests.Response, length: int | None, seconds: float, *, decode: bool = False) -> Iterator[bytes]:
    """A streamed body, or its beginning.

    Args:
        response: Opened with `stream=True`.
        length: Bytes to read; None for all.
        seconds: How long the first bytes may take; more bytes may take longer, but not below 256 KiB/s.
        decode: Whether to undo the compression.

    Raises:
        TimeoutError: the server is slower, also where single bytes keep arriving.
        OverflowError: the body has more than 1 GiB.
    """
    start, received = time.monotonic(), 0
    while length is None or received < length:
        # Not read(): it waits for the whole piece, so a timeout would begin again with every byte.
        piece: bytes = response.raw.read1(
            _PIECE if length is None else min(_PIECE, length - received), decode_content=decode
        )
        if not piece:
            return
        received += len(piece)
        if received > _MOST_BYTES:
            raise OverflowError("the body has more than 1 GiB")
        if time.monotonic() - start > seconds + received / _SLOWEST:
            raise TimeoutError("the answer comes too slowly")
        yield piece


class _Bearer:
    """Adds the token. Being the session's auth, it also keeps a .netrc file from replacing it."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: Any) -> Any:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _whole_body(response: requests.Response, seconds: float) -> bytes:
    body = b"".join(pieces(response, None, seconds, decode=True))
    # At the end of the body this reads nothing, but only so is the connection free for the next request.
    response.raw.read()
    return body


def _reason(error: Exception) -> str:
    """The innermost cause, in words."""
    if isinstance(error, ValueError | TypeError):
        # Only of a proxy's address, since ours was parsed before. It is not repeated: it may have a password in it.
        return "the proxy set in the environment (HTTPS_PROXY, HTTP_PROXY) cannot be used; correct its address"
    cause = _innermost(error)
    name, said = type(cause).__name__, str(cause)[:200]
    return f"{name}: {said}" if said else name


def _innermost(error: BaseException) -> BaseException:
    """What an error was made from: its `reason`, as urllib3 keeps it, or its first argument."""
    deeper = getattr(error, "reason", None) or next(iter(error.args), None)
    return _innermost(deeper) if isinstance(deeper, BaseException) else error

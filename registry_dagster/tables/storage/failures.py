"""What a store's errors mean to a person: not there, not allowed, not reachable, too slow.

Messages are built from a status, an error code and class names alone: other libraries put URLs with
signatures, key ids and headers into theirs. For the same reason nothing is chained.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from registry_dagster.errors import RegistryError, TableAccessDenied, TableError, TableNotFound, TableUnreachable
from registry_dagster.tables.storage.options import AZURE, GCS, HTTP, S3, scheme_of

__all__ = ["reading", "status_error", "table_error"]

_REFUSED = {"ConnectionRefusedError", "NewConnectionError", "gaierror"}
"""Looked for before time-outs: urllib3 counts its own among those."""

_TIME_OUTS = {"TimeoutError", "Timeout", "ConnectTimeoutError", "ReadTimeoutError", "FSTimeoutError"}
_CONNECTIONS = {
    "ClientConnectionError",
    "ConnectionError",
    "HTTPClientError",
    "ServiceRequestError",
    "ServiceResponseError",
    "TransportError",
    "gaierror",
}
_CREDENTIALS = {
    "ClientAuthenticationError",
    "CredentialRetrievalError",
    "DefaultCredentialsError",
    "NoCredentialsError",
    "PartialCredentialsError",
    "PermissionError",
    "RefreshError",
    "SSOError",
}
_BY_HTTP = S3 | GCS | AZURE | HTTP
_HINTS = {
    301: "; the bucket may be in another region",
    400: "; an expired token or a wrong region are the usual reasons",
}


class _Status(Exception):
    def __init__(self, status: int) -> None:
        super().__init__()
        self.status = status


@contextmanager
def reading(where: str, seconds: float) -> Generator[None, None, None]:
    """Raises what a store's library raises as errors of this package.

    Args:
        where: What is read, without credentials.
        seconds: How long an answer was waited for.
    """
    try:
        yield
    except RegistryError:
        raise
    except Exception as error:
        raise table_error(error, where, seconds) from None


def table_error(error: BaseException, where: str, seconds: float) -> TableError:
    """What an error of a store's library means for the person who wants to read a table."""
    chain = list(_chain(error))
    absent = next((place for place, one in enumerate(chain) if _is_absent(one, where)), len(chain))
    absence, chain = chain[absent:], chain[:absent]
    status = next((number for one in chain if (number := _status(one)) is not None), None)
    code = next((text for one in chain if (text := _code(one))), None)
    said = ", ".join(filter(None, [f"HTTP {status}" if status else None, code]))
    name = _named(chain, _CREDENTIALS)
    # What was raised after an absence, while that was handled, is the failure.
    if absence and status is None and not (name or _named(chain, _TIME_OUTS | _CONNECTIONS)):
        return TableNotFound(f"Nothing is stored at {where}. Check the location.")
    if name or status in {401, 403} or _forbidden(chain):
        return TableAccessDenied(
            f"{where}: the store denies access ({said or name or 'Forbidden'}). Give credentials with the right to "
            "read and to list, through storage_options or the environment; a public bucket takes anon=True."
        )
    if status == 429 or (status is not None and status >= 500):
        return TableUnreachable(f"{where}: the store is failing or too busy ({said}). Try again later.")
    refused = _named(chain, _REFUSED)
    if not refused and _named(chain, _TIME_OUTS):
        # Some libraries try again for longer than that, and do not tell what they met.
        return TableUnreachable(
            f"{where}: the store gave no answer within {seconds:.3g} s, or only failures. Check the endpoint and try "
            "again; timeout in storage_options allows more seconds."
        )
    if name := refused or _named(chain, _CONNECTIONS):
        return TableUnreachable(f"{where}: the store cannot be reached ({name}). Check the endpoint and the network.")
    return TableError(f"{where} cannot be read ({said or type(error).__name__}{_HINTS.get(status or 0, '')}).")


def status_error(status: int, where: str, seconds: float) -> TableError:
    """What an HTTP status means for the person who wants to read a table."""
    return table_error(_Status(status), where, seconds)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what led to it; not what an error of ours tells, which may be of another place."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen and not isinstance(error, RegistryError):
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _named(chain: list[BaseException], names: set[str]) -> str | None:
    """The first error of one of these classes or of a class below them."""
    return next((type(one).__name__ for one in chain if names & {cls.__name__ for cls in type(one).__mro__}), None)


def _is_absent(error: BaseException, where: str) -> bool:
    if isinstance(error, FileNotFoundError):
        return scheme_of(where) not in _BY_HTTP or not _is_of_this_machine(error)
    return _status(error) in {404, 410}


def _is_of_this_machine(error: OSError) -> bool:
    """Whether the operating system misses a file, as of certificates. adlfs gives an `errno` too, with a key."""
    return error.errno is not None and (error.filename is None or os.path.isabs(error.filename))


def _forbidden(chain: list[BaseException]) -> bool:
    """gcsfs raises a plain OSError for HTTP 403, told by its text alone."""
    return any(str(one).startswith("Forbidden") for one in chain)


def _status(error: BaseException) -> int | None:
    """The HTTP status, where botocore, aiohttp, azure-core, requests or gcsfs put it."""
    found: list[object] = [_response(error).get("ResponseMetadata", {}).get("HTTPStatusCode")]
    found += [getattr(error, name, None) for name in ("status_code", "status", "code")]
    numbers = [int(text) for text in map(str, found) if text.isdecimal()]
    return next((number for number in numbers if 100 <= number < 600), None)


def _code(error: BaseException) -> str | None:
    """The store's own name for the error, such as NoSuchBucket."""
    code = _response(error).get("Error", {}).get("Code")
    return code if isinstance(code, str) and re.fullmatch(r"[A-Za-z]{3,40}", code) else None


def _response(error: BaseException) -> Mapping[str, Any]:
    response = getattr(error, "response", None)
    return cast("Mapping[str, Any]", response) if isinstance(response, dict) else {}

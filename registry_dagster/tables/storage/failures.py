"""What a store's errors mean to a person: not there, not allowed, not reachable, too slow.

Messages are built from a status, an error code and class names alone: other libraries put URLs with
signatures, key ids and headers into theirs. For the same reason nothing is chained.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from registry_dagster.errors import RegistryError, TableAccessDenied, TableError, TableNotFound, TableUnreachable
from registry_dagster.tables.storage.locations import nothing_stored
from registry_dagster.tables.storage.options import AZURE, GCS, HTTP, S3, scheme_of

__all__ = ["reading", "status_error", "table_error"]

_REFUSED = {"ConnectionRefusedError", "NewConnectionError", "gaierror"}
"""Looked for before time-outs, because urllib3's class for it is also one of those."""

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


def status_error(status: int, where: str, seconds: float) -> TableError:
    """What an HTTP status means for the person who wants to read a table."""
    return table_error(_Status(status), where, seconds)


def table_error(error: BaseException, where: str, seconds: float) -> TableError:
    """What an error of a store's library means for the person who wants to read a table."""
    failure = _Failure.of(error, where)
    meanings = (_absent(failure), _denied(failure), _busy(failure), _silent(failure, seconds), _unreachable(failure))
    return next((meaning for meaning in meanings if meaning), _other(failure, error))


class _Status(Exception):
    def __init__(self, status: int) -> None:
        super().__init__()
        self.status = status


@dataclass(frozen=True)
class _Failure:
    """What an error and those that led to it say.

    Args:
        where: What was read.
        chain: The errors, the last first; without an absence that was being handled when they were raised.
        is_absence: Whether there was one.
    """

    where: str
    chain: Sequence[BaseException]
    is_absence: bool

    @classmethod
    def of(cls, error: BaseException, where: str) -> _Failure:
        chain = list(_chain(error))
        absent = next((place for place, one in enumerate(chain) if _is_absent(one, where)), len(chain))
        return cls(where, chain[:absent], absent < len(chain))

    @property
    def status(self) -> int | None:
        return next((number for one in self.chain if (number := _status(one)) is not None), None)

    @property
    def said(self) -> str:
        """The HTTP status and the store's own name for the error, as far as they are known."""
        code = next((text for one in self.chain if (text := _code(one))), None)
        return ", ".join(filter(None, [f"HTTP {self.status}" if self.status else None, code]))

    def named(self, names: set[str]) -> str | None:
        """The first error of one of these classes or of a class below them."""
        for one in self.chain:
            if names & {each.__name__ for each in type(one).__mro__}:
                return type(one).__name__
        return None


def _absent(failure: _Failure) -> TableError | None:
    # What was raised while an absence was handled is the failure, and not the absence.
    if not failure.is_absence or failure.status or failure.named(_CREDENTIALS | _TIME_OUTS | _CONNECTIONS):
        return None
    return TableNotFound(nothing_stored(failure.where))


def _denied(failure: _Failure) -> TableError | None:
    name = failure.named(_CREDENTIALS)
    if not name and not _is_forbidden(failure):
        return None
    return TableAccessDenied(
        f"{failure.where}: the store denies access ({failure.said or name or 'Forbidden'}). Give credentials with the "
        "right to read and to list, through storage_options or the environment; a public bucket takes anon=True."
    )


def _is_forbidden(failure: _Failure) -> bool:
    # gcsfs raises a plain OSError for HTTP 403, recognised by its text alone.
    return failure.status in {401, 403} or any(str(one).startswith("Forbidden") for one in failure.chain)


def _busy(failure: _Failure) -> TableError | None:
    status = failure.status or 0
    if status != 429 and status < 500:
        return None
    return TableUnreachable(f"{failure.where}: the store is failing or too busy ({failure.said}). Try again later.")


def _silent(failure: _Failure, seconds: float) -> TableError | None:
    if failure.named(_REFUSED) or not failure.named(_TIME_OUTS):
        return None
    # Some libraries repeat a request until the time is over, and do not report the failures they met.
    return TableUnreachable(
        f"{failure.where}: the store gave no answer within {seconds:.3g} s, or only failures. Check the endpoint and "
        "try again, or set timeout in storage_options to wait longer."
    )


def _unreachable(failure: _Failure) -> TableError | None:
    name = failure.named(_REFUSED) or failure.named(_CONNECTIONS)
    if not name:
        return None
    return TableUnreachable(
        f"{failure.where}: the store cannot be reached ({name}). Check the endpoint and the network."
    )


def _other(failure: _Failure, error: BaseException) -> TableError:
    said = failure.said or type(error).__name__
    return TableError(f"{failure.where} cannot be read ({said}{_HINTS.get(failure.status or 0, '')}).")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what led to it, up to an error of ours, which may be about another place."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen and not isinstance(error, RegistryError):
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _is_absent(error: BaseException, where: str) -> bool:
    if isinstance(error, FileNotFoundError):
        return scheme_of(where) not in _BY_HTTP or not _is_of_this_machine(error)
    return _status(error) in {404, 410}


def _is_of_this_machine(error: OSError) -> bool:
    """Whether a file of this machine is missing, such as one of certificates. adlfs sets `errno` too, with a key."""
    return error.errno is not None and (error.filename is None or os.path.isabs(error.filename))


def _status(error: BaseException) -> int | None:
    """The HTTP status, where botocore, aiohttp, azure-core, requests or gcsfs put it."""
    found: list[object] = [_response(error).get("ResponseMetadata", {}).get("HTTPStatusCode")]
    found += [getattr(error, name, None) for name in ("status_code", "status", "code")]
    numbers = map(int, filter(str.isdecimal, map(str, found)))
    return next((number for number in numbers if 100 <= number < 600), None)


def _code(error: BaseException) -> str | None:
    """The store's own name for the error, such as NoSuchBucket."""
    code = _response(error).get("Error", {}).get("Code")
    return code if isinstance(code, str) and re.fullmatch(r"[A-Za-z]{3,40}", code) else None


def _response(error: BaseException) -> Mapping[str, Any]:
    response = getattr(error, "response", None)
    return cast("Mapping[str, Any]", response) if isinstance(response, dict) else {}

"""What a server's answers mean: JSON, or an error of the kind that its status says, in the server's own words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from registry_dagster.errors import AccessDenied, RegistryError, RegistryUnavailable, StoreRefused
from registry_dagster.http import Answer
from registry_dagster.model.canonical_json import is_json_object

__all__ = [
    "denied",
    "message",
    "not_a_server",
    "parsed",
    "part",
    "query_error",
    "raise_for",
    "read_viewable",
    "urns_in",
]

_MOST_TRIES = 40
"""How often a read that is denied is tried again with fewer entities."""


def parsed(answer: Answer) -> Any:
    """An answer's JSON."""
    try:
        return json.loads(answer.text)
    except ValueError:
        raise RegistryUnavailable(
            f"the server's answer is not JSON but begins {answer.text[:60]!r}; use the address of the DataHub metadata "
            "service (GMS), not of its web page"
        ) from None


def part(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    """An object within another; empty if it is not there."""
    found = config.get(name)
    return found if is_json_object(found) else {}


def raise_for(target: str, answer: Answer, what: str) -> None:
    """Raise the error that an answer's status says, if it is one."""
    status, text = answer.status, answer.text
    if status < 300:
        return
    if status < 400:
        raise RegistryError(
            f"{target} redirects elsewhere; use the address of the DataHub metadata service (GMS) itself"
        )
    if status in (401, 403):
        raise denied(target, answer)
    if status == 429 or status >= 500:
        raise RegistryUnavailable(
            f"{target} returned {status} for {what}: {message(text)}. Try again when the server has recovered"
        )
    raise StoreRefused(f"{target} returned {status} for {what}: {message(text)}")


def denied(target: str, answer: Answer) -> AccessDenied:
    """The error of a token that is not accepted, or whose user lacks a right: with the server's words and URNs."""
    if answer.status == 401:
        return AccessDenied(
            f"{target} does not accept the token; set DATAHUB_GMS_TOKEN to a personal access token of this server"
        )
    return AccessDenied(
        f"{target} accepts the token but denies this request: {message(answer.text)}. Give the token's user the "
        "privileges listed in docs/administrators.md",
        urns_in(answer.text),
    )


def urns_in(text: str) -> tuple[str, ...]:
    """The entities that a denial names, without repetitions."""
    return tuple(dict.fromkeys(re.findall(r"Urn: (urn:li:.*?)(?=, HttpStatus:|[]\"]|$)", _words(text))))


def query_error(target: str, errors: object) -> RegistryError:
    """The error that a server reports in GraphQL: in the server's words, and of the kind that its code says."""
    first = next(iter(cast("list[object]", errors)), None) if isinstance(errors, list) else errors
    said: dict[str, Any] = first if is_json_object(first) else {}
    code = part(said, "extensions").get("code")
    words = str(said.get("message", errors))
    if code in (401, 403):
        return denied(target, Answer(cast(int, code), words))
    if isinstance(code, int) and 400 <= code < 500 and code != 429:
        return StoreRefused(f"{target} returned {code} for a query: {message(words)}")
    return RegistryUnavailable(f"{target} failed to answer a query: {message(words)}. Try again later")


def not_a_server(target: str) -> RegistryUnavailable:
    """The error of an address at which something else answers."""
    return RegistryUnavailable(
        f"{target} did not answer as a DataHub metadata service (GMS) does; check that this is its address"
    )


def message(text: str, limit: int = 300) -> str:
    """The server's words, on one line."""
    return _words(text)[:limit]


def _words(text: str) -> str:
    try:
        read: object = json.loads(text)
    except ValueError:
        read = None
    words = read.get("message") or read.get("error") or text if is_json_object(read) else text
    return re.sub(r"\s+", " ", str(words))


def read_viewable(
    ask: Callable[[Sequence[Mapping[str, Any]]], list[dict[str, Any]]], wanted: Sequence[Mapping[str, Any]]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Read entities of which some may not be viewed, which denies a whole request.

    Args:
        ask: Sends one request; raises `AccessDenied` with URNs if the token may not view all that it asks for.
        wanted: The entities, as a request names them.

    Returns:
        The entities that were read, and the URNs of those that may not be viewed.

    Raises:
        AccessDenied: none of them may be viewed, or too many may not.
    """
    read: list[dict[str, Any]] = []
    hidden: list[str] = []
    waiting, denials = [wanted], 0
    while waiting:
        some = waiting.pop()
        try:
            read += ask(some)
        except AccessDenied as error:
            denials += 1
            if not error.urns or len(wanted) == 1 or denials > _MOST_TRIES:
                raise
            half = len(some) // 2
            hidden += [] if half else [some[0]["urn"]]
            waiting += [some[:half], some[half:]] if half else []
    if len(hidden) == len(wanted):
        raise AccessDenied(f"none of {len(hidden)} entities may be viewed, e.g. {hidden[0]}", hidden)
    return read, hidden

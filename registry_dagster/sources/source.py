"""What every source is, and what it reports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from registry_dagster.errors import InvalidDeclaration, SourceError, SourceUnavailable
from registry_dagster.http import Service, server_address
from registry_dagster.model.materialization import MaterializationVersion

__all__ = ["Source", "SourceReport", "source_address", "source_service", "version_or_note", "versions_and_notes"]


@dataclass(frozen=True)
class SourceReport:
    """What a source reported.

    Args:
        versions: Its materialization versions.
        notes: What was left out and why, for people.
    """

    versions: tuple[MaterializationVersion, ...]
    notes: tuple[str, ...] = ()


class Source(Protocol):
    """A source of materialization versions."""

    @property
    def name(self) -> tuple[str, ...]:
        """What it is called, from the general to the particular, such as `("cave", "minnie65_public")`."""
        ...

    def ask(self) -> SourceReport:
        """Ask for the versions as they are now.

        Raises:
            SourceError: the source refuses, or its answer makes no sense.
            SourceUnavailable: the source cannot be reached.
        """
        ...


def source_service(token_variable: str) -> Service:
    """A server that is a source, for an HTTP client's messages and errors."""
    return Service(set_as=token_variable, refused=SourceError, unavailable=SourceUnavailable)


def source_address(server: str, service: Service) -> str:
    """`https://host` of a source's server; https is added where no scheme is given.

    Raises:
        SourceError: the address has more than a server in it, or a token would go in the clear.
    """
    address = server if "://" in server else f"https://{server}"
    # Whether a token will be sent may be known to the client's library alone, so take it for granted.
    return server_address(address, service, sends_secret=True)


def version_or_note(facts: Mapping[str, Any]) -> MaterializationVersion | str:
    """The version that these facts describe or, if they do not describe one, what is wrong with them in one line."""
    try:
        return MaterializationVersion(**facts)
    except InvalidDeclaration as error:
        problem = str(error).removeprefix("MaterializationVersion:").replace("\n", " ").strip()
        return f"{facts.get('system')}@{facts.get('version')}: left out; {problem}"


def versions_and_notes(
    found: Iterable[MaterializationVersion | str],
) -> tuple[list[MaterializationVersion], list[str]]:
    """The versions among what was found, and the notes, each in their order."""
    results = list(found)
    notes = [each for each in results if isinstance(each, str)]
    return [each for each in results if not isinstance(each, str)], notes

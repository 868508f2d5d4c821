"""neuPrint: the datasets of a server and their versions, from its HTTP API.

The token is taken from NEUPRINT_APPLICATION_CREDENTIALS, as by neuPrint's own clients; public servers need none.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from registry_dagster.errors import SourceError, SourceUnavailable
from registry_dagster.http import Answer, HttpClient, is_token
from registry_dagster.model.canonical_json import is_json_object
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.text import suggestion
from registry_dagster.sources.source import (
    SourceReport,
    source_address,
    source_service,
    version_or_note,
    versions_and_notes,
)

__all__ = ["TOKEN_VARIABLE", "NeuprintServer", "versions_from_neuprint"]

TOKEN_VARIABLE = "NEUPRINT_APPLICATION_CREDENTIALS"
_SERVICE = source_service(TOKEN_VARIABLE)
_TIMEOUT = (5.0, 30.0)
_RETRIES = 2
_PATH = "/api/dbmeta/datasets"
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)")
_NO_UUID = ("", "latest")
"""What a server reports for a dataset without a UUID."""


def versions_from_neuprint(
    datasets: Mapping[str, Mapping[str, Any]],
) -> tuple[list[MaterializationVersion], list[str]]:
    """The versions in neuPrint's answer, and notes on what was left out.

    `last-mod` is free text. It becomes the timestamp if it is one moment with a time zone, and is left out
    otherwise: a guessed time zone would be hours off.

    Args:
        datasets: `name:version` → its facts, as `/api/dbmeta/datasets` answers.
    """
    return versions_and_notes(each for name, said in sorted(datasets.items()) for each in _described(name, said))


def _described(name: str, said: Mapping[str, Any]) -> Iterator[MaterializationVersion | str]:
    """The version that a dataset is, if it is one, and notes on what was left out."""
    system, colon, version = name.partition(":")
    if not colon:
        yield f"{name}: left out; neuPrint gives no version for it. Record it from a file, with a version"
        return
    edited = said.get("last-mod")
    found = {"uuid": _uuid(said), "timestamp": _moment(edited)}
    if edited and found["timestamp"] is None:
        yield f"{system}@{version}: no timestamp; {edited!r} is not one moment with a time zone"
    known = {fact: value for fact, value in found.items() if value is not None}
    yield version_or_note({"system": system, "version": version, "source": "neuprint", "status": "available", **known})


@dataclass(frozen=True)
class NeuprintServer:
    """A neuPrint server, such as `neuprint.janelia.org`.

    Args:
        server: Its address; https if it has no scheme.
        dataset: One of its datasets, in all versions (`hemibrain`) or in one (`hemibrain:v1.2.1`).
            Default: all datasets.
    """

    server: str
    dataset: str | None = None

    @property
    def name(self) -> tuple[str, ...]:
        host = urlsplit(source_address(self.server, _SERVICE)).hostname or ""
        return "neuprint", host, *(self.dataset or "").replace(":", " ").split()

    def ask(self) -> SourceReport:
        """Ask for the versions that the server has now."""
        datasets = _datasets(source_address(self.server, _SERVICE))
        wanted = {name: said for name, said in datasets.items() if self._wants(name)}
        if not wanted:
            raise self._unknown_dataset(datasets)
        versions, notes = versions_from_neuprint(wanted)
        return SourceReport(tuple(versions), tuple(notes))

    def _wants(self, name: str) -> bool:
        return self.dataset in (None, name, name.partition(":")[0])

    def _unknown_dataset(self, datasets: Mapping[str, object]) -> SourceError:
        names = {each for name in datasets for each in (name, name.partition(":")[0])}
        return SourceError(
            f"neuPrint at {self.server} has no dataset {self.dataset!r}{suggestion(str(self.dataset), names)} "
            f"It has {', '.join(sorted(datasets)) or 'none'}"
        )


def _datasets(address: str) -> dict[str, Mapping[str, Any]]:
    token = _token()
    answer = _requested(address, token)
    _refuse_failure(address, answer, token)
    data = _data_in(answer)
    if answer.repeats or data is None:
        raise SourceError(
            f"{address} returned {answer.status} for {_PATH}, but not what neuPrint returns; check that this is the "
            "address of a neuPrint server"
        )
    return data


def _requested(address: str, token: str | None) -> Answer:
    client = HttpClient(address, token, service=_SERVICE, timeout=_TIMEOUT, retries=_RETRIES)
    try:
        return client.get(_PATH)
    except SourceUnavailable as error:
        raise SourceUnavailable(f"neuPrint at {error}; check the address, or try again later") from None
    finally:
        client.close()


def _refuse_failure(address: str, answer: Answer, token: str | None) -> None:
    if answer.status in (401, 403):
        raise SourceError(
            f"neuPrint at {address} returned {answer.status}: "
            + ("it does not accept the token" if token else "it asks for a token")
            + f". Set {TOKEN_VARIABLE} to the token from your account page there"
        )
    if answer.status == 429 or answer.status >= 500:
        raise SourceUnavailable(f"neuPrint at {address} returned {answer.status}; try again later")


def _data_in(answer: Answer) -> dict[str, Mapping[str, Any]] | None:
    """The facts of each dataset; None if this is not an answer of neuPrint's."""
    try:
        data: object = json.loads(answer.text) if answer.status == 200 else None
    except ValueError:
        return None
    return data if is_json_object(data) and all(map(is_json_object, data.values())) else None


def _token() -> str | None:
    """The token by itself; the variable may also hold the whole JSON document that neuPrint gives out.

    Raises:
        SourceError: the variable holds something else.
    """
    text = os.environ.get(TOKEN_VARIABLE, "").strip().strip('"')
    token = _token_in(text) if text.startswith("{") else text
    if token is None or (token and not is_token(token)):
        raise SourceError(f"{TOKEN_VARIABLE} is not a token: copy it, or the JSON around it, from neuPrint again")
    return token or None


def _token_in(document: str) -> str | None:
    try:
        return str(json.loads(document)["token"])
    except (ValueError, KeyError):
        return None


def _uuid(said: Mapping[str, Any]) -> str | None:
    uuid = said.get("uuid")
    return uuid if isinstance(uuid, str) and uuid not in _NO_UUID else None


def _moment(text: object) -> datetime | None:
    found = _MOMENT.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        return None
    day, time, fraction, zone = found.groups("")
    try:
        return datetime.fromisoformat(f"{day}T{time}.{fraction[:6]:0<6}{zone.replace('Z', '+00:00')}")
    except ValueError:
        return None

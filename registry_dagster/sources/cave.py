"""CAVE: the materialization versions of a datastack, requested through caveclient.

The token is taken from CAVE_TOKEN, else it is the one that caveclient keeps for the server.
"""

from __future__ import annotations

import os
import warnings
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast

from registry_dagster.errors import SourceError, SourceUnavailable
from registry_dagster.model.canonical_json import is_json_object
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.text import suggestion
from registry_dagster.sources.cave_tables import CaveTables, tables_from_cave
from registry_dagster.sources.source import (
    SourceReport,
    source_address,
    source_service,
    version_or_note,
    versions_and_notes,
)
from registry_dagster.tables.storage.deadline import within

if TYPE_CHECKING:
    import requests

__all__ = ["TOKEN_VARIABLE", "CaveDatastack", "versions_from_cave"]

T = TypeVar("T")
TOKEN_VARIABLE = "CAVE_TOKEN"
_SERVICE = source_service(TOKEN_VARIABLE)
_SECONDS = 60.0
_STATUS = {"AVAILABLE": "available", "RUNNING": "running", "FAILED": "failed", "EXPIRED": "expired"}
_NOT_UNDERSTOOD = (AttributeError, LookupError, TypeError, ValueError)


def versions_from_cave(
    datastack: str, records: object, same: Mapping[str, object] | None = None
) -> tuple[list[MaterializationVersion], list[str]]:
    """The versions in CAVE's records, and notes on those that were left out.

    Args:
        datastack: Whose they are.
        records: What `get_versions_metadata` returned.
        same: Other datastacks with their records. A version of theirs with the same number and timestamp is the
            same materialization: an alias.

    Raises:
        ValueError: these are not such records.
    """
    versions, notes = versions_and_notes(version_or_note(_facts(datastack, record)) for record in _records(records))
    aliases = _aliases(same or {})
    known = [_with_aliases(version, aliases) for version in versions]
    return sorted(known, key=lambda version: (len(version.version), version.version)), notes


@dataclass(frozen=True)
class CaveDatastack:
    """A datastack, such as `minnie65_public`.

    Args:
        datastack: Its name.
        server: The address of CAVE's global server. Default: the one that caveclient knows for the datastack.
        same_as: Other datastacks that show the same materializations under their own names.
    """

    datastack: str
    server: str | None = None
    same_as: tuple[str, ...] = ()

    @property
    def name(self) -> tuple[str, ...]:
        return "cave", self.datastack

    def ask(self) -> SourceReport:
        """Ask for the versions, including expired ones that the server still lists."""
        return self._in_time(self._ask)

    def tables(self, version: int) -> CaveTables:
        """Ask for the annotation tables of a materialization.

        Raises:
            SourceError, SourceUnavailable: as for `ask`.
        """
        return self._in_time(lambda: self._tables(version))

    def _in_time(self, ask: Callable[[], T]) -> T:
        if self.server is not None:
            source_address(self.server, _SERVICE)
        try:
            return within(_SECONDS, ask)
        except TimeoutError:
            raise SourceUnavailable(f"{self._where} did not answer within {_SECONDS:.0f} s; try again later") from None

    def _tables(self, version: int) -> CaveTables:
        def question(client: Any) -> Any:
            return [client.info.segmentation_source(), client.materialize.get_tables_metadata(version=version)]

        segmentation, records = self._asked(_caveclient(), self.datastack, question)
        try:
            tables = tables_from_cave(records)
        except ValueError:
            raise SourceError(self._unclear) from None
        chunkedgraph = str(segmentation).rstrip("/").rpartition("/")[2] or None
        return CaveTables(self.datastack, version, chunkedgraph, tables)

    def _ask(self) -> SourceReport:
        def question(client: Any) -> Any:
            return client.materialize.get_versions_metadata(expired=True)

        caveclient = _caveclient()
        names = (self.datastack, *self.same_as)
        records = {name: self._asked(caveclient, name, question) for name in names}
        same = {name: records[name] for name in self.same_as}
        try:
            versions, notes = versions_from_cave(self.datastack, records[self.datastack], same)
        except ValueError:
            raise SourceError(self._unclear) from None
        return SourceReport(tuple(versions), tuple(notes))

    def _asked(self, caveclient: Any, datastack: str, question: Callable[[Any], Any]) -> Any:
        """What the server returns. Errors leave out its own words, which may repeat the token."""
        import requests

        try:
            client = self._client(caveclient, datastack)
            with warnings.catch_warnings():
                # caveclient's placeholder for "never expires" loses nanoseconds, and pandas warns of it.
                warnings.simplefilter("ignore", UserWarning)
                records = question(client)
            _refuse_token(client.auth.token, records)
            return records
        except caveclient.base.AuthException:
            raise SourceError(f"{self._where} asks for a token. {_HOW_TO_LOG_IN}") from None
        except requests.HTTPError as error:
            raise self._refusal(caveclient, datastack, _status_of(error)) from None
        except _NOT_UNDERSTOOD:
            raise SourceError(self._unclear) from None
        except requests.RequestException as error:
            raise SourceUnavailable(
                f"{self._where} cannot be reached ({type(error).__name__}); check the address, or try again later"
            ) from None

    def _client(self, caveclient: Any, datastack: str | None) -> Any:
        server = source_address(self.server, _SERVICE) if self.server else None
        token = os.environ.get(TOKEN_VARIABLE, "").strip() or None
        return caveclient.CAVEclient(datastack, server_address=server, auth_token=token, write_server_cache=False)

    def _refusal(self, caveclient: Any, datastack: str, status: int) -> SourceError:
        if status in (401, 403):
            return SourceError(
                f"{self._where} returned {status}: this token gives no access to datastack {datastack!r}. "
                f"{_HOW_TO_LOG_IN}"
            )
        if status != 404:
            return SourceUnavailable(f"{self._where} returned {status}; try again later")
        known = self._datastacks(caveclient)
        listed = f" It has {', '.join(sorted(known)[:10])}" if known else ""
        return SourceError(
            f"{self._where} has no datastack {datastack!r}, or no version of it{suggestion(datastack, known)}{listed}"
        )

    def _datastacks(self, caveclient: Any) -> list[str]:
        """Those that the server lists; none if it does not, since they only help to word an error."""
        import requests

        try:
            names: object = self._client(caveclient, None).info.get_datastacks()
        except (requests.RequestException, caveclient.base.AuthException, *_NOT_UNDERSTOOD):
            return []
        return (
            [each for each in cast("list[object]", names) if isinstance(each, str)] if isinstance(names, list) else []
        )

    @property
    def _where(self) -> str:
        return f"CAVE at {self.server}" if self.server else "CAVE"

    @property
    def _unclear(self) -> str:
        return (
            f"{self._where} did not answer as CAVE's info and materialization services do; check that this is the "
            "address of its global server"
        )


_HOW_TO_LOG_IN = f"Set {TOKEN_VARIABLE}, or save a token with caveclient: CAVEclient.setup_token(server_address=...)"


def _caveclient() -> Any:
    try:
        import caveclient
    except ImportError:
        raise SourceError("asking CAVE needs caveclient: pip install 'registry-dagster[cave]'") from None
    return caveclient


def _records(records: object) -> Sequence[Mapping[str, Any]]:
    if not isinstance(records, list):
        raise ValueError("not a list")
    if not all(map(_is_record, cast("list[object]", records))):
        raise ValueError("not records of versions")
    return cast("list[Mapping[str, Any]]", records)


def _is_record(record: object) -> bool:
    return is_json_object(record) and "version" in record


def _aliases(same: Mapping[str, object]) -> Mapping[tuple[str, datetime | None], list[str]]:
    """Version and moment → what other datastacks call that materialization."""
    names: defaultdict[tuple[str, datetime | None], list[str]] = defaultdict(list)
    for datastack, records in same.items():
        for record in _records(records):
            names[str(record["version"]), _moment(record.get("time_stamp"))].append(f"{datastack}@{record['version']}")
    return names


def _with_aliases(
    version: MaterializationVersion, aliases: Mapping[tuple[str, datetime | None], list[str]]
) -> MaterializationVersion:
    also = aliases.get((version.version, version.timestamp))
    # Without a moment, the same number does not mean the same materialization.
    return version if version.timestamp is None or not also else version.model_copy(update={"aliases": tuple(also)})


def _refuse_token(token: str | None, records: object) -> None:
    """Refuse an answer that repeats the token. It is not what CAVE returns."""
    if token and token in repr(records):
        raise ValueError("the answer repeats the token")


def _status_of(error: requests.HTTPError) -> int:
    return 0 if error.response is None else error.response.status_code


def _facts(datastack: str, record: Mapping[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "system": datastack,
        "version": record["version"],
        "source": "cave",
        "expires_on": _moment(record.get("expires_on")),
    }
    if (moment := _moment(record.get("time_stamp"))) is not None:
        facts["timestamp"] = moment
    if (status := _status(record)) is not None:
        facts["status"] = status
    return facts


def _status(record: Mapping[str, Any]) -> str | None:
    status = _STATUS.get(str(record.get("status")))
    # Available and yet not valid is a contradiction, so the status is left out.
    return None if status == "available" and record.get("valid") is False else status


def _moment(value: object) -> datetime | None:
    """The moment; None for a moment without a time zone, which is how caveclient says that there is none."""
    return value if isinstance(value, datetime) and value.tzinfo is not None else None

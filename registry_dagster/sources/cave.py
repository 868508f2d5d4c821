"""CAVE: the materialization versions of a datastack, requested through caveclient.

The token is taken from CAVE_TOKEN, else it is the one that caveclient keeps for the server.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from registry_dagster.errors import SourceError, SourceUnavailable
from registry_dagster.model.canonical_json import is_json_object
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.text import suggestion
from registry_dagster.sources.source import SourceReport, source_address, source_service, version_or_note
from registry_dagster.tables.storage.deadline import within

__all__ = ["TOKEN_VARIABLE", "CaveDatastack", "versions_from_cave"]

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
    results = [version_or_note(_facts(datastack, record)) for record in _records(records)]
    aliases: dict[tuple[str, datetime | None], list[str]] = {}
    for other, others in (same or {}).items():
        for record in _records(others):
            moment = _moment(record.get("time_stamp"))
            aliases.setdefault((str(record["version"]), moment), []).append(f"{other}@{record['version']}")
    versions = [version for version in results if isinstance(version, MaterializationVersion)]
    known = [
        version.model_copy(update={"aliases": tuple(also)})
        if version.timestamp is not None and (also := aliases.get((version.version, version.timestamp)))
        else version
        for version in versions
    ]
    order = sorted(known, key=lambda version: (len(version.version), version.version))
    return order, [note for note in results if isinstance(note, str)]


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
        if self.server is not None:
            source_address(self.server, _SERVICE)
        try:
            return within(_SECONDS, self._ask)
        except TimeoutError:
            raise SourceUnavailable(f"{self._where} did not answer within {_SECONDS:.0f} s; try again later") from None

    def _ask(self) -> SourceReport:
        caveclient = _caveclient()
        records = {name: self._records(caveclient, name) for name in (self.datastack, *self.same_as)}
        same = {name: records[name] for name in self.same_as}
        try:
            versions, notes = versions_from_cave(self.datastack, records[self.datastack], same)
        except ValueError:
            raise SourceError(self._unclear) from None
        return SourceReport(tuple(versions), tuple(notes))

    def _records(self, caveclient: Any, datastack: str) -> Any:
        """What the server returns. Errors leave out its own words, which may repeat the token."""
        import requests

        try:
            client = self._client(caveclient, datastack)
            with warnings.catch_warnings():
                # caveclient's placeholder for "never expires" loses nanoseconds, and pandas warns of it.
                warnings.simplefilter("ignore", UserWarning)
                records = client.materialize.get_versions_metadata(expired=True)
            repeats = bool(client.auth.token) and client.auth.token in repr(records)
        except caveclient.base.AuthException:
            raise SourceError(f"{self._where} asks for a token. {_HOW_TO_LOG_IN}") from None
        except requests.HTTPError as error:
            status = 0 if error.response is None else error.response.status_code
            raise self._refusal(caveclient, datastack, status) from None
        except _NOT_UNDERSTOOD:
            raise SourceError(self._unclear) from None
        except requests.RequestException as error:
            raise SourceUnavailable(
                f"{self._where} cannot be reached ({type(error).__name__}); check the address, or try again later"
            ) from None
        if repeats:
            raise SourceError(self._unclear)
        return records

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
    found = [record for record in cast("list[object]", records) if is_json_object(record) and "version" in record]
    if len(found) != len(cast("list[object]", records)):
        raise ValueError("not records of versions")
    return found


def _facts(datastack: str, record: Mapping[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "system": datastack,
        "version": record["version"],
        "source": "cave",
        "expires_on": _moment(record.get("expires_on")),
    }
    if (moment := _moment(record.get("time_stamp"))) is not None:
        facts["timestamp"] = moment
    # Available and yet not valid is a contradiction, so the status is left out.
    status = _STATUS.get(str(record.get("status")))
    if status is not None and not (status == "available" and record.get("valid") is False):
        facts["status"] = status
    return facts


def _moment(value: object) -> datetime | None:
    """The moment; None for a moment without a time zone, which is how caveclient says that there is none."""
    return value if isinstance(value, datetime) and value.tzinfo is not None else None

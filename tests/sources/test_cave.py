"""CAVE's materialization versions, asked through caveclient from a server on loopback."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from registry_dagster.errors import SourceError, SourceUnavailable
from registry_dagster.sources import cave as source
from registry_dagster.sources.cave import CaveDatastack, versions_from_cave
from tests.sources.servers import MINNIE, PHASE3, TOKEN, Server, cave

MOMENT = datetime(2025, 1, 13, 10, 10, 1, 286229, tzinfo=timezone.utc)


@pytest.fixture
def server() -> Iterator[Server]:
    with cave(minnie65_public=MINNIE, minnie65_phase3_v1=PHASE3) as server:
        yield server


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(source.TOKEN_VARIABLE, TOKEN)
    return TOKEN


def record(**facts: Any) -> dict[str, Any]:
    """A record as caveclient gives it, with moments in UTC."""
    return {"version": 1300, "time_stamp": MOMENT, "expires_on": None, "valid": True, "status": "AVAILABLE", **facts}


@pytest.mark.usefixtures("token")
def test_a_datastack_tells_of_its_versions_oldest_first(server: Server) -> None:
    report = CaveDatastack("minnie65_public", server.url).ask()
    assert [version.to_json() for version in report.versions] == [
        {
            "system": "minnie65_public",
            "version": "343",
            "source": "cave",
            "timestamp": "2022-02-24T08:10:00.184668Z",
            "expires_on": "2023-02-24T08:10:00.184668Z",
            "status": "expired",
        },
        {
            "system": "minnie65_public",
            "version": "943",
            "source": "cave",
            "timestamp": "2024-01-22T08:10:01.497934Z",
            "expires_on": "2121-11-10T07:10:00.123456Z",
            "status": "available",
        },
        {
            "system": "minnie65_public",
            "version": "1300",
            "source": "cave",
            "timestamp": "2025-01-13T10:10:01.286229Z",
            "expires_on": "2121-11-10T07:10:00.123456Z",
            "status": "available",
        },
        {
            "system": "minnie65_public",
            "version": "1822",
            "source": "cave",
            "timestamp": "2026-06-27T10:10:01.203215Z",
            "status": "running",
        },
    ]
    assert report.notes == ()
    assert server.tokens == {TOKEN}
    assert server.paths[-1] == "/materialize/api/v3/datastack/minnie65_public/metadata?expired=True"


@pytest.mark.usefixtures("token")
def test_the_same_number_at_the_same_moment_in_another_datastack_is_an_alias(server: Server) -> None:
    report = CaveDatastack("minnie65_public", server.url, same_as=("minnie65_phase3_v1",)).ask()
    aliases = {version.version: version.aliases for version in report.versions}
    assert aliases == {"343": (), "943": (), "1300": ("minnie65_phase3_v1@1300",), "1822": ()}


@pytest.mark.usefixtures("token")
def test_nothing_is_written_in_the_home_directory(server: Server, tmp_path: Path) -> None:
    CaveDatastack("minnie65_public", server.url).ask()
    assert list(tmp_path.iterdir()) == []


def test_the_token_that_caveclient_keeps_is_used(server: Server, tmp_path: Path) -> None:
    secrets = tmp_path / ".cloudvolume" / "secrets"
    secrets.mkdir(parents=True)
    (secrets / "cave-secret.json").write_text(json.dumps({"token": TOKEN}))
    assert CaveDatastack("minnie65_public", server.url).ask().versions


@pytest.mark.usefixtures("token")
def test_an_unknown_datastack_gets_a_suggestion(server: Server) -> None:
    with pytest.raises(SourceError, match="no datastack 'minnie65_publik'.*did you mean 'minnie65_public'"):
        CaveDatastack("minnie65_publik", server.url).ask()


def test_without_a_token_it_says_how_to_log_in(server: Server) -> None:
    with pytest.raises(SourceError, match="returned 401: this token gives no access to datastack .* Set CAVE_TOKEN"):
        CaveDatastack("minnie65_public", server.url).ask()


def test_a_login_page_says_how_to_log_in(server: Server) -> None:
    server.failure = (302, "")
    with pytest.raises(SourceError, match="asks for a token. Set CAVE_TOKEN"):
        CaveDatastack("minnie65_public", server.url).ask()


@pytest.mark.parametrize(
    ("status", "body", "error", "said"),
    [
        (401, '"{token}"', SourceError, "no access to datastack 'minnie65_public'"),
        (403, '{"error": "{token}"}', SourceError, "no access to datastack 'minnie65_public'"),
        (500, '{"message": "{token}"}', SourceUnavailable, "returned 500; try again later"),
        (200, "<html>{token}</html>", SourceError, "did not answer as CAVE's info and materialization services do"),
        (200, '["{token}"]', SourceError, "did not answer as CAVE's info and materialization services do"),
        (200, "{}", SourceError, "did not answer as CAVE's info and materialization services do"),
        (200, "", SourceError, "did not answer as CAVE's info and materialization services do"),
    ],
)
def test_other_answers_are_clear_errors_without_the_token(
    server: Server, token: str, status: int, body: str, error: type[Exception], said: str
) -> None:
    server.failure = (status, body)
    with pytest.raises(error, match=said) as raised:
        CaveDatastack("minnie65_public", server.url).ask()
    assert type(raised.value) is error
    assert token not in str(raised.value)


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize("records", [{"version": 1}, ["1300"], [{"time_stamp": "x", "expires_on": None}]])
def test_records_of_another_shape_are_a_clear_error(records: Any) -> None:
    with cave(minnie65_public=records) as server, pytest.raises(SourceError, match="did not answer as CAVE's"):
        CaveDatastack("minnie65_public", server.url).ask()


def test_an_answer_that_repeats_the_token_is_not_taken(token: str) -> None:
    with cave(minnie65_public=[{**MINNIE[0], "note": token}]) as server, pytest.raises(SourceError) as raised:
        CaveDatastack("minnie65_public", server.url).ask()
    assert token not in str(raised.value)


@pytest.mark.usefixtures("token")
def test_a_server_that_is_not_there_may_be_asked_again() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(SourceUnavailable, match="cannot be reached"):
            CaveDatastack("minnie65_public", f"http://127.0.0.1:{taken.getsockname()[1]}").ask()


@pytest.mark.usefixtures("token")
def test_a_server_that_never_answers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "_SECONDS", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(SourceUnavailable, match="did not answer within"):
            CaveDatastack("minnie65_public", f"http://127.0.0.1:{silent.getsockname()[1]}").ask()


@pytest.mark.parametrize(
    ("server", "said"),
    [
        ("http://cave.example.org", "would send the token in the clear"),
        ("https://me:hush@cave.example.org", "has more than a server in it"),
        ("ftp://cave.example.org", "must be https://host"),
        ("https://cave.example.org:port", "must be https://host"),
    ],
)
def test_an_address_that_is_not_safe_is_refused_unasked(server: str, said: str) -> None:
    with pytest.raises(SourceError, match=said) as raised:
        CaveDatastack("minnie65_public", server).ask()
    assert "hush" not in str(raised.value)


@pytest.mark.parametrize(
    ("said", "valid", "status"),
    [
        ("AVAILABLE", True, "available"),
        ("AVAILABLE", False, None),
        ("RUNNING", False, "running"),
        ("FAILED", False, "failed"),
        ("EXPIRED", False, "expired"),
        ("ON_HOLIDAY", True, None),
        (None, True, None),
    ],
)
def test_the_status_is_the_system_s_own_word(said: str | None, valid: bool, status: str | None) -> None:
    (version,), _ = versions_from_cave("minnie65_public", [record(status=said, valid=valid)])
    assert version.status == status


def test_moments_without_a_zone_are_caveclient_s_word_for_none() -> None:
    (version,), _ = versions_from_cave("a", [record(time_stamp=None, expires_on=datetime(2262, 4, 11))])  # noqa: DTZ001
    assert (version.timestamp, version.expires_on) == (None, None)


def test_another_number_or_moment_is_no_alias() -> None:
    others = [record(version=1301), record(time_stamp=MOMENT + timedelta(microseconds=1)), record(time_stamp=None)]
    (version,), _ = versions_from_cave("a", [record()], {"b": others})
    assert version.aliases == ()


def test_a_version_that_cannot_be_named_is_left_out_with_a_note() -> None:
    versions, notes = versions_from_cave("a", [record(version=1.5), record()])
    assert [version.version for version in versions] == ["1300"]
    assert len(notes) == 1
    assert notes[0].startswith("a@1.5: left out; version: 1.5 is a number with a point")

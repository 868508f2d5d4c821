"""neuPrint's datasets, asked over HTTP from a server on loopback."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from registry_dagster.errors import SourceError, SourceUnavailable
from registry_dagster.sources import neuprint as source
from registry_dagster.sources.neuprint import NeuprintServer, versions_from_neuprint
from tests.sources.servers import TOKEN, neuprint


def test_a_server_tells_of_all_versions_of_its_datasets() -> None:
    with neuprint() as server:
        report = NeuprintServer(server.url).ask()
    assert server.paths == ["/api/dbmeta/datasets"]
    facts = {str(version): (version.uuid, version.timestamp) for version in report.versions}
    assert facts.keys() == {"hemibrain@v1.2.1", "manc@v1.0", "manc@v1.2.1", "manc@v1.2.3"}
    uuid, moment = facts["manc@v1.2.1"]
    assert uuid == "7b5e8f7f805c4314bee37b75b4ff9292"
    assert moment is not None
    assert moment.isoformat() == "2024-02-01T05:07:45.885983+00:00"
    assert {(version.source, version.status) for version in report.versions} == {("neuprint", "available")}


def test_a_last_edit_without_a_time_zone_is_no_timestamp_but_a_note() -> None:
    with neuprint() as server:
        report = NeuprintServer(server.url, "hemibrain").ask()
    assert report.versions[0].timestamp is None
    assert report.notes == ("hemibrain@v1.2.1: no timestamp; '2020-12-05 21:53:59' is not one moment with a time zone",)


@pytest.mark.parametrize(("dataset", "versions"), [("manc", ["v1.0", "v1.2.1", "v1.2.3"]), ("manc:v1.2.1", ["v1.2.1"])])
def test_one_dataset_or_one_version_can_be_asked_for(dataset: str, versions: list[str]) -> None:
    with neuprint() as server:
        report = NeuprintServer(server.url, dataset).ask()
    assert [version.version for version in report.versions] == versions


def test_a_dataset_without_a_version_is_left_out_with_a_note() -> None:
    with neuprint() as server:
        report = NeuprintServer(server.url, "mushroombody").ask()
    assert report.versions == ()
    assert report.notes[0].startswith("mushroombody: left out; neuPrint gives no version for it")


@pytest.mark.parametrize(("asked", "meant"), [("hemibrian", "hemibrain"), ("manc:v1.2.2", "manc:v1.2.")])
def test_an_unknown_dataset_gets_a_suggestion(asked: str, meant: str) -> None:
    with neuprint() as server, pytest.raises(SourceError, match=f"no dataset '{asked}'; did you mean '{meant}"):
        NeuprintServer(server.url, asked).ask()


@pytest.mark.parametrize("text", [TOKEN, f'"{TOKEN}"', json.dumps({"token": TOKEN}), f" {TOKEN}\n"])
def test_the_token_is_that_of_neuprint_s_own_clients(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(source.TOKEN_VARIABLE, text)
    with neuprint(token=TOKEN) as server:
        assert NeuprintServer(server.url).ask().versions
    assert server.tokens == {TOKEN}


@pytest.mark.parametrize("text", ['{"tok": "x"}', "{", "two words", "größe"])
def test_what_is_no_token_is_refused_unasked(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(source.TOKEN_VARIABLE, text)
    with neuprint() as server, pytest.raises(SourceError, match="is not a token") as raised:
        NeuprintServer(server.url).ask()
    assert text not in str(raised.value)
    assert server.paths == []


def test_without_a_token_it_says_where_to_get_one() -> None:
    with neuprint(token=TOKEN) as server, pytest.raises(SourceError, match="returned 401: it asks for a token. Set"):
        NeuprintServer(server.url).ask()


@pytest.mark.parametrize(
    ("status", "body", "error", "said"),
    [
        (401, "{token}", SourceError, "it does not accept the token"),
        (404, '"{token}"', SourceError, "returned 404 for .*, but not what neuPrint returns"),
        (302, "{token}", SourceError, "returned 302 for .*, but not what neuPrint returns"),
        (
            200,
            "<html>{token}</html>",
            SourceError,
            "returned 200 for .*, but not what neuPrint returns",
        ),
        (200, '["{token}"]', SourceError, "returned 200 for .*, but not what neuPrint returns"),
        (
            200,
            '{"a:v1": "{token}"}',
            SourceError,
            "returned 200 for .*, but not what neuPrint returns",
        ),
        (
            200,
            '{"a:v1": {"uuid": "{token}"}}',
            SourceError,
            "returned 200 for .*, but not what neuPrint returns",
        ),
        (503, "{token}", SourceUnavailable, "returned 503; try again later"),
        (429, "{token}", SourceUnavailable, "returned 429; try again later"),
    ],
)
def test_other_answers_are_clear_errors_without_the_token(
    status: int, body: str, error: type[Exception], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(source.TOKEN_VARIABLE, TOKEN)
    with neuprint() as server:
        server.failure = (status, body)
        with pytest.raises(error, match=said) as raised:
            NeuprintServer(server.url).ask()
    assert type(raised.value) is error
    assert TOKEN not in str(raised.value)


def test_a_server_that_is_not_there_may_be_asked_again() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(SourceUnavailable, match="cannot be reached"):
            NeuprintServer(f"http://127.0.0.1:{taken.getsockname()[1]}").ask()


def test_the_token_never_travels_in_the_clear() -> None:
    with pytest.raises(SourceError, match="would send the token in the clear; write https://neuprint.example.org"):
        NeuprintServer("http://neuprint.example.org").ask()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-02-01 00:07:45-05:00", "2024-02-01T05:07:45+00:00"),
        ("2019-05-01T00:00:00Z", "2019-05-01T00:00:00+00:00"),
        ("2019-05-01 00:00:00.5+00:00", "2019-05-01T00:00:00.500000+00:00"),
        ("2019-05-01", None),
        ("2019-13-01 00:00:00Z", None),
        ("yesterday", None),
    ],
)
def test_a_last_edit_is_read_where_it_is_one_moment(text: str, moment: str | None) -> None:
    (version,), notes = versions_from_neuprint({"a:v1": {"last-mod": text}})
    assert (version.timestamp.isoformat() if version.timestamp else None) == moment
    assert len(notes) == (moment is None)


@pytest.mark.parametrize("uuid", ["latest", "", None, ["a", "b"]])
def test_what_is_no_uuid_is_none(uuid: Any) -> None:
    (version,), _ = versions_from_neuprint({"a:v1": {"uuid": uuid}})
    assert version.uuid is None


def test_a_name_that_cannot_be_recorded_is_left_out_with_a_note() -> None:
    versions, notes = versions_from_neuprint({"a b:v1": {}, "a:v1": {}})
    assert [str(version) for version in versions] == ["a@v1"]
    assert notes[0].startswith("a b@v1: left out; system: 'a b' cannot name an upstream system")

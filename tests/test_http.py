"""The one HTTP client: where a token may go, what is tried again, and how much is read."""

from __future__ import annotations

import json
import pickle
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest

from registry_dagster import http
from registry_dagster.errors import RegistryError, RegistryUnavailable, SourceError, TableError
from registry_dagster.http import ALLOW_HTTP, HttpClient
from registry_dagster.registry.registry import Registry
from registry_dagster.sources.neuprint import NeuprintServer
from registry_dagster.stores.open import open_store
from registry_dagster.tables.storage.http import HttpStorage
from tests.stores.answering import answering

TOKEN = "eyJhbGciOiJIUzI1NiJ9.c2VjcmV0"


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (ALLOW_HTTP, "DATAHUB_GMS_TOKEN", "NETRC", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@contextmanager
def serving(statuses: list[int], drip: float = 0.0) -> Iterator[tuple[str, list[Any]]]:
    """Answers with these statuses, then 200; its address, and the connections that requests came over."""
    connections: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            connections.append(self.client_address)
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(statuses.pop(0) if statuses else 200)
            body = b"0123456789"
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            for number in range(len(body)):
                self.wfile.write(body[number : number + 1])
                time.sleep(drip)

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", connections
    finally:
        server.shutdown()
        server.server_close()


class TestWhereATokenMayGo:
    @pytest.mark.parametrize(
        "address",
        ["https://host:8080", "http://localhost:8080", "http://127.0.0.1", "http://127.8.0.1:1", "http://[::1]:1"],
    )
    def test_over_https_or_to_this_machine(self, address: str) -> None:
        assert HttpClient(address, TOKEN).address == address

    @pytest.mark.parametrize(
        "address", ["http://gms:8080", "http://10.0.0.1", "http://localhost.example.org", "http://[::2]"]
    )
    def test_not_to_others_in_the_clear_unless_they_are_allowed_by_name(
        self, address: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        host = address.removeprefix("http://").removesuffix(":8080").strip("[]")
        with pytest.raises(
            RegistryError, match=f"the token in the clear; write https://.*{ALLOW_HTTP}={host}"
        ) as refused:
            HttpClient(address, TOKEN)
        assert TOKEN not in str(refused.value)
        monkeypatch.setenv(ALLOW_HTTP, f"other, {host.upper()}")
        assert HttpClient(address, TOKEN).address == address

    def test_without_a_token_any_address_will_do(self) -> None:
        assert HttpClient("http://gms:8080").address == "http://gms:8080"

    def test_one_rule_for_stores_sources_and_tables(self, monkeypatch: pytest.MonkeyPatch) -> None:
        secret: list[dict[str, Any]] = [{"auth": ["ada", "s3cret"]}, {"headers": {"Private-Token": "s3cret"}}]
        for _ in range(2):
            with pytest.raises(RegistryError, match="http://gms:8080 would send the token in the clear"):
                open_store("http://gms:8080", TOKEN)
            with pytest.raises(SourceError, match="http://gms:8080 would send the token in the clear"):
                NeuprintServer("http://gms:8080").ask()
            for options in secret:
                with pytest.raises(TableError, match="http://gms:8080 would send auth or headers in the clear"):
                    HttpStorage("http://gms:8080/t.parquet", options)
            monkeypatch.setenv(ALLOW_HTTP, "elsewhere")
        monkeypatch.setenv(ALLOW_HTTP, "gms")
        open_store("http://gms:8080", TOKEN).close()
        for options in secret:
            HttpStorage("http://gms:8080/t.parquet", options)
        HttpStorage("http://other/t.parquet")

    def test_a_table_s_netrc_password_follows_the_rule(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        netrc = tmp_path / "netrc"
        netrc.write_text("machine lake.org login ada password s3cret\n")
        monkeypatch.setenv("NETRC", str(netrc))
        with pytest.raises(TableError, match="http://lake.org would send auth or headers in the clear"):
            HttpStorage("http://lake.org/t.parquet")
        HttpStorage("https://lake.org/t.parquet")

    def test_a_redirect_is_answered_and_not_followed(self) -> None:
        with (
            answering(200, "{authorization}") as second,
            answering(307, "{authorization}", Location=second) as first,
        ):
            answer = HttpClient(first, TOKEN).get("/")
        assert (answer.status, answer.text) == (307, "Bearer ***")


class TestTryingAgain:
    @pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
    def test_transient_statuses_are_tried_again_as_often_as_allowed(self, status: int) -> None:
        with serving([status, status]) as (url, connections):
            assert HttpClient(url, retries=2, backoff=0).post("/", {}).status == 200
        assert len(connections) == 3
        with serving([status] * 5) as (url, connections):
            assert HttpClient(url, retries=1, backoff=0).get("/").status == status
        assert len(connections) == 2

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 501])
    def test_others_are_answers(self, status: int) -> None:
        with serving([status]) as (url, connections):
            assert HttpClient(url, backoff=0).get("/").status == status
        assert len(connections) == 1


TOKEN = "tok.SeCr3t/VALUE+0123456789"
ECHOES = {
    "as it is": TOKEN,
    "percent-encoded": quote(TOKEN, safe=""),
    "percent-encoded whole, in small letters": "".join(f"%{ord(letter):02x}" for letter in TOKEN),
    "percent-encoded twice": quote(quote(TOKEN, safe=""), safe=""),
    "a dot as its code": TOKEN.replace(".", "%2E"),
    "JSON with escapes": json.dumps({"x": TOKEN}).replace("/", "\\/").replace("+", "\\u002B"),
}


class TestAServerThatRepeatsTheToken:
    @pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
    @pytest.mark.parametrize("status", [200, 302, 400, 401, 503])
    def test_is_not_repeated(self, status: int, echo: str) -> None:
        with (
            answering(status, f"bad {echo} indeed") as address,
            closing(HttpClient(address, TOKEN, retries=0)) as client,
        ):
            text = client.get("/").text
        assert "***" in text
        assert "SeCr3t" not in unquote(unquote(text))
        assert text.startswith("bad ")

    def test_a_short_header_is_left_in_what_a_record_says(self) -> None:
        connection = http.Connection({"X-Group": "ab"})
        for status, text in ((200, "cab"), (400, "c***")):
            with answering(status, "cab") as address, closing(HttpClient(address, connection=connection)) as client:
                assert client.get("/").text == text

    def test_an_answer_for_people_steers_no_terminal(self) -> None:
        with answering(400, "\x1b]0;pwned\x07\x9b2Jno\n") as address, closing(HttpClient(address)) as client:
            assert client.get("/").text == "\ufffd]0;pwned\ufffd\ufffd2Jno\n"

    def test_a_client_and_what_holds_one_are_not_pickled(self) -> None:
        with answering(200, "{}") as address:
            registry = Registry.open(address, token=TOKEN)
            for each in (HttpClient(address, TOKEN), registry):
                with pytest.raises(TypeError, match="holds a token and is not pickled"):
                    pickle.dumps(each)
            registry.close()


class TestBodies:
    def test_a_connection_serves_many_requests(self) -> None:
        with serving([]) as (url, connections):
            client = HttpClient(url)
            for _ in range(5):
                assert client.post("/", {}).text == "0123456789"
        assert len(set(connections)) == 1

    def test_a_body_that_drips_is_given_up(self) -> None:
        with serving([], drip=0.1) as (url, _), pytest.raises(RegistryUnavailable, match="too slowly"):
            HttpClient(url, timeout=(5.0, 0.3)).get("/")

    def test_a_body_without_end_is_given_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(http, "_MOST_BYTES", 5)
        with serving([]) as (url, _), pytest.raises(RegistryError, match="more than 1 GiB; ask for less") as raised:
            HttpClient(url).get("/big")
        assert type(raised.value) is RegistryError

"""A web server learns no more than it must, and what it says about a file is not believed blindly."""

from __future__ import annotations

import base64
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from registry_dagster.errors import TableError
from registry_dagster.tables import inspect_table
from tests.tables.storage.fake_stores import Store, WebServer, serving


def parquet() -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"a": [1, 2, 3]}), sink)
    return sink.getvalue().to_pybytes()


class Noting(WebServer):
    """Keeps the headers it got. `moved_to`: where it sends who asks; `written`: its Last-Modified."""

    def do_GET(self) -> None:
        self.server.settings.setdefault("got", []).append(dict(self.headers))
        super().do_GET()

    def answer(self, names: list[str], query: dict[str, str]) -> None:
        if to := self.server.settings.get("moved_to"):
            self.send(b"", 302, Location=f"{to}/{'/'.join(names)}")
        else:
            super().answer(names, query)

    def send_header(self, keyword: str, value: str) -> None:
        if keyword == "Last-Modified":
            value = self.server.settings.get("written", value)
        super().send_header(keyword, value)


def got(server: Store, name: str) -> set[str | None]:
    return {headers.get(name) for headers in server.settings["got"]}


@pytest.mark.parametrize("elsewhere", [True, False])
def test_headers_stay_with_the_host_they_were_given_for(elsewhere: bool) -> None:
    options: dict[str, Any] = {"headers": {"PRIVATE-TOKEN": "s3cr3t"}, "auth": ["ada", "s3cr3t"]}
    basic = "Basic " + base64.b64encode(b"ada:s3cr3t").decode()
    with serving(Noting) as second, serving(Noting, moved_to=second.url) as first:
        second.objects["t.parquet"] = parquet()
        facts = inspect_table(f"{(first if elsewhere else second).url}/t.parquet", storage_options=options)
    assert facts.rows == 3
    if elsewhere:
        assert (got(first, "PRIVATE-TOKEN"), got(first, "Authorization")) == ({"s3cr3t"}, {basic})
        assert (got(second, "PRIVATE-TOKEN"), got(second, "Authorization")) == ({None}, {None})
    else:
        assert (got(second, "PRIVATE-TOKEN"), got(second, "Authorization")) == ({"s3cr3t"}, {basic})


@pytest.mark.parametrize("auth", ["ada:s3cr3t", ["s3cr3t"]])
def test_a_user_without_a_password_is_refused_unrepeated(auth: object) -> None:
    with pytest.raises(TableError, match="auth takes a user and a password") as raised:
        inspect_table("https://lab.org/t.parquet", storage_options={"auth": auth})
    assert "s3cr3t" not in str(raised.value)


@pytest.mark.parametrize("written", ["2025-01-13T10:10:01Z", "yesterday", ""])
def test_a_time_that_is_none_of_http_is_told(written: str) -> None:
    with serving(Noting, written=written) as server:
        server.objects["t.parquet"] = parquet()
        with pytest.raises(TableError, match="does not say the file's size and when it was written"):
            inspect_table(f"{server.url}/t.parquet")


def test_a_time_without_a_zone_is_taken_as_utc() -> None:
    with serving(Noting, written="Mon, 13 Jan 2025 10:10:01 -0000") as server:
        server.objects["t.parquet"] = parquet()
        (pin,) = [inspect_table(f"{server.url}/t.parquet").pin]
    assert pin.format == "parquet"
    assert str(pin.last_modified) == "2025-01-13 10:10:01+00:00"

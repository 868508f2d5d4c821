"""Iceberg REST catalogs: one question, and its errors as ours."""

from __future__ import annotations

import json
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pyiceberg.table import Table

from registry_dagster.errors import TableAccessDenied, TableError, TableNotFound, TableUnreachable, UnsupportedTable
from registry_dagster.tables import inspect_table
from tests.tables.iceberg.iceberg_tables import new_catalog, new_table, path_of, pin_of
from tests.tables.storage.fake_stores import Store, serving

SECRET = "s3cr3t-of-the-catalog"


class RestCatalog(BaseHTTPRequestHandler):
    """One table, by https://iceberg.apache.org/rest-catalog-spec; `status`: an error for whoever asks for it."""

    server: Store

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.server.requests.append(self.path)
        if path == "/v1/config":
            self._send(200, {"defaults": {}, "overrides": {}})
        elif status := self.server.settings.get("status"):
            said = {"message": f"denied for {SECRET}", "type": "Error", "code": status}
            self._send(status, {"error": said})
        elif path == "/v1/namespaces/n/tables/synapses":
            location, metadata = self.server.settings["table"]
            self._send(
                200, {"metadata-location": location, "metadata": metadata, "config": {"s3.secret-access-key": SECRET}}
            )
        else:
            self._send(404, {"error": {"message": "no such table", "type": "NoSuchTableException", "code": 404}})

    def _send(self, status: int, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return new_table(new_catalog(tmp_path))


@pytest.fixture
def server(table: Table) -> Generator[Store, None, None]:
    metadata = json.loads(path_of(table.metadata_location).read_text())
    with serving(RestCatalog, table=(table.metadata_location, metadata)) as server:
        yield server


def options(server: Store) -> dict[str, str]:
    return {"type": "rest", "uri": server.url, "token": SECRET}


def test_the_current_snapshot_takes_one_question_and_not_its_history(server: Store, table: Table) -> None:
    facts = inspect_table("iceberg://c/n.synapses", storage_options=options(server))
    direct = inspect_table(table.metadata_location)
    assert (facts.identity, facts.fields, facts.rows) == (direct.identity, direct.fields, direct.rows)
    assert (pin_of(facts).catalog, pin_of(facts).identifier) == ("c", "n.synapses")
    assert SECRET not in json.dumps(facts.to_json()) + repr(facts)
    assert [path.partition("?")[0] for path in server.requests] == ["/v1/config", "/v1/namespaces/n/tables/synapses"]
    assert server.requests[-1].endswith("?snapshots=refs")


def test_a_snapshot_by_its_id_asks_for_all_of_them(server: Store, table: Table) -> None:
    number = pin_of(inspect_table(table.metadata_location)).snapshot_id
    facts = inspect_table("iceberg://c/n.synapses", version=number, storage_options=options(server))
    assert pin_of(facts).snapshot_id == number
    assert "snapshots=refs" not in server.requests[-1]
    with pytest.raises(TableNotFound, match="has no snapshot 7; it has 1 of them and the tags or branches main"):
        inspect_table("iceberg://c/n.synapses", version=7, storage_options=options(server))


def test_a_table_that_is_not_there(server: Store) -> None:
    with pytest.raises(TableNotFound, match=r"The Iceberg catalog 'c' has no table n\.nothing"):
        inspect_table("iceberg://c/n.nothing", storage_options=options(server))


@pytest.mark.parametrize(
    ("status", "kind"), [(401, TableAccessDenied), (403, TableAccessDenied), (503, TableUnreachable)]
)
def test_what_the_catalog_refuses_is_told_without_its_words(server: Store, status: int, kind: type[TableError]) -> None:
    server.settings["status"] = status
    with pytest.raises(kind, match=r"The Iceberg catalog 'c' did not give table n\.synapses") as refused:
        inspect_table("iceberg://c/n.synapses", storage_options=options(server))
    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_type_that_pyiceberg_does_not_know_is_named_and_no_secret(server: Store) -> None:
    server.settings["table"][1]["schemas"][0]["fields"][0]["type"] = "variant"
    with pytest.raises(
        UnsupportedTable, match=r"n\.synapses, but pyiceberg cannot read its metadata .*variant"
    ) as refused:
        inspect_table("iceberg://c/n.synapses", storage_options=options(server))
    assert SECRET not in str(refused.value)


def test_another_format_version_is_refused(server: Store) -> None:
    server.settings["table"][1]["format-version"] = 4
    with pytest.raises(UnsupportedTable, match="pyiceberg cannot read its metadata"):
        inspect_table("iceberg://c/n.synapses", storage_options=options(server))

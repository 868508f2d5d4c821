"""CAVE and neuPrint on loopback, in the shape in which they answer."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

__all__ = ["MINNIE", "NEUPRINT", "PHASE3", "TOKEN", "Server", "cave", "neuprint"]

TOKEN = "0123456789abcdef0123456789abcdef"


def version(number: int, moment: str, expires_on: str | None, datastack: str = "minnie65_public", **more: Any) -> Any:
    """A record as the materialization service's schema writes it: moments in UTC without saying so."""
    return {
        "id": number,
        "datastack": datastack,
        "version": number,
        "time_stamp": moment,
        "expires_on": expires_on,
        "valid": True,
        "status": "AVAILABLE",
        "is_merged": True,
        **more,
    }


MINNIE = [
    version(1300, "2025-01-13T10:10:01.286229", "2121-11-10T07:10:00.123456"),
    version(343, "2022-02-24T08:10:00.184668", "2023-02-24T08:10:00.184668", valid=False, status="EXPIRED"),
    version(1822, "2026-06-27T10:10:01.203215", None, valid=False, status="RUNNING"),
    version(943, "2024-01-22T08:10:01.497934", "2121-11-10T07:10:00.123456"),
]
PHASE3 = [
    version(1300, "2025-01-13T10:10:01.286229", None, datastack="minnie65_phase3_v1"),
    version(943, "2024-01-23T08:10:01.000001", None, datastack="minnie65_phase3_v1"),
]
NEUPRINT = {
    "manc:v1.0": {"last-mod": "2023-05-31 23:54:01", "uuid": "59b37970bc7a4341b9a3a965a0d6b402", "ROIs": ["ANm"]},
    "manc:v1.2.1": {
        "last-mod": "2024-02-01 00:07:45.885983601-05:00",
        "uuid": "7b5e8f7f805c4314bee37b75b4ff9292",
        "ROIs": ["ANm"],
        "superLevelROIs": [],
        "info": "N/A",
        "hidden": False,
        "description": "",
    },
    "manc:v1.2.3": {
        "last-mod": "2024-02-01 00:07:45.885983601-05:00 / 2024-08-31 00:00:00.000000000-05:00 (property update)",
        "uuid": "7b5e8f7f805c4314bee37b75b4ff9292",
        "ROIs": [],
    },
    "hemibrain:v1.2.1": {"last-mod": "2020-12-05 21:53:59", "uuid": "31597d95bd844060b0ccc928a1a8a0a4", "ROIs": []},
    "mushroombody": {"last-mod": "2019-05-01T00:00:00Z", "uuid": "latest", "ROIs": []},
}

Answers = Callable[[str], "tuple[int, Any] | None"]


@dataclass
class Server:
    """A server on loopback.

    Args:
        url: Its address.
        paths: What was asked for, in order.
        tokens: What the requests carried.
        failure: Answers everything with this status and body instead. `{token}` becomes the request's token.
    """

    url: str = ""
    paths: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    failure: tuple[int, str] | None = None


@contextmanager
def _serving(answers: Answers, *, token: str | None) -> Iterator[Server]:
    served = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            carried = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            served.paths.append(self.path)
            served.tokens.add(carried)
            if self.path == "/login":
                status, text = 200, "<html>Please log in</html>"
            elif served.failure is not None:
                status, text = served.failure
            elif token is not None and carried != token:
                status, text = 401, json.dumps({"error": "invalid_token", "message": f"{carried} is not valid"})
            else:
                status, data = answers(urlsplit(self.path).path) or (404, {"message": f"Not found. {carried}"})
                text = json.dumps(data)
            body = text.replace("{token}", carried).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            if status == 302:
                self.send_header("Location", "/login")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def cave(tables: Any = None, **datastacks: Any) -> Iterator[Server]:
    """A global server that is its own local server too. It takes TOKEN alone.

    Args:
        tables: The metadata of the annotation tables, at each version of each datastack.
        datastacks: Datastack → the records of its versions.
    """
    served = Server()

    def answers(path: str) -> tuple[int, Any] | None:
        fixed: dict[str, Any] = {
            "/info/version": "4.3.1",
            "/info/api/v2/datastacks": sorted(datastacks),
            "/materialize/version": "5.13.0",
            "/materialize/api/versions": [2, 3],
        }
        if path in fixed:
            return 200, fixed[path]
        name = path.rpartition("/")[2]
        if path.startswith("/info/api/v2/datastack/full/") and name in datastacks:
            return 200, {
                "local_server": served.url,
                "aligned_volume": {"name": "minnie65_phase3", "id": 1},
                "segmentation_source": f"graphene://{served.url}/segmentation/table/minnie3_v1",
                "synapse_table": "synapses_pni_2",
                "viewer_site": "https://ngl.example",
            }
        for name, records in datastacks.items():
            if path == f"/materialize/api/v3/datastack/{name}/metadata":
                return 200, records
            if re.fullmatch(rf"/materialize/api/v3/datastack/{name}/version/\d+/tables/metadata", path):
                return 200, tables
        return None

    with _serving(answers, token=TOKEN) as server:
        served.url = server.url
        yield server


@contextmanager
def neuprint(datasets: Any = NEUPRINT, *, token: str | None = None) -> Iterator[Server]:
    """A neuPrint server; public unless it asks for a token."""
    with _serving(lambda path: (200, datasets) if path == "/api/dbmeta/datasets" else None, token=token) as server:
        yield server

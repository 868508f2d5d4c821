"""Stores on loopback for which no server can be installed: a GCS, an Azure Blob Storage, a web server, a bad one.

They keep objects in a dictionary and speak as much of their protocol as reading needs:
https://cloud.google.com/storage/docs/json_api and https://learn.microsoft.com/rest/api/storageservices.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Generator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

BUCKET = "lake"
WRITTEN = 1_700_000_000


class Store(ThreadingHTTPServer):
    """A server, the objects it holds, and the requests it got."""

    daemon_threads = True

    def __init__(self, handler: type[BaseHTTPRequestHandler], **settings: Any) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.objects: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.settings = settings

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gave up is what the tests are about."""


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler], **settings: Any) -> Generator[Store, None, None]:
    with Store(handler, **settings) as store:
        Thread(target=store.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield store
        store.shutdown()


class _Handler(BaseHTTPRequestHandler):
    server: Store
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.server.requests.append(f"{self.command} {self.path}")
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.answer([unquote(name) for name in parts.path.lstrip("/").split("/")], query)

    def answer(self, names: list[str], query: dict[str, str]) -> None:
        raise NotImplementedError

    def page(self, prefix: str, start: str, size: str) -> tuple[list[str], str | None]:
        """Keys of a page, and the key the next one starts at."""
        keys = (key for key in sorted(self.server.objects, key=str.encode) if key.startswith(prefix) and key >= start)
        found = list(islice(keys, int(size) + 1))
        return found[: int(size)], found[int(size)] if len(found) > int(size) else None

    def send(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_object(self, key: str) -> None:
        if key not in self.server.objects:
            self.send(b"", 404)
            return
        body = self.server.objects[key]
        headers = {"ETag": f'"{token(body)}"', "Last-Modified": formatdate(WRITTEN, usegmt=True)}
        asked = self.headers.get("Range") or self.headers.get("x-ms-range")
        if asked is None or not self.server.settings.get("ranges", True):
            self.send(body, 200, **headers, x_ms_blob_type="BlockBlob")
            return
        first, _, last = asked.removeprefix("bytes=").partition("-")
        part = body[int(first) : int(last) + 1 if last else None]
        if not part:
            self.send(b"", 416, **headers, Content_Range=f"bytes */{len(body)}")
            return
        span = f"bytes {first}-{int(first) + len(part) - 1}/{len(body)}"
        self.send(part, 206, **headers, Content_Range=span, x_ms_blob_type="BlockBlob")

    def log_message(self, format: str, *args: Any) -> None:
        pass


class WebServer(_Handler):
    """Files by path. `ranges=False`: whole files only; `dated=False`: without Last-Modified."""

    def answer(self, names: list[str], query: dict[str, str]) -> None:
        self.send_object("/".join(names))

    def send_header(self, keyword: str, value: str) -> None:
        if keyword != "Last-Modified" or self.server.settings.get("dated", True):
            super().send_header(keyword, value)


class Gcs(_Handler):
    def answer(self, names: list[str], query: dict[str, str]) -> None:
        bucket, key = names[names.index("b") + 1], "/".join(names[names.index("o") + 1 :]) if "o" in names else None
        if bucket != BUCKET or (key and key not in self.server.objects):
            self.send(b"", 404)
        elif key and query.get("alt") == "media":
            self.send_object(key)
        elif key:
            self.send(json.dumps(self._described(key)).encode())
        else:
            start = query.get("pageToken") or query.get("startOffset", "")
            keys, after = self.page(query.get("prefix", ""), start, query.get("maxResults", "1000"))
            found = {"items": [self._described(one) for one in keys], "nextPageToken": after}
            self.send(json.dumps({name: value for name, value in found.items() if value}).encode())

    def _described(self, key: str) -> dict[str, str]:
        body, when = self.server.objects[key], "2023-11-14T22:13:20.000Z"
        generation = str(int(token(body)[:12], 16))
        named = {"name": key, "size": str(len(body)), "generation": generation}
        return {**named, "timeCreated": when, "updated": when, "etag": "moves with the metadata too"}


class Azure(_Handler):
    def answer(self, names: list[str], query: dict[str, str]) -> None:
        _, container, *path = names
        if container != BUCKET:
            self.send(b"", 404)
        elif query.get("comp") != "list":
            self.send_object("/".join(path)) if path else self.send(b"")
        else:
            keys, after = self.page(query.get("prefix", ""), query.get("marker", ""), query.get("maxresults", "5000"))
            blobs = "".join(map(self._described, keys))
            text = (
                f"<EnumerationResults><Blobs>{blobs}</Blobs><NextMarker>{after or ''}</NextMarker></EnumerationResults>"
            )
            self.send(text.encode(), Content_Type="application/xml")

    def _described(self, key: str) -> str:
        body = self.server.objects[key]
        properties = (
            f"<BlobType>BlockBlob</BlobType><Content-Length>{len(body)}</Content-Length><Etag>{token(body)}</Etag>"
        )
        written = f"<Last-Modified>{formatdate(WRITTEN, usegmt=True)}</Last-Modified>"
        return f"<Blob><Name>{escape(key)}</Name><Properties>{written}{properties}</Properties></Blob>"


class Failing(_Handler):
    """Answers every request with `status`; waits `delay` seconds before; drips bytes when `drip` is set."""

    do_PUT = do_POST = _Handler.do_GET

    def answer(self, names: list[str], query: dict[str, str]) -> None:
        settings = self.server.settings
        time.sleep(settings.get("delay", 0))
        if settings.get("drip"):
            self.send_response(200)
            self.send_header("Content-Length", "1000000")
            self.end_headers()
            for _ in range(100):
                self.wfile.write(b"x")
                time.sleep(0.1)
        self.send(b"", settings.get("status", 200))


def token(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()

"""A bucket of many keys on loopback: an S3 server that makes up its listing, for measuring who lists it how fast."""

from __future__ import annotations

import io
from contextlib import AbstractContextManager
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from benchmarks.beside import served

__all__ = ["serving"]

_PAGE = 1000
_WRITTEN = "2024-01-01T00:00:00.000Z"


def serving(keys: int) -> AbstractContextManager[str]:
    """The endpoint of a server, in a process of its own, whose bucket `made-up` holds so many keys below `table/`."""
    return served(f"import benchmarks.many_keys as this; this.serve({keys})")


def serve(keys: int) -> None:
    """Serve until the end; print the address first."""
    _Handler.keys, _Handler.content = keys, _parquet()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


def _parquet() -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = io.BytesIO()
    pq.write_table(pa.table({"id": pa.array([1, 2, 3], pa.int64())}), file)
    return file.getvalue()


def _key(number: int) -> str:
    return f"table/day={number // 1000:05}/part-{number % 1000:05}.parquet"


@lru_cache(maxsize=4)
def _page(start: int, keys: int, size: int) -> bytes:
    end = min(start + _PAGE, keys)
    listed = "".join(
        f"<Contents><Key>{_key(number)}</Key><LastModified>{_WRITTEN}</LastModified>"
        f'<ETag>"{number:032x}"</ETag><Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>'
        for number in range(start, end)
    )
    more = f"<IsTruncated>true</IsTruncated><NextContinuationToken>{end}</NextContinuationToken>"
    return (
        '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>made-up</Name><KeyCount>{end - start}</KeyCount><MaxKeys>{_PAGE}</MaxKeys>"
        f"{more if end < keys else '<IsTruncated>false</IsTruncated>'}{listed}</ListBucketResult>"
    ).encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    keys = 0
    content = b""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if "list-type" in query:
            start = int(query.get("continuation-token", 0))
            # A look at whether anything is there asks for one key; nothing else than the table is there.
            few = int(query.get("max-keys", _PAGE)) < _PAGE
            keys = self.keys if query.get("prefix", "") in {"", "table", "table/"} else start
            self._answer(200, _page(start, min(keys, start + 1) if few else keys, len(self.content)))
        elif parts.path.endswith(".parquet"):
            self._file()
        else:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    def _file(self) -> None:
        asked = self.headers.get("Range")
        if asked is None:
            self._answer(200, self.content)
            return
        first, _, last = asked.removeprefix("bytes=").partition("-")
        start, end = int(first), min(int(last or len(self.content)), len(self.content) - 1)
        span = f"bytes {start}-{end}/{len(self.content)}"
        self._answer(206, self.content[start : end + 1], {"Content-Range": span})

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        written = "Mon, 01 Jan 2024 00:00:00 GMT"
        for name, value in {"ETag": f'"{0:032x}"', "Last-Modified": written, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""

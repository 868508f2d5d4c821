"""A bucket of many small tables on loopback, whose every answer takes a while, as over a network."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from benchmarks.beside import served

__all__ = ["serving_copies"]

_WRITTEN = "2024-01-01T00:00:00.000Z"


def serving_copies(folder: Path, seconds: float) -> AbstractContextManager[str]:
    """The endpoint of a server, in a process of its own, whose bucket `made-up` holds copies of the tables in a folder.

    What lies in `folder/name` is found below `name-0`, `name-1` and so on, as many as are asked for.

    Args:
        folder: The tables.
        seconds: How long each answer takes.
    """
    return served(f"import benchmarks.slow_bucket as this; this.serve({str(folder)!r}, {seconds})")


def serve(folder: str, seconds: float) -> None:
    """Serve until the end; print the address first."""
    root = Path(folder)
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    asyncio.run(_serve(files, seconds))


async def _serve(files: dict[str, bytes], seconds: float) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: _Bucket(files, seconds), "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


class _Bucket(asyncio.Protocol):
    """As little of HTTP and S3 as the clients need: answering must cost little beside asking."""

    def __init__(self, files: dict[str, bytes], seconds: float) -> None:
        self._files = files
        self._seconds = seconds
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("not a connection")
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            request, self._received = self._received.split(b"\r\n\r\n", 1)
            answer = self._answer(request.decode())
            asyncio.get_running_loop().call_later(self._seconds, self._transport.write, answer)

    def _answer(self, request: str) -> bytes:
        first, *headers = request.split("\r\n")
        method, target, _ = first.split(" ")
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        key = unquote(parts.path).removeprefix("/made-up").removeprefix("/")
        if "list-type" in query:
            return _response("200 OK", self._listed(query))
        content = self._content(key)
        if content is None:
            return _response("404 Not Found", b"" if method == "HEAD" else b"<Error><Code>NoSuchKey</Code></Error>")
        return _object(method, content, next((each for each in headers if each.lower().startswith("range:")), ""))

    def _content(self, key: str) -> bytes | None:
        table, _, path = key.partition("/")
        return self._files.get(f"{table.partition('-')[0]}/{path}")

    def _listed(self, query: dict[str, str]) -> bytes:
        prefix, after = query.get("prefix", ""), query.get("start-after", "")
        table, kind = prefix.partition("/")[0], prefix.partition("-")[0]
        named = {f"{table}/{path.partition('/')[2]}": path for path in self._files if path.startswith(f"{kind}/")}
        keys = sorted(key for key in named if key.startswith(prefix) and key > after)
        shown = keys[: int(query.get("max-keys", 1000))]
        entries = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>{_WRITTEN}</LastModified>"
            f'<ETag>"{_tag(self._files[named[key]])}"</ETag><Size>{len(self._files[named[key]])}</Size></Contents>'
            for key in shown
        )
        return (
            '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>made-up</Name><KeyCount>{len(shown)}</KeyCount><MaxKeys>1000</MaxKeys>"
            f"<IsTruncated>false</IsTruncated>{entries}</ListBucketResult>"
        ).encode()


def _object(method: str, content: bytes, asked: str) -> bytes:
    about = f'ETag: "{_tag(content)}"\r\nLast-Modified: Mon, 01 Jan 2024 00:00:00 GMT\r\nAccept-Ranges: bytes\r\n'
    if method == "HEAD":
        return _response("200 OK", b"", about, len(content))
    if not asked:
        return _response("200 OK", content, about)
    first, _, last = asked.partition("=")[2].strip().partition("-")
    start, end = int(first), min(int(last or len(content)), len(content) - 1)
    about += f"Content-Range: bytes {start}-{end}/{len(content)}\r\n"
    return _response("206 Partial Content", content[start : end + 1], about)


def _response(status: str, body: bytes, about: str = "", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return (
        f"HTTP/1.1 {status}\r\n{about}Content-Type: application/xml\r\nContent-Length: {size}\r\n\r\n".encode() + body
    )


def _tag(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()

"""The stand-in's connections: HTTP/1.1, kept alive, and broken off when a fault says so."""

from __future__ import annotations

import json
import socket
import socketserver
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.gms.faults import Fault
from tests.gms.routes import Answer, failure

__all__ = ["Request", "Server"]


@dataclass
class Request:
    """A request that arrived.

    Args:
        method: `GET`, `POST`, …
        path: As sent, with the query.
        fault: What went wrong with it.
        proposals: How many proposals it carried.
        size: Bytes of its body.
        status: What was answered; None while there is no answer.
    """

    method: str
    path: str
    fault: Fault | None = None
    proposals: int = 0
    size: int = 0
    status: int | None = None


class Server(ThreadingHTTPServer):
    """Listens on a free port of 127.0.0.1.

    Args:
        arrived: Called with method, path and size of the body of each request.
        answer: Called with the request, its Authorization and its body; None for no answer.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self, arrived: Callable[[str, str, int], Request], answer: Callable[[Request, str, bytes], Answer | None]
    ) -> None:
        self.arrived = arrived
        self.answer = answer
        self._connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    def server_bind(self) -> None:
        # HTTPServer's own asks the resolver for a name, which can take seconds.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Silent: a client that has gone away is part of the tests."""

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End the connections that clients keep alive."""
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, Server)
        size = int(self.headers.get("Content-Length") or 0)
        request = server.arrived(self.command, self.path, size)
        if request.fault == "refused":
            # Without lingering, the client's connection is reset instead of closed.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            return
        body = self.rfile.read(size)
        try:
            answer = server.answer(request, self.headers.get("Authorization") or "", body)
        except Exception as error:
            answer = failure(500, f"{type(error).__name__}: {error}")
        if answer is None:
            self.close_connection = True
            return
        request.status = answer.status
        content = b"" if answer.body is None else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_POST = do_HEAD = do_PUT = do_PATCH = do_DELETE = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: the requests are kept."""

"""A gate before the local S3 that checks signed links as S3 does: moto checks neither signature nor expiry."""

from __future__ import annotations

import hmac
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import requests
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

__all__ = ["Gate", "gate_before"]


@dataclass
class Gate:
    """A proxy in front of the local S3.

    Args:
        behind: Address of the S3.
        key, secret: Whose signatures it takes.
        url: Its own address.
        ahead: How far its clock is ahead.
        refused: S3's codes for what it did not let through.
    """

    behind: str
    key: str
    secret: str
    url: str = ""
    ahead: timedelta = timedelta()
    refused: list[str] = field(default_factory=list[str])

    def why_not(self, method: str, target: str, headers: dict[str, str]) -> str | None:
        """S3's code for a request that must not pass."""
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query))
        given = query.pop("X-Amz-Signature", None)
        if given is None:
            return None if "authorization" in headers else "AccessDenied"
        signed = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
        if datetime.now(timezone.utc) + self.ahead > signed + timedelta(seconds=int(query["X-Amz-Expires"])):
            return "AccessDenied: Request has expired"
        path = quote(unquote(parts.path), safe="/-_.~")
        request = AWSRequest(method, self.url + path, headers={"host": headers["host"]}, params=query)
        request.context["timestamp"] = query["X-Amz-Date"]
        auth = S3SigV4QueryAuth(Credentials(self.key, self.secret), "s3", "us-east-1")
        expected = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
        return None if hmac.compare_digest(given, expected) else "SignatureDoesNotMatch"


@contextmanager
def gate_before(behind: str, key: str, secret: str) -> Generator[Gate, None, None]:
    """The gate, served on loopback."""
    gate = Gate(behind, key, secret)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            if why := gate.why_not(self.command, self.path, headers):
                gate.refused.append(why)
                self._answer(403, {}, f"<Error><Code>{why}</Code></Error>".encode())
                return
            answer = requests.request(self.command, gate.behind + self.path, headers=headers, timeout=30)
            kept = ("content-range", "content-type", "etag", "last-modified", "accept-ranges")
            length = {"content-length": answer.headers["content-length"]} if self.command == "HEAD" else {}
            told = {name: answer.headers[name] for name in kept if name in answer.headers}
            self._answer(answer.status_code, told | length, answer.content)

        do_HEAD = do_GET

        def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in ({"content-length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        gate.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield gate
        server.shutdown()
        thread.join()

"""The settings of DataHub's own clients are honoured whole: server, token, headers, certificates, waiting."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from registry_dagster.errors import RegistryError, RegistryUnavailable
from registry_dagster.registry.settings import default_target
from registry_dagster.stores.gms.credentials import client_for

TOKEN = "eyJhbGciOiJIUzI1NiJ9.c2VjcmV0"
VARIABLES = ("URL", "HOST", "PORT", "PROTOCOL", "TOKEN")


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty home directory, and none of the variables."""
    for name in (*(f"DATAHUB_GMS_{each}" for each in VARIABLES), "DATAHUB_SKIP_CONFIG", "FEATURE_REGISTRY", "NETRC"):
        monkeypatch.delenv(name, raising=False)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "DATAHUB_CLIENT_CERT_PATH", "DATAHUB_CLIENT_KEY_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 that signs itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    plain = serialization.NoEncryption()
    kind = serialization.PrivateFormat.PKCS8
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(serialization.Encoding.PEM, kind, plain)
    )
    return path


@contextmanager
def serving(
    certificate: Path | None = None, *, ask_for_one: bool = False, slow: float = 0.0, status: int = 200
) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A server that repeats what it was sent; its address and the headers of each request."""
    received: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            received.append(dict(self.headers))
            time.sleep(slow)
            body = repr(received[-1]).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        if ask_for_one:
            context.load_verify_locations(certificate)
            context.verify_mode = ssl.CERT_REQUIRED
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http{'s' if certificate else ''}://127.0.0.1:{server.server_port}", received
    finally:
        server.shutdown()
        server.server_close()


def settle(home: Path, **gms: Any) -> None:
    """Write DataHub's settings."""
    (home / ".datahubenv").write_text(yaml.safe_dump({"gms": gms}))


def test_extra_headers_are_sent_to_that_server_alone(home: Path) -> None:
    with serving() as (url, received), serving() as (other, strangers):
        settle(home, server=url, extra_headers={"X-Gateway-Key": "g4teway"})
        for target in ("datahub", url, other):
            assert client_for(target, None).get("/config").status == 200
        assert [each.get("X-Gateway-Key") for each in received] == ["g4teway", "g4teway"]
        assert "X-Gateway-Key" not in strangers[0]


def test_extra_headers_are_as_secret_as_the_token(home: Path) -> None:
    with serving(status=418) as (url, _):
        settle(home, server=url, extra_headers={"X-Gateway-Key": "g4teway"}, token=TOKEN)
        client = client_for("datahub", None)
        text = client.get("/config").text
        assert "g4teway" not in text + repr(client)
        assert TOKEN not in text
    settle(home, server="http://gms:8080", extra_headers={"X-Gateway-Key": "g4teway"})
    with pytest.raises(RegistryError, match="in the clear"):
        client_for("datahub", None)


def test_an_authority_of_the_lab_is_trusted(
    home: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(certificate) as (url, _):
        with pytest.raises(RegistryUnavailable, match="certificate"):
            client_for(url, None).get("/config")
        assert "Retrying" not in caplog.text
        settle(home, server=url, ca_certificate_path=str(certificate))
        assert client_for("datahub", None).get("/config").status == 200
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(home))
        assert client_for("datahub", None).get("/config").status == 200


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_a_check_that_is_turned_off_is_warned_of(
    home: Path, certificate: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(certificate) as (url, _):
        settle(home, server=url, disable_ssl_verification=True)
        assert client_for("datahub", None).get("/config").status == 200
    assert "check of the server's certificate off" in caplog.text


@pytest.mark.parametrize("where", ["file", "environment"])
def test_the_client_shows_its_own_certificate(
    home: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    with serving(certificate, ask_for_one=True) as (url, _):
        settle(home, server=url, ca_certificate_path=str(certificate), retry_max_times=0)
        with pytest.raises(RegistryUnavailable):
            client_for("datahub", None).get("/config")
        if where == "file":
            paths = {"client_certificate_path": str(certificate), "client_key_path": str(certificate)}
            settle(home, server=url, ca_certificate_path=str(certificate), **paths)
        else:
            monkeypatch.setenv("DATAHUB_CLIENT_CERT_PATH", str(certificate))
        assert client_for("datahub", None).get("/config").status == 200


def test_a_server_is_waited_for_as_long_as_the_settings_say(home: Path) -> None:
    with serving(slow=1.0) as (url, received):
        settle(home, server=url, timeout_sec=0.2, retry_max_times=1)
        with pytest.raises(RegistryUnavailable, match="imed out"):
            client_for("datahub", None).get("/config")
        assert len(received) == 2


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"timeout_sec": "soon"}, "timeout_sec in ~/.datahubenv must be a number, got 'soon'"),
        ({"extra_headers": "X-Key"}, "extra_headers in ~/.datahubenv must be names with values"),
        ({"ca_certificate_path": "/no/such.pem"}, "ca_certificate_path is /no/such.pem, which does not exist"),
        ({"auth": {"type": "oauth_session"}}, "signs in by `auth`, which is not supported here; set DATAHUB_GMS_TOKEN"),
    ],
)
def test_a_wrong_setting_is_named(home: Path, settings: dict[str, Any], said: str) -> None:
    settle(home, server="https://gms:8080", **settings)
    with pytest.raises(RegistryError, match=said.replace("(", ".")):
        client_for("datahub", None)


@pytest.mark.parametrize(
    ("variables", "server"),
    [
        ({"URL": "https://one:8080/"}, "https://one:8080"),
        ({"HOST": "two", "PORT": "8080"}, "http://two:8080"),
        ({"HOST": "two", "PORT": "443", "PROTOCOL": "https", "URL": "https://one"}, "https://two:443"),
        ({"HOST": "https://three"}, "https://three"),
        ({}, "https://settings:8080"),
    ],
)
def test_the_environment_comes_before_the_settings(
    home: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], server: str
) -> None:
    settle(home, server="https://settings:8080", token=TOKEN)
    for name, value in variables.items():
        monkeypatch.setenv(f"DATAHUB_GMS_{name}", value)
    assert client_for("datahub", None).address == server
    assert default_target().rstrip("/") == server or not variables


def test_settings_can_be_left_out(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(home, server="https://settings:8080", token=TOKEN)
    monkeypatch.setenv("DATAHUB_SKIP_CONFIG", "true")
    with pytest.raises(RegistryError, match="does not give a server"):
        client_for("datahub", None)

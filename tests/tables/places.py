"""Places to keep a table in for a test: a local directory, and a prefix in stores of each kind."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fsspec

from tests.tables.storage.fake_stores import BUCKET, Azure, Gcs, serving

__all__ = ["PLACES", "Place", "S3Server", "place_in", "s3_server"]

PLACES = ["local", "memory", "s3", "gcs", "azure"]
SECRET = "s3cr3t+secret/key"
AZURE_KEY = "c2VjcmV0LWtleQ=="


@dataclass(frozen=True)
class Place:
    """A location, the options that open it, and a way to put an object below it."""

    uri: str
    put: Callable[[str, bytes], object]
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def at(self, name: str) -> str:
        return f"{self.uri}/{name}"


@dataclass(frozen=True)
class S3Server:
    url: str

    @property
    def options(self) -> dict[str, Any]:
        return {"key": "AKIAIOSFODNN7EXAMPLE", "secret": SECRET, "endpoint_url": self.url}

    @property
    def client(self) -> Any:
        import boto3

        keys = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": SECRET}
        return boto3.client("s3", endpoint_url=self.url, region_name="us-east-1", **keys)


@contextmanager
def s3_server() -> Generator[S3Server, None, None]:
    """moto's S3, with one bucket. It takes a second to load, and some workers of a run need none."""
    from moto.server import ThreadedMotoServer

    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    server = S3Server(f"http://{host}:{port}")
    server.client.create_bucket(Bucket=BUCKET)
    yield server
    moto.stop()


@contextmanager
def place_in(kind: str, path: Path, s3: Callable[[], S3Server]) -> Generator[Place, None, None]:
    """A place of its own for a test, named by the test's directory."""
    name = path.name
    if kind == "local":
        yield Place(path.as_uri(), lambda key, body: _put_file(path / key, body))
    elif kind == "memory":
        memory = fsspec.filesystem("memory")
        yield Place(f"memory://{name}", lambda key, body: memory.pipe_file(f"/{name}/{key}", body))
        if memory.exists(f"/{name}"):
            memory.rm(f"/{name}", recursive=True)
    elif kind == "s3":
        server = s3()
        client = server.client

        def put(key: str, body: bytes) -> None:
            client.put_object(Bucket=BUCKET, Key=f"{name}/{key}", Body=body)

        yield Place(f"s3://{BUCKET}/{name}", put, server.options)
    elif kind == "gcs":
        with serving(Gcs) as store:
            options = {"endpoint_url": store.url}
            yield Place(
                f"gs://{BUCKET}/{name}", lambda key, body: store.objects.update({f"{name}/{key}": body}), options
            )
    else:
        with serving(Azure) as store:
            endpoint = f"DefaultEndpointsProtocol=http;BlobEndpoint={store.url}/account"
            options = {"connection_string": f"{endpoint};AccountName=account;AccountKey={AZURE_KEY}"}
            yield Place(
                f"az://{BUCKET}/{name}", lambda key, body: store.objects.update({f"{name}/{key}": body}), options
            )


def _put_file(file: Path, body: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(body)

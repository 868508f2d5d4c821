"""The page on adopting, run as it is on a bucket of mixed tables in an S3 server on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_dagster.registry.registry import Registry
from tests.adopt.bucket import fill, write_iceberg
from tests.docs.pages import DOCS
from tests.docs.program import Program
from tests.tables.places import S3Server, s3_server

BUCKET = "lake"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    """A server whose credentials are in the environment, as on a person's machine."""
    with s3_server() as server:
        options = server.options
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", options["key"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", options["secret"])
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        yield server


@pytest.mark.parametrize("share", [0.05, pytest.param(1.0, marks=pytest.mark.soak)])
def test_a_bucket_is_published_by_the_commands_of_one_page(
    s3: S3Server, share: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = s3.client
    client.create_bucket(Bucket=BUCKET)
    scratch, folder = tmp_path / "scratch", tmp_path / "work"
    scratch.mkdir()
    folder.mkdir()

    def put(key: str, body: bytes) -> None:
        client.put_object(Bucket=BUCKET, Key=key, Body=body)

    total = fill(put, scratch, share) + write_iceberg(BUCKET, s3.options, put, scratch)
    Program(DOCS / "adopt.md", folder, monkeypatch).run()
    with Registry.open() as registry:
        published = registry.find(limit=None)
    assert len(published) == total
    assert {each.format for each in published} == {"delta", "iceberg", "lance", "parquet", "feather", "csv"}

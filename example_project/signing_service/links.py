"""Links to the files of a published table, signed for S3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

import registry_dagster as rd
from registry_dagster.tables import parquet_files

__all__ = ["Link", "NoLinks", "is_in_s3", "s3_client", "signed_links"]


class NoLinks(Exception):
    """Links to files would not give the published table."""


@dataclass(frozen=True)
class Link:
    """A file of the table.

    Args:
        path: Relative to the table; holds the values of Hive partitions.
        url: Whoever has it reads the file, until it expires.
    """

    path: str
    url: str


def is_in_s3(location: str) -> bool:
    return urlsplit(location).scheme in {"s3", "s3a"}


def s3_client() -> Any:
    """A client with the service's own credentials, from its environment."""
    return cast(Any, boto3).client("s3", config=Config(signature_version="s3v4"))


def signed_links(record: rd.DatasetVersion, client: Any, seconds: int) -> list[Link]:
    """A link for each data file, after the files were proven to be the published ones.

    Args:
        record: The published version.
        client: Of S3.
        seconds: How long the links live.

    Raises:
        NoLinks: the table is not Parquet in S3.
        TableNotFound: its files are no longer the published ones.
    """
    table = record.table
    parts = urlsplit(table.location)
    if not isinstance(table.pin, rd.results.ParquetPin) or not is_in_s3(table.location):
        raise NoLinks(
            f"{record.name} is {table.format} at {parts.scheme}://. Links are signed for Parquet tables in S3 only, "
            "because such a table is nothing but its files; the others need credentials for their location"
        )
    files = parquet_files(table.location, table.pin.fingerprint)
    return [_link(client, parts.netloc, table.location, file, seconds) for file in files]


def _link(client: Any, bucket: str, location: str, file: str, seconds: int) -> Link:
    key = file.partition("://")[2].partition("/")[2]
    url = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=seconds)
    return Link(file.removeprefix(location).lstrip("/") or file.rpartition("/")[2], url)

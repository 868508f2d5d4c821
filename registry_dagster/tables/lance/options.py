"""Storage options by the names that the lance package takes."""

from __future__ import annotations

from registry_dagster.errors import TableError
from registry_dagster.tables.storage.failures import reading
from registry_dagster.tables.storage.object_store import for_azure, for_gcs, for_s3
from registry_dagster.tables.storage.options import AZURE, GCS, S3, StorageOptions, prepared, scheme_of

__all__ = ["for_lance"]


def for_lance(location: str, storage_options: StorageOptions | None) -> tuple[str, dict[str, str]]:
    """A location and options as the lance package takes them: by the names of the object_store crate.

    Credentials are looked up here, as they are for our own reads: without any, object_store would ask the
    instance-metadata address.

    Raises:
        TableAccessDenied: there are no credentials.
        TableError: lance does not read the location's scheme.
    """
    options, seconds = prepared(storage_options)
    scheme, _, rest = location.partition("://")
    with reading(location, seconds):
        if scheme_of(location) in S3:
            uri, own = f"s3://{rest}", for_s3(options, seconds)
        elif scheme_of(location) in GCS:
            uri, own = f"gs://{rest}", for_gcs(options)
        elif scheme_of(location) in AZURE:
            uri, own = for_azure(rest, options)
        else:
            raise TableError(
                f"{location}: Lance datasets are read from local disks, s3://, gs:// and az:// only, "
                f"not through {scheme}://."
            )
    limits = {
        "timeout": f"{seconds:g}s",
        "connect_timeout": f"{min(5.0, seconds):g}s",
        "client_max_retries": "2",
        "client_retry_timeout": str(max(1, int(seconds))),
    }
    return uri, {**limits, **own}

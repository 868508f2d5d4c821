"""The fsspec filesystem behind a location, with time limits and without a look at instance metadata."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from inspect import signature
from typing import Any, cast

from registry_dagster.errors import TableError
from registry_dagster.tables.storage.credentials import aws_session, google_token
from registry_dagster.tables.storage.deadline import within
from registry_dagster.tables.storage.failures import table_error
from registry_dagster.tables.storage.options import AZURE, GCS, S3, StorageOptions, scheme_of

__all__ = ["open_filesystem"]

_EXTRAS = {scheme: extra for schemes, extra in ((S3, "s3"), (GCS, "gcs"), (AZURE, "azure")) for scheme in schemes}
_CONNECT_SECONDS = 5.0
_ATTEMPTS = 3
_MOST_CONNECTIONS = 64
"""To one store: as many as are asked at once when many tables are verified."""


def open_filesystem(location: str, options: StorageOptions, seconds: float) -> tuple[Any, str]:
    """A new filesystem, and the path in it. One from fsspec's cache would be shared, and keep the credentials.

    Args:
        location: A URI of any scheme that fsspec knows.
        options: As `options.prepared` returns them.
        seconds: How long to wait for one answer.

    Raises:
        TableError: an unknown scheme or option, or the library for the scheme is not installed.
        TableAccessDenied: no usable credentials.
        TableUnreachable: the credentials' own server did not answer.
    """
    scheme = scheme_of(location)
    _class_for(location, scheme)
    try:
        return within(seconds, lambda: _open(location, scheme, options, seconds))
    except TableError:
        raise
    except (TypeError, ValueError) as error:
        raise TableError(
            f"{location}: the storage options do not open {scheme}:// ({type(error).__name__}). "
            f"Use the options of fsspec's filesystem for it{_needed(scheme)}."
        ) from None
    except Exception as error:
        raise table_error(error, location, seconds) from None


def _class_for(location: str, scheme: str) -> None:
    import fsspec

    try:
        fsspec.get_filesystem_class(scheme)
    except ImportError:
        how = (
            f'pip install "registry-dagster[{_EXTRAS[scheme]}]"' if scheme in _EXTRAS else "see fsspec's documentation"
        )
        raise TableError(
            f"{location}: the library that reads {scheme}:// is not installed. Install it: {how}"
        ) from None
    except ValueError:
        raise TableError(
            f"{location}: fsspec does not know the scheme {scheme}://. Give a path, or a URI such as s3://bucket/table."
        ) from None


def _open(location: str, scheme: str, options: StorageOptions, seconds: float) -> tuple[Any, str]:
    import fsspec
    from fsspec import core

    fresh: dict[str, Any] = {"skip_instance_cache": True}
    if scheme in S3:
        return _s3(options, seconds, fresh), location.partition("://")[2]
    if scheme in GCS:
        return _gcs(options, fresh), location.partition("://")[2]
    if scheme in AZURE:
        _refuse_unknown(fsspec.get_filesystem_class(scheme), options)
        fresh |= {"use_listings_cache": False, "exclude_managed_identity_credential": True}
    opened: tuple[Any, str] = cast(Any, core).url_to_fs(location, **{**fresh, **options})
    return opened


def _s3(options: StorageOptions, seconds: float, fresh: Mapping[str, Any]) -> Any:
    from s3fs import S3FileSystem

    own = {name: value for name, value in options.items() if name != "profile"}
    _refuse_unknown(S3FileSystem, own)
    limits = {
        "connect_timeout": min(_CONNECT_SECONDS, seconds),
        "read_timeout": seconds,
        "max_pool_connections": _MOST_CONNECTIONS,
        "retries": {"mode": "standard", "total_max_attempts": _ATTEMPTS},
    }
    own["config_kwargs"] = {**limits, **(own.get("config_kwargs") or {})}
    own.setdefault("session", aws_session(options))
    return S3FileSystem(use_listings_cache=False, **fresh, **own)


def _gcs(options: StorageOptions, fresh: Mapping[str, Any]) -> Any:
    # Not the class that fsspec has registered: it asks another service, by gRPC, what kind of bucket it is.
    from gcsfs.core import GCSFileSystem

    own = {name: value for name, value in options.items() if name != "anon"}
    _refuse_unknown(GCSFileSystem, own)
    own["token"] = google_token(options)
    return GCSFileSystem(use_listings_cache=False, **fresh, **own)


def _refuse_unknown(filesystem: type, options: StorageOptions) -> None:
    """These filesystems accept any name and ignore those they do not know, such as a misspelt endpoint."""
    known = signature(filesystem.__init__).parameters.keys() - {"self", "kwargs"}
    unknown = next((name for name in options if name not in known and not name.startswith("exclude_")), None)
    if unknown is not None:
        near = get_close_matches(unknown, known, n=1)
        instead = f"Did you mean {near[0]}?" if near else "Remove it."
        raise TableError(f"storage_options: {filesystem.__name__} has no option {unknown!r}. {instead}")


def _needed(scheme: str) -> str:
    return "; it takes account_name, unless the URI or a connection_string names the account" if scheme in AZURE else ""

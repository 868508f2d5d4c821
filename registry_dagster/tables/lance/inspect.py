"""Lance datasets: one version's manifest, read by the lance package."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from registry_dagster.errors import TableError, TableNotFound, UnsupportedTable
from registry_dagster.model.table import LancePin, TableFacts
from registry_dagster.tables.arrow import encode_schema, fields_of, widths_of
from registry_dagster.tables.lance.options import for_lance
from registry_dagster.tables.storage.deadline import within
from registry_dagster.tables.storage.failures import status_error, table_error
from registry_dagster.tables.storage.locations import local_path, plain_text
from registry_dagster.tables.storage.open import open_storage
from registry_dagster.tables.storage.options import StorageOptions, prepared
from registry_dagster.tables.storage.protocol import Storage
from registry_dagster.tables.whole_number import whole_number

__all__ = ["inspect_lance"]

T = TypeVar("T")
_ANSWERS = 1.4
"""How many times as long as one answer the lance package may take: it makes up to six requests, and repeats them."""


def inspect_lance(
    storage: Storage,
    version: int | str | None = None,
    storage_options: StorageOptions | None = None,
    *,
    count_bytes: int | None = None,
) -> TableFacts:
    """Facts of a version of a Lance dataset.

    Args:
        storage: At the dataset, or at one of its branches (`{dataset}/tree/{branch}`).
        version: A number; or the name of a tag or a branch, which is resolved to the version it refers to now;
            the latest by default.
        storage_options: See `inspect_table`.
        count_bytes: Not needed: the manifest has the counts.

    Raises:
        TableNotFound: no such dataset, version, tag or branch.
        UnsupportedTable: the manifest cannot be read.
        TableUnreachable: the store does not answer.
        TableError: the lance package is not installed, or does not read from such a store.
    """
    location, number = storage.location, whole_number(version)
    if version is not None and number is None:
        location, number = _named(location, str(version), storage_options)
    opened = _Opened.at(location, number, storage_options)
    return TableFacts(
        location=location,
        pin=LancePin(
            version=opened.version,
            transaction_uuid=opened.transaction_uuid,
            branch=_base_and_branch(location, storage_options)[1],
        ),
        fields=fields_of(opened.schema),
        arrow_schema=encode_schema(opened.schema),
        widths=widths_of(opened.schema),
        rows=opened.rows,
        bytes=int(opened.counts["total_files_size"]) or None,
        files=int(opened.counts["total_data_files"]),
    )


@dataclass(frozen=True)
class _Opened:
    version: int
    schema: Any
    counts: dict[str, str]
    rows: int | None
    transaction_uuid: str | None

    @classmethod
    def at(cls, location: str, version: int | None, options: StorageOptions | None) -> _Opened:
        def read(dataset: Any) -> _Opened:
            transaction = dataset.read_transaction(dataset.version)
            uuid = None if transaction is None else transaction.uuid
            counts = dataset.get_version()["metadata"]
            rows = int(counts["total_rows"]) if all(map(_is_counted, dataset.get_fragments())) else None
            return cls(dataset.version, dataset.schema, counts, rows, uuid)

        return _read(location, version, options, read)


def _is_counted(fragment: Any) -> bool:
    """Whether a fragment says how many rows it has, and how many of them are deleted: early ones do not."""
    deleted = fragment.metadata.deletion_file
    return fragment.metadata.physical_rows is not None and (deleted is None or deleted.num_deleted_rows is not None)


def _lance(location: str) -> Any:
    try:
        import lance
    except ImportError as error:
        raise TableError(
            f"{location} is a Lance dataset, and the lance package is not installed. "
            'Install it: pip install "registry-dagster[lance]"'
        ) from error
    return lance


def _read(location: str, version: int | None, options: StorageOptions | None, read: Callable[[Any], T]) -> T:
    """What `read` returns for a dataset at a version; None: its latest."""
    lance = _lance(location)
    seconds = prepared(options)[1] * _ANSWERS
    if (path := local_path(location)) is not None:
        with _errors(location, version, options, seconds):
            return read(lance.dataset(str(path), version=version))

    def read_remote() -> T:
        uri, theirs = for_lance(location, options)
        with _errors(location, version, options, seconds):
            return read(lance.dataset(uri, version=version, storage_options=theirs))

    try:
        return within(seconds, read_remote)
    except TableError:
        raise
    except Exception as error:
        raise table_error(error, location, seconds) from None


@contextmanager
def _errors(
    location: str, version: int | None, options: StorageOptions | None, seconds: float
) -> Generator[None, None, None]:
    """Raises the errors of the lance package as ours. It panics on some damaged manifests."""
    try:
        yield
    except (ValueError, OSError) as error:
        if failed := _of_store(location, error, seconds):
            raise failed from None
        if _is_missing(error):
            raise _missing(location, version, options) from None
        raise _damaged(location, error) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise _damaged(location, error) from None


def _is_missing(error: Exception) -> bool:
    text = str(error).lower()
    return "not found" in text or "status code: 404" in text


def _missing(location: str, version: int | None, options: StorageOptions | None) -> TableNotFound:
    """The package reports a missing version as a missing dataset too."""
    if not open_storage(location, options).exists("_versions"):
        return TableNotFound(f"There is no Lance dataset at {location}: no _versions/ in it. Check the location.")
    what = "no readable version" if version is None else f"no version {version}"
    return TableNotFound(f"The Lance dataset at {location} has {what}.")


def _damaged(location: str, error: BaseException) -> TableError:
    # The package's text about a remote dataset may repeat the store's answer, and secrets in it.
    what = type(error).__name__ if local_path(location) is None else plain_text(error)
    return UnsupportedTable(
        f"The Lance dataset at {location} cannot be read: {what}. It may be damaged, or need a newer pylance."
    )


def _of_store(location: str, error: Exception, seconds: float) -> TableError | None:
    """The error of the dataset's store, recognised by its text alone. HTTP 404 is about the dataset, not the store."""
    text = str(error)
    if status := re.search(r"status code: (\d{3})", text):
        return None if status[1] == "404" else status_error(int(status[1]), location, seconds)
    return table_error(ConnectionError(), location, seconds) if "HTTP error" in text else None


def _named(location: str, name: str, options: StorageOptions | None) -> tuple[str, int | None]:
    """Where a tag or a branch leads: the dataset or a branch of it, and the version there, None for its latest."""
    base, _ = _base_and_branch(location, options)
    tags, branches = _read(base, None, options, lambda dataset: (dataset.tags.list(), dataset.branches.list()))
    if name in tags:
        branch, number = tags[name].get("branch"), int(tags[name]["version"])
    elif name in branches:
        branch, number = name, None
    else:
        raise _without_name(base, name, sorted({*tags, *branches}))
    return f"{base}/tree/{branch}" if branch else base, number


def _without_name(base: str, name: str, names: list[str]) -> TableNotFound:
    return TableNotFound(
        f"The Lance dataset at {base} has no tag or branch {name!r}; it has {', '.join(names[:5]) or 'none'}."
    )


def _base_and_branch(location: str, options: StorageOptions | None) -> tuple[str, str | None]:
    """Lance keeps a branch in `tree/{branch}` of the dataset it was taken from."""
    names = location.split("/tree/")
    for length in range(1, len(names)):
        base = "/tree/".join(names[:length])
        if open_storage(base, options).exists("_versions"):
            return base, "/tree/".join(names[length:])
    return location, None

"""Lance datasets: one version's manifest, read by the lance package."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

from registry_dagster.errors import TableError, TableNotFound, UnsupportedTable
from registry_dagster.model.table import LancePin, TableFacts
from registry_dagster.tables.arrow import encode_schema, fields_of
from registry_dagster.tables.locations import local_path, plain_text
from registry_dagster.tables.storage import Storage, open_storage

__all__ = ["inspect_lance"]


def inspect_lance(
    storage: Storage,
    version: int | str | None = None,
    storage_options: Mapping[str, str] | None = None,
) -> TableFacts:
    """Facts of a version of a Lance dataset.

    Args:
        storage: At the dataset, or at one of its branches (`{dataset}/tree/{branch}`).
        version: A number, or the name of a tag, which is resolved to the version it stands for now;
            the latest by default.
        storage_options: For the lance package.

    Raises:
        TableNotFound: no such version or tag.
        UnsupportedTable: the manifest cannot be read.
        TableError: the lance package is not installed.
    """
    options = dict(storage_options or {})
    location, number = storage.location, _number(version)
    if version is not None and number is None:
        location, number = _tagged(location, str(version), options)
    with _errors(location, number):
        dataset = _open(location, number, options)
        schema = dataset.schema
        counts: dict[str, str] = dataset.get_version()["metadata"]
        transaction = dataset.read_transaction(dataset.version)
    return TableFacts(
        location=location,
        pin=LancePin(
            version=dataset.version,
            transaction_uuid=None if transaction is None else transaction.uuid,
            branch=_base_and_branch(location)[1],
        ),
        fields=fields_of(schema),
        arrow_schema=encode_schema(schema),
        rows=int(counts["total_rows"]),
        bytes=int(counts["total_files_size"]) or None,
        files=int(counts["total_data_files"]),
    )


def _number(version: int | str | None) -> int | None:
    return int(version) if version is not None and str(version).isascii() and str(version).isdecimal() else None


def _open(location: str, version: int | None, options: dict[str, str]) -> Any:
    try:
        import lance
    except ImportError as error:
        raise TableError(
            f"{location} is a Lance dataset, and the lance package is not installed. "
            'Install it: pip install "registry-dagster[lance]"'
        ) from error
    return lance.dataset(str(local_path(location) or location), version=version, storage_options=options)


@contextmanager
def _errors(location: str, version: int | None) -> Generator[None, None, None]:
    """The errors of the lance package as ours. It panics on some damaged manifests."""
    try:
        yield
    except (ValueError, OSError) as error:
        if "not found" in str(error).lower():
            what = "no readable version" if version is None else f"no version {version} (any more)"
            raise TableNotFound(f"The Lance dataset at {location} has {what}.") from error
        raise _damaged(location, error) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise _damaged(location, error) from error


def _damaged(location: str, error: BaseException) -> UnsupportedTable:
    return UnsupportedTable(
        f"The Lance dataset at {location} cannot be read: {plain_text(error)}. It may be damaged, or "
        "need a newer pylance."
    )


def _tagged(location: str, tag: str, options: dict[str, str]) -> tuple[str, int]:
    """Where the version that a tag names is: the dataset itself, or a branch of it."""
    base, _ = _base_and_branch(location)
    with _errors(base, None):
        tags: dict[str, Any] = _open(base, None, options).tags.list()
    if tag not in tags:
        names = f"it has {', '.join(sorted(tags)[:5])}" if tags else "it has none"
        raise TableNotFound(f"The Lance dataset at {base} has no tag {tag!r}; {names}.")
    branch = tags[tag].get("branch")
    return f"{base}/tree/{branch}" if branch else base, int(tags[tag]["version"])


def _base_and_branch(location: str) -> tuple[str, str | None]:
    """Lance keeps a branch in `tree/{branch}` of the dataset it was taken from."""
    names = location.split("/tree/")
    for length in range(1, len(names)):
        base = "/tree/".join(names[:length])
        if open_storage(base).exists("_versions"):
            return base, "/tree/".join(names[length:])
    return location, None

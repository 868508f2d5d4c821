"""Locations that an Iceberg table's metadata names: how they are written, and whether they may be asked for."""

from __future__ import annotations

from registry_dagster.errors import TableError, UnsafeLocation, UnsupportedTable
from registry_dagster.tables.storage.locations import normalise
from registry_dagster.tables.storage.options import StorageOptions, scheme_of
from registry_dagster.tables.storage.places import is_within_reach, place_of

__all__ = ["is_below", "may_follow", "named_in"]


def named_in(where: str, location: object) -> str:
    """A location that a metadata file names, as `normalise` writes it.

    Args:
        where: The metadata file.
        location: What it names. Hive writes `file:/path` for a local path.

    Raises:
        UnsafeLocation: it carries a credential.
        UnsupportedTable: it is relative, so it depends on where a reader runs; or is not a location.
    """
    if not isinstance(location, str):
        raise UnsupportedTable(f"{where} is not complete Iceberg metadata: a location in it is not text.")
    if "://" not in location and not location.startswith("file:/") and not _is_local_path(location, where):
        raise UnsupportedTable(
            f"{where} names the location {location[:100]!r}, which is relative: each reader would look for it below "
            "its own working directory. Write the table again with absolute locations."
        )
    try:
        return normalise(
            f"file://{location[5:]}" if location.startswith("file:/") and "://" not in location else location
        )
    except UnsafeLocation:
        raise
    except TableError as error:
        raise UnsupportedTable(f"{where} names a location that cannot be recorded. {error}") from error


def _is_local_path(location: str, where: str) -> bool:
    return location.startswith("/") and scheme_of(where) == "file"


def may_follow(location: str, where: str, options: StorageOptions | None) -> bool:
    """Whether what a metadata file names may be asked for with the options that were given for that file.

    On a local disk, what is below the table's directory may.
    """
    directory = where.rpartition("/")[0]
    return is_within_reach(location, where, options, directory.removesuffix("/metadata"))


def is_below(where: str, location: str) -> bool:
    """Whether a metadata file is in the table's own directory, whatever the spelling of the schemes."""
    return _spelled(where).startswith(f"{_spelled(location)}/")


def _spelled(location: str) -> str:
    return f"{place_of(location)}/{location.partition('://')[2].partition('/')[2]}"

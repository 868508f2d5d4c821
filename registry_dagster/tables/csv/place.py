"""CSV: the size of the file is compared at another place."""

from registry_dagster.tables.one_file import place_file

__all__ = ["place_csv"]

place_csv = place_file

"""Feather: the size of the file is compared at another place."""

from registry_dagster.tables.one_file import place_file

__all__ = ["place_feather"]

place_feather = place_file

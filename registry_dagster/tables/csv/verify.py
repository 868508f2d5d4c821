"""CSV: the file's head is read again, and its fingerprint compared."""

from registry_dagster.tables.one_file import verify_file

__all__ = ["verify_csv"]

verify_csv = verify_file

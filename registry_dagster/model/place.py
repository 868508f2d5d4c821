"""A place: where else the table of a published version is, in the same state."""

from __future__ import annotations

from typing import Literal

from registry_dagster.model.base import Model
from registry_dagster.model.table import AnyPin, Location, TableFacts
from registry_dagster.model.text import Text

__all__ = ["Place"]


class Place(Model):
    """A place where a table is, beside the one that its record names.

    Args:
        location: URI without credentials.
        pin: The same state, as it is named there: a copy of files has change tokens, and so a fingerprint, of its own.
        basis: `proven` by the format's own identifiers; `declared` by a person, after `compared`.
        compared: What was compared, in words.
    """

    location: Location
    pin: AnyPin
    basis: Literal["proven", "declared"]
    compared: Text

    def __str__(self) -> str:
        return f"{self.location} ({self.basis}: {self.compared})"

    def of(self, table: TableFacts) -> TableFacts:
        """The recorded table, as it is found here."""
        return table.model_copy(update={"location": self.location, "pin": self.pin})

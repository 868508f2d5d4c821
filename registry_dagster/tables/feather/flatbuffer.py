"""The little of FlatBuffers that the numbers of an Arrow IPC file are found with.

A table begins with the distance back to its vtable, which says where its fields are. All numbers are little-endian.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FlatTable", "number"]


def number(data: bytes, at: int, size: int, *, signed: bool = False) -> int:
    """A whole number of `size` bytes.

    Raises:
        ValueError: it is not inside the data.
    """
    if not 0 <= at <= len(data) - size:
        raise ValueError(f"a number at {at} is not inside {len(data)} bytes")
    return int.from_bytes(data[at : at + size], "little", signed=signed)


@dataclass(frozen=True)
class FlatTable:
    """One table. All its methods raise `ValueError` where something is not inside the data.

    Args:
        data: All of the FlatBuffer.
        at: Where the table begins in it.
    """

    data: bytes
    at: int

    @classmethod
    def root(cls, data: bytes) -> FlatTable:
        """The table that a FlatBuffer is."""
        return cls(data, number(data, 0, 4))

    def value(self, field: int, size: int) -> int:
        """A field that is a whole number; 0, which is the default of all that are asked for, if it is left out."""
        at = self._field(field)
        return 0 if at is None else number(self.data, at, size, signed=True)

    def table(self, field: int) -> FlatTable:
        """A field that is a table."""
        return FlatTable(self.data, self._reference(field))

    def structs(self, field: int, size: int) -> list[bytes]:
        """A field that is a vector of structs of `size` bytes; none if it is left out."""
        if self._field(field) is None:
            return []
        at = self._reference(field)
        count, first = number(self.data, at, 4), at + 4
        if count * size > len(self.data) - first:
            raise ValueError(f"{count} structs at {at} are not inside {len(self.data)} bytes")
        return [self.data[first + size * index : first + size * (index + 1)] for index in range(count)]

    def _reference(self, field: int) -> int:
        at = self._field(field)
        if at is None:
            raise ValueError(f"field {field} is missing")
        return at + number(self.data, at, 4)

    def _field(self, field: int) -> int | None:
        vtable = self.at - number(self.data, self.at, 4, signed=True)
        entry = 4 + 2 * field
        offset = number(self.data, vtable + entry, 2) if entry < number(self.data, vtable, 2) else 0
        return self.at + offset if offset else None

"""What is wrong with a moment that says more than a record keeps."""

from __future__ import annotations

import re

__all__ = ["TOO_FINE", "is_too_fine"]

TOO_FINE = "has digits below a microsecond, which no record keeps; write at most six behind the point"
_FINE = re.compile(r":\d\d[.,]\d{6}0*[1-9]")


def is_too_fine(moment: str) -> bool:
    """Whether a moment, as it is written, has digits below a microsecond. Zeros are none."""
    return _FINE.search(moment) is not None

"""What a new format adds to `registry_dagster/model/table.py`."""

from __future__ import annotations

from typing import Literal

from registry_dagster.model.table import FingerprintPin

__all__ = ["ToyPin"]


class ToyPin(FingerprintPin):
    """The state of a toy table."""

    format: Literal["toy"] = "toy"

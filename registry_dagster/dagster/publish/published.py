"""A target that is published: what was asked for, the materialization that was found, and its version."""

from __future__ import annotations

from dataclasses import dataclass

import dagster as dg

from registry_dagster.dagster.publish.frozen_tables import FrozenTable
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.names import parse_version
from registry_dagster.registry.plan import Receipt

__all__ = ["PublishedTarget"]


@dataclass(frozen=True)
class PublishedTarget:
    """A materialization, and the receipt of its version in the registry.

    Args:
        asset: Key of the producing asset, as text.
        frozen: What its materialization froze.
        receipt: The receipt.
    """

    asset: str
    frozen: FrozenTable
    receipt: Receipt

    @property
    def asset_key(self) -> dg.AssetKey:
        """Key of the producing asset."""
        return dg.AssetKey.from_user_string(self.asset)

    @property
    def record(self) -> DatasetVersion:
        """The version."""
        return self.receipt.record

    @property
    def dataset(self) -> str:
        """Name of the dataset."""
        return self.record.dataset

    @property
    def number(self) -> str:
        """`v3`: the version within its dataset, by which its event is found."""
        return f"v{parse_version(self.receipt.version).number}"

"""The event of a published version, on the timeline of its dataset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import dagster as dg

from registry_dagster.dagster.declare.column_schema import table_schema
from registry_dagster.dagster.graph.translator import FeatureRegistryTranslator, dataset_key, system_key
from registry_dagster.dagster.names import (
    COLUMN_SCHEMA,
    DIGEST,
    PRODUCING_RUN,
    ROW_COUNT,
    URI,
    VERSION,
)
from registry_dagster.dagster.pin.physical_version import physical_version
from registry_dagster.dagster.publish.published import PublishedTarget
from registry_dagster.model.dataset_version import DatasetVersion

__all__ = ["version_event"]

_MOST_COLUMNS = 500
_SHORT_DIGEST = len("sha256:") + 12


def version_event(
    published: PublishedTarget, datahub: str | None, translator: FeatureRegistryTranslator
) -> dg.AssetMaterialization:
    """The event of a version: first what people read, at the end what programs do.

    Args:
        published: The version.
        datahub: Address of DataHub's web pages, for a link.
        translator: Knows the keys of the assets.
    """
    receipt, record = published.receipt, published.record
    metadata = {
        VERSION: receipt.version,
        **_publish_rows(record),
        **_upstream_rows(record, translator),
        **_table_rows(record),
        **_producer_rows(published.asset_key, record),
        "datahub": _datahub_link(datahub, receipt.urn) if datahub else None,
        "short_digest": receipt.digest[:_SHORT_DIGEST],
        COLUMN_SCHEMA: _columns(record),
        "urn": receipt.urn,
        DIGEST: receipt.digest,
    }
    return dg.AssetMaterialization(
        asset_key=dataset_key(translator, published.dataset),
        partition=published.number,
        description=f"{receipt.version}: {record.provenance.message}",
        metadata={name: value for name, value in metadata.items() if value is not None},
    )


def _publish_rows(record: DatasetVersion) -> Mapping[str, Any]:
    """Why, who, when, and against what."""
    provenance = record.provenance
    return {
        "message": provenance.message,
        "publisher": provenance.publisher,
        "published_at": dg.MetadataValue.timestamp(provenance.published_at),
        "label": record.label,
        "made_against": ", ".join(map(str, record.materializations)),
        "code": str(provenance.code) if provenance.code else None,
    }


def _upstream_rows(record: DatasetVersion, translator: FeatureRegistryTranslator) -> Mapping[str, Any]:
    """A link to the asset of each upstream system: `upstream_asset`, `upstream_asset_2`, …"""
    keys = dict.fromkeys(system_key(translator, version) for version in record.materializations)
    return {
        f"upstream_asset_{place}" if place > 1 else "upstream_asset": dg.MetadataValue.asset(key)
        for place, key in enumerate(keys, 1)
    }


def _table_rows(record: DatasetVersion) -> Mapping[str, Any]:
    table = record.table
    return {
        "physical_version": physical_version(table),
        ROW_COUNT: table.rows,
        "format": table.format,
        URI: table.location,
    }


def _columns(record: DatasetVersion) -> dg.TableSchema | None:
    is_wide = len(record.table.fields) > _MOST_COLUMNS
    return None if is_wide else table_schema(record.columns, record.table)


def _producer_rows(asset: dg.AssetKey, record: DatasetVersion) -> Mapping[str, Any]:
    run_id = record.provenance.dagster_run_id
    return {
        "asset": dg.MetadataValue.asset(asset),
        "partition": record.provenance.dagster_partition,
        PRODUCING_RUN: dg.MetadataValue.dagster_run(run_id) if run_id else None,
    }


def _datahub_link(datahub: str, urn: str) -> dg.MetadataValue[Any]:
    return dg.MetadataValue.url(f"{datahub.rstrip('/')}/dataset/{quote(urn, safe='')}")

"""DataHub's own classes as the judge of what we write."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from registry_dagster.datahub.dataset import dataset_proposals
from registry_dagster.datahub.materialization import materialization_proposals
from registry_dagster.datahub.prerequisites import prerequisite_proposals
from registry_dagster.datahub.proposal import Entity, Proposal
from registry_dagster.datahub.version import version_proposals
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion

__all__ = ["entity", "publish_proposals", "read_by_datahub", "stored"]


def publish_proposals(record: DatasetVersion, dataset: Dataset, env: str = "PROD") -> list[Proposal]:
    """Everything a first publish writes, in order."""
    dataset = dataset.model_copy(update={"name": record.dataset})
    return [
        *dataset_proposals(dataset, {}, env),
        *prerequisite_proposals(record, dataset),
        *(each for version in record.materializations for each in materialization_proposals(version, env)),
        *version_proposals(record, dataset, env),
    ]


def stored(proposals: Iterable[Proposal]) -> dict[str, dict[str, Any]]:
    """URN → aspect → value, through the JSON text a store keeps."""
    entities: dict[str, dict[str, Any]] = {}
    for proposal in proposals:
        entities.setdefault(proposal.urn, {})[proposal.aspect] = json.loads(json.dumps(proposal.value))
    return entities


def entity(proposals: Iterable[Proposal], urn: str) -> Entity:
    return stored(proposals)[urn]


def read_by_datahub(proposal: Proposal) -> Any:
    """The aspect as DataHub's own typed class."""
    from datahub.emitter.aspect import ASPECT_MAP
    from datahub.emitter.serialization_helper import post_json_transform

    return ASPECT_MAP[proposal.aspect].from_obj(post_json_transform(proposal.value))

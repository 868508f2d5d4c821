"""What a version points at, and what must therefore exist before it. Writing it again changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from registry_dagster.datahub.acts import act_definitions
from registry_dagster.datahub.dataset import tag_proposals
from registry_dagster.datahub.glossary import glossary_proposals
from registry_dagster.datahub.materialization import platform_proposal, source_proposal
from registry_dagster.datahub.properties import property_definitions
from registry_dagster.datahub.proposal import Proposal
from registry_dagster.datahub.urns import PLATFORM
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion

__all__ = ["prerequisite_proposals"]


def prerequisite_proposals(record: DatasetVersion, dataset: Dataset) -> Iterator[Proposal]:
    """Entities to create where absent, and to leave as they are where present."""
    yield platform_proposal(PLATFORM, "Feature Registry")
    for source in sorted({version.source for version in record.materializations}):
        yield source_proposal(source)
    yield from property_definitions()
    yield from act_definitions()
    yield from glossary_proposals(record)
    yield from tag_proposals(dataset)

"""MaterializationVersion ⇄ a DataHub dataset on the platform of its source."""

from __future__ import annotations

import json

from registry_dagster.datahub.proposal import (
    Aspect,
    Entity,
    Proposal,
    browse_path,
    own_properties,
    proposals,
    text_properties,
)
from registry_dagster.datahub.urns import materialization_urn, platform_urn, sort_id, version_set_urn
from registry_dagster.datahub.version_sets import SCHEME
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.recorded import reading_records

__all__ = ["SUB_TYPE", "materialization_from", "materialization_proposals", "platform_proposal", "source_proposal"]

SUB_TYPE = "Materialization Version"
_SOURCE_NAMES = {"cave": "CAVE", "neuprint": "neuPrint"}


def platform_proposal(platform: str, display_name: str) -> Proposal:
    """A data platform, for stores that do not know it yet."""
    info: Aspect = {
        "name": platform,
        "displayName": display_name,
        "type": "OTHERS",
        "datasetNameDelimiter": ".",
    }
    return Proposal(platform_urn(platform), "dataPlatformInfo", info)


def source_proposal(source: str) -> Proposal:
    """The platform of a source's materialization versions."""
    return platform_proposal(source, _SOURCE_NAMES.get(source, source))


def materialization_proposals(version: MaterializationVersion, env: str) -> tuple[Proposal, ...]:
    """The entity, its place in the version set of its system, and its facts."""
    return proposals(
        materialization_urn(version, env),
        {
            "datasetProperties": {
                "customProperties": text_properties(version),
                "name": str(version),
                "qualifiedName": str(version),
                "description": f"State {version.version} of {version.system}.",
                "tags": [],
            },
            "versionProperties": {
                "versionSet": version_set_urn(version.source, version.system, env),
                "version": {"versionTag": version.version},
                "aliases": [{"versionTag": alias} for alias in version.aliases],
                "sortId": sort_id(version.version),
                "versioningScheme": SCHEME,
            },
            "subTypes": {"typeNames": [SUB_TYPE]},
            "browsePathsV2": browse_path(version.system),
            "dataPlatformInstance": {"platform": platform_urn(version.source)},
            "status": {"removed": False},
        },
    )


@reading_records()
def materialization_from(entity: Entity) -> MaterializationVersion | None:
    """The MaterializationVersion in a stored entity; None if it holds none, or if others overwrote it."""
    facts: dict[str, str] = entity.get("datasetProperties", {}).get("customProperties", {})
    try:
        lists = {"aliases": json.loads(facts["aliases"])} if "aliases" in facts else {}
        return MaterializationVersion.from_json({**own_properties(MaterializationVersion, facts), **lists})
    except ValueError:
        return None

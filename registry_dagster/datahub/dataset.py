"""Dataset ⇄ a DataHub container. What people change in owners and tags is kept."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Any

from registry_dagster.datahub.limits import searchable
from registry_dagster.datahub.proposal import (
    Aspect,
    Entity,
    Proposal,
    browse_path,
    own_properties,
    proposals,
    text_properties,
)
from registry_dagster.datahub.urns import PLATFORM, container_urn, encoded, owner_urn, platform_urn
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.recorded import reading_records

__all__ = ["SUB_TYPE", "dataset_from", "dataset_proposals", "tag_proposals"]

SUB_TYPE = "Feature Dataset"


def dataset_proposals(dataset: Dataset, stored: Entity, env: str) -> tuple[Proposal, ...]:
    """The container as it should be, given what is stored: what we wrote is updated, what others wrote is kept."""
    before = dataset_from(stored) or Dataset(name=dataset.name)
    return proposals(
        container_urn(dataset.name, env),
        {
            "containerProperties": {
                "customProperties": text_properties(dataset),
                "name": dataset.title or dataset.name,
                "qualifiedName": dataset.name,
                "env": env,
                **({"description": searchable(dataset.description)} if dataset.description else {}),
            },
            "ownership": _ownership(dataset, before, stored.get("ownership")),
            "globalTags": _tags(dataset, before, stored.get("globalTags")),
            "subTypes": {"typeNames": [SUB_TYPE]},
            "browsePathsV2": browse_path(),
            "dataPlatformInstance": {"platform": platform_urn(PLATFORM)},
            "status": {"removed": False},
        },
    )


@reading_records()
def dataset_from(entity: Entity) -> Dataset | None:
    """The Dataset in a stored container; None if it holds none, or if others overwrote it."""
    properties: dict[str, str] = entity.get("containerProperties", {}).get("customProperties", {})
    if not properties:
        return None
    try:
        lists = {name: json.loads(properties[name]) for name in ("owners", "tags") if name in properties}
        return Dataset.from_json({**own_properties(Dataset, properties), **lists})
    except ValueError:
        return None


def tag_proposals(dataset: Dataset) -> Iterator[Proposal]:
    """The tags it carries, for stores that do not know them yet."""
    for tag in dataset.tags:
        yield Proposal(_tag_urn(tag), "tagProperties", {"name": tag})


def _ownership(dataset: Dataset, before: Dataset, stored: Aspect | None) -> Aspect | None:
    ours = [{"owner": owner_urn(owner), "type": "TECHNICAL_OWNER"} for owner in dataset.owners]
    owners = _merged(ours, map(owner_urn, before.owners), (stored or {}).get("owners", ()), key="owner")
    if not owners and stored is None:
        return None
    return {
        **(stored or {"ownerTypes": {}, "lastModified": {"time": 0, "actor": "urn:li:corpuser:unknown"}}),
        "owners": owners,
    }


def _tags(dataset: Dataset, before: Dataset, stored: Aspect | None) -> Aspect | None:
    ours = [{"tag": _tag_urn(tag)} for tag in dataset.tags]
    tags = _merged(ours, map(_tag_urn, before.tags), (stored or {}).get("tags", ()), key="tag")
    return {"tags": tags} if tags or stored is not None else None


def _merged(
    ours: list[dict[str, Any]], before: Iterable[str], stored: Iterable[dict[str, Any]], key: str
) -> list[dict[str, Any]]:
    """What others added, then our entries. Entries that we declared before and no longer declare are dropped."""
    urn_of = itemgetter(key)
    dropped = set(before) - set(map(urn_of, ours))
    kept = [entry for entry in stored if urn_of(entry) not in dropped]
    present = set(map(urn_of, kept))
    return [*kept, *(entry for entry in ours if urn_of(entry) not in present)]


def _tag_urn(tag: str) -> str:
    return f"urn:li:tag:{encoded(tag)}"

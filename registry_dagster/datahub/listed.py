"""What lists show of a version: taken from its aspects and its Dataset's, as they are now."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple
from zlib import crc32

from registry_dagster.datahub.acts import act_texts, readable_acts
from registry_dagster.datahub.dataset import dataset_from
from registry_dagster.datahub.proposal import Entity
from registry_dagster.datahub.retirement import is_removed, retirement_from
from registry_dagster.datahub.urns import version_in
from registry_dagster.model.act import Act
from registry_dagster.model.names import VersionName

__all__ = ["Listed", "listed_from", "listed_text", "shown_by_versions", "versions_that_changed"]


class Listed(NamedTuple):
    """A version in brief.

    Args:
        version: `dataset@vN`.
        title: What people call the dataset now.
        label: The alias that it was published with.
        materializations: What it was made against, `system@version`.
        format, rows, location: The table, where it is now; rows are None if nobody counted them.
        published_at, publisher, message: When, by whom, why.
        retired: Why it should no longer be used; None if it may be.
        removed: Whether it was removed in DataHub.
    """

    version: str
    title: str | None
    label: str | None
    materializations: tuple[str, ...]
    format: str
    rows: int | None
    location: str
    published_at: datetime
    publisher: str
    message: str
    retired: str | None
    removed: bool


def listed_text(version: VersionName, entity: Entity, container: Entity) -> str | None:
    """What lists show of a version, as JSON; None if others changed its aspects so that nobody can say.

    Args:
        version: Its name.
        entity: Its aspects.
        container: Those of its Dataset.
    """
    try:
        facts: Mapping[str, str] = entity["datasetProperties"]["customProperties"]
        acts = readable_acts(container, f'"{version}"')
        retirement = retirement_from(entity, str(version), acts)
        rows = facts.get("rows")
        listed = Listed(
            version=str(version),
            title=_title(container),
            label=facts.get("label"),
            materializations=tuple(
                f"{each['system']}@{each['version']}" for each in json.loads(facts["materializations"])
            ),
            format=facts["format"],
            rows=int(rows) if rows is not None else None,
            location=_location_now(facts["location"], str(version), acts),
            published_at=_moment(facts["published_at"]),
            publisher=facts["publisher"],
            message=facts["message"],
            retired=str(retirement) if retirement else None,
            removed=is_removed(entity),
        )
    except (KeyError, TypeError, ValueError):
        return None
    return _text([*listed[1:7], facts["published_at"], *listed[8:]])


def listed_from(urn: str, text: str | None) -> Listed | None:
    """What `listed_text` said of the version with this URN."""
    version = version_in(urn)
    if text is None or version is None:
        return None
    title, label, states, format_, rows, location, published_at, *others = json.loads(text)
    return Listed(str(version), title, label, tuple(states), format_, rows, location, _moment(published_at), *others)


def shown_by_versions(container: Entity) -> str:
    """What of a Dataset its versions show, as JSON: its title, and of each version a sum over the acts on it."""
    sums: dict[str, int] = {}
    for version, text in act_texts(container):
        sums[version] = crc32(text.encode(), sums.get(version, 0))
    return _text([_title(container), sums])


def versions_that_changed(before: str, after: str) -> set[str] | None:
    """The versions that lists show otherwise since a Dataset changed: by what `shown_by_versions` said; None: all."""
    if before == after:
        return set()
    (title, sums), (title_now, sums_now) = json.loads(before), json.loads(after)
    changed = {version for version, _ in sums.items() ^ sums_now.items()}
    return None if title != title_now or "" in changed else changed


def _title(container: Entity) -> str | None:
    properties: Mapping[str, str] = container.get("containerProperties", {}).get("customProperties", {})
    return _title_in(tuple(properties.items()))


@lru_cache(maxsize=1024)
def _title_in(properties: tuple[tuple[str, str], ...]) -> str | None:
    """The title of the Dataset with these properties, which all of its versions show."""
    dataset = dataset_from({"containerProperties": {"customProperties": dict(properties)}})
    return dataset.title if dataset else None


def _location_now(recorded: str, version: str, acts: Sequence[Act]) -> str:
    """Where the table of a version is to be read: where it was moved to last, else where its record says."""
    moves = (act.place for act in acts if act.act == "relocate" and act.version == version and act.place is not None)
    return next(reversed([place.location for place in moves]), recorded)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

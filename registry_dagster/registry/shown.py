"""All that people are shown of one version: its record, which name led to it, and what is true of it now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from registry_dagster.answers.current import Taken
from registry_dagster.answers.expiry import Expiry, expiry, unknown_expiry
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.retirement import Retirement
from registry_dagster.registry.registry import Registry
from registry_dagster.registry.resolver import At
from registry_dagster.registry.rows.now import DatasetNow, VersionNow

__all__ = ["Shown", "expiries", "record_json", "shown"]


@dataclass(frozen=True)
class Shown:
    """What is shown of one version.

    Args:
        record: The version as it was published.
        taken: Why a dataset's name means it.
        dataset: The Dataset as people describe it now.
        now: What is true now of the Dataset and its versions.
        expiries: When what it was made against expires, as last recorded.
        retirement: By whom and why it is retired, if it is.
    """

    record: DatasetVersion
    taken: Taken
    dataset: Dataset
    now: DatasetNow
    expiries: tuple[Expiry, ...]
    retirement: Retirement | None

    @property
    def seen(self) -> DatasetVersion:
        """The record, with the names of datasets as they are written here."""
        return self.taken.remote.seen(self.record) if self.taken.remote else self.record

    def worded(self, text: str) -> str:
        """A text about the dataset, with its name as it is written here."""
        return self.taken.remote.worded(text, self.record.dataset) if self.taken.remote else text

    @property
    def version(self) -> VersionNow:
        """What is true now of the version."""
        return self.now.version(self.record.name)

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain JSON values."""
        data = record_json(self.record, self.version, self.retirement)
        data |= {"taken": self.taken.to_dict(), "described": self.dataset.to_json(), "gaps": list(self.now.gaps)}
        return data | {"expiry": [each.to_dict() for each in self.expiries]}


def shown(registry: Registry, name: str, *, at: At = None, layout: str | None = None) -> Shown:
    """What is shown of the version that a name means; arguments and errors are those of `Registry.current`."""
    taken = registry.current(name, at=at, layout=layout)
    home, version = registry.holder(taken.version)
    record = home.get(version)
    return Shown(
        record=record,
        taken=taken,
        dataset=home.dataset(record.dataset),
        now=home.acts.now(record.dataset),
        expiries=tuple(expiries(home, record)),
        retirement=home.retirement(record.name),
    )


def expiries(registry: Registry, record: DatasetVersion) -> Iterator[Expiry]:
    """When each materialization version that it was made against expires, as recorded by now."""
    now = datetime.now(timezone.utc)
    for state in record.materializations:
        recorded = registry.materialization(state)
        yield unknown_expiry(str(state)) if recorded is None else expiry(recorded, at=now)


def record_json(record: DatasetVersion, now: VersionNow, retirement: Retirement | None) -> dict[str, Any]:
    """A record as plain JSON values, with its digests and what is true of it now."""
    data = {**record.to_json(), "digest": record.digest, "content_digest": record.content_digest, "now": now.to_dict()}
    return {**data, "retired": retirement.to_dict()} if retirement else data

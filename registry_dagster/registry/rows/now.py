"""What is true now of a dataset and its versions: what people did after publishing, and what is gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from registry_dagster.answers.answer import Answer
from registry_dagster.answers.current import Candidate, Taken
from registry_dagster.answers.places import places_of
from registry_dagster.model.act import Act
from registry_dagster.model.place import Place

if TYPE_CHECKING:
    from registry_dagster.registry.resolver import Versions

__all__ = ["DatasetNow", "VersionNow", "dataset_now"]


@dataclass(frozen=True)
class VersionNow(Answer):
    """What is true now of one number of a dataset.

    Args:
        version: `dataset@vN`.
        labels: Its aliases.
        layout: The name of its layout.
        licence: Its licence, if one was given.
        draft: Whether it is not final.
        retired: Why it should no longer be used; None if it may be.
        removed: Whether it was removed in DataHub, or deleted.
        gone: Whether nothing is left under the number.
        places: Where its table is, beside where its record says: if it was moved, the place to read from first.
    """

    version: str
    labels: tuple[str, ...] = ()
    layout: str | None = None
    licence: str | None = None
    draft: bool = False
    retired: str | None = None
    removed: bool = False
    gone: bool = False
    places: tuple[Place, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """This as plain JSON values."""
        return {**super().to_dict(), "places": [place.to_json() for place in self.places]}

    def __str__(self) -> str:
        return " · ".join([self.version, *self.marks])

    @property
    def marks(self) -> tuple[str, ...]:
        """Why it is not to be used, in words; empty if it may be."""
        return tuple(self._marks())

    def _marks(self) -> Iterator[str]:
        if self.gone:
            yield "deleted; its number is not given again"
        elif self.removed:
            yield "removed in DataHub"
        if self.retired:
            yield self.retired
        if self.draft:
            yield "draft"


@dataclass(frozen=True)
class DatasetNow(Answer):
    """What is true now of a dataset.

    Args:
        dataset: Its name.
        current: The current version, and why; None if all are removed.
        default_layout: The layout that is meant where none is named.
        licence: The licence that was given to the dataset as a whole.
        versions: Every number that was given, lowest first.
    """

    dataset: str
    current: Taken | None
    default_layout: str | None
    licence: str | None
    versions: tuple[VersionNow, ...]

    def __str__(self) -> str:
        return "\n".join([str(self.current or f"{self.dataset}: every version was removed"), *map(str, self.versions)])

    def version(self, name: str) -> VersionNow:
        """What is true now of `dataset@vN`."""
        return next((each for each in self.versions if each.version == name), VersionNow(name))

    @property
    def gaps(self) -> tuple[str, ...]:
        """The numbers that are removed or gone, each with what became of it."""
        return tuple(f"{each.version}: {each.marks[0]}" for each in self.versions if each.removed)


def dataset_now(versions: Versions, acts: Sequence[Act]) -> DatasetNow:
    """What is true now of a dataset, by its versions and what people did."""
    licences = {act.version: act.licence for act in acts if act.act == "licence"}
    moves = [act for act in acts if act.place is not None]
    return DatasetNow(
        dataset=versions.dataset,
        current=versions.current(),
        default_layout=versions.default_layout,
        licence=licences.get(None),
        versions=tuple(
            replace(_now(each, versions.labels, licences), places=places_of(each.name, moves))
            for each in versions.candidates
        ),
    )


def _now(candidate: Candidate, labels: Mapping[str, int], licences: Mapping[str | None, str | None]) -> VersionNow:
    return VersionNow(
        version=candidate.name,
        labels=tuple(label for label, number in labels.items() if number == candidate.number),
        layout=candidate.layout,
        licence=licences.get(candidate.name, licences.get(None)),
        draft=candidate.draft,
        retired=candidate.retired,
        removed=candidate.removed,
        gone=not candidate.present,
    )

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

__all__ = ["DatasetNow", "VersionNow", "dataset_now", "stated"]


@dataclass(frozen=True)
class VersionNow(Answer):
    """What is true now of one number of a dataset.

    Args:
        version: `dataset@vN`.
        labels: Its aliases.
        layout: The name of its layout.
        license, citation: Its own, else the dataset's, if one was given.
        doi: Its DOI, if one was given.
        draft: Whether it is not final.
        retired: Why it should no longer be used; None if it may be.
        removed: Whether it was removed in DataHub, or deleted.
        gone: Whether nothing is left under the number.
        places: Where its table is, beside where its record says: if it was moved, the place to read from first.
    """

    version: str
    labels: tuple[str, ...] = ()
    layout: str | None = None
    license: str | None = None
    citation: str | None = None
    doi: str | None = None
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
    def licence(self) -> str | None:
        """Its license, by its earlier name."""
        return self.license

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
        license, citation: Those that were given to the dataset as a whole.
        versions: Every number that was given, lowest first.
    """

    dataset: str
    current: Taken | None
    default_layout: str | None
    license: str | None
    citation: str | None
    versions: tuple[VersionNow, ...]

    def __str__(self) -> str:
        return "\n".join([str(self.current or f"{self.dataset}: every version was removed"), *map(str, self.versions)])

    @property
    def licence(self) -> str | None:
        """Its license, by its earlier name."""
        return self.license

    def version(self, name: str) -> VersionNow:
        """What is true now of `dataset@vN`."""
        return next((each for each in self.versions if each.version == name), VersionNow(name))

    @property
    def gaps(self) -> tuple[str, ...]:
        """The numbers that are removed or gone, each with what became of it."""
        return tuple(f"{each.version}: {each.marks[0]}" for each in self.versions if each.removed)


def dataset_now(versions: Versions, acts: Sequence[Act]) -> DatasetNow:
    """What is true now of a dataset, by its versions and what people did."""
    said = stated(acts)
    whole = said.get(None, {})
    moves = [act for act in acts if act.place is not None]
    return DatasetNow(
        dataset=versions.dataset,
        current=versions.current(),
        default_layout=versions.default_layout,
        license=whole.get("license"),
        citation=whole.get("citation"),
        versions=tuple(
            replace(
                _now(each, versions.labels, {**whole, **said.get(each.name, {})}), places=places_of(each.name, moves)
            )
            for each in versions.candidates
        ),
    )


def stated(acts: Sequence[Act]) -> dict[str | None, dict[str, str]]:
    """The license, citation and DOI that were given last to each version, and, under None, to the whole Dataset."""
    found: dict[str | None, dict[str, str]] = {}
    for act in acts:
        if value := act.license or act.citation or act.doi:
            found.setdefault(act.version, {})[act.act] = value
    return found


def _now(candidate: Candidate, labels: Mapping[str, int], said: Mapping[str, str]) -> VersionNow:
    return VersionNow(
        version=candidate.name,
        labels=tuple(label for label, number in labels.items() if number == candidate.number),
        layout=candidate.layout,
        license=said.get("license"),
        citation=said.get("citation"),
        doi=said.get("doi"),
        draft=candidate.draft,
        retired=candidate.retired,
        removed=candidate.removed,
        gone=not candidate.present,
    )

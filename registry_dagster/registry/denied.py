"""What a token may not write, and is therefore left out of what is published, with the privilege that brings it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from registry_dagster.datahub.acts import HIGHEST
from registry_dagster.datahub.assignments import assigned, without
from registry_dagster.datahub.pipeline import pipeline_proposals
from registry_dagster.datahub.proposal import Proposal
from registry_dagster.datahub.urns import container_urn, entity_type, platform_urn, version_urn
from registry_dagster.model.dataset_version import DatasetVersion

__all__ = ["Denied", "lineage_note", "unreadable_note", "unwritten_note"]

_REPAIR = "`feature-registry doctor --repair` adds what is missing"
_LINEAGE = "upstreamLineage"


@dataclass
class Denied:
    """The entities that one registry's token may not write, as far as the store has said so."""

    urns: set[str] = field(default_factory=set[str])

    def note(self, urns: Iterable[str]) -> None:
        """Keep what the store denied."""
        self.urns |= set(urns)

    def allowed(self, proposals: Iterable[Proposal], record: DatasetVersion, env: str) -> tuple[Proposal, ...]:
        """The proposals of a version that may be written, without assignments of what may not be defined."""
        own = version_urn(record.name, env)
        kept = (each for each in proposals if each.urn == own or each.urn not in self.urns)
        return without((each for each in kept if own not in self.urns or each.aspect != _LINEAGE), self.urns)

    def may_record_numbers(self, dataset: str, env: str) -> bool:
        """Whether the highest number of a dataset may be recorded on its page."""
        return not {HIGHEST, container_urn(dataset, env)} & self.urns

    def notes(self, proposals: Sequence[Proposal], record: DatasetVersion, env: str) -> Iterator[str]:
        """What a person should know of what was left out of a version.

        Args:
            proposals: All that it would be written as, and the tags of its Dataset.
            record: The version.
            env: DataHub's environment.
        """
        own, page = version_urn(record.name, env), container_urn(record.dataset, env)
        tags = {each.urn for each in proposals if each.aspect == "tagProperties"}
        others = {each.urn for each in proposals} - tags - {own}
        assigns = set[str]().union(*(assigned(each.aspect, each.value) for each in proposals))
        yield from _undefined({*tags, *assigns, HIGHEST} & self.urns)
        yield from _unjoined(others & self.urns)
        yield from (lineage_note(record) for _ in {own} & self.urns)
        yield from (_page_note(record) for _ in {page} & self.urns)
        yield from _unrecorded(self.urns & _around(record, env))


def _around(record: DatasetVersion, env: str) -> set[str]:
    """The platforms, the flow and the job of a version."""
    sources = {each.source for each in record.materializations}
    platforms = [platform_urn(), *map(platform_urn, sources)]
    return {*platforms, *(each.urn for each in pipeline_proposals(record, env))}


def _undefined(urns: set[str]) -> Iterator[str]:
    if urns:
        yield (
            f"not assigned, since this token may not define them: {_listed(urns)}. With Create Entity on "
            f"{_kinds(urns)}, {_REPAIR}"
        )


def _unjoined(urns: set[str]) -> Iterator[str]:
    if urns:
        yield (
            f"{len(urns)} joins are not written as relationships, only as foreign keys and in words, since this token "
            f"may not write them. With Create Entity on {_kinds(urns)}, {_REPAIR}"
        )


def _unrecorded(urns: set[str]) -> Iterator[str]:
    if urns:
        yield f"not recorded: {_listed(urns)}. Create Entity on {_kinds(urns)} brings that"


def _page_note(record: DatasetVersion) -> str:
    return (
        f"this token may not edit the page of {record.dataset}: neither its description nor its highest number is "
        "recorded, so the number of a version that is deleted may be given again. Edit Entity on the container brings "
        "that"
    )


def lineage_note(record: DatasetVersion) -> str:
    """What a person should know of a version whose lineage may not be written."""
    return f"the lineage of {record} is not written. With Edit Lineage on it, {_REPAIR}"


def unwritten_note(record: DatasetVersion, aspects: Collection[str]) -> str:
    """What a person should know of aspects that the store left out and that this token may not add."""
    return (
        f"{', '.join(sorted(aspects))} of {record} is missing, and this token may not add it. With Edit Entity on it, "
        f"{_REPAIR}"
    )


def unreadable_note(record: DatasetVersion, aspects: Collection[str]) -> str:
    """What a person should know of aspects that are there and do not read back."""
    brings = "View Lineage" if set(aspects) == {_LINEAGE} else "View Entity Page"
    return (
        f"{', '.join(sorted(aspects))} of {record} is not readable with this token, so it could not be checked; "
        f"{brings} brings that"
    )


def _listed(urns: Iterable[str]) -> str:
    """The last part of each URN."""
    return ", ".join(sorted(urn.split(":", 3)[3] for urn in urns))


def _kinds(urns: Iterable[str]) -> str:
    return ", ".join(sorted({entity_type(urn) for urn in urns}))

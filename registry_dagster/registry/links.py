"""What a version is linked to: the versions its joins lead to and those it was computed from. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from registry_dagster.answers.current import Candidate, current, made_at
from registry_dagster.errors import NotPublished
from registry_dagster.model.dataset_version import ColumnSource
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.names import exact_version, parse_version
from registry_dagster.model.reference import Reference
from registry_dagster.registry.plan import Origin, Publication
from registry_dagster.registry.resolver import Versions
from registry_dagster.registry.view import View

__all__ = ["Links", "links_of"]


@dataclass(frozen=True)
class Links:
    """The exact versions that a version is linked to.

    Args:
        references: What each reference names (`Reference.link`) → the version it is linked to.
        inputs: The versions it was computed from.
        lineage: Column → the columns of its inputs that it was computed from.
        content: Linked version → its content digest.
        warnings: What is left out, and what is linked although it should no longer be used.
    """

    references: Mapping[str, str]
    inputs: Sequence[str]
    lineage: Mapping[str, Sequence[ColumnSource]]
    content: Mapping[str, str]
    warnings: tuple[str, ...]


def links_of(publication: Publication, view: View) -> Links:
    """What a publication is linked to, given what is recorded.

    Raises:
        NotPublished: an input that is named exactly is not published.
    """
    warnings: list[str] = []
    references: dict[str, str] = {}
    for reference in publication.feature_table.references:
        if reference.to is None or reference.link is None or reference.to == publication.dataset:
            continue
        target = _target(reference, view.targets[reference.to], publication.feature_table.materializations)
        warnings += [target] if isinstance(target, str) else _flaw(target, "linked to")
        if isinstance(target, Candidate):
            references[reference.link] = target.name
    inputs, unread = _inputs(publication, view)
    warnings += unread
    for candidate in inputs:
        warnings += _flaw(candidate, "computed from")
    names = list(dict.fromkeys(each.name for each in inputs))
    return Links(
        references=references,
        inputs=names,
        lineage=_lineage(publication.origin or Origin(), names),
        content=dict(_content([*references.values(), *names], view)),
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _target(reference: Reference, versions: Versions, own: Sequence[MaterializationVersion]) -> Candidate | str:
    """The version that a reference leads to, or why it leads to none.

    One without a version and a state prefers what was made against a state of the table's own.
    """
    in_words = "so the join to it is recorded in words only"
    if reference.to_version is not None:
        found = versions.candidate(reference.to_version)
        return found if found and found.present else f"{reference.link} is not published here, {in_words}"
    usable = [each for each in versions.candidates if each.usable]
    if not usable:
        return f"{versions.dataset} {_why_unusable(versions.candidates)}, {in_words}"
    some = _in_layout(_of_state(usable, reference, own), reference.layout)
    taken = current(some, default_layout=None if reference.layout else versions.default_layout)
    if taken is None:
        return f"{reference.link}: no such version is published here, {in_words}"
    return next(each for each in some if each.name == taken.version)


def _why_unusable(candidates: Sequence[Candidate]) -> str:
    if not candidates:
        return "is not published here"
    flaws = "; ".join(f"{each.name} is {each.flaw}" for each in candidates[-3:])
    return f"has no version that may be linked: {flaws}"


def _of_state(
    usable: Sequence[Candidate], reference: Reference, own: Sequence[MaterializationVersion]
) -> Sequence[Candidate]:
    """Those made against the state that is named, or else against one of the table's own; or all."""
    if reference.at is not None:
        return made_at(usable, reference.at)
    return [each for state in own for each in made_at(usable, state)] or usable


def _in_layout(candidates: Sequence[Candidate], layout: str | None) -> Sequence[Candidate]:
    return candidates if layout is None else [each for each in candidates if each.layout == layout]


def _flaw(candidate: Candidate, how: str) -> list[str]:
    return [f"{how} {candidate.name}, which is {candidate.flaw}"] if candidate.flaw else []


def _inputs(publication: Publication, view: View) -> tuple[list[Candidate], list[str]]:
    """The published versions that were read, and a warning for each table that is not published."""
    inputs = list(_declared(publication.feature_table.inputs, view))
    missing: list[str] = []
    for dataset, table in (publication.origin or Origin()).inputs:
        summaries = view.numbers[dataset].summaries
        read = [each for each in view.targets[dataset].candidates if each.present]
        found = [each for each in read if summaries[each.number].table == dict(table)]
        inputs += found[-1:]
        if not found:
            missing.append(
                f"computed from {dataset}, whose table as it was read is not published; publish it first to have it "
                "in the lineage"
            )
    return inputs, missing


def _declared(names: Iterable[str], view: View) -> Iterator[Candidate]:
    for name in names:
        dataset, number = exact_version(name)
        candidate = view.targets[dataset].candidate(number)
        if candidate is None or not candidate.present:
            raise NotPublished(f"inputs: {name} is not published here; publish it first, or name another version")
        yield candidate


def _only_ones(names: Sequence[str]) -> dict[str, str]:
    """The versions that are the only one of their dataset, by dataset."""
    datasets = [parse_version(name).dataset for name in names]
    return {dataset: name for dataset, name in zip(datasets, names, strict=True) if datasets.count(dataset) == 1}


def _lineage(origin: Origin, inputs: Sequence[str]) -> dict[str, list[ColumnSource]]:
    """The columns that come from a published input, where it is the only one of its dataset."""
    versions = _only_ones(inputs)
    lineage = {
        column: [
            ColumnSource(version=versions[dataset], column=source) for dataset, source in sources if dataset in versions
        ]
        for column, sources in origin.column_lineage.items()
    }
    return {column: sources for column, sources in lineage.items() if sources}


def _content(names: Iterable[str], view: View) -> Iterator[tuple[str, str]]:
    for name in names:
        dataset, number = exact_version(name)
        summary = view.numbers[dataset].summaries.get(number)
        if summary is not None and summary.content_digest is not None:
            yield name, summary.content_digest

"""What a reference was linked to when it was published, and which of its words hold for that pair alone."""

from __future__ import annotations

from collections.abc import Iterable

from registry_dagster.answers.answer import Loss
from registry_dagster.answers.relations import Relation, names_of, relate
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.reference import Reference

__all__ = ["as_linked", "beside", "changed_links", "declared_losses", "is_linked", "unshared_rate"]

_SAME = (Relation.SAME_VERSION, Relation.SAME_MOMENT)


def beside(a: DatasetVersion, reference: Reference) -> str | None:
    """The version that a reference was linked to; None if it was recorded in words only."""
    return a.reference_versions.get(reference.link or "")


def as_linked(a: DatasetVersion, others: Iterable[DatasetVersion]) -> DatasetVersion:
    """`a`, whose links name other content where one of these is not what `a` was linked to.

    What is said of such a link then holds for another pair. The records must be as they are stored, see
    `changed_links`.
    """
    changed = {
        other.name: f"{other.name} with content {linked}"
        for other in others
        if (linked := _other_content(a, other)) is not None
    }
    if not changed:
        return a
    links = {link: changed.get(version, version) for link, version in a.reference_versions.items()}
    return a.model_copy(update={"reference_versions": links})


def _other_content(a: DatasetVersion, b: DatasetVersion) -> str | None:
    """The content digest that `a` was linked to under the name of `b`, if it is not that of `b`."""
    linked = a.linked_content.get(b.name)
    return None if linked == b.content_digest else linked


def is_linked(a: DatasetVersion, b: DatasetVersion, reference: Reference) -> bool:
    """Whether a reference of `a` was declared for this very version of its target.

    Without a link, the declaration's own address says so: a number, a state, else a target of the same states.
    """
    linked = beside(a, reference)
    if linked is not None:
        return linked == b.name
    if reference.to_version is not None:
        return reference.to_version == b.number
    if reference.at is not None:
        return any(reference.at in names_of(state) for state in b.materializations)
    return _of_one_state(a, b)


def declared_losses(a: DatasetVersion, b: DatasetVersion, reference: Reference) -> tuple[Loss, ...]:
    """The rows that a declared match rate leaves without a partner. It says nothing of another pair of versions."""
    if reference.expected_match_rate is None or not is_linked(a, b, reference):
        return ()
    return (Loss(a.name, "rows", round(1 - reference.expected_match_rate, 9), "declared"),)


def unshared_rate(a: DatasetVersion, b: DatasetVersion, reference: Reference) -> str:
    """The declared match rate in words, where it is that of another pair; else empty."""
    if reference.expected_match_rate is None or is_linked(a, b, reference):
        return ""
    rate = f"the expected match rate of {reference.expected_match_rate:.1%}"
    linked = beside(a, reference)
    if linked is None:
        return f"{rate} was declared while no version of {reference.to} was linked, so not for this pair"
    return f"{rate} was declared for {linked}, not for this pair"


def changed_links(a: DatasetVersion, b: DatasetVersion) -> tuple[str, ...]:
    """Says where what is under a version's name now is not what the other table was linked to.

    The records must be as they are stored: a digest counts what is recorded of their states.
    """
    return tuple(
        f"{other.name} is not what {one.name} was linked to: {one.name} recorded content {linked}, "
        f"and under that name is now {other.content_digest}; compare both before you join them"
        for one, other in ((a, b), (b, a))
        if (linked := _other_content(one, other)) is not None
    )


def _of_one_state(a: DatasetVersion, b: DatasetVersion) -> bool:
    """Whether every system that both name has one state in both."""
    found = [
        [pair.relation in _SAME for own in a.materializations if (pair := relate(own, state)) is not None]
        for state in b.materializations
    ]
    shared = [same for same in found if same]
    return bool(shared) and all(map(all, shared))

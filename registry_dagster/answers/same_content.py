"""Same content: whether a table that is to be published is one that is published already.

A comparison among versions of one dataset, not a digest: what one side leaves unsaid does not count as a difference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry_dagster.answers.relations import names_of
from registry_dagster.model.canonical_json import canonical_json, json_text
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.moments import moments_agree
from registry_dagster.model.table import TableFacts

__all__ = ["SameContent", "has_declared_types", "identity_key", "place_of", "same_content", "same_table", "table_key"]

_ALIASES = {"s3a": "s3", "s3n": "s3", "gcs": "gs", "abfs": "abfss"}
"""Schemes under which libraries know one and the same place."""

_UNSTATED: Mapping[str, object] = {
    "timestamp": None,
    "uuid": None,
    "kind": MaterializationVersion.model_fields["kind"].default,
    "source": MaterializationVersion.model_fields["source"].default,
}
"""What a materialization version may leave unsaid, and how that reads."""

_WITHOUT_TYPES = ("csv", "opaque")
"""The formats that say no types. People declare them, so another type is another meaning."""


@dataclass(frozen=True)
class SameContent:
    """A published version that has the content in question.

    Args:
        version: `dataset@vN`.
        not_added: What is stated now and not in the record, which never changes.
    """

    version: str
    not_added: tuple[str, ...] = ()


def place_of(location: str) -> str:
    """A location with its scheme as most libraries write it."""
    scheme, separator, rest = location.partition("://")
    place = f"{_ALIASES.get(scheme.lower(), scheme.lower())}://{rest}" if separator else location
    return re.sub(r"(?<!/)/+$", "", place)


def same_table(table: TableFacts, published: Mapping[str, object]) -> bool:
    """Whether a table in its state is the one that a published version's identity names."""
    return table_key(table) == identity_key(published)


def table_key(table: TableFacts) -> str:
    """One text for all names of a table in its state."""
    return identity_key(table.identity)


def identity_key(identity: Mapping[str, object]) -> str:
    """The same, of what a record says that identifies its table."""
    return json_text({**identity, "location": place_of(str(identity.get("location", "")))})


def has_declared_types(table: TableFacts) -> bool:
    """Whether the types of its columns are what people declared, because its format says none."""
    return table.format in _WITHOUT_TYPES


def same_content(planned: DatasetVersion, published: DatasetVersion) -> SameContent | None:
    """Whether a version to be published has the content of a published one.

    It has if the table is the same in the same state, and the declared meaning is the same, where a timestamp,
    uuid, kind, source or layout that one side alone states does not count. In a format without types, those that were
    declared are part of the meaning. Who, why and when take no part.
    """
    if planned.dataset != published.dataset or not same_table(planned.table, published.table.identity):
        return None
    if planned.layout is not None and published.layout is not None and planned.layout != published.layout:
        return None
    if has_declared_types(planned.table) and planned.table.fields != published.table.fields:
        return None
    states = _paired(planned.materializations, published.materializations)
    if states is None or not _same_meaning(planned.json_form, published.json_form):
        return None
    return SameContent(published.name, tuple(_not_added(planned, published, states)))


def same_state(a: MaterializationVersion, b: MaterializationVersion) -> bool:
    """Whether two declarations name one state, and contradict each other in nothing."""
    if not set(names_of(a)) & set(names_of(b)):
        return False
    return all(_agree(getattr(a, name), getattr(b, name), unstated) for name, unstated in _UNSTATED.items())


def _agree(a: Any, b: Any, unstated: object) -> bool:
    if unstated in (a, b) or a == b:
        return True
    return hasattr(a, "microsecond") and hasattr(b, "microsecond") and moments_agree(a, b)


def _paired(
    planned: Sequence[MaterializationVersion], published: Sequence[MaterializationVersion]
) -> list[tuple[MaterializationVersion, MaterializationVersion]] | None:
    """Each state with its counterpart; None if one has none."""
    left = list(published)
    pairs: list[tuple[MaterializationVersion, MaterializationVersion]] = []
    for state in planned:
        other = next((each for each in left if same_state(state, each)), None)
        if other is None:
            return None
        left.remove(other)
        pairs.append((state, other))
    return None if left else pairs


def _same_meaning(planned: Mapping[str, Any], published: Mapping[str, Any]) -> bool:
    return planned.get("columns", {}) == published.get("columns", {}) and all(
        _in_any_order(planned.get(part, ())) == _in_any_order(published.get(part, ()))
        for part in ("references", "signals")
    )


def _in_any_order(items: Sequence[Any]) -> list[Any]:
    return sorted(items, key=canonical_json)


def _not_added(
    planned: DatasetVersion,
    published: DatasetVersion,
    states: Sequence[tuple[MaterializationVersion, MaterializationVersion]],
) -> Iterator[str]:
    for state, recorded in states:
        for name, unstated in _UNSTATED.items():
            now, then = getattr(state, name), getattr(recorded, name)
            if now != unstated and then == unstated:
                yield f"{name} {now} of {state}"
    if planned.layout is not None and published.layout is None:
        yield f"layout {planned.layout}"

"""All places where the table of a published version is known to be."""

from __future__ import annotations

from collections.abc import Iterable

from registry_dagster.model.act import Act
from registry_dagster.model.place import Place
from registry_dagster.model.table import TableFacts

__all__ = ["places_of", "tables_at"]


def places_of(version: str, acts: Iterable[Act]) -> tuple[Place, ...]:
    """The places that people gave after publishing: that of the last relocation first, then those it is also at.

    Args:
        version: `dataset@vN`.
        acts: The acts on its Dataset, oldest first.
    """
    own = [act for act in acts if act.version == version and act.place is not None]
    ordered = [*_newest(own, "relocate"), *_newest(own, "also_at")]
    return tuple({place.location: place for place in reversed(ordered)}.values())[::-1]


def tables_at(table: TableFacts, version: str, acts: Iterable[Act]) -> tuple[TableFacts, ...]:
    """The table at each place, that to read from first: where it was moved to, else where its record says."""
    given = list(acts)
    places = places_of(version, given)
    moved = any(act.act == "relocate" and act.version == version for act in given)
    others = [place.of(table) for place in places if place.location != table.location]
    if not moved:
        return (table, *others)
    # A table that was moved back is read where its record says, in the state that was found there.
    back = [place.of(table) for place in places[:1] if place.location == table.location]
    return (*back, *others) if back else (*others[:1], *others[1:], table)


def _newest(acts: Iterable[Act], kind: str) -> list[Place]:
    return [act.place for act in acts if act.act == kind and act.place is not None][::-1]

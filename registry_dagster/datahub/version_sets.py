"""Which member of a version set a server shows: the set names one as its latest, and members carry a flag.

Default search shows members flagged as the latest, and those that have no flag since they never were. A server moves
the flags when another member is written into the set: the one named before gets false, the new one true. Where a
server chooses by itself, it compares sort ids with those of the member that the set names.
"""

from __future__ import annotations

from collections.abc import Mapping

from registry_dagster.datahub.proposal import Aspect, Entity
from registry_dagster.datahub.urns import materialization_in, version_in

__all__ = ["SCHEME", "SET_ASPECT", "flag_in", "member_name", "moves", "named_by_server"]

SET_ASPECT = "versionSetProperties"
SCHEME = "LEXICOGRAPHIC_STRING"


def named_by_server(latest: str) -> Aspect:
    """The aspect of a set as a server writes it."""
    return {"versioningScheme": SCHEME, "latest": latest}


def flag_in(entity: Entity) -> bool | None:
    """Whether a member is flagged as the latest; None if it has no flag."""
    return entity.get("versionProperties", {}).get("isLatest")


def member_name(urn: str) -> str:
    """`dataset@vN` or `system@version` of a member."""
    version, state = version_in(urn), materialization_in(urn)
    return str(version) if version else state[1] if state else urn


def moves(latest: str, wanted: str, flags: Mapping[str, bool | None]) -> list[str]:
    """The members that a set must name one after the other, so that default search shows the wanted one alone.

    Args:
        latest: The member that it names now.
        wanted: The member that it should name.
        flags: Members and their flags. Embedded files keep none.
    """
    keeps_flags = any(flag is not None for flag in flags.values())
    others = flags.keys() - {latest, wanted} if keeps_flags else frozenset[str]()
    shown = sorted(urn for urn in others if flags[urn] is not False)
    return [*shown, wanted] if shown or latest != wanted else []

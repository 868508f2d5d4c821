"""Who may do what at the REST interface, as a server decides it when REST authorization is on.

Read from the server's source (`AuthUtil`, `PoliciesConfig`), not run. Each item of a request is judged by its change
type alone: CREATE_ENTITY asks for Create Entity or Edit Entity, every other kind for Edit Entity, whether or not the
entity exists. One item that is denied denies the request. Fine privileges such as Edit Deprecation do not count here,
but for lineage, which recent servers judge apart.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.gms.rules import Change

__all__ = ["EVERYTHING", "Grant", "Rights", "granted"]

_CREATE = frozenset(["CREATE_ENTITY", "EDIT_ENTITY"])
_UPDATE = frozenset(["EDIT_ENTITY"])
_READ = frozenset(["VIEW_ENTITY_PAGE", "GET_ENTITY", "EDIT_ENTITY", "DELETE_ENTITY"])
_PEOPLE = ("corpuser", "corpGroup")
_ON_PEOPLE = {
    _CREATE: frozenset(["CREATE_USERS_AND_GROUPS", "MANAGE_USERS_AND_GROUPS"]),
    _UPDATE: frozenset(["UPDATE_USERS_AND_GROUPS", "MANAGE_USERS_AND_GROUPS"]),
}
_LINEAGE = "upstreamLineage"


@dataclass(frozen=True)
class Grant:
    """One policy: privileges on entities.

    Args:
        privileges: Their names.
        types: Entity types; all if empty.
        urns: What their URNs begin with.
    """

    privileges: frozenset[str]
    types: frozenset[str] = frozenset()
    urns: str = "urn:li:"

    def covers(self, urn: str) -> bool:
        return urn.startswith(self.urns) and (not self.types or _kind(urn) in self.types)


@dataclass(frozen=True)
class Rights:
    """What the user of a token may do.

    Args:
        grants: Policies on entities.
        platform: Privileges on the platform as a whole.
        user: The user.
        judges_lineage: The server is a recent one, which judges upstreamLineage by its own privileges.
        hidden: Entities that no policy lets this user view, e.g. those of another domain.
    """

    grants: tuple[Grant, ...]
    platform: frozenset[str] = frozenset()
    user: str = "urn:li:corpuser:somebody"
    judges_lineage: bool = False
    hidden: frozenset[str] = frozenset()

    def on(self, urn: str) -> frozenset[str]:
        """The privileges on an entity."""
        return frozenset(each for grant in self.grants if grant.covers(urn) for each in grant.privileges)

    def may_read(self, urn: str) -> bool:
        return urn not in self.hidden and bool(self.on(urn) & _READ)

    def reads(self, urn: str, aspect: str) -> bool:
        """Whether an aspect is left in what is read of an entity."""
        return not self.judges_lineage or aspect != _LINEAGE or "VIEW_LINEAGE" in self.on(urn)

    def denied(self, changes: Collection[Change]) -> Iterator[str]:
        """The URN of each item that is denied."""
        return (each.urn for each in changes if not self._may(each))

    def _may(self, change: Change) -> bool:
        needed = _CREATE if change.kind == "CREATE_ENTITY" else _UPDATE
        if _kind(change.urn) in _PEOPLE:
            return bool(self.platform & _ON_PEOPLE[needed])
        if self.judges_lineage and change.aspect == _LINEAGE:
            needed = frozenset(["EDIT_LINEAGE", "EDIT_ENTITY"])
        return bool(self.on(change.urn) & needed)


EVERYTHING = Rights(
    (Grant(frozenset(["CREATE_ENTITY", "EDIT_ENTITY", "VIEW_ENTITY_PAGE", "VIEW_LINEAGE", "EDIT_LINEAGE"])),),
    frozenset(["MANAGE_USERS_AND_GROUPS"]),
)


def granted(rights: Rights, query: str, variables: Mapping[str, Any]) -> dict[str, Any] | None:
    """The answer to a query for the user or its privileges; None for any other."""
    if "getGrantedPrivileges" in query:
        resource = variables["input"].get("resourceSpec") or {}
        names = rights.on(resource["resourceUrn"]) if resource else rights.platform
        return {"data": {"getGrantedPrivileges": {"privileges": sorted(names)}}}
    if "me {" in query:
        return {"data": {"me": {"corpUser": {"urn": rights.user, "username": rights.user.rpartition(":")[2]}}}}
    return None


def _kind(urn: str) -> str:
    return urn.split(":", 3)[2]

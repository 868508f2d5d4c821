"""In which way new entities are sent: as CREATE_ENTITY, or as CREATE to a server that refuses that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from registry_dagster.datahub.proposal import Proposal
from registry_dagster.stores.store import Refusal

__all__ = ["Ways"]

_REMARK = (
    "the server refuses the change type CREATE_ENTITY, so versions are sent as CREATE: that is as safe, but takes Edit "
    "Entity on datasets where REST authorization is on"
)


@dataclass
class Ways:
    """What is known of one server.

    Attributes:
        only_create: Whether it refused CREATE_ENTITY.
    """

    only_create: bool = False

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a person should know before publishing."""
        return (_REMARK,) if self.only_create else ()

    def fitting(self, proposals: Sequence[Proposal]) -> Sequence[Proposal]:
        """The proposals, to be sent as the server takes them."""
        return [replace(each, added=True) for each in proposals] if self.only_create else proposals

    def refuses(self, refusal: Refusal | None) -> bool:
        """Whether a refusal is of the change type itself, which is kept; each is to be sent again then."""
        if self.only_create or refusal is None or refusal.denied:
            return False
        # A key that exists is refused in the name of CREATE_ENTITY, too.
        self.only_create = "CREATE_ENTITY" in refusal.reason and "already exists" not in refusal.reason
        return self.only_create

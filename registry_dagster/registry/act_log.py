"""The acts on a Dataset, as they are kept: entries are only ever added, and only if nobody wrote in between."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registry_dagster.datahub.acts import ACTS_ASPECT, act_definitions, acts_from, with_act
from registry_dagster.datahub.proposal import Proposal
from registry_dagster.datahub.urns import container_urn
from registry_dagster.errors import AccessDenied, NotPublished, RegistryUnavailable
from registry_dagster.model.act import Act
from registry_dagster.registry.records import Records
from registry_dagster.stores.store import Swap

if TYPE_CHECKING:
    from registry_dagster.registry.writer import Writer

__all__ = ["ActLog"]

_TRIES = 50


@dataclass(frozen=True)
class ActLog:
    """Reads and adds to the acts of one registry."""

    records: Records
    writer: Callable[[], Writer]

    def read(self, dataset: str) -> tuple[Mapping[str, Any], tuple[Act, ...]]:
        """The entity of a Dataset, and the acts on it and its versions, in the order they were done.

        Raises:
            NotPublished: there is no such dataset.
            CorruptRecord: others changed them.
        """
        urn = container_urn(dataset, self.records.env)
        held = self.records.store.read([urn]).get(urn, {})
        if not held:
            raise NotPublished(f"{dataset}: no such dataset at {self.records.store.target}")
        return held, acts_from(held)

    def add(self, dataset: str, chosen: Callable[[Sequence[Act]], Sequence[Act]]) -> None:
        """Add acts after all that others added before them. Those that are there are not added again.

        Args:
            dataset: Its name.
            chosen: The acts to add, given those so far. It may refuse by raising, and is asked again if others wrote.

        Raises:
            RegistryUnavailable: the store failed, or others wrote each time; running again is safe.
        """
        urn = container_urn(dataset, self.records.env)
        self.writer().ensure(act_definitions())
        for _ in range(_TRIES):
            held, acts = self.read(dataset)
            after = held
            # A write whose answer was lost may have been carried out: then the entry is there.
            for act in chosen(acts):
                if act not in acts:
                    after = {**after, ACTS_ASPECT: with_act(after, act)}
            if after is held or self._swapped(Swap(urn, ACTS_ASPECT, held.get(ACTS_ASPECT), after[ACTS_ASPECT])):
                return
        raise RegistryUnavailable(
            f"{dataset}: others wrote to it {_TRIES} times in a row, so this was not recorded; run it again"
        )

    def mirror(self, version: str, deprecation: Proposal) -> tuple[str, ...]:
        """Show an act as DataHub's own deprecation; returns why that could not be done. The act is recorded by then."""
        try:
            self.records.store.upsert([deprecation])
        except AccessDenied as error:
            note = (
                f"this is recorded of {version}, but DataHub's own deprecation does not show it: that takes Edit "
                f"Entity on the version. {error}"
            )
            return (note,)
        return ()

    def _swapped(self, swap: Swap) -> bool:
        try:
            return self.records.store.swap([swap])[0]
        except AccessDenied as error:
            raise AccessDenied(
                f"nothing was recorded: that takes Edit Entity on the Dataset's page. {error}", error.urns
            ) from error

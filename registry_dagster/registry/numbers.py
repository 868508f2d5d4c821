"""What was read of the versions of one dataset."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from registry_dagster.answers.same_content import identity_key, table_key
from registry_dagster.datahub.proposal import Aspect, Entity
from registry_dagster.datahub.version import Summary
from registry_dagster.model.act import Act
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.names import exact_version
from registry_dagster.model.table import TableFacts

__all__ = ["Numbers"]


@dataclass
class Numbers:
    """What was read of one dataset.

    Args:
        summaries: Number → what is published under it.
        now: Number → what may change around that version, as it was when read.
        given: The highest number known to have been given, by whatever says so.
        recorded: The highest number that the Dataset itself records.
        acts: The acts on the Dataset and its versions, in order.
        dataset: How the Dataset is described; None if it is not recorded.
        container: The Dataset's entity, as far as it was read.
        hidden: The numbers of versions that this token may not view.
        is_read: Whether it was read whole, so that only what is new need be read.
    """

    summaries: dict[int, Summary] = field(default_factory=dict[int, Summary])
    now: dict[int, Entity] = field(default_factory=dict[int, Entity])
    given: int = 0
    recorded: int = 0
    acts: tuple[Act, ...] = ()
    dataset: Dataset | None = None
    container: Entity = field(default_factory=dict[str, Aspect])
    hidden: set[int] = field(default_factory=set[int])
    is_read: bool = False
    # By its hash: the text of each would take more memory than all else, and what has the same is compared anyway.
    _by_table: dict[int, list[int]] = field(default_factory=dict[int, list[int]], repr=False)
    _keyed: set[int] = field(default_factory=set[int], repr=False)

    @property
    def last(self) -> int:
        """The highest number given. It is never given again, also if its version was deleted."""
        return max(self.given, max(self.summaries, default=0), max(self.hidden, default=0))

    def unread(self, now: Collection[int]) -> list[int]:
        """The numbers among those that are there of which no summary was read, though it may be."""
        return sorted(set(now) - self.summaries.keys() - self.hidden)

    def given_unread(self) -> set[int]:
        """The numbers that were given, as far as known, and of whose versions nothing was read yet."""
        return set(range(1, self.last + 1)) - self.summaries.keys() - self.hidden

    def to_read(self, upto: int, *, again: bool) -> Sequence[int]:
        """The numbers to read, if there may be versions up to one: all, or those of which nothing is known."""
        return range(1, upto + 1) if again else [*sorted(self.given_unread()), *range(self.last + 1, upto + 1)]

    @property
    def labels_given(self) -> dict[str, int]:
        """Label → number, of the labels that were given after publishing."""
        return {each.label: exact_version(each.version).number for each in self.acts if each.label and each.version}

    @property
    def present(self) -> list[int]:
        """The numbers that read back, lowest first."""
        return sorted(self.summaries.keys() & self.now.keys())

    def of_table(self, table: TableFacts) -> list[int]:
        """The numbers of the versions whose records name this table in this state."""
        if len(self._keyed) < len(self.summaries):
            for number in self.summaries.keys() - self._keyed:
                self._keyed.add(number)
                self._by_table.setdefault(hash(identity_key(self.summaries[number].table)), []).append(number)
        return [number for number in self._by_table.get(hash(table_key(table)), ()) if number in self.now]

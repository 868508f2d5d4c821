"""The order in which declared tables are published: what is referred to before what refers to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from registry_dagster.adopt.declaration_file import DeclaredTable
from registry_dagster.model.names import parse_version

__all__ = ["Attempt", "in_order"]


class Attempt(NamedTuple):
    """One table that is to be published.

    Args:
        file: The file that declares it.
        table: The table with its declaration.
    """

    file: str
    table: DeclaredTable

    @property
    def dataset(self) -> str:
        """The name of the dataset it becomes a version of."""
        return self.table.declared.dataset.name

    @property
    def location(self) -> str | None:
        """Where the table is."""
        return self.table.source.location if self.table.source else None

    @property
    def others(self) -> set[str]:
        """The datasets that its references and inputs lead to."""
        declared = self.table.declared
        inputs = {parse_version(name).dataset for name in declared.inputs}
        return inputs | {each.to for each in declared.references if each.to is not None}


def in_order(attempts: Sequence[Attempt]) -> list[Attempt]:
    """Targets before what refers to them. Else, and where datasets refer to each other, the order given."""
    of: defaultdict[str, list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        of[attempt.dataset].append(attempt)
    leads_to = {dataset: set[str]().union(*(each.others for each in own)) & of.keys() for dataset, own in of.items()}
    ordered: dict[str, None] = {}
    for dataset in of:
        _visit(dataset, leads_to, ordered)
    return [attempt for dataset in ordered for attempt in of[dataset]]


def _visit(dataset: str, leads_to: dict[str, set[str]], ordered: dict[str, None]) -> None:
    """Append a dataset behind all that it leads to. No recursion: a chain may be as long as there are datasets."""
    path, entered = [dataset], {dataset}
    while path:
        waiting = sorted(leads_to[path[-1]] - ordered.keys() - entered)
        if waiting:
            path.append(waiting[0])
            entered.add(waiting[0])
        else:
            ordered.setdefault(path.pop())

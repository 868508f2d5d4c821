"""What one process remembers of datasets: as much as its last uses need, and no more however many there are."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from weakref import WeakValueDictionary

from registry_dagster.registry.numbers import Numbers

__all__ = ["MOST_DATASETS", "Remembered"]

MOST_DATASETS = 200
"""So many of the datasets that were used last are remembered."""


class Remembered:
    """What was read of each dataset. Threads may share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._last_used = OrderedDict[str, Numbers]()
        # What a call works with is found as long as the call lasts, whatever else is asked for meanwhile.
        self._held = WeakValueDictionary[str, Numbers]()

    def of(self, dataset: str) -> Numbers:
        """What is remembered of a dataset: nothing if it was not used for long. What is added to it is remembered."""
        with self._lock:
            numbers = self._held.get(dataset) or self._held.setdefault(dataset, Numbers())
            self._last_used[dataset] = numbers
            self._last_used.move_to_end(dataset)
            if len(self._last_used) > MOST_DATASETS:
                self._last_used.popitem(last=False)
            return numbers

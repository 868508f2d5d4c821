"""The mirrors of other labs that have a name here. Nothing is contacted before a question is about one of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping

from registry_dagster.answers.remote import Remote
from registry_dagster.errors import RegistryError
from registry_dagster.registry.lab import Lab
from registry_dagster.stores.open import open_mirror
from registry_dagster.tables.storage.options import OptionsOf, options_of

__all__ = ["Remotes"]


class Remotes(Mapping[str, Lab]):
    """Name → the lab, opened when it is first asked for.

    Args:
        addresses: Name → where its mirror is, as `checked_remotes` returns it.
        options: Storage options, by location alone: what opens one place is sent to no other.
    """

    def __init__(self, addresses: Mapping[str, str], options: OptionsOf | None = None) -> None:
        self.addresses = addresses
        self._options = options
        self._opened: dict[str, Lab] = {}
        self._lock = threading.Lock()

    def __getitem__(self, name: str) -> Lab:
        with self._lock:
            if name not in self._opened:
                self._opened[name] = self._open(name, self.addresses[name])
            return self._opened[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.addresses)

    def __len__(self) -> int:
        return len(self.addresses)

    def _open(self, name: str, address: str) -> Lab:
        try:
            store = open_mirror(address, options_of(self._options, address), remote=name)
        except RegistryError as error:
            raise RegistryError(f"remote {name}: {error}") from error
        return Lab.of(store, store.env, Remote(name, store.location))

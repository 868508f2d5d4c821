"""Proposals from what is published already: the same column, elsewhere in the registry."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from registry_dagster.adopt.proposal import Proposal
from registry_dagster.model.column import Column
from registry_dagster.registry.meanings import Meanings, PublishedMeaning

__all__ = ["Published"]

_NAMED = 3
_VECTORS = ("embedding", "reduced_embedding")


class Published:
    """What published columns suggest. Each name is looked up once.

    Args:
        meanings: Of the registry.
    """

    def __init__(self, meanings: Meanings) -> None:
        self._of = lru_cache(maxsize=None)(meanings.of)

    def proposal(self, path: str, dtype: str, system: str | None) -> Proposal | None:
        """The one meaning that published columns of this name and type have, in tables of the same system.

        None if they differ: then the name means several things, and a person knows which.
        """
        alike = [each for each in self._of(path) if each.type == dtype and system in each.systems]
        meanings = {_key(each.column) for each in alike}
        if len(meanings) != 1:
            return None
        return Proposal(_plain(alike[0].column), f"as published in {_listed(alike)}")

    def doubt(self, path: str, system: str | None) -> str | None:
        """What published columns of this name mean, where they suggest no one meaning."""
        found = [each for each in self._of(path) if system is None or system in each.systems]
        said = dict.fromkeys(f"{each.column.to_json()['semantic']} in {each.version}" for each in found)
        return f"published as {', '.join(list(said)[:_NAMED])}" if said else None


def _plain(column: Column) -> dict[str, object]:
    """The meaning as YAML has it. How wide a vector is, and what is a copy, is for the new table to say."""
    meaning = column.to_json()
    meaning.pop("copy_of", None)
    if meaning["semantic"] in _VECTORS:
        meaning.pop("dim", None)
    return meaning


def _key(column: Column) -> str:
    return repr(sorted(_plain(column).items(), key=lambda item: item[0]))


def _listed(found: Sequence[PublishedMeaning]) -> str:
    names = [each.version for each in found]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more

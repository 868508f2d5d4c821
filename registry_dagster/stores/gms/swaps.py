"""Conditional writes: an aspect is sent with the version that the server gave it when it was as it was read.

They are sent by themselves, or as items of a commit, which is then refused whole if one of them was changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, cast

from registry_dagster.datahub.proposal import Aspect, Proposal
from registry_dagster.datahub.urns import entity_type
from registry_dagster.http import Answer
from registry_dagster.stores.gms.batches import batch, wire_form
from registry_dagster.stores.store import Swap

__all__ = ["Swaps", "is_unmet"]

Send = Callable[[str, Any], Answer]
"""Posts a body to a path; raises for what is neither a success nor a refusal of the condition."""

_ABSENT = "-1"
_Key = tuple[str, str]


class Swaps:
    """Swaps aspects on one server.

    The version of each aspect that was swapped is remembered, so that the next swap need not ask for it. One that is
    behind costs a refusal, never a lost update.

    Args:
        send: Posts to the server.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._known: dict[_Key, tuple[Aspect | None, str]] = {}

    def __call__(self, swaps: Sequence[Swap]) -> Sequence[bool]:
        """Write each aspect that is still as it was read."""
        self._learn(swaps)
        unchanged = [each for each in swaps if self._held(each)[0] == each.before]
        if len(unchanged) > 1 and self._write(unchanged):
            return [each in unchanged for each in swaps]
        # One that somebody else changed in between refuses all of a request.
        return [each in unchanged and self._write([each]) for each in swaps]

    def note(self, entity: Mapping[str, Any], aspect: str) -> None:
        """Keep the version of an aspect that was just read, if the answer has it.

        Args:
            entity: An entity as the server answers it, with system metadata.
            aspect: An aspect that was asked for.
        """
        self._known[entity["urn"], aspect] = _known(entity.get(aspect))

    def begin(self, swaps: Sequence[Swap]) -> list[dict[str, Any]] | None:
        """These as items of a commit that is about to be sent; None if one of them was changed since it was read."""
        self._learn(swaps)
        if any(self._held(each)[0] != each.before for each in swaps):
            return None
        return [_conditional(each, self._held(each)[1]) for each in swaps]

    def end(self, swaps: Sequence[Swap], written: bool) -> None:
        """Keep what such a commit wrote. If it is not known, it is asked for before the next one."""
        for each in swaps:
            value, version = self._known.pop((each.urn, each.aspect), (None, _ABSENT))
            if written and value == each.before:
                self._known[each.urn, each.aspect] = (each.after, _next(version))

    def _held(self, swap: Swap) -> tuple[Aspect | None, str]:
        return self._known.get((swap.urn, swap.aspect), (None, _ABSENT))

    def _learn(self, swaps: Sequence[Swap]) -> None:
        """Read aspects with the versions that the server gave them, where what is known is not what was read."""
        unknown = [each for each in swaps if self._held(each)[0] != each.before]
        for kind, some in _by_kind(unknown):
            wanted: dict[str, dict[str, Any]] = {each.urn: {"urn": each.urn} for each in some}
            for each in some:
                wanted[each.urn][each.aspect] = {}
            answer = self._send(f"/openapi/v3/entity/{kind}/batchGet?systemMetadata=true", list(wanted.values()))
            entities = {each["urn"]: each for each in cast("list[dict[str, Any]]", json.loads(answer.text))}
            for each in some:
                self._known[each.urn, each.aspect] = _known(entities.get(each.urn, {}).get(each.aspect))

    def _write(self, swaps: Sequence[Swap]) -> bool:
        """All of them, or none: one request is one transaction."""
        items = [_conditional(each, self._held(each)[1]) for each in swaps]
        written = False
        try:
            written = self._send("/aspects?action=ingestProposalBatch", batch([items])).status < 300
        finally:
            self.end(swaps, written)
        return written


def is_unmet(answer: Answer) -> bool:
    """Whether a server refused a write since an aspect is not of the version that was given."""
    return answer.status in (412, 422) and "xpected version" in answer.text


def _known(held: Mapping[str, Any] | None) -> tuple[Aspect | None, str]:
    """An aspect with the version that the server gave it. One without a version is asked for before it is written."""
    version = held.get("systemMetadata", {}).get("version") if held else None
    return (held["value"], str(version)) if held and version is not None else (None, _ABSENT)


def _next(version: str) -> str:
    """A server counts the writes of an aspect from 1."""
    return str(max(int(version), 0) + 1)


def _conditional(swap: Swap, version: str) -> dict[str, Any]:
    wire = wire_form(Proposal(swap.urn, swap.aspect, swap.after), create=False)
    return {**wire, "headers": {**wire["headers"], "If-Version-Match": version}}


def _by_kind(swaps: Iterable[Swap]) -> Iterable[tuple[str, list[Swap]]]:
    def kind(swap: Swap) -> str:
        return entity_type(swap.urn)

    return ((name, list(some)) for name, some in groupby(sorted(swaps, key=kind), kind))

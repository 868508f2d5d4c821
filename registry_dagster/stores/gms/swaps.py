"""Conditional writes: an aspect is sent with the version that the server gave it when it was as it was read."""

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
        self._learn([each for each in swaps if self._held(each)[0] != each.before])
        unchanged = [each for each in swaps if self._held(each)[0] == each.before]
        if len(unchanged) > 1 and self._write(unchanged):
            return [each in unchanged for each in swaps]
        # One that somebody else changed in between refuses all of a request.
        return [each in unchanged and self._write([each]) for each in swaps]

    def _held(self, swap: Swap) -> tuple[Aspect | None, str]:
        return self._known.get((swap.urn, swap.aspect), (None, _ABSENT))

    def _learn(self, swaps: Sequence[Swap]) -> None:
        """Read aspects with the versions that the server gave them."""
        for kind, some in _by_kind(swaps):
            wanted: dict[str, dict[str, Any]] = {each.urn: {"urn": each.urn} for each in some}
            for each in some:
                wanted[each.urn][each.aspect] = {}
            answer = self._send(f"/openapi/v3/entity/{kind}/batchGet?systemMetadata=true", list(wanted.values()))
            entities = {each["urn"]: each for each in cast("list[dict[str, Any]]", json.loads(answer.text))}
            for each in some:
                held: Mapping[str, Any] | None = entities.get(each.urn, {}).get(each.aspect)
                known = (held["value"], held["systemMetadata"]["version"]) if held else (None, _ABSENT)
                self._known[each.urn, each.aspect] = known

    def _write(self, swaps: Sequence[Swap]) -> bool:
        """All of them, or none: one request is one transaction."""
        versions = [self._held(each)[1] for each in swaps]
        for each in swaps:
            self._known.pop((each.urn, each.aspect), None)
        answer = self._send("/aspects?action=ingestProposalBatch", batch([list(map(_conditional, swaps, versions))]))
        if answer.status >= 300:
            return False
        for each, version in zip(swaps, versions, strict=True):
            # A server counts the writes of an aspect from 1.
            self._known[each.urn, each.aspect] = (each.after, str(max(int(version), 0) + 1))
        return True


def is_unmet(answer: Answer) -> bool:
    """Whether a server refused a write since an aspect is not of the version that was given."""
    return answer.status in (412, 422) and "xpected version" in answer.text


def _conditional(swap: Swap, version: str) -> dict[str, Any]:
    wire = wire_form(Proposal(swap.urn, swap.aspect, swap.after), create=False)
    return {**wire, "headers": {**wire["headers"], "If-Version-Match": version}}


def _by_kind(swaps: Iterable[Swap]) -> Iterable[tuple[str, list[Swap]]]:
    def kind(swap: Swap) -> str:
        return entity_type(swap.urn)

    return ((name, list(some)) for name, some in groupby(sorted(swaps, key=kind), kind))

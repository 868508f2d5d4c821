"""A running DataHub (GMS) over REST, written through Rest.li, read from its primary store.

docs/datahub.md says how far a server's answers can be trusted, and why writing goes through Rest.li, not OpenAPI.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, cast

from registry_dagster.datahub.acts import ACTS_ASPECT
from registry_dagster.datahub.forms import checked_aspect
from registry_dagster.datahub.proposal import Entity, Proposal
from registry_dagster.datahub.search import Search
from registry_dagster.datahub.urns import entity_type, version_urn
from registry_dagster.errors import AccessDenied, RegistryError, StoreRefused
from registry_dagster.http import Answer, HttpClient
from registry_dagster.model.canonical_json import is_json_object
from registry_dagster.stores.gms.answers import (
    denied,
    message,
    not_a_server,
    parsed,
    part,
    query_error,
    raise_for,
    read_viewable,
)
from registry_dagster.stores.gms.batches import (
    MOST_BYTES,
    MOST_PROPOSALS,
    batch,
    commit_pages,
    pages,
    pages_of,
    size_of,
    wire_form,
)
from registry_dagster.stores.gms.rights import rights
from registry_dagster.stores.gms.search import ServerSearch
from registry_dagster.stores.gms.server_info import (
    ME,
    PRIVILEGES,
    config_facts,
    privileges_of,
    server_version,
    user_of,
)
from registry_dagster.stores.gms.swaps import Swaps, is_unmet
from registry_dagster.stores.gms.ways import Ways
from registry_dagster.stores.store import Found, Refusal, Swap

__all__ = ["GmsStore"]

_log = logging.getLogger(__name__)

_READ_PAGE = 1000
_TRIES = 5
_NOTHING: Entity = {}
_ANY = version_urn("any@v1", "PROD")
_REST_LI = {"X-RestLi-Protocol-Version": "2.0.0"}
_OLDEST = (1, 0)
"""Version sets came with 1.0. Before it, fields of other aspects are missing, too."""

_CONDITIONAL = {"container": ACTS_ASPECT}
"""Entity type → the aspect that is only written if nobody changed it since it was read."""


class GmsStore:
    """Aspects in a DataHub server.

    A commit is one synchronous request, create-only on every aspect: one database transaction there.

    Args:
        http: The connection to the server.
    """

    def __init__(self, http: HttpClient) -> None:
        self._http = http
        self._is_checked = False
        self._ways = Ways()
        self._swaps = Swaps(self._send_swap)
        self._search = ServerSearch(self._graphql, self.read)

    def __repr__(self) -> str:
        return f"GmsStore({self.target!r})"

    @property
    def target(self) -> str:
        return self._http.address

    @property
    def search_lags(self) -> bool:
        return True

    @property
    def filters_reads(self) -> bool:
        return True

    def about(self) -> dict[str, str]:
        config = self._config()
        facts = {"store": "DataHub server", **dict(config_facts(config))}
        if _is_too_old(config):
            return {**facts, "release": _too_old(self.target, config)}
        user = user_of(self._graphql(ME, {}))
        facts["signed in as"] = user or "nobody: no token is set, or the server does not ask for one"
        if user is not None:
            asked = {"input": {"actorUrn": user, "resourceSpec": {"resourceType": "DATASET", "resourceUrn": _ANY}}}
            try:
                facts["rights on datasets"] = privileges_of(self._graphql(PRIVILEGES, asked))
            except RegistryError as error:
                facts["rights on datasets"] = f"could not be checked: {error}"
            facts |= dict(rights(self._graphql, user))
        return facts

    def _config(self) -> dict[str, Any]:
        answer = self._http.get("/config")
        raise_for(self.target, answer, "/config")
        config = parsed(answer)
        if not is_json_object(config):
            raise not_a_server(self.target)
        return config

    def _refuse_old(self) -> None:
        """Ask once, before anything else."""
        if not self._is_checked:
            config = self._config()
            if _is_too_old(config):
                raise StoreRefused(_too_old(self.target, config))
            self._is_checked = True

    def read(self, urns: Collection[str], aspects: Collection[str] = ()) -> dict[str, Entity]:
        self._refuse_old()
        found: dict[str, Entity] = {}
        for kind, some in _by_type(urns):
            for start in range(0, len(some), _READ_PAGE):
                wanted: list[dict[str, Any]] = [
                    {"urn": urn, **{aspect: {} for aspect in aspects}} for urn in some[start : start + _READ_PAGE]
                ]
                found |= self._read_page(kind, wanted)
        return found

    def _read_page(self, kind: str, wanted: Sequence[Mapping[str, Any]]) -> dict[str, Entity]:
        """One request, or more if some of the entities may not be viewed. Of those nothing is returned but that."""
        read, hidden = read_viewable(lambda some: self._ask_for(kind, some), wanted)
        if hidden:
            _log.warning("left out, since this token may not view them: %s", ", ".join(hidden))
        contents: dict[str, Entity] = {entity["urn"]: _content(entity) for entity in read}
        return {**{urn: content for urn, content in contents.items() if content}, **dict.fromkeys(hidden, _NOTHING)}

    def _ask_for(self, kind: str, wanted: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """One request. With versions where an aspect is written conditionally, so that the write need not ask."""
        versions = _CONDITIONAL.get(kind)
        query = "?systemMetadata=true" if versions else ""
        answer = self._http.post(f"/openapi/v3/entity/{kind}/batchGet{query}", wanted)
        if answer.status == 403:
            urns = [str(each["urn"]) for each in wanted]
            raise AccessDenied(f"{denied(self.target, answer)}: View Entity Page on {urns[0]}", urns)
        raise_for(self.target, answer, "a read")
        entities: object = parsed(answer)
        if not isinstance(entities, list):
            raise not_a_server(self.target)
        read = cast("list[dict[str, Any]]", entities)
        if versions and (len(wanted[0]) == 1 or versions in wanted[0]):
            for entity in read:
                self._swaps.note(entity, versions)
        return read

    def search(self, search: Search) -> Iterator[Found]:
        self._refuse_old()
        return self._search(search)

    def _graphql(self, query: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        answer = self._http.post("/api/graphql", {"query": query, "variables": variables})
        raise_for(self.target, answer, "a query")
        said = parsed(answer)
        if not is_json_object(said):
            raise not_a_server(self.target)
        if errors := said.get("errors"):
            # Look at the errors first: a failed search has data, too, and that says that nothing was found.
            raise query_error(self.target, errors)
        if not is_json_object(data := said.get("data")):
            raise not_a_server(self.target)
        return data

    @property
    def remarks(self) -> Sequence[str]:
        return self._ways.remarks

    def check(self, commit: Sequence[Proposal]) -> None:
        sizes = {f"{each.aspect} of {each.urn}": size_of([wire_form(each, create=True)]) for each in commit}
        if len(commit) > MOST_PROPOSALS:
            raise StoreRefused(
                f"{commit[0].urn} takes {len(commit)} proposals, but one request holds at most {MOST_PROPOSALS}; "
                "declare fewer references"
            )
        if sum(sizes.values()) > MOST_BYTES:
            largest = max(sizes, key=sizes.__getitem__)
            raise StoreRefused(
                f"{commit[0].urn} takes {sum(sizes.values()):,} bytes, but one request holds at most {MOST_BYTES:,}. "
                f"The largest part is {largest} with {sizes[largest]:,} bytes; declare shorter texts, or publish the "
                "table in parts"
            )

    def ensure(self, proposals: Iterable[Proposal]) -> None:
        wanted = list(proposals)
        refusal: Refusal | None = None
        for tries in range(_TRIES):
            lacking = self._lacking(wanted, known=tries > 1)
            # Somebody else may create the same at the same time: then what they wrote is left as it is.
            refusal = next(filter(None, map(self._create, pages_of(lacking))), None)
            if refusal is None:
                return
            if refusal.denied:
                raise AccessDenied(refusal.reason, sorted(refusal.urns))
        raise StoreRefused(refusal.reason if refusal else "")

    def _lacking(self, wanted: Sequence[Proposal], known: bool) -> list[Proposal]:
        """Those that are absent, once each.

        Args:
            wanted: Proposals.
            known: Whether their entities are taken to be there, also if nothing of them reads back.
        """
        present = self.read({each.urn for each in wanted})
        lacking = {
            (each.urn, each.aspect): replace(each, added=known or each.urn in present)
            for each in wanted
            if each.aspect not in present.get(each.urn, {})
        }
        return list(lacking.values())

    def upsert(self, proposals: Iterable[Proposal]) -> None:
        self._refuse_old()
        wires = [wire_form(each, create=False) for each in proposals]
        for page in pages([[wire] for wire in wires]):
            answer = self._http.post("/aspects?action=ingestProposalBatch", batch(page), _REST_LI)
            raise_for(self.target, answer, "a write")

    def create(self, commits: Sequence[Sequence[Proposal]]) -> Sequence[Refusal | None]:
        self._refuse_old()
        refusals: list[Refusal | None] = []
        # One request is one transaction, so one commit that is refused takes the others of its request with it. These
        # are then sent one by one, to learn which it was.
        for page in commit_pages(commits):
            refusal = self._create(page)
            if refusal is not None and len(page) > 1:
                refusals += [self._create([commit]) for commit in page]
            else:
                refusals += [refusal] * len(page)
        return refusals

    def swap(self, swaps: Sequence[Swap]) -> Sequence[bool]:
        self._refuse_old()
        return self._swaps(swaps)

    def close(self) -> None:
        self._http.close()

    def _send_swap(self, path: str, body: Any) -> Answer:
        answer = self._http.post(path, body, _REST_LI)
        if not is_unmet(answer):
            raise_for(self.target, answer, "a conditional write")
        return answer

    def _create(self, commits: Sequence[Sequence[Proposal]]) -> Refusal | None:
        proposals = [each for commit in commits for each in commit]
        refusal = self._send_created(self._ways.fitting(proposals))
        if self._ways.refuses(refusal):
            return self._send_created(self._ways.fitting(proposals))
        return refusal

    def _send_created(self, proposals: Sequence[Proposal]) -> Refusal | None:
        swaps = [Swap(each.urn, each.aspect, each.expects, each.value) for each in proposals if _is_conditional(each)]
        conditional = self._swaps.begin(swaps)
        if conditional is None:
            return Refusal(f"{swaps[0].urn}: {swaps[0].aspect} was changed meanwhile")
        wires = [wire_form(each, create=True) for each in proposals if not _is_conditional(each)]
        refusal: Refusal | None = Refusal("not sent")
        try:
            refusal = self._send_commit([*wires, *conditional])
        finally:
            self._swaps.end(swaps, written=refusal is None)
        return refusal

    def _send_commit(self, wires: Sequence[dict[str, Any]]) -> Refusal | None:
        answer = self._http.post("/aspects?action=ingestProposalBatch", batch([wires]), _REST_LI)
        if answer.status in (401, 403):
            why = denied(self.target, answer)
            return Refusal(str(why), denied=True, urns=frozenset(why.urns))
        if 400 <= answer.status < 500 and answer.status != 429:
            return Refusal(f"{self.target} returned {answer.status}: {message(answer.text)}")
        raise_for(self.target, answer, "a write")
        return None


def _too_old(target: str, config: Mapping[str, Any]) -> str:
    return (
        f"{target} is DataHub {server_version(config)}, which has no version sets; use a server of at least "
        f"{'.'.join(map(str, _OLDEST))}, or a hand-off folder (file:///…) until there is one"
    )


def _is_too_old(config: Mapping[str, Any]) -> bool:
    """Whether a server states a release below the oldest that is published to; one that states none is believed."""
    if part(config, "datahub").get("serverEnv") not in (None, "", "core"):
        # DataHub Cloud has version numbers of its own, and knows all aspects.
        return False
    found = re.match(r"v?(\d+)\.(\d+)", server_version(config))
    return found is not None and (int(found[1]), int(found[2])) < _OLDEST


def _is_conditional(proposal: Proposal) -> bool:
    """Whether a part of a commit is written only if nobody changed what is there."""
    return _CONDITIONAL.get(entity_type(proposal.urn)) == proposal.aspect


def _by_type(urns: Collection[str]) -> Iterator[tuple[str, list[str]]]:
    ordered = sorted(dict.fromkeys(urns), key=entity_type)
    for kind, some in groupby(ordered, key=entity_type):
        yield kind, list(some)


def _content(entity: Mapping[str, Any]) -> dict[str, Any]:
    """An entity's aspects, without the key, which a server adds even to an absent entity."""
    return {
        name: checked_aspect(name, aspect.get("value") if is_json_object(aspect) else None)
        for name, aspect in entity.items()
        if name != "urn" and not name.endswith("Key") and aspect
    }

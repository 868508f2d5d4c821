"""A running DataHub (GMS) over REST, written through Rest.li, read from its primary store.

docs/datahub.md says how far a server's answers can be trusted, and why writing goes through Rest.li, not OpenAPI.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, cast

from registry_dagster.datahub.acts import ACTS_ASPECT
from registry_dagster.datahub.forms import checked_aspect
from registry_dagster.datahub.proposal import Entity, Proposal
from registry_dagster.datahub.search import Search
from registry_dagster.datahub.urns import entity_type, version_urn
from registry_dagster.errors import AccessDenied, RegistryError, RegistryUnavailable, StoreRefused
from registry_dagster.http import Answer, HttpClient
from registry_dagster.model.canonical_json import is_json_object
from registry_dagster.stores.gms.batches import (
    MOST_BYTES,
    MOST_PROPOSALS,
    batch,
    commit_pages,
    pages,
    size_of,
    wire_form,
)
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
from registry_dagster.stores.store import Refusal, Swap

__all__ = ["GmsStore"]

_READ_PAGE = 1000
_ANY = version_urn("any@v1", "PROD")
_REST_LI = {"X-RestLi-Protocol-Version": "2.0.0"}
_NEEDS = {"versionProperties": (1, 0), "erModelRelationshipProperties": (0, 14)}
"""Aspect → the first version of DataHub that is taken to know it. Not confirmed against such servers."""

_HELD_BY = {"versionSet": "versionProperties", "erModelRelationship": "erModelRelationshipProperties"}
"""Entity type → the aspect without which a server does not know it."""

_CONDITIONAL = {"container": ACTS_ASPECT}
"""Entity type → the aspect that is only written if nobody changed it since it was read."""

_SAID_OF = {
    "versionProperties": "versions are found by their numbers, and DataHub's UI shows no version list",
    "erModelRelationshipProperties": "joins are recorded as foreign keys and in words, not as relationships",
}


class GmsStore:
    """Aspects in a DataHub server.

    A commit is one synchronous request, create-only on every aspect: one database transaction there.

    Args:
        http: The connection to the server.
    """

    def __init__(self, http: HttpClient) -> None:
        self._http = http
        self._unsupported: Mapping[str, str] | None = None
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
    def unsupported(self) -> Mapping[str, str]:
        if self._unsupported is None:
            self._unsupported = self._ask_version()
        return self._unsupported

    def about(self) -> dict[str, str]:
        facts = {"store": "DataHub server", **dict(config_facts(self._config()))}
        user = user_of(self._graphql(ME, {}))
        facts["signed in as"] = user or "nobody: no token is set, or the server does not ask for one"
        if user is not None:
            asked = {"input": {"actorUrn": user, "resourceSpec": {"resourceType": "DATASET", "resourceUrn": _ANY}}}
            try:
                facts["rights on datasets"] = privileges_of(self._graphql(PRIVILEGES, asked))
            except RegistryError as error:
                facts["rights on datasets"] = f"could not be checked: {error}"
        return {**facts, **{f"without {aspect}": said for aspect, said in self.unsupported.items()}}

    def _config(self) -> dict[str, Any]:
        answer = self._http.get("/config")
        self._raise_for(answer.status, answer.text, "/config")
        config = _parsed(answer)
        if not is_json_object(config):
            raise _not_a_server(self.target)
        return config

    def _ask_version(self) -> dict[str, str]:
        config = self._config()
        if _part(config, "datahub").get("serverEnv") not in (None, "", "core"):
            # DataHub Cloud has version numbers of its own, and knows all aspects.
            return {}
        text = server_version(config)
        found = re.match(r"v?(\d+)\.(\d+)", text)
        if found is None:
            return {}
        version = int(found[1]), int(found[2])
        return {
            aspect: f"DataHub {text} does not know {aspect}: {_SAID_OF[aspect]}"
            for aspect, first in _NEEDS.items()
            if version < first
        }

    def read(self, urns: Collection[str], aspects: Collection[str] = ()) -> dict[str, Entity]:
        found: dict[str, Entity] = {}
        for kind, some in _by_type(urns):
            if _HELD_BY.get(kind) in self.unsupported:
                continue
            for start in range(0, len(some), _READ_PAGE):
                wanted: list[dict[str, Any]] = [
                    {"urn": urn, **{aspect: {} for aspect in aspects}} for urn in some[start : start + _READ_PAGE]
                ]
                for entity in self._read_page(kind, wanted):
                    if content := _content(entity):
                        found[entity["urn"]] = content
        return found

    def _read_page(self, kind: str, wanted: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """One request. With versions where an aspect is written conditionally, so that the write need not ask."""
        versions = _CONDITIONAL.get(kind)
        query = "?systemMetadata=true" if versions else ""
        answer = self._http.post(f"/openapi/v3/entity/{kind}/batchGet{query}", wanted)
        self._raise_for(answer.status, answer.text, "a read")
        entities: object = _parsed(answer)
        if not isinstance(entities, list):
            raise _not_a_server(self.target)
        read = cast("list[dict[str, Any]]", entities)
        if versions and (len(wanted[0]) == 1 or versions in wanted[0]):
            for entity in read:
                self._swaps.note(entity, versions)
        return read

    def search(self, search: Search) -> Iterator[str]:
        return self._search(search)

    def _graphql(self, query: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        answer = self._http.post("/api/graphql", {"query": query, "variables": variables})
        self._raise_for(answer.status, answer.text, "a query")
        said = _parsed(answer)
        if not is_json_object(said):
            raise _not_a_server(self.target)
        if errors := said.get("errors"):
            # Look at the errors first: a failed search has data, too, and that says that nothing was found.
            raise _query_error(self.target, errors)
        if not is_json_object(data := said.get("data")):
            raise _not_a_server(self.target)
        return data

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
        present = self.read({each.urn for each in wanted}, sorted({each.aspect for each in wanted}))
        self.upsert(each for each in wanted if each.aspect not in present.get(each.urn, {}))

    def upsert(self, proposals: Iterable[Proposal]) -> None:
        wires = [wire_form(each, create=False) for each in proposals if each.aspect not in self.unsupported]
        for page in pages([[wire] for wire in wires]):
            answer = self._http.post("/aspects?action=ingestProposalBatch", batch(page), _REST_LI)
            self._raise_for(answer.status, answer.text, "a write")

    def create(self, commits: Sequence[Sequence[Proposal]]) -> Sequence[Refusal | None]:
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
        return self._swaps(swaps)

    def close(self) -> None:
        self._http.close()

    def _send_swap(self, path: str, body: Any) -> Answer:
        answer = self._http.post(path, body, _REST_LI)
        if not is_unmet(answer):
            self._raise_for(answer.status, answer.text, "a conditional write")
        return answer

    def _create(self, commits: Sequence[Sequence[Proposal]]) -> Refusal | None:
        proposals = [each for commit in commits for each in commit]
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
            return Refusal(_denied(self.target, answer.status), denied=True)
        if 400 <= answer.status < 500 and answer.status != 429:
            return Refusal(f"{self.target} returned {answer.status}: {_message(answer.text)}")
        self._raise_for(answer.status, answer.text, "a write")
        return None

    def _raise_for(self, status: int, text: str, what: str) -> None:
        if status < 300:
            return
        if status < 400:
            raise RegistryError(
                f"{self.target} redirects elsewhere; use the address of the DataHub metadata service (GMS) itself"
            )
        if status in (401, 403):
            raise AccessDenied(_denied(self.target, status))
        if status == 429 or status >= 500:
            raise RegistryUnavailable(
                f"{self.target} returned {status} for {what}: {_message(text)}. Try again when the server has recovered"
            )
        raise StoreRefused(f"{self.target} returned {status} for {what}: {_message(text)}")


def _is_conditional(proposal: Proposal) -> bool:
    """Whether a part of a commit is written only if nobody changed what is there."""
    return _CONDITIONAL.get(entity_type(proposal.urn)) == proposal.aspect


def _parsed(answer: Answer) -> Any:
    try:
        return json.loads(answer.text)
    except ValueError:
        raise RegistryUnavailable(
            f"the server's answer is not JSON but begins {answer.text[:60]!r}; use the address of the DataHub metadata "
            "service (GMS), not of its web page"
        ) from None


def _part(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    part = config.get(name)
    return part if is_json_object(part) else {}


def _query_error(target: str, errors: object) -> RegistryError:
    """The error that a server reports in GraphQL: in the server's words, and of the kind that its code says."""
    first = next(iter(cast("list[object]", errors)), None) if isinstance(errors, list) else errors
    said: dict[str, Any] = first if is_json_object(first) else {}
    code = _part(said, "extensions").get("code")
    if code in (401, 403):
        return AccessDenied(_denied(target, cast(int, code)))
    words = _message(str(said.get("message", errors)))
    if isinstance(code, int) and 400 <= code < 500 and code != 429:
        return StoreRefused(f"{target} returned {code} for a query: {words}")
    return RegistryUnavailable(f"{target} failed to answer a query: {words}. Try again later")


def _not_a_server(target: str) -> RegistryUnavailable:
    return RegistryUnavailable(
        f"{target} did not answer as a DataHub metadata service (GMS) does; check that this is its address"
    )


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


def _denied(target: str, status: int) -> str:
    if status == 401:
        return f"{target} does not accept the token; set DATAHUB_GMS_TOKEN to a personal access token of this server"
    return (
        f"{target} accepts the token but denies this request; give the token's user the rights listed in "
        "docs/datahub.md (create entities, edit the Dataset's own page)"
    )


def _message(text: str, limit: int = 300) -> str:
    """The server's words, on one line."""
    try:
        parsed: object = json.loads(text)
    except ValueError:
        parsed = None
    words = parsed.get("message", text) if is_json_object(parsed) else text
    return re.sub(r"\s+", " ", str(words))[:limit]

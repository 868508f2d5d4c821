"""A running DataHub (GMS) over REST, written through Rest.li, read from its primary store.

What a server's answers are worth, and why Rest.li and not the OpenAPI upsert, stands in docs/datahub.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, cast

from registry_dagster.datahub.proposal import Entity, Proposal
from registry_dagster.datahub.search import SEARCH_ASPECTS, Search
from registry_dagster.datahub.urns import entity_type, version_urn
from registry_dagster.errors import AccessDenied, RegistryError, RegistryUnavailable, StoreRefused
from registry_dagster.http import Answer, HttpClient, Service
from registry_dagster.model.canonical_json import is_json_object
from registry_dagster.stores.gms.search import QUERY, candidates
from registry_dagster.stores.gms.server_info import (
    ME,
    PRIVILEGES,
    config_facts,
    privileges_of,
    server_version,
    user_of,
)
from registry_dagster.stores.matching import fitting
from registry_dagster.stores.store import Refusal

__all__ = ["DATAHUB", "GmsStore"]

DATAHUB = Service("a DataHub server", set_as="DATAHUB_GMS_TOKEN")

MOST_PROPOSALS = 200
"""Proposals in one request. Larger batches may be split by the server, and then are not one transaction."""

MOST_BYTES = 15 * 1024 * 1024
"""Size of one request's body, in bytes."""

_READ_PAGE = 1000
_ANY = version_urn("any@v1", "PROD")
_REST_LI = {"X-RestLi-Protocol-Version": "2.0.0"}
_ABSENT = {"If-Version-Match": "-1"}
_SEARCHABLE_AT_ONCE = {"X-DataHub-Sync-Index-Update": "true"}
_NEEDS = {"versionProperties": (1, 0), "erModelRelationshipProperties": (0, 14)}
"""Aspect → the release whose servers are taken to know it first. Not confirmed against such servers."""

_HELD_BY = {"versionSet": "versionProperties", "erModelRelationship": "erModelRelationshipProperties"}
"""Entity type → the aspect without which a server does not know it."""

_SAID_OF = {
    "versionProperties": "its versions are found by their numbers, and its UI shows no version list",
    "erModelRelationshipProperties": "joins are recorded as foreign keys and in words, not as relationships",
}


class GmsStore:
    """Aspects in a DataHub server.

    A commit is one synchronous request, create-only on every aspect: one database transaction there.

    Args:
        http: The connection.
    """

    def __init__(self, http: HttpClient) -> None:
        self._http = http
        self._unsupported: Mapping[str, str] | None = None

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
        facts["signed in as"] = user or "nobody: no token is given, or the server does not ask for one"
        if user is not None:
            asked = {"input": {"actorUrn": user, "resourceSpec": {"resourceType": "DATASET", "resourceUrn": _ANY}}}
            try:
                facts["rights on datasets"] = privileges_of(self._graphql(PRIVILEGES, asked))
            except RegistryError as error:
                facts["rights on datasets"] = f"not told: {error}"
        return {**facts, **{f"without {aspect}": said for aspect, said in self.unsupported.items()}}

    def _config(self) -> dict[str, Any]:
        answer = self._http.get("/config")
        self._raise_for(answer.status, answer.text, "look at its version")
        config = _parsed(answer)
        if not is_json_object(config):
            raise _not_a_server(self.target)
        return config

    def _ask_version(self) -> dict[str, str]:
        config = self._config()
        if _part(config, "datahub").get("serverEnv") not in (None, "", "core"):
            # DataHub Cloud counts its versions otherwise, and has all of it.
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
                answer = self._http.post(f"/openapi/v3/entity/{kind}/batchGet", wanted)
                self._raise_for(answer.status, answer.text, "read")
                entities: object = _parsed(answer)
                if not isinstance(entities, list):
                    raise _not_a_server(self.target)
                for entity in cast("list[dict[str, Any]]", entities):
                    if content := _content(entity):
                        found[entity["urn"]] = content
        return found

    def search(self, search: Search) -> Iterator[str]:
        seen: set[str] = set()
        for page in candidates(lambda variables: self._graphql(QUERY, variables), search):
            unseen = [urn for urn in page if urn not in seen]
            seen.update(unseen)
            yield from fitting(lambda urns: self.read(urns, SEARCH_ASPECTS), search, unseen)

    def _graphql(self, query: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        answer = self._http.post("/api/graphql", {"query": query, "variables": variables})
        self._raise_for(answer.status, answer.text, "query")
        said = _parsed(answer)
        if not is_json_object(said):
            raise _not_a_server(self.target)
        if errors := said.get("errors"):
            # A failed search has data, too: nothing found.
            raise _query_error(self.target, errors)
        if not is_json_object(data := said.get("data")):
            raise _not_a_server(self.target)
        return data

    def check(self, commit: Sequence[Proposal]) -> None:
        sizes = {f"{each.aspect} of {each.urn}": len(_body([_wire(each, create=True)])) for each in commit}
        if len(commit) > MOST_PROPOSALS:
            raise StoreRefused(
                f"{commit[0].urn} takes {len(commit)} proposals, one request holds {MOST_PROPOSALS}; "
                "declare fewer references"
            )
        if sum(sizes.values()) > MOST_BYTES:
            largest = max(sizes, key=sizes.__getitem__)
            raise StoreRefused(
                f"{commit[0].urn} takes {sum(sizes.values()):,} bytes, one request holds {MOST_BYTES:,}; the largest "
                f"part is {largest} with {sizes[largest]:,} bytes. Declare shorter texts, or publish the table in parts"
            )

    def ensure(self, proposals: Iterable[Proposal]) -> None:
        wanted = list(proposals)
        present = self.read({each.urn for each in wanted}, sorted({each.aspect for each in wanted}))
        self.upsert(each for each in wanted if each.aspect not in present.get(each.urn, {}))

    def upsert(self, proposals: Iterable[Proposal]) -> None:
        wires = [_wire(each, create=False) for each in proposals if each.aspect not in self.unsupported]
        for page in _pages([[wire] for wire in wires]):
            answer = self._http.post("/aspects?action=ingestProposalBatch", _batch(page), _REST_LI)
            self._raise_for(answer.status, answer.text, "write")

    def create(self, commits: Sequence[Sequence[Proposal]]) -> Sequence[Refusal | None]:
        refusals: list[Refusal | None] = []
        for page in _commit_pages(commits):
            refusal = self._create(page)
            if refusal is not None and len(page) > 1:
                refusals += [self._create([commit]) for commit in page]
            else:
                refusals += [refusal] * len(page)
        return refusals

    def close(self) -> None:
        self._http.close()

    def _create(self, commits: Sequence[Sequence[Proposal]]) -> Refusal | None:
        wires = [[_wire(each, create=True) for each in commit] for commit in commits]
        answer = self._http.post("/aspects?action=ingestProposalBatch", _batch(wires), _REST_LI)
        if answer.status in (401, 403):
            return Refusal(_denied(self.target, answer.status), denied=True)
        if 400 <= answer.status < 500 and answer.status != 429:
            return Refusal(f"{self.target} answers {answer.status}: {_message(answer.text)}")
        self._raise_for(answer.status, answer.text, "write")
        return None

    def _raise_for(self, status: int, text: str, what: str) -> None:
        if status < 300:
            return
        if status < 400:
            raise RegistryError(
                f"{self.target} redirects elsewhere; give the address of the DataHub metadata service (GMS) itself"
            )
        if status in (401, 403):
            raise AccessDenied(_denied(self.target, status))
        if status == 429 or status >= 500:
            raise RegistryUnavailable(
                f"{self.target} answers {status} to a {what}: {_message(text)}. Try again when it has recovered"
            )
        raise StoreRefused(f"{self.target} answers {status} to a {what}: {_message(text)}")


def _parsed(answer: Answer) -> Any:
    try:
        return json.loads(answer.text)
    except ValueError:
        raise RegistryUnavailable(
            f"the server's answer is not JSON but begins {answer.text[:60]!r}; is this the address of the DataHub "
            "metadata service (GMS), not of its web page?"
        ) from None


def _part(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    part = config.get(name)
    return part if is_json_object(part) else {}


def _query_error(target: str, errors: object) -> RegistryError:
    """What a server's GraphQL says went wrong: in its words, by the code that it puts beside them."""
    first = next(iter(cast("list[object]", errors)), None) if isinstance(errors, list) else errors
    said: dict[str, Any] = first if is_json_object(first) else {}
    code = _part(said, "extensions").get("code")
    if code in (401, 403):
        return AccessDenied(_denied(target, cast(int, code)))
    words = _message(str(said.get("message", errors)))
    if isinstance(code, int) and 400 <= code < 500 and code != 429:
        return StoreRefused(f"{target} answers a query with {code}: {words}")
    return RegistryUnavailable(f"{target} cannot answer a query now: {words}. Try again later")


def _not_a_server(target: str) -> RegistryUnavailable:
    return RegistryUnavailable(
        f"{target} answers, but not as a DataHub metadata service (GMS) does; is this its address, and not another's?"
    )


def _by_type(urns: Collection[str]) -> Iterator[tuple[str, list[str]]]:
    ordered = sorted(dict.fromkeys(urns), key=entity_type)
    for kind, some in groupby(ordered, key=entity_type):
        yield kind, list(some)


def _content(entity: Mapping[str, Any]) -> dict[str, Any]:
    """Its aspects, without the key that a server adds even to what is absent."""
    return {
        name: aspect["value"]
        for name, aspect in entity.items()
        if name != "urn" and not name.endswith("Key") and aspect
    }


def _wire(proposal: Proposal, create: bool) -> dict[str, Any]:
    create = create and not proposal.replaces
    return {
        "entityType": entity_type(proposal.urn),
        "entityUrn": proposal.urn,
        "changeType": "CREATE" if create else "UPSERT",
        "aspectName": proposal.aspect,
        "aspect": {"value": json.dumps(proposal.value), "contentType": "application/json"},
        "headers": {**_SEARCHABLE_AT_ONCE, **(_ABSENT if create else {})},
    }


def _batch(commits: Iterable[Sequence[dict[str, Any]]]) -> dict[str, Any]:
    return {"proposals": [wire for commit in commits for wire in commit], "async": "false"}


def _body(wires: Sequence[dict[str, Any]]) -> bytes:
    return json.dumps(wires).encode()


def _pages(groups: Iterable[Sequence[dict[str, Any]]]) -> Iterator[list[Sequence[dict[str, Any]]]]:
    """As many groups to a request as fit."""
    page: list[Sequence[dict[str, Any]]] = []
    count = size = 0
    for group in groups:
        bytes_ = len(_body(group))
        if page and (count + len(group) > MOST_PROPOSALS or size + bytes_ > MOST_BYTES):
            yield page
            page, count, size = [], 0, 0
        page.append(group)
        count, size = count + len(group), size + bytes_
    if page:
        yield page


def _commit_pages(commits: Sequence[Sequence[Proposal]]) -> Iterator[list[Sequence[Proposal]]]:
    """As many commits to a request as fit.

    No two of one version set, which a server would both mark as the latest; no two of one entity, which
    it would both take.
    """
    page: list[Sequence[Proposal]] = []
    taken: set[str] = set()
    count = size = 0
    for commit in commits:
        own = {each.urn for each in commit}
        own |= {str(each.value["versionSet"]) for each in commit if each.aspect == "versionProperties"}
        bytes_ = sum(len(_body([_wire(each, create=True)])) for each in commit)
        if page and (own & taken or count + len(commit) > MOST_PROPOSALS or size + bytes_ > MOST_BYTES):
            yield page
            page, taken, count, size = [], set[str](), 0, 0
        page.append(commit)
        taken |= own
        count, size = count + len(commit), size + bytes_
    if page:
        yield page


def _denied(target: str, status: int) -> str:
    if status == 401:
        return f"{target} does not accept the token; set DATAHUB_GMS_TOKEN to a personal access token of that server"
    return (
        f"{target} accepts the token but not this; its owner needs the rights that docs/datahub.md lists "
        "(create entities, edit the Dataset's own page)"
    )


def _message(text: str, limit: int = 300) -> str:
    """The server's words, in one line."""
    try:
        parsed: object = json.loads(text)
    except ValueError:
        parsed = None
    words = parsed.get("message", text) if is_json_object(parsed) else text
    return re.sub(r"\s+", " ", str(words))[:limit]

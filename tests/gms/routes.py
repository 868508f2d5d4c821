"""What each address answers: Rest.li, OpenAPI v3 and GraphQL.

The shapes are those that DataHub's own Python client sends and reads. The bodies of errors under /openapi, and
that an absent entity is left out of a batchGet, are read from the server's source, not run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.gms.rights import Rights, granted
from tests.gms.rules import Change, Rejected, Rules, ingest
from tests.gms.search import graphql
from tests.gms.state import Database, entity_spec, is_well_formed, key_of, record_name

__all__ = ["Answer", "Router", "failure", "is_write"]

_ENTITY = "/openapi/v3/entity/"


@dataclass(frozen=True)
class Answer:
    """What is sent back; `body` is made JSON, None is no body."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


def failure(status: int, message: str) -> Answer:
    """An error in Rest.li's form."""
    name = "com.linkedin.restli.server.RestLiServiceException"
    return Answer(status, {"exceptionClass": name, "message": message, "status": status})


def is_write(method: str, path: str) -> bool:
    """Whether a request may change what is stored."""
    address = urlsplit(path).path
    return method == "POST" and (
        address == "/aspects" or (address.startswith(_ENTITY) and not address.endswith("/batchGet"))
    )


@dataclass
class Router:
    """One request after another, against one database.

    Args:
        database: What is stored.
        rules: What is taken.
        version: The server's, e.g. `v1.7.0`.
        filtered: Called with the proposals of a request; gives those that are processed.
        index: Whether the search index follows when asked to.
        rights: What the token's user may do; None: everything.
        proposals: How many proposals the request had.
    """

    database: Database
    rules: Rules
    version: str
    filtered: Callable[[list[Change]], list[Change]] = lambda changes: changes
    index: bool = True
    rights: Rights | None = None
    proposals: int = 0

    def answer(self, method: str, path: str, body: bytes) -> Answer:
        """Find the route and take it."""
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        try:
            sent: Any = json.loads(body or b"null")
        except ValueError as error:
            return failure(400, f"Cannot parse the request: {error}")
        address = parts.path
        if method == "GET" and address == "/config":
            return Answer(200, _config(self.version))
        if method == "GET" and address == "/health":
            return Answer(200)
        if method == "POST" and address == "/api/graphql":
            if self.rights and (said := granted(self.rights, sent["query"], sent.get("variables") or {})):
                return Answer(200, said)
            return Answer(200, graphql(self.database, sent["query"], sent.get("variables") or {}, self.version))
        if method == "POST" and address == "/aspects":
            return self._ingest_restli(query.get("action", ""), sent)
        if method == "GET" and address.startswith("/aspects/"):
            return self._aspect(unquote(address.removeprefix("/aspects/")), query)
        if method == "GET" and address.startswith("/entitiesV2/"):
            return self._entity_v2(unquote(address.removeprefix("/entitiesV2/")), query)
        if address.startswith(_ENTITY):
            return self._openapi(method, address.removeprefix(_ENTITY), query, parts.query, sent)
        return failure(404, f"No such resource: {method} {address}")

    def _ingest_restli(self, action: str, sent: Mapping[str, Any]) -> Answer:
        if action not in ("ingestProposal", "ingestProposalBatch"):
            return failure(400, f"POST action '{action}' is not known to the stand-in")
        sent_proposals = [sent["proposal"]] if action == "ingestProposal" else sent["proposals"]
        self.proposals = len(sent_proposals)
        try:
            changes = [_change(each) for each in sent_proposals]
        except (KeyError, ValueError) as error:
            return failure(400, f"Malformed proposal: {error!r}")
        if self.rights and (denied := list(self.rights.denied(changes))):
            each = ", ".join(f"HttpStatus: 403 Urn: {urn}" for urn in denied)
            return failure(403, f"User {self.rights.user} is unauthorized to modify entity: {each}")
        try:
            wait = str(sent.get("async", "false")).lower() != "true"
            ingest(self.database, self.filtered(changes), self.rules, wait=wait, index=self.index)
        except Rejected as error:
            return failure(422, str(error))
        return Answer(200, {"value": "success"})

    def _aspect(self, urn: str, query: Mapping[str, str]) -> Answer:
        if not is_well_formed(urn):
            return failure(400, f"Invalid URN: {urn}")
        aspect, version = query.get("aspect", ""), int(query.get("version", 0))
        writes = self.database.rows.get(urn, {}).get(aspect, [])
        # 0 is the current one; what it replaced is numbered from 1, the oldest.
        if not 0 <= version < max(len(writes), 1) or not writes:
            return failure(404, f"Did not find urn: {urn} aspect: {aspect} version: {version}")
        return Answer(200, {"aspect": {record_name(aspect): writes[version - 1].value}, "version": version})

    def _entity_v2(self, urn: str, query: Mapping[str, str]) -> Answer:
        spec = entity_spec(urn) if is_well_formed(urn) else None
        if spec is None:
            return failure(400, f"Invalid URN: {urn}")
        stored = self.database.rows.get(urn, {})
        wanted = _names(query["aspects"]) if "aspects" in query else set(stored)
        aspects: dict[str, Any] = {
            spec.key: {"name": spec.key, "type": "VERSIONED", "version": 0, "value": key_of(urn), "created": _nobody(0)}
        }
        for name in stored:
            if name in wanted or name == spec.key:
                row = stored[name][-1]
                aspects[name] = {
                    "name": name,
                    "type": "VERSIONED",
                    "version": 0,
                    "value": row.value,
                    "created": _nobody(row.created),
                    "systemMetadata": self.database.system_metadata(urn, name),
                }
        return Answer(200, {"urn": urn, "entityName": urn.split(":", 3)[2], "aspects": aspects})

    def _openapi(self, method: str, rest: str, query: Mapping[str, str], raw_query: str, sent: Any) -> Answer:
        kind, _, rest = rest.partition("/")
        system = query.get("systemMetadata") == "true"
        if method == "POST" and rest == "batchGet":
            return self._batch_get(sent, system)
        if method == "POST" and not rest:
            return self._create_entities(sent, query)
        urn, aspect = _urn_and_aspect(unquote(rest))
        if not is_well_formed(urn) or urn.split(":", 3)[2].lower() != kind.lower():
            return _openapi_failure(400, f"Invalid urn! {urn}")
        if method == "POST" and aspect:
            return self._create_aspect(urn, aspect, query, sent)
        if method not in ("GET", "HEAD"):
            return _openapi_failure(405, f"The stand-in does not know {method} {_ENTITY}{kind}/{rest}")
        if method == "HEAD" and not aspect:
            removed = (self.database.get(urn, "status") or {}).get("removed")
            return Answer(404 if removed or urn not in self.database.rows else 204)
        wanted = {name for value in parse_qs(raw_query).get("aspects", ()) for name in value.split(",")}
        found = self._openapi_entity(urn, {aspect} if aspect else wanted, system)
        if len(found) == 1:
            return Answer(404)
        if method == "HEAD":
            return Answer(204)
        return Answer(200, found[aspect] if aspect else found)

    def _batch_get(self, sent: Sequence[Mapping[str, Any]], system: bool) -> Answer:
        if wrong := [each["urn"] for each in sent if not is_well_formed(each["urn"])]:
            return _openapi_failure(400, f"Invalid urn! {wrong[0]}")
        if self.rights and not all(self.rights.may_read(each["urn"]) for each in sent):
            return _openapi_failure(403, f"{self.rights.user} is unauthorized to READ entities.")
        found = [self._openapi_entity(each["urn"], set(each) - {"urn"}, system) for each in sent]
        return Answer(200, [entity for entity in found if len(entity) > 1])

    def _openapi_entity(self, urn: str, wanted: set[str], system: bool) -> dict[str, Any]:
        entity: dict[str, Any] = {"urn": urn}
        for name, value in self.database.current(urn).items():
            if (not wanted or name in wanted) and not (self.rights and not self.rights.reads(urn, name)):
                entity[name] = {"value": value}
                if system:
                    entity[name]["systemMetadata"] = self.database.system_metadata(urn, name)
        return entity

    def _create_entities(self, sent: Sequence[Mapping[str, Any]], query: Mapping[str, str]) -> Answer:
        changes = [
            Change(each["urn"], name, content["value"], "UPSERT", content.get("headers") or {}, _system(content))
            for each in sent
            for name, content in each.items()
            if name != "urn"
        ]
        return self._ingest_openapi(changes, wait=query.get("async", "true") != "true", single=False)

    def _create_aspect(self, urn: str, aspect: str, query: Mapping[str, str], sent: Mapping[str, Any]) -> Answer:
        kind = "CREATE" if query.get("createIfNotExists", "true") == "true" else "UPSERT"
        if query.get("createIfEntityNotExists") == "true":
            kind = "CREATE_ENTITY"
        change = Change(urn, aspect, sent["value"], kind, sent.get("headers") or {}, _system(sent))
        return self._ingest_openapi([change], wait=query.get("async", "false") != "true", single=True)

    def _ingest_openapi(self, changes: list[Change], wait: bool, single: bool) -> Answer:
        self.proposals = len(changes)
        if wrong := [each.urn for each in changes if not is_well_formed(each.urn)]:
            return _openapi_failure(400, f"Invalid urn! {wrong[0]}")
        rules = replace(self.rules, drop_unknown=True)
        try:
            ingest(self.database, self.filtered(changes), rules, wait=wait, index=self.index)
        except Rejected as error:
            return _openapi_failure(412 if error.precondition else 400, str(error))
        entities: dict[str, dict[str, Any]] = {}
        for each in changes:
            if rules.knows(each):
                entities.setdefault(each.urn, {"urn": each.urn})[each.aspect] = {"value": each.value}
        body = list(entities.values())
        return Answer(200 if wait else 202, (body or [None])[0] if single else body)


def _change(proposal: Mapping[str, Any]) -> Change:
    return Change(
        urn=proposal["entityUrn"],
        aspect=proposal["aspectName"],
        value=json.loads(proposal["aspect"]["value"]),
        kind=proposal["changeType"],
        headers=proposal.get("headers") or {},
        system=_system(proposal),
    )


def _system(content: Mapping[str, Any]) -> Mapping[str, Any]:
    sent: Mapping[str, Any] = content.get("systemMetadata") or {}
    return {name: value for name, value in sent.items() if value is not None}


def _names(text: str) -> set[str]:
    """`List(a,b)`"""
    return {name for name in re.sub(r"^List\(|\)$", "", text).split(",") if name}


def _urn_and_aspect(rest: str) -> tuple[str, str]:
    """`urn:li:…/status` is an aspect of an entity; a slash within a URN is none."""
    urn, slash, aspect = rest.rpartition("/")
    if slash and is_well_formed(urn) and re.fullmatch(r"\w+", aspect):
        return urn, aspect
    return rest, ""


def _openapi_failure(status: int, message: str) -> Answer:
    return Answer(status, {"error": message})


def _nobody(time: int) -> dict[str, Any]:
    return {"time": time, "actor": "urn:li:corpuser:datahub"}


def _config(version: str) -> dict[str, Any]:
    return {
        "models": {},
        "patchCapable": True,
        "versions": {"acryldata/datahub": {"version": version, "commit": "0" * 40}},
        "managedIngestion": {"defaultCliVersion": version.removeprefix("v"), "enabled": True},
        "statefulIngestionCapable": True,
        "supportsImpactAnalysis": True,
        "timeZone": "GMT",
        "telemetry": {"enabledCli": False, "enabledIngestion": False},
        "datasetUrnNameCasing": False,
        "retention": "true",
        "datahub": {"serverType": "quickstart", "serverEnv": "core"},
        "noCode": "true",
    }

"""POST /links: a published version and a bearer token in, signed links out."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

import registry_dagster as rd
from example_project.signing_service.links import NoLinks, is_in_s3, s3_client, signed_links
from example_project.signing_service.policy import Person, Policy
from registry_dagster.errors import NotPublished, TableNotFound
from registry_dagster.model.names import VersionNameText

__all__ = ["signing_app"]

_SECONDS = 900


class Wanted(BaseModel):
    """What is asked for: an exact version, and how long the links shall live."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: VersionNameText
    seconds: int = Field(default=_SECONDS, gt=0)


class Refused(Exception):
    """An answer that is not links."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def signing_app(policy: Policy, target: str | None = None) -> Starlette:
    """The service.

    Args:
        policy: Who may read what.
        target: The registry, see `Registry.open`.
    """
    client = s3_client()

    async def links(request: Request) -> JSONResponse:
        person = _who(policy, request)
        wanted = _wanted(await request.body())
        if not person.may_read(wanted.version.partition("@")[0]):
            raise Refused(403, f"{person.name} may not read {wanted.version}; ask its owners")
        seconds = min(wanted.seconds, policy.longest_seconds)
        found = await run_in_threadpool(_sign, target, client, wanted.version, seconds, person)
        return JSONResponse(found, headers={"Cache-Control": "no-store"})

    async def refuse(_: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"error": str(error)}, status_code=error.status if isinstance(error, Refused) else 500)

    return Starlette(routes=[Route("/links", links, methods=["POST"])], exception_handlers={Refused: refuse})


def _who(policy: Policy, request: Request) -> Person:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    person = policy.who(token) if scheme.lower() == "bearer" else None
    if person is None:
        raise Refused(401, "a bearer token that this service knows is needed: Authorization: Bearer …")
    return person


def _wanted(body: bytes) -> Wanted:
    try:
        return Wanted.model_validate(json.loads(body))
    except (ValueError, ValidationError):
        example = '{"version": "hemibrain.neurons@v1", "seconds": 900}'
        raise Refused(400, f"the body must be JSON that names an exact version: {example}") from None


def _sign(target: str | None, client: Any, version: str, seconds: int, person: Person) -> dict[str, Any]:
    """The registry is asked each time where the table is and which physical version it pins."""
    try:
        with rd.Registry.open(target) as registry:
            record = registry.get(version)
        if is_in_s3(record.table.location) and not person.may_read_from(record.table.location):
            raise Refused(403, f"{person.name} may not read tables where {version} is; ask its owners")
        expires = datetime.now(timezone.utc) + timedelta(seconds=seconds)
        found = signed_links(record, client, seconds)
    except NotPublished as error:
        raise Refused(404, str(error)) from error
    except TableNotFound as error:
        raise Refused(409, str(error)) from error
    except NoLinks as error:
        raise Refused(422, str(error)) from error
    except rd.RegistryError as error:
        raise Refused(503, str(error)) from error
    files = [asdict(link) for link in found]
    return {"version": record.name, "digest": record.digest, "expires_at": expires.isoformat(), "files": files}

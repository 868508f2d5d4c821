"""The privileges that each act takes, and which of them the token's user has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from registry_dagster.datahub.urns import container_urn, platform_urn, property_urn, version_urn
from registry_dagster.errors import RegistryError
from registry_dagster.stores.gms.server_info import PRIVILEGES, privilege_names

__all__ = ["rights"]

_CREATE, _EDIT, _VIEW, _LINEAGE = "CREATE_ENTITY", "EDIT_ENTITY", "VIEW_ENTITY_PAGE", "VIEW_LINEAGE"
_SAMPLES = {
    "dataset": ("DATASET", version_urn("any@v1", "PROD")),
    "container": ("CONTAINER", container_urn("any", "PROD")),
    "glossaryTerm": ("GLOSSARY_TERM", "urn:li:glossaryTerm:FeatureRegistry.semantic.any"),
    "glossaryNode": ("GLOSSARY_NODE", "urn:li:glossaryNode:FeatureRegistry"),
    "structuredProperty": ("STRUCTURED_PROPERTY", property_urn("featureRegistry.acts")),
    "dataPlatform": ("DATA_PLATFORM", platform_urn()),
    "tag": ("TAG", "urn:li:tag:any"),
}
"""Entity type → its name in GraphQL, and an entity that is asked for."""

_NEEDED = {
    "publish": {**dict.fromkeys(_SAMPLES, (_CREATE,)), "container": (_CREATE, _EDIT)},
    "retire": {"dataset": (_EDIT,), "container": (_EDIT,)},
    "read": {"dataset": (_VIEW, _LINEAGE), "container": (_VIEW,)},
}
"""Act → entity type → privileges. Edit Entity includes Create Entity."""


def rights(ask: Callable[[str, Mapping[str, Any]], Mapping[str, Any]], user: str) -> Iterator[tuple[str, str]]:
    """For each act what is lacking to it.

    Args:
        ask: Sends a GraphQL query.
        user: The token's user.
    """
    try:
        held = {kind: set(_held(ask, user, *sample)) for kind, sample in _SAMPLES.items()}
    except RegistryError as error:
        yield "rights", f"could not be checked: {error}"
        return
    yield from ((f"right to {act}", _words(needed, held)) for act, needed in _NEEDED.items())


def _words(needed: Mapping[str, Sequence[str]], held: Mapping[str, set[str]]) -> str:
    wanted = [(kind, name) for kind, names in needed.items() for name in names]
    lacking = [f"{name} on {kind}" for kind, name in wanted if not _has(held[kind], name)]
    return f"lacking {', '.join(lacking)}" if lacking else "yes"


def _has(held: set[str], name: str) -> bool:
    return name in held or (name == _CREATE and _EDIT in held)


def _held(ask: Callable[[str, Mapping[str, Any]], Mapping[str, Any]], user: str, kind: str, urn: str) -> Iterator[str]:
    spec = {"resourceType": kind, "resourceUrn": urn}
    yield from privilege_names(ask(PRIVILEGES, {"input": {"actorUrn": user, "resourceSpec": spec}})) or ()

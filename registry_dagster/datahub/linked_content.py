"""What a stored version says of content: its own digest, and those of the versions it was linked to. Not proven."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import cast

from registry_dagster.datahub.proposal import Entity
from registry_dagster.model.canonical_json import is_json_object

__all__ = ["content_digest_of", "linked_content_from"]


def content_digest_of(entity: Entity) -> str | None:
    """The content digest that is stored with a version; None if none is."""
    return _properties(entity).get("content_digest")


def linked_content_from(entity: Entity) -> Mapping[str, str]:
    """Version that it was linked to → its content digest then; empty if that cannot be read."""
    try:
        found: object = json.loads(_properties(entity).get("linked_content", "{}"))
    except ValueError:
        return {}
    return cast("dict[str, str]", found) if is_json_object(found) else {}


def _properties(entity: Entity) -> Mapping[str, str]:
    return entity.get("datasetProperties", {}).get("customProperties", {})

"""Aspects and the proposals that carry them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from weakref import WeakValueDictionary

import orjson
from pydantic import BaseModel

from registry_dagster.model.base import Model
from registry_dagster.model.canonical_json import PLAIN_VALUES, json_text

__all__ = ["Aspect", "Entity", "Proposal", "browse_path", "own_properties", "proposals", "text_properties", "value_of"]

Aspect = Mapping[str, Any]
"""An aspect's JSON, in DataHub's wire form."""

Entity = Mapping[str, Aspect]
"""Aspect name → aspect."""


@dataclass(frozen=True)
class Proposal:
    """One aspect of one entity, to be written.

    Args:
        urn: The entity.
        aspect: The aspect's name, e.g. `schemaMetadata`.
        value: The aspect.
        replaces: In a create-only commit: an existing aspect does not stop the commit and is replaced. For the
            remains of a version that was never published whole.
        added: In a create-only commit: the entity may exist; only the aspect must be absent.
        expects: In a create-only commit: the aspect as it must be now, to be replaced. None: it must be absent.
    """

    urn: str
    aspect: str
    value: Aspect
    replaces: bool = False
    added: bool = False
    expects: Aspect | None = None

    @cached_property
    def text(self) -> str:
        """The aspect as JSON text, made once: it is measured, read back, and written."""
        try:
            text = orjson.dumps(self.value, option=PLAIN_VALUES).decode()
        except TypeError:
            # What others wrote may hold whole numbers of more than 64 bits.
            return json.dumps(self.value)
        _MADE[text] = self
        return text


_MADE: WeakValueDictionary[str, Proposal] = WeakValueDictionary()
"""The proposals that there are, by their text."""


def value_of(aspect: str, text: str) -> Aspect | None:
    """The aspect that this text was made of, if its proposal is still at hand.

    So whoever reads back what was just written compares texts, and need not parse what does not differ.
    """
    made = _MADE.get(text)
    return made.value if made is not None and made.aspect == aspect else None


def own_properties(model: type[BaseModel], properties: Mapping[str, str]) -> dict[str, str]:
    """Those of an entity's custom properties that hold a model of ours; others may have added their own."""
    return {name: value for name, value in properties.items() if name in model.model_fields}


def text_properties(model: Model) -> dict[str, str]:
    """A model of ours as custom properties: texts as they are, all other values as JSON."""
    return {name: value if isinstance(value, str) else json_text(value) for name, value in model.to_json().items()}


def browse_path(*above: str) -> Aspect:
    """Where an entity hangs below its platform. A server would make a path from the dots of its name.

    Args:
        above: What it hangs under, the highest first: entities by URN, or plain words.
    """
    return {"path": [{"id": each, "urn": each} if each.startswith("urn:li:") else {"id": each} for each in above]}


def proposals(urn: str, aspects: Mapping[str, Aspect | None]) -> tuple[Proposal, ...]:
    """One proposal an aspect; those that are None are left out."""
    return tuple(Proposal(urn, name, value) for name, value in aspects.items() if value is not None)

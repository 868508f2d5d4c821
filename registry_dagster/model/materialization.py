"""Materialization versions: the clock of connectomics data."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator

from registry_dagster.errors import MaterializationConflict
from registry_dagster.model.base import Model, OrText, Several
from registry_dagster.model.moments import UtcDateTime, finer, moments_agree
from registry_dagster.model.names import SystemName, VersionText
from registry_dagster.model.text import Text

__all__ = ["LIFECYCLE", "AnyMaterialization", "MaterializationVersion"]

LIFECYCLE = ("expires_on", "status")
"""The facts of a state that may change, of which the last word holds."""

_RESERVED = "feature-registry"


def _not_reserved(source: str) -> str:
    """Published versions live on that platform, and two names must never mean one entity."""
    if source == _RESERVED:
        raise ValueError(f"{source!r} is the registry itself; name the upstream system's kind, e.g. cave or neuprint")
    return source


def _alias(alias: str) -> str:
    if re.fullmatch(r"[^@\s]+@[^@\s]+", alias) is None:
        raise ValueError(f"alias {alias!r} is not another name of a version; write it as system@version")
    return alias


Alias = Annotated[Text, AfterValidator(_alias)]
"""Another name of the same state, `system@version`."""


class MaterializationVersion(Model):
    """A named, immutable state of an upstream system, such as `minnie65_public@1300`.

    Args:
        system: The upstream system: a CAVE datastack, a neuPrint dataset.
        version: Its version as the system writes it (`1300`, `v1.2.1`).
        kind: What the state is of.
        source: Kind of the system; becomes the DataHub platform (`cave`, `neuprint`, …).
        timestamp: The moment the state shows, with a time zone.
        uuid: The system's own identifier of the state, where it has one.
        expires_on: When the system will drop it. May change; reported, never enforced. None says that it will be
            kept; left out, it says nothing.
        status: The system's word on its availability. May change.
        aliases: Other names of the same state, each as `system@version`.
    """

    system: SystemName
    version: VersionText
    kind: Literal["segmentation_and_annotations", "segmentation", "annotations", "skeletons", "registration"] = (
        "segmentation_and_annotations"
    )
    source: Annotated[SystemName, AfterValidator(_not_reserved)] = "materialization"
    timestamp: UtcDateTime | None = None
    uuid: Text | None = None
    expires_on: UtcDateTime | None = None
    status: Literal["available", "expiring", "expired", "running", "failed", "archived"] | None = None
    aliases: Several[Alias] = ()

    def __str__(self) -> str:
        return f"{self.system}@{self.version}"

    @property
    def key(self) -> str:
        """The name it is recorded under: `source/system@version`."""
        return f"{self.source}/{self}"

    @property
    def identity(self) -> dict[str, str]:
        """What can never change about this state, as JSON."""
        moment = self.to_json()
        return {
            name: moment[name]
            for name in ("system", "version", "kind", "source", "timestamp", "uuid")
            if name in moment
        }

    def without(self, names: Collection[str]) -> MaterializationVersion:
        """This state as if nothing had been said of some facts."""
        return MaterializationVersion.from_json({k: v for k, v in self.to_json().items() if k not in names})

    def added_to(self, recorded: MaterializationVersion) -> MaterializationVersion:
        """`recorded` with what this declaration knows in addition.

        A pipeline that declares little never erases what is known; lifecycle follows the newer word.

        Raises:
            MaterializationConflict: an immutable fact is recorded differently.
        """
        changes: dict[str, object] = {}
        for name in ("kind", "source", "timestamp", "uuid"):
            declared = getattr(self, name) if name in self.model_fields_set else None
            if declared is not None:
                changes[name] = self._agreed(name, getattr(recorded, name), declared)
        if "expires_on" in self.model_fields_set:
            changes["expires_on"] = self.expires_on
        if self.status is not None:
            changes["status"] = self.status
        known = set(recorded.aliases)
        changes["aliases"] = (*recorded.aliases, *(alias for alias in self.aliases if alias not in known))
        return recorded.model_copy(update=changes)

    def _agreed(self, name: str, was: object, now: object) -> object:
        """An immutable fact that is recorded and declared: of two moments that agree, the one that says more.

        Raises:
            MaterializationConflict: they differ.
        """
        if isinstance(was, datetime) and isinstance(now, datetime) and moments_agree(was, now):
            return finer(was, now)
        if was is not None and was != now:
            raise MaterializationConflict(
                f"{self}: {name} is recorded as {_text(was)}, declared as {_text(now)}. A materialization "
                "version never changes: correct the declaration, or name another version"
            )
        return now


def _from_text(value: object) -> object:
    """`system@version`, or with its source `source/system@version`, as the fields it is short for."""
    if not isinstance(value, str):
        return value
    system, at, version = value.rpartition("@")
    source, slash, system = system.rpartition("/")
    if not at or not system or not version or (slash and not source):
        raise ValueError(
            f"{value!r} is not a materialization version; write it as minnie65_public@1300, or with the kind of its "
            "system as cave/minnie65_public@1300"
        )
    return {"system": system, "version": version, **({"source": source} if slash else {})}


AnyMaterialization = Annotated[MaterializationVersion, BeforeValidator(_from_text), OrText()]
"""A materialization version, which may be given by its name alone: `system@version` or `source/system@version`."""


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else repr(value)

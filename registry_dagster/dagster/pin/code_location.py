"""What the gates of a code location say: which publish job takes an asset, and how a translator renamed datasets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import dagster as dg

from registry_dagster.dagster.names import GATE_ASSETS, GATE_KEYS

__all__ = ["Gate", "gate_metadata", "gate_of", "gates_among"]


@dataclass(frozen=True)
class Gate:
    """A gate that lists its assets, as `definitions` adds it.

    Args:
        name: The sensor's name.
        job: The publish job that it asks.
        assets: Keys of the assets that it takes.
        keys: Dataset → the key of its asset, where a translator chose another one.
    """

    name: str
    job: str
    assets: frozenset[str]
    keys: Mapping[str, str]


def gate_metadata(assets: Iterable[dg.AssetKey], keys: Mapping[str, str]) -> dict[str, Any]:
    """The metadata of a gate's sensor, which `gates_among` reads."""
    listed = {GATE_ASSETS: [key.to_user_string() for key in assets]}
    return {**listed, **({GATE_KEYS: dict(keys)} if keys else {})}


def gates_among(sensors: Iterable[object]) -> list[Gate]:
    """The gates that list their assets; no other sensor."""
    return [_gate(each) for each in sensors if isinstance(each, dg.SensorDefinition) and GATE_ASSETS in each.metadata]


def gate_of(context: dg.AssetExecutionContext, key: dg.AssetKey) -> Gate | None:
    """The gate that takes an asset, in the code location of its run.

    None for an asset that no gate takes, and in a run that no server of Dagster's launched: it knows
    its job alone.
    """
    if context.run.job_code_origin is None:
        return None
    name = key.to_user_string()
    gates = gates_among(context.repository_def.sensor_defs)
    return next((gate for gate in gates if name in gate.assets), None)


def _gate(sensor: dg.SensorDefinition) -> Gate:
    keys: Any = sensor.metadata[GATE_KEYS].value if GATE_KEYS in sensor.metadata else {}
    assets: Any = sensor.metadata[GATE_ASSETS].value
    return Gate(sensor.name, sensor.job_name or "", frozenset(assets), keys)

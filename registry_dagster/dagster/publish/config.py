"""What a person decides when launching a publish."""

from collections.abc import Iterable
from enum import Enum
from typing import Any

import dagster as dg
from pydantic import Field, create_model

from registry_dagster.dagster.publish.targets import Target
from registry_dagster.errors import PublishRefused
from registry_dagster.model.canonical_json import sha256_digest

__all__ = ["PublishConfig", "TargetConfig", "completing"]

_ASSET = "Asset key, e.g. synapses or group/synapses."
_PARTITION = "Partition key, for a partitioned asset."
_RUN = "The run that made the table. Default: the newest."
_LABEL = "A human alias of the version."
_TARGETS = "Several tables to publish in one run."


class TargetConfig(dg.Config):
    """One of several tables to publish."""

    asset: str = Field(description=_ASSET)
    partition: str | None = Field(default=None, description=_PARTITION)
    run_id: str | None = Field(default=None, description=_RUN)
    label: str | None = Field(default=None, description=_LABEL)
    message: str | None = Field(default=None, description="Why, where it differs from the launch's message.")
    publisher: str | None = Field(default=None, description="Who, where it is not the launch's publisher.")


class PublishConfig(dg.Config):
    """What a person decides at launch: one asset, or several targets."""

    asset: str | None = Field(default=None, description=_ASSET)
    message: str = Field(description="Why this is published.")
    partition: str | None = Field(default=None, description=_PARTITION)
    run_id: str | None = Field(default=None, description=_RUN)
    label: str | None = Field(default=None, description=_LABEL)
    publisher: str | None = Field(default=None, description="Who publishes. Default: the resource's publisher.")
    targets: list[TargetConfig] = Field(default=[], description=_TARGETS)
    dry_run: bool = Field(default=False, description="Show the plan; write nothing.")

    def wanted(self) -> list[Target]:
        """What is to be published.

        Raises:
            PublishRefused: neither or both of asset and targets are given, or the message is empty.
        """
        if not self.message.strip():
            raise PublishRefused("message is empty; say why this is published")
        if (self.asset is None) == (not self.targets):
            raise PublishRefused("name the asset to publish, or list several under targets; one of the two")
        one = TargetConfig(asset=_text(self.asset), partition=self.partition, run_id=self.run_id, label=self.label)
        return [
            Target(
                asset=_text(each.asset),
                message=each.message or self.message,
                partition=each.partition,
                run_id=each.run_id,
                label=each.label,
                publisher=each.publisher or self.publisher,
            )
            for each in self.targets or [one]
        ]


def completing(assets: Iterable[dg.AssetKey | dg.AssetsDefinition | dg.AssetSpec]) -> type[PublishConfig]:
    """The config, for these assets alone: the launchpad completes the members of an enumeration."""
    keys = sorted({key for each in assets for key in _keys(each)})
    if not keys:
        return PublishConfig
    # Made while running, so a type checker cannot know them.
    # Dagster knows config types by their names alone, so other keys need another name.
    known: Any = Enum(f"DeclaredAsset_{sha256_digest(keys)[7:15]}", {key: key for key in keys})
    target: Any = create_model("Target", __base__=TargetConfig, asset=(known, Field(description=_ASSET)))
    fields: dict[str, Any] = {
        "asset": (known | None, Field(default=None, description=_ASSET)),
        "targets": (list[target], Field(default=[], description=_TARGETS)),
    }
    return create_model("Publish", __base__=PublishConfig, **fields)


def _keys(asset: dg.AssetKey | dg.AssetsDefinition | dg.AssetSpec) -> Iterable[str]:
    keys = [asset] if isinstance(asset, dg.AssetKey) else [asset.key] if isinstance(asset, dg.AssetSpec) else asset.keys
    return [key.to_user_string() for key in keys]


def _text(asset: str | Enum | None) -> str:
    return str(asset.value) if isinstance(asset, Enum) else asset or ""

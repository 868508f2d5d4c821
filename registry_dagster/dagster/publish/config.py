"""What to publish, why, and who publishes it: as one value, and as the launchpad's config."""

from collections.abc import Iterable
from enum import Enum
from typing import Any

import dagster as dg
from pydantic import Field, create_model

from registry_dagster.dagster.declare.declaration import AssetLike, asset_keys
from registry_dagster.errors import PublishRefused
from registry_dagster.model.canonical_json import sha256_digest

__all__ = ["PublishConfig", "Target", "config_type_for", "launch_schema"]

_ASSET = "Asset key, e.g. synapses or group/synapses."
_TARGETS = "Several tables to publish in one run."


class _TargetFields(dg.Config):
    """What a target and a launch both say."""

    partition: str | None = Field(default=None, description="Partition key, for a partitioned asset.")
    run_id: str | None = Field(default=None, description="The run that made the table. Default: the newest.")
    label: str | None = Field(default=None, description="A human alias of the version.")


class Target(_TargetFields):
    """One materialization to publish, why, and who publishes it.

    The one value on the way from an approval, or the launchpad, to the registry. In a launch of several
    targets it leaves out what the launch says for all of them.
    """

    asset: str = Field(description=_ASSET)
    message: str = Field(default="", description="Why this one is published. Default: the launch's message.")
    publisher: str | None = Field(default=None, description="Who publishes this one. Default: the launch's publisher.")

    def __str__(self) -> str:
        partition = f", partition {self.partition!r}" if self.partition is not None else ""
        return f"{self.asset!r}{partition}" + (f" in run {self.run_id}" if self.run_id else "")

    def to_config(self) -> dict[str, str]:
        """The target as run config, without what it leaves open."""
        return self.model_dump(exclude_defaults=True)


class PublishConfig(_TargetFields):
    """What a person decides at launch: one asset, or several targets."""

    asset: str | None = Field(default=None, description=_ASSET)
    message: str = Field(description="Why this is published.")
    publisher: str | None = Field(default=None, description="Who publishes. Default: the resource's publisher.")
    targets: list[Target] = Field(default=[], description=_TARGETS)
    dry_run: bool = Field(default=False, description="Show the plan; write nothing.")

    def all_targets(self) -> list[Target]:
        """The targets of the launch, each with its message and publisher.

        Raises:
            PublishRefused: neither or both of asset and targets are given, or the message is empty.
        """
        self._check()
        one = Target(asset=_text(self.asset), partition=self.partition, run_id=self.run_id, label=self.label)
        return list(map(self._completed, self.targets or [one]))

    def _check(self) -> None:
        if not self.message.strip():
            raise PublishRefused("message is empty; say why this is published")
        if (self.asset is None) == (not self.targets):
            raise PublishRefused("set asset to publish one table, or targets to publish several, but not both")

    def _completed(self, target: Target) -> Target:
        """The target, with the launch's message and publisher where it leaves them out."""
        return Target(
            asset=_text(target.asset),
            message=target.message or self.message,
            partition=target.partition,
            run_id=target.run_id,
            label=target.label,
            publisher=target.publisher or self.publisher,
        )


def config_type_for(assets: Iterable[AssetLike]) -> type[PublishConfig]:
    """The config that takes these assets alone: the launchpad completes the members of an enumeration.

    Raises:
        InvalidDeclaration: `assets` is not a list of assets.
    """
    keys = sorted(key.to_user_string() for key in asset_keys(assets, "publish_job"))
    if not keys:
        return PublishConfig
    # Made while running, so a type checker cannot know them.
    # Dagster identifies an enumeration by its name alone, so other keys need another name.
    known: Any = Enum(f"DeclaredAsset_{sha256_digest(keys)[7:15]}", {key: key for key in keys})
    target: Any = create_model("Target", __base__=Target, asset=(known, Field(description=_ASSET)))
    fields: dict[str, Any] = {
        "asset": (known | None, Field(default=None, description=_ASSET)),
        "targets": (list[target], Field(default=[], description=_TARGETS)),
    }
    return create_model("Publish", __base__=PublishConfig, **fields)


_String: Any = type(dg.Field(str).config_type)
"""Dagster's type of a text; it has no public name."""


class _Message(_String):
    """A text that a person must type.

    The launchpad's "Scaffold missing config" fills in an empty text for a text that is missing, and Launch would no
    longer wait. It fills in nothing for a type of another name.
    """


def launch_schema(config_type: type[PublishConfig]) -> dict[str, Any]:
    """The launchpad's config."""
    fields = dict(config_type.to_fields_dict())
    return {**fields, "message": dg.Field(_Message(), description=fields["message"].description)}


def _text(asset: str | Enum | None) -> str:
    return str(asset.value) if isinstance(asset, Enum) else asset or ""

"""The "Publish…" link: a launchpad that is filled in, except for the message that a person must write."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from urllib.parse import quote

import dagster as dg
import yaml

from registry_dagster.dagster.names import CODE_LOCATION_TAG, publish_run_config
from registry_dagster.dagster.pin.code_location import gate_of

__all__ = ["publish_link"]

_PATH_PREFIX = "DAGSTER_WEBSERVER_PATH_PREFIX"
_MOST_PARTITIONS = 20


def publish_link(
    context: dg.AssetExecutionContext, key: dg.AssetKey, partitions: Sequence[str]
) -> dg.MarkdownMetadataValue | None:
    """A link to the launchpad of the publish job, for the table, or the tables, that this run makes.

    The message is left out of the config, so Dagster's Launch button waits until somebody writes it. If the
    web server runs under a path prefix, the run needs the web server's variable DAGSTER_WEBSERVER_PATH_PREFIX.

    Args:
        context: The asset's context.
        key: Which asset.
        partitions: The partitions that are published one by one; none for a table that is published whole.

    Returns:
        None if there is nothing to link to: the run was not launched by Dagster's servers, no gate takes the
        asset, or the partitions are too many for an address.
    """
    location = context.run.tags.get(CODE_LOCATION_TAG)
    gate = gate_of(context, key)
    if location is None or gate is None or len(partitions) > _MOST_PARTITIONS:
        return None
    config = _config(key, context.run.run_id, partitions)
    return dg.MetadataValue.md(f"[**Publish…**]({_launchpad(location, gate.job, config)})")


def _config(key: dg.AssetKey, run: str, partitions: Sequence[str]) -> Mapping[str, object]:
    """The config of a publish without its message. Of several partitions each is a target."""
    one = {"asset": key.to_user_string(), "run_id": run}
    # A key of several dimensions is a text of a type of its own, which cannot be written as YAML.
    targets = [{**one, "partition": str(partition)} for partition in partitions] or [one]
    return {"targets": targets} if len(targets) > 1 else targets[0]


def _launchpad(location: str, job: str, config: Mapping[str, object]) -> str:
    """The path of a job's launchpad in Dagster's web server, filled in."""
    run_config = yaml.safe_dump(publish_run_config(config), sort_keys=False, allow_unicode=True)
    prefix = os.environ.get(_PATH_PREFIX, "").strip("/")
    path = ["", *([prefix] if prefix else []), "locations", quote(f"__repository__@{location}", safe="@"), "jobs", job]
    return f"{'/'.join(path)}/playground/setup?config={quote(run_config, safe='')}"

"""The "Publish…" link: a launchpad that is filled in, except for the message that a person must write."""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import quote

import dagster as dg
import yaml

from registry_dagster.dagster.names import CODE_LOCATION_TAG, PUBLISH_JOB, publish_run_config

__all__ = ["publish_link"]

_PATH_PREFIX = "DAGSTER_WEBSERVER_PATH_PREFIX"


def publish_link(
    context: dg.AssetExecutionContext, key: dg.AssetKey, partition: str | None
) -> dg.MarkdownMetadataValue | None:
    """A link to the launchpad of the publish job, for the table that this run makes.

    The message is left out of the config, so Dagster's Launch button waits until somebody writes it. If the
    web server runs under a path prefix, the run needs the web server's variable DAGSTER_WEBSERVER_PATH_PREFIX.

    Returns:
        None if there is nothing to link to: the run was not launched by Dagster's servers, or `definitions`
        added no publish job beside the asset.
    """
    location = context.run.tags.get(CODE_LOCATION_TAG)
    job = context.assets_def.specs_by_key[key].metadata.get(PUBLISH_JOB)
    if location is None or job is None:
        return None
    config = {"asset": key.to_user_string(), "run_id": context.run.run_id}
    if partition is not None:
        config["partition"] = partition
    return dg.MetadataValue.md(f"[**Publish…**]({_launchpad(location, job, config)})")


def _launchpad(location: str, job: str, config: Mapping[str, str]) -> str:
    run_config = yaml.safe_dump(publish_run_config(config), sort_keys=False, allow_unicode=True)
    prefix = os.environ.get(_PATH_PREFIX, "").strip("/")
    path = ["", *([prefix] if prefix else []), "locations", quote(f"__repository__@{location}", safe="@"), "jobs", job]
    return f"{'/'.join(path)}/playground/setup?config={quote(run_config, safe='')}"

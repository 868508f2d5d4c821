"""The tags that distinguish publish runs in Dagster's list of runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import dagster as dg

from registry_dagster.dagster.names import DATASET_TAG, DRY_RUN_TAG, VERSION_TAG
from registry_dagster.dagster.publish.frozen_tables import FrozenTable
from registry_dagster.dagster.publish.published import PublishedTarget

__all__ = ["tag_published", "tag_started"]

_FEW = 3


def tag_started(context: dg.OpExecutionContext, found: Iterable[object], dry_run: bool) -> None:
    """Tag the run with the datasets that it is about.

    A run that somebody launched again has the tags of the first one: what is not true of it yet is put right.

    Args:
        context: The context of the publishing op.
        found: What was found for each target. Those that cannot be published say nothing.
        dry_run: Whether the run only shows what it would do.
    """
    datasets = [each.feature_table.dataset.name for each in found if isinstance(each, FrozenTable)]
    tags = {DATASET_TAG: _few(datasets, "datasets")} if datasets else {}
    if dry_run or context.has_tag(DRY_RUN_TAG):
        tags[DRY_RUN_TAG] = str(dry_run).lower()
    if context.has_tag(VERSION_TAG):
        tags[VERSION_TAG] = "none"
    _add(context, tags)


def tag_published(context: dg.OpExecutionContext, published: Sequence[PublishedTarget]) -> None:
    """Tag the run with the versions that it published, or found to be published already."""
    if not published:
        return
    is_one_dataset = len({each.dataset for each in published}) == 1
    versions = [each.number if is_one_dataset else each.receipt.version for each in published]
    _add(context, {VERSION_TAG: _few(versions, "versions")})


def _add(context: dg.OpExecutionContext, tags: dict[str, str]) -> None:
    if tags:
        context.instance.add_run_tags(context.run_id, tags)


def _few(values: Iterable[str], noun: str) -> str:
    """All values, or how many there are: a tag has to fit into a row."""
    distinct = list(dict.fromkeys(values))
    return ", ".join(distinct) if len(distinct) <= _FEW else f"{len(distinct)} {noun}"

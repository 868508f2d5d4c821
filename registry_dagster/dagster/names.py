"""Every key, tag, job name and op name that the registry uses in Dagster. They are public: stored events carry them."""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg

from registry_dagster.model.materialization import MaterializationVersion

# Jobs, ops, sensors and checks.
JOB_NAME = "publish_feature_table"
OP_NAME = "publish"
POOL_NAME = "feature_registry"
GATE_NAME = "publish_gate"
UNPINNED_HOOK_NAME = "warn_if_not_pinned"
VERIFY_OP_NAME = "verify_published_versions"
CHECK_NAME = "stands_as_published"
EXPIRY_OP_NAME = "check_expiry"
EXPIRY_CHECK_NAME = "does_not_expire_soon"
UNPUBLISHED_OP_NAME = "compare_with_published"
UNPUBLISHED_CHECK_NAME = "newest_is_published"
RESOURCE_KEY = "registry"

# Asset keys and groups.
REGISTRY = "registry"
MATERIALIZATION_VERSIONS = "materialization_versions"

# Metadata that Dagster itself gives a meaning.
COLUMN_LINEAGE = "dagster/column_lineage"
COLUMN_SCHEMA = "dagster/column_schema"
ROW_COUNT = "dagster/row_count"
SIZE_BYTES = "dagster/size_bytes"
TABLE_NAME = "dagster/table_name"
URI = "dagster/uri"
CODE_REFERENCES = "dagster/code_references"

# Tags that Dagster+ gives a run, and variables of its deployments.
GIT_COMMIT_TAG = "dagster/git_commit_hash"
GIT_PROJECT_TAG = "dagster/git_project_url"
GIT_COMMIT_VARIABLE = "DAGSTER_CLOUD_GIT_SHA"
GIT_URL_VARIABLE = "DAGSTER_CLOUD_GIT_URL"

# Metadata of ours.
DECLARATION = "registry/declaration"
"""The declaration on an asset. On a materialization of earlier releases, the frozen one."""
TABLE = "registry/table"
"""The pinned TableFacts on a materialization of earlier releases."""
ORIGIN = "registry/source"
"""What made the table, on a materialization of earlier releases."""
FROZEN = "registry/frozen"
"""On a materialization, what a publish reads: declaration, pinned table, and what made it."""
SUMMARY = "registry/summary"
"""On a materialization, the table in a line of words."""
COLUMN_TYPES = "registry/column_types"
"""On a materialization, the columns of each type."""
NOT_PINNED = "registry/not_pinned"
"""Why a declared asset's materialization has no pinned table."""
LEFT_OUT = "registry/left_out"
"""On the asset of a declaration file that cannot be published: why."""
PUBLISH_LINK = "registry/publish_link"
"""The link to the launchpad on a materialization."""
DATASET = "registry/dataset"
"""On an asset that the registry added: the dataset it is for."""
SYSTEM = "registry/system"
"""On the asset of an upstream system: which one, as `source/system`."""
GATE_ASSETS = "registry/assets"
"""On a gate: the assets it takes, if it does not take all that are left."""
GATE_KEYS = "registry/keys"
"""On a gate: the keys of the datasets that its assets refer to, where a translator chose others."""

# Metadata of ours on the timelines of datasets and upstream systems.
DIGEST = "digest"
"""The digest of a published version: proof that the event shows it."""
VERSION = "version"
"""A version of a dataset, or of an upstream system."""
PRODUCING_RUN = "producing_run"
"""The run that made a published table. Earlier releases wrote `run` on a version, and meant this one."""
PUBLISH_RUN = "publish_run"
"""The run that published a table, on the timelines of others."""
RUN = "run"
"""On the versions that earlier releases logged: `PRODUCING_RUN`."""

# Tags of a run that makes tables: they approve what it makes.
MESSAGE_TAG = "registry/publish"
PUBLISHER_TAG = "registry/publisher"
LABEL_TAG = "registry/label"

# Tags of a publish run: what it is about.
DATASET_TAG = "registry/dataset"
VERSION_TAG = "registry/version"
DRY_RUN_TAG = "registry/dry_run"

# The tag of a run that the gate requested. Dagster shows no tag with this prefix.
REQUEST_TAG = ".dagster/feature_registry_request"

# The tags of such a run in earlier releases; they are still read.
OLD_GATE_TAG = "registry/gate"
OLD_REQUEST_TAG = "registry/ask"
OLD_ATTEMPT_TAG = "registry/attempt"
OLD_APPROVALS_TAG = "registry/approvals"

# Tags that Dagster itself sets.
CODE_LOCATION_TAG = "dagster/code_location"
ROOT_RUN_TAG = "dagster/root_run_id"
"""On a re-execution, retries included: the first run of its group."""


def default_gate_name(job: str) -> str:
    """The name of the gate of a publish job."""
    return GATE_NAME if job == JOB_NAME else f"{job}_gate"


def registry_key(dataset: str) -> dg.AssetKey:
    """The external asset of a dataset: `registry/<dataset>`, unless a translator chose another key."""
    return dg.AssetKey([REGISTRY, dataset])


def materialization_key(version: MaterializationVersion) -> dg.AssetKey:
    """The external asset of an upstream system, unless a translator chose another key, or it has one of its own."""
    return dg.AssetKey([version.source, version.system])


def publish_run_config(config: Mapping[str, object]) -> dict[str, dict[str, dict[str, dict[str, object]]]]:
    """A run config of the publish job, from the config of its one op."""
    return {"ops": {OP_NAME: {"config": dict(config)}}}

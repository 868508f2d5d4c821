"""The types of what the registry gives back: its answers, and the parts that answers and records are made of."""

from __future__ import annotations

from registry_dagster.answers.answer import Loss, Verdict
from registry_dagster.answers.casts import Cast
from registry_dagster.answers.citation import Citation
from registry_dagster.answers.column_facts import ColumnFacts
from registry_dagster.answers.comparison import Comparability, Comparison, EmbeddingPair
from registry_dagster.answers.compatibility import Compatibility, Link
from registry_dagster.answers.current import Taken
from registry_dagster.answers.diff import Change, Diff
from registry_dagster.answers.holding import KeyFact
from registry_dagster.answers.join import Join, NullSentinel, Step
from registry_dagster.answers.joins import Joins
from registry_dagster.answers.lifecycle import Lifecycle
from registry_dagster.answers.lock import Lock, LockedJoin, LockedState, LockedVersion
from registry_dagster.answers.lock_check import LockCheck, LockFinding
from registry_dagster.answers.nearest import NearestPoint, Point
from registry_dagster.answers.remote import Remote
from registry_dagster.answers.statement import Statement
from registry_dagster.model.act import Act
from registry_dagster.model.column import MaterializationName
from registry_dagster.model.dataset_version import ColumnSource, Provenance
from registry_dagster.model.place import Place
from registry_dagster.model.retirement import Retirement
from registry_dagster.model.table import (
    CsvPin,
    DeltaPin,
    FeatherPin,
    IcebergPin,
    LancePin,
    OpaquePin,
    ParquetPin,
    TableField,
)
from registry_dagster.registry.commit import Outcome
from registry_dagster.registry.materialization_changes import MaterializationChange, MaterializationChanges
from registry_dagster.registry.rows.found import Dependent, FoundDataset, FoundVersion, Newest
from registry_dagster.registry.rows.lineage import Lineage
from registry_dagster.registry.rows.listed import MaterializationList, VersionList
from registry_dagster.registry.rows.now import DatasetNow, VersionNow
from registry_dagster.registry.rows.rows import Rows
from registry_dagster.registry.verifier import Verification
from registry_dagster.tables.verdict import Evidence, TableVerdict

__all__ = [
    "Act",
    "Cast",
    "Change",
    "Citation",
    "ColumnFacts",
    "ColumnSource",
    "Comparability",
    "Comparison",
    "Compatibility",
    "CsvPin",
    "DatasetNow",
    "DeltaPin",
    "Dependent",
    "Diff",
    "EmbeddingPair",
    "Evidence",
    "FeatherPin",
    "FoundDataset",
    "FoundVersion",
    "IcebergPin",
    "Join",
    "Joins",
    "KeyFact",
    "LancePin",
    "Lifecycle",
    "Lineage",
    "Link",
    "Lock",
    "LockCheck",
    "LockFinding",
    "LockedJoin",
    "LockedState",
    "LockedVersion",
    "Loss",
    "MaterializationChange",
    "MaterializationChanges",
    "MaterializationList",
    "MaterializationName",
    "NearestPoint",
    "Newest",
    "NullSentinel",
    "OpaquePin",
    "Outcome",
    "ParquetPin",
    "Place",
    "Point",
    "Provenance",
    "Remote",
    "Retirement",
    "Rows",
    "Statement",
    "Step",
    "TableField",
    "TableVerdict",
    "Taken",
    "Verdict",
    "Verification",
    "VersionList",
    "VersionNow",
]

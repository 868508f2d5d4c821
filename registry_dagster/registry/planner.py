"""From a declaration and a table to a plan. Pure: what is recorded comes in as a View."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone

from registry_dagster.answers.diff import diff
from registry_dagster.datahub.schema import linked_references
from registry_dagster.datahub.version import Summary
from registry_dagster.errors import VersionConflict
from registry_dagster.model.dataset_version import ColumnSource, DatasetVersion, Provenance
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.names import VersionName, parse_version
from registry_dagster.model.table import TableFacts
from registry_dagster.registry.plan import Origin, Plan, warnings_for
from registry_dagster.registry.records import View

__all__ = [
    "conflict_with",
    "linked_targets",
    "make_plan",
    "number_in_the_way",
    "others_named",
    "without_false_links",
]

_UNPUBLISHED = Provenance(
    publisher="nobody", message="not published", published_at=datetime.fromtimestamp(0, timezone.utc)
)


def make_plan(
    feature_table: FeatureTable,
    table: TableFacts,
    view: View,
    *,
    label: str | None = None,
    origin: Origin | None = None,
    above: int = 0,
    unsupported: Collection[str] = (),
) -> Plan:
    """What publishing would do, given what is recorded.

    When the same content is published, the plan's record bears that version's number.

    Args:
        feature_table: The declaration.
        table: The table.
        view: What is recorded.
        label: A human alias of the version.
        origin: The Dagster run that made the table.
        above: A number that is taken though the view does not know.
        unsupported: What the store cannot hold, in words.

    Raises:
        TableMismatch: declaration and table disagree.
        MaterializationConflict: a materialization version is recorded with other facts.
    """
    feature_table = feature_table.fitted(table)
    origin = origin or Origin()
    name = feature_table.dataset.name
    published = view.versions[name]
    inputs, missing = _inputs(origin, view)
    record = DatasetVersion(
        dataset=name,
        number=max(max(published, default=0), above) + 1,
        label=label,
        materializations=feature_table.materializations,
        columns=feature_table.columns,
        references=feature_table.references,
        signals=feature_table.signals,
        table=table,
        inputs=inputs,
        column_lineage=_column_lineage(origin, inputs),
        reference_versions=_reference_versions(feature_table, view),
        provenance=_UNPUBLISHED,
    )
    digest = record.content_digest
    same = next((number for number, summary in published.items() if summary.content_digest == digest), None)
    if same is not None:
        record = record.model_copy(update={"number": same})
    unlabelled: list[str] = []
    if same is not None and label is not None and published[same].label != label:
        unlabelled = [f"the same content stands as {record.name} already; the label {label!r} is not added to it"]
    unlinked = [
        f"{target} is not published here, so the join to it is recorded in words only"
        for target in sorted(others_named(feature_table, None))
        if not view.versions[target]
    ]
    recorded = view.datasets[name]
    return Plan(
        record=record,
        creates=same is None,
        dataset=feature_table.dataset.added_to(recorded) if recorded else feature_table.dataset,
        materializations=tuple(_materialization(version, view) for version in feature_table.materializations),
        warnings=(*warnings_for(feature_table, table), *missing, *unlinked, *unlabelled, *unsupported),
    )


def linked_targets(plan: Plan) -> set[str]:
    """The versions that the plan's joins are to be linked to, by their columns."""
    return {target for _, target in linked_references(plan.record)}


def without_false_links(plan: Plan, columns: Mapping[str, Collection[str]]) -> Plan:
    """The plan without links to columns that are not there. The join stays recorded in words.

    Args:
        plan: The plan.
        columns: The columns of each of its `linked_targets`.
    """
    false = {
        reference.to: f"{target} has no column {column!r}, to which {', '.join(reference.columns)} is to be joined, so "
        f"joins to {reference.to} are recorded in words only"
        for reference, target in linked_references(plan.record)
        for column in reference.to_columns
        if column not in columns[target]
    }
    if not false:
        return plan
    kept = {name: version for name, version in plan.record.reference_versions.items() if name not in false}
    record = plan.record.model_copy(update={"reference_versions": kept})
    return replace(plan, record=record, warnings=(*plan.warnings, *false.values()))


def number_in_the_way(plan: Plan, published: Mapping[int, Summary], version: int | None) -> int | None:
    """The published version, if any, that has the number or label asked for but other content.

    Raises:
        VersionConflict: the number asked for is not the next one.
    """
    number, label = plan.record.number, plan.record.label
    if version is not None and version != number:
        if version in published:
            return version
        raise VersionConflict(
            f"{VersionName(plan.record.dataset, version)} cannot be published: numbers are dense, this one is "
            f"{plan.version}"
        )
    return next(
        (other for other, summary in published.items() if label and summary.label == label and other != number), None
    )


def conflict_with(plan: Plan, taken: DatasetVersion) -> VersionConflict:
    """The error that says what is taken, by what, and how it differs."""
    label = plan.record.label
    what = f"label {label!r} belongs to {taken}, which" if label and taken.label == label else f"{taken}"
    differences = tuple(str(change) for change in diff(taken, plan.record).changes)
    return VersionConflict(f"{what} is published with other content and never changes", differences)


def others_named(feature_table: FeatureTable, origin: Origin | None) -> set[str]:
    """The datasets that a declaration refers to, or that its table was computed from."""
    referred = {reference.to for reference in feature_table.references if reference.to is not None}
    return (referred | {dataset for dataset, _ in (origin.inputs if origin else ())}) - {feature_table.dataset.name}


def _materialization(declared: MaterializationVersion, view: View) -> MaterializationVersion:
    recorded = view.materializations[declared.key]
    return declared.added_to(recorded) if recorded is not None else declared


def _column_lineage(origin: Origin, inputs: Sequence[str]) -> dict[str, list[ColumnSource]]:
    """The columns that come from a published input, where it is the only one of its dataset."""
    datasets = [parse_version(name).dataset for name in inputs]
    versions = {dataset: name for dataset, name in zip(datasets, inputs, strict=True) if datasets.count(dataset) == 1}
    lineage = {
        column: [
            ColumnSource(version=versions[dataset], column=origin) for dataset, origin in origins if dataset in versions
        ]
        for column, origins in origin.column_lineage.items()
    }
    return {column: origins for column, origins in lineage.items() if origins}


def _reference_versions(feature_table: FeatureTable, view: View) -> dict[str, str]:
    """For each referenced dataset its newest version of a shared materialization version, else its newest."""
    own = {str(version) for version in feature_table.materializations}
    targets = others_named(feature_table, None)
    return {
        target: _fitting(target, published.values(), own)
        for target in sorted(targets)
        if (published := view.versions[target])
    }


def _fitting(dataset: str, published: Collection[Summary], materializations: set[str]) -> str:
    shared = [summary for summary in published if summary.materializations & materializations]
    return str(VersionName(dataset, max(summary.number for summary in shared or published)))


def _inputs(origin: Origin, view: View) -> tuple[Sequence[str], Sequence[str]]:
    """The published versions that were read, and a warning for each table that is not published."""
    inputs: list[str] = []
    missing: list[str] = []
    for dataset, table in origin.inputs:
        numbers = [number for number, summary in view.versions[dataset].items() if summary.table == dict(table)]
        if numbers:
            inputs.append(str(VersionName(dataset, max(numbers))))
        else:
            missing.append(
                f"computed from {dataset}, whose table as it was read is not published; publish it first to have it "
                "in the lineage"
            )
    return inputs, missing

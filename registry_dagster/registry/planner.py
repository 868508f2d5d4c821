"""From a publication and what is recorded to a plan: the same plan for who looks at it and for who publishes it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone

from registry_dagster.answers.diff import diff
from registry_dagster.datahub.schema import linked_references
from registry_dagster.datahub.version import Summary
from registry_dagster.errors import VersionConflict
from registry_dagster.model.dataset_version import ColumnSource, DatasetVersion, Provenance
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.names import VersionName, parse_version
from registry_dagster.registry.arguments import publication_of
from registry_dagster.registry.plan import Origin, Plan, Publication, warnings_for
from registry_dagster.registry.records import Records, View

__all__ = ["Planner", "seen_with"]

_UNPUBLISHED = Provenance(
    publisher="nobody", message="not published", published_at=datetime.fromtimestamp(0, timezone.utc)
)


@dataclass(frozen=True)
class Planner:
    """Plans against the records of one registry. Writes nothing."""

    records: Records

    def view(self, publications: Sequence[Publication], fresh: bool) -> View:
        """Read, at once, what plans of these publications are made against.

        Args:
            publications: What to plan.
            fresh: Ask the store even for what is known of their datasets.
        """
        return self.records.view(
            owners={each.dataset for each in publications},
            others=set[str]().union(*(each.others for each in publications)),
            materializations=[version for each in publications for version in each.feature_table.materializations],
            fresh=fresh,
        )

    def plan(self, publication: Publication, view: View) -> Plan:
        """What publishing would do, given what is recorded.

        If the same content is published already, the plan's record has that version's number.

        Raises:
            TableMismatch: declaration and table disagree.
            MaterializationConflict: a materialization version is recorded with other facts.
            VersionConflict: the number or label asked for belongs to other content.
        """
        plan = _plan(publication, view, self.records.store.unsupported.values())
        # Links lead to columns, which only the records of their targets have: read once, then kept.
        targets = {target for _, target in linked_references(plan.record)}
        plan = _without_false_links(plan, self.records.columns(targets))
        self._refuse_conflict(plan, view.versions[publication.dataset], publication.version)
        return plan

    def preview(self, publication: Publication) -> Plan:
        """The plan as a person looks at it: also with what changes, and what it relies on that is retired.

        Raises:
            TableMismatch, MaterializationConflict, VersionConflict: as for `plan`.
        """
        publication = publication_of(publication)
        view = self.view([publication], fresh=True)
        plan = self.plan(publication, view)
        retired = self.records.retirements([*plan.record.inputs, *plan.record.reference_versions.values()])
        warnings = (*plan.warnings, *(f"{name} is {retirement}" for name, retirement in retired.items()))
        plan = replace(plan, warnings=warnings)
        if not plan.creates:
            return replace(plan, record=self.records.record(plan.version))
        published = view.versions[publication.dataset]
        if not published:
            return plan
        last = self.records.record(str(VersionName(publication.dataset, max(published))))
        return replace(plan, diff=diff(last, plan.record))

    def _refuse_conflict(self, plan: Plan, published: Mapping[int, Summary], wanted: int | None) -> None:
        taken = _number_in_the_way(plan, published, wanted)
        if taken is not None:
            raise _conflict_with(plan, self.records.record(str(VersionName(plan.record.dataset, taken))))


def seen_with(view: View, plan: Plan) -> View:
    """The view that later plans of the same round are made against: as if this plan were carried out."""
    record = plan.record
    return replace(
        view,
        highest={**view.highest, record.dataset: max(view.highest.get(record.dataset, 0), record.number)},
        datasets={**view.datasets, record.dataset: plan.dataset},
        materializations={**view.materializations, **{version.key: version for version in plan.materializations}},
    )


def _plan(publication: Publication, view: View, unsupported: Collection[str]) -> Plan:
    feature_table = publication.feature_table.fitted(publication.table)
    published = view.versions[publication.dataset]
    inputs, unread = _inputs(publication.origin or Origin(), view)
    record = _record(publication, feature_table, view, inputs)
    digest = record.content_digest
    same = next((number for number, summary in published.items() if summary.content_digest == digest), None)
    if same is not None:
        record = record.model_copy(update={"number": same})
    recorded = view.datasets[publication.dataset]
    return Plan(
        record=record,
        creates=same is None,
        dataset=feature_table.dataset.added_to(recorded) if recorded else feature_table.dataset,
        materializations=tuple(_materialization(version, view) for version in feature_table.materializations),
        warnings=(
            *warnings_for(feature_table, publication.table),
            *unread,
            *_unlinked(publication, view),
            *_unlabelled(record, published.get(record.number)),
            *unsupported,
        ),
    )


def _record(publication: Publication, feature_table: FeatureTable, view: View, inputs: Sequence[str]) -> DatasetVersion:
    """The record under the next number: the highest that is published, or planned in this round, and one."""
    name = publication.dataset
    return DatasetVersion(
        dataset=name,
        number=max(max(view.versions[name], default=0), view.highest.get(name, 0)) + 1,
        label=publication.label,
        materializations=feature_table.materializations,
        columns=feature_table.columns,
        references=feature_table.references,
        signals=feature_table.signals,
        table=publication.table,
        inputs=inputs,
        column_lineage=_column_lineage(publication.origin or Origin(), inputs),
        reference_versions=_reference_versions(publication, view),
        provenance=_UNPUBLISHED,
    )


def _unlinked(publication: Publication, view: View) -> Iterator[str]:
    for target in sorted(publication.referenced):
        if not view.versions[target]:
            yield f"{target} is not published here, so the join to it is recorded in words only"


def _unlabelled(record: DatasetVersion, published: Summary | None) -> Iterator[str]:
    if published is not None and record.label is not None and published.label != record.label:
        yield f"the same content is already published as {record.name}; the label {record.label!r} is not added to it"


def _without_false_links(plan: Plan, columns: Mapping[str, Collection[str]]) -> Plan:
    """The plan without links to columns that are not there. The join stays recorded in words.

    Args:
        plan: The plan.
        columns: The columns of each version that its joins are linked to.
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


def _number_in_the_way(plan: Plan, published: Mapping[int, Summary], version: int | None) -> int | None:
    """The published version, if any, that has the number or label asked for but other content.

    Raises:
        VersionConflict: the number asked for is not the next one.
    """
    number, label = plan.record.number, plan.record.label
    if version is not None and version != number:
        if version in published:
            return version
        name = VersionName(plan.record.dataset, version)
        if plan.creates:
            raise VersionConflict(
                f"{name} cannot be published: numbers have no gaps, and the next one is {number}; "
                f"pass version={number}, or leave it out"
            )
        raise VersionConflict(
            f"{name} cannot be published: the same content is already published as {plan.version}; leave version out"
        )
    return next(
        (other for other, summary in published.items() if label and summary.label == label and other != number), None
    )


def _conflict_with(plan: Plan, taken: DatasetVersion) -> VersionConflict:
    """The error that says what is taken, by what, and how it differs."""
    label = plan.record.label
    what = f"label {label!r} belongs to {taken}, which" if label and taken.label == label else f"{taken}"
    differences = tuple(str(change) for change in diff(taken, plan.record).changes)
    return VersionConflict(f"{what} is published with other content and never changes", differences)


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


def _reference_versions(publication: Publication, view: View) -> dict[str, str]:
    """For each referenced dataset its newest version of a shared materialization version, else its newest."""
    own = {str(version) for version in publication.feature_table.materializations}
    return {
        target: _fitting(target, published.values(), own)
        for target in sorted(publication.referenced)
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

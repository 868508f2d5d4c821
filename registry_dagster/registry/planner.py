"""From a publication and what is recorded to a plan: the same plan for who looks at it and for who publishes it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone

from registry_dagster.answers.current import Candidate, latest_earlier
from registry_dagster.answers.diff import diff
from registry_dagster.answers.places import places_of, tables_at
from registry_dagster.answers.same_content import SameContent, has_declared_types, same_content, same_table
from registry_dagster.datahub.retirement import is_removed, retirement_from
from registry_dagster.datahub.schema import linked_references
from registry_dagster.datahub.version import Summary, version_proposals
from registry_dagster.errors import AccessDenied, VersionConflict
from registry_dagster.model.act import Act
from registry_dagster.model.citable import license_doubt
from registry_dagster.model.dataset_version import DatasetVersion, Provenance
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.names import VersionName, exact_version
from registry_dagster.model.table import TableFacts, table_identity
from registry_dagster.registry.clock_warnings import clock_warnings, name_warnings
from registry_dagster.registry.known_names import KnownNames
from registry_dagster.registry.limits import check_writable, prerequisites_of
from registry_dagster.registry.links import Links, links_of
from registry_dagster.registry.numbers import Numbers
from registry_dagster.registry.plan import Origin, Plan, Publication, index_warnings, warnings_for
from registry_dagster.registry.publication_arguments import code_of, publication_of
from registry_dagster.registry.records import Records
from registry_dagster.registry.resolver import Resolver
from registry_dagster.registry.used_names import UsedNames
from registry_dagster.registry.view import View, read_view

__all__ = ["Planner"]

_UNPUBLISHED = Provenance(
    publisher="nobody", message="not published", published_at=datetime.fromtimestamp(0, timezone.utc)
)


@dataclass(frozen=True)
class Planner:
    """Plans against the records of one registry. Writes nothing."""

    records: Records
    resolver: Resolver
    used: UsedNames

    def view(self, publications: Sequence[Publication], fresh: bool) -> View:
        """Read, at once, what plans of these publications are made against; see `read_view`."""
        view = read_view(self.records, self.resolver, publications, fresh=fresh)
        tables = [each.feature_table for each in publications]
        return replace(view, recorded=self.used.beside(view.recorded, tables, view.numbers))

    def plan(self, publication: Publication, view: View) -> Plan:
        """What publishing would do, given what is recorded.

        If the same content is published already, the plan's record has that version's number.

        Raises:
            TableMismatch: declaration and table disagree.
            NotPublished: an input that is named exactly is not published.
            MaterializationConflict: a materialization version is recorded with other facts.
            VersionConflict: the number or label asked for belongs to other content.
            InvalidDeclaration: the label is not one that can be typed.
        """
        plan = self._plan(publication, view)
        # Links lead to columns, which only the records of their targets have: read once, then kept.
        targets = {target for _, target in linked_references(plan.record)}
        plan = _without_false_links(plan, self.records.columns(targets))
        taken = _number_in_the_way(plan, view, publication.version)
        if taken is not None:
            other = self.records.exact(str(VersionName(plan.record.dataset, taken)))
            raise _conflict_with(plan, other, publication.version)
        return plan

    def preview(self, publication: Publication) -> Plan:
        """The plan as a person looks at it: also with what changes.

        Raises:
            TableMismatch, NotPublished, MaterializationConflict, VersionConflict: as for `plan`.
            InvalidDeclaration, StoreRefused: it could never be written; see `check_writable`.
        """
        publication = publication_of(publication)
        view = self.view([publication], fresh=True)
        # A person looks at it, so more is read than publishing does.
        view = replace(view, recorded=replace(view.recorded, states=KnownNames(self.records).states()))
        plan = self.plan(publication, view)
        if not plan.creates:
            return replace(plan, record=self.records.exact(plan.version))
        record = plan.record.model_copy(update={"provenance": _known_by_now(publication)})
        sizes = self._sizes(publication, plan)
        planned = Candidate(
            record.number, record.name, tuple(record.materializations), record.layout.name if record.layout else None
        )
        before = latest_earlier(self.resolver.versions([record.dataset])[record.dataset].candidates, planned)
        published = self.records.exact(before.name) if before else None
        changes = diff(published, record) if published is not None else None
        return replace(plan, record=record, warnings=(*plan.warnings, *sizes), diff=changes)

    def _sizes(self, publication: Publication, plan: Plan) -> tuple[str, ...]:
        """Refuse what could never be written; what a person should know of sizes and lengths."""
        origin = publication.origin or Origin()
        run = _UNPUBLISHED.model_copy(update={"dagster_job": origin.job, "dagster_op": origin.op})
        record = plan.record.model_copy(update={"provenance": run})
        proposals = version_proposals(record, plan.dataset, self.records.env)
        return check_writable(
            self.records, plan, record, proposals, prerequisites_of(record, plan.dataset, self.records.env)
        )

    def _plan(self, publication: Publication, view: View) -> Plan:
        _refuse_hidden(publication.dataset, view)
        feature_table = publication.feature_table.fitted(publication.table)
        links = links_of(publication, view)
        states = tuple(_materialization(each, view) for each in publication.states)
        record = _record(publication, feature_table, view, links)
        same = self._same(record, feature_table, view)
        if same is not None:
            record = record.model_copy(update={"number": exact_version(same.version).number})
        recorded = view.datasets[publication.dataset]
        return Plan(
            record=record,
            creates=same is None,
            dataset=feature_table.dataset.added_to(recorded) if recorded else feature_table.dataset,
            materializations=states,
            warnings=(
                *warnings_for(feature_table, publication.table),
                *filter(None, [license_doubt(publication.license)]),
                *clock_warnings(
                    publication.feature_table.materializations,
                    view.materializations,
                    view.recorded,
                    datetime.now(timezone.utc),
                ),
                *(name_warnings(publication.feature_table, view.recorded) if same is None else ()),
                *links.warnings,
                *(_unchanged(record, same, view) if same else ()),
                *(index_warnings(feature_table, publication.table) if self.records.store.search_lags else ()),
            ),
        )

    def _same(self, record: DatasetVersion, feature_table: FeatureTable, view: View) -> SameContent | None:
        """The published version that has this content. Records are read only of versions of the same table."""
        alike = _of_same_table(record, view)
        if equal := _of_equal_digest(record, alike):
            return SameContent(str(VersionName(record.dataset, equal.number)))
        published = self.records.readable([str(VersionName(record.dataset, each.number)) for each in alike])
        # What the record freezes beyond the declaration was not stated by anybody.
        stated = record.model_copy(update={"materializations": feature_table.materializations})
        acts = view.numbers[record.dataset].acts
        found = (same_content(stated, _found_at(record.table, each, acts)) for each in published.values())
        return next((each for each in found if each is not None), None)


def _refuse_hidden(dataset: str, view: View) -> None:
    """Refuse to plan beside versions that may hold the same content, or what an interrupted publish sent."""
    if hidden := sorted(view.numbers[dataset].hidden):
        names = ", ".join(str(VersionName(dataset, number)) for number in hidden)
        raise AccessDenied(
            f"{names} exists and this token may not view it, so whether the same content is already published is not "
            "known; View Entity Page on it settles that"
        )


def _of_same_table(record: DatasetVersion, view: View) -> list[Summary]:
    """The published versions of the table, lowest first: by their records, or since people said that it is there."""
    numbers = view.numbers[record.dataset]
    given = {exact_version(act.version).number for act in numbers.acts if act.place is not None and act.version}
    placed = (number for number in given if _is_place_of(record, number, numbers))
    return [numbers.summaries[number] for number in sorted({*numbers.of_table(record.table), *placed})]


def _is_place_of(record: DatasetVersion, number: int, numbers: Numbers) -> bool:
    """Whether the table is where people said that a published version's table is, too."""
    if number not in numbers.summaries or number not in numbers.now:
        return False
    places = places_of(str(VersionName(record.dataset, number)), numbers.acts)
    return any(same_table(record.table, table_identity(place.location, place.pin)) for place in places)


def _found_at(table: TableFacts, published: DatasetVersion, acts: Sequence[Act]) -> DatasetVersion:
    """A published version with its table at the place that is named now, if that is one of its places."""
    for known in tables_at(published.table, published.name, acts):
        if same_table(table, known.identity):
            return published.model_copy(update={"table": known})
    return published


def _of_equal_digest(record: DatasetVersion, alike: Sequence[Summary]) -> Summary | None:
    """One of the same content by its digest alone. It leaves out layout and declared types, which are then compared."""
    if record.layout is not None or has_declared_types(record.table):
        return None
    return next((each for each in alike if each.content_digest == record.content_digest), None)


def _known_by_now(publication: Publication) -> Provenance:
    """What a plan can say of who publishes and from what: the code."""
    code = code_of(publication.code) or (publication.origin or Origin()).code
    return _UNPUBLISHED.model_copy(update={"code": code})


def _record(publication: Publication, feature_table: FeatureTable, view: View, links: Links) -> DatasetVersion:
    """The record under the next number."""
    return DatasetVersion(
        dataset=publication.dataset,
        number=view.next_number(publication.dataset),
        label=publication.label,
        materializations=tuple(_frozen(each, view) for each in feature_table.materializations),
        columns=feature_table.columns,
        references=feature_table.references,
        signals=feature_table.signals,
        table=publication.table,
        inputs=links.inputs,
        column_lineage=links.lineage,
        reference_versions=links.references,
        linked_content=links.content,
        layout=feature_table.layout,
        draft=publication.draft,
        provenance=_UNPUBLISHED,
    )


def _unchanged(record: DatasetVersion, same: SameContent, view: View) -> Iterator[str]:
    """What a person should know of the version that has this content already."""
    numbers = view.numbers[record.dataset]
    for unsaid in same.not_added:
        yield f"the same content is already published as {same.version}; {unsaid} is stated now and not added to it"
    label = numbers.summaries[record.number].label
    if record.label is not None and label != record.label and numbers.labels_given.get(record.label) != record.number:
        yield f"the same content is already published as {same.version}; the label {record.label!r} is not added to it"
    entity = numbers.now.get(record.number, {})
    if is_removed(entity):
        yield f"{same.version} has this content and was removed in DataHub; restore it there to use it again"
    retirement = retirement_from(entity, same.version, numbers.acts)
    if retirement is not None:
        yield f"{same.version} has this content and is {retirement}; undo the retirement to use it again"


def _without_false_links(plan: Plan, columns: Mapping[str, Collection[str]]) -> Plan:
    """The plan without links to columns that are not there. The join stays recorded in words.

    Args:
        plan: The plan.
        columns: The columns of each version that its joins are linked to.
    """
    false = {
        reference.link: f"{target} has no column {column!r}, to which {', '.join(reference.columns)} is to be joined, "
        f"so joins to {reference.link} are recorded in words only"
        for reference, target in linked_references(plan.record)
        for column in reference.to_columns
        if column not in columns[target]
    }
    if not false:
        return plan
    kept = {name: version for name, version in plan.record.reference_versions.items() if name not in false}
    record = plan.record.model_copy(update={"reference_versions": kept})
    return replace(plan, record=record, warnings=(*plan.warnings, *false.values()))


def _number_in_the_way(plan: Plan, view: View, version: int | None) -> int | None:
    """The published version, if any, that has the number or label asked for but other content.

    Raises:
        VersionConflict: the number asked for is not the next one.
    """
    number, label = plan.record.number, plan.record.label
    if version is not None and version != number:
        name = VersionName(plan.record.dataset, version)
        numbers = view.numbers[name.dataset]
        if version in numbers.present:
            return version
        if version <= numbers.last:
            raise VersionConflict(f"{name} was given before and deleted; a number is never given again. Leave it out")
        if plan.creates:
            raise VersionConflict(
                f"{name} cannot be published: numbers have no gaps, and the next one is {number}; "
                f"pass version={number}, or leave it out"
            )
        raise VersionConflict(
            f"{name} cannot be published: the same content is already published as {plan.version}; leave version out"
        )
    if label is None:
        return None
    taken = view.labels(plan.record.dataset).get(label)
    return taken if taken != number else None


def _conflict_with(plan: Plan, taken: DatasetVersion, asked: int | None) -> VersionConflict:
    """The error that says what is taken, by what, and how it differs."""
    label = plan.record.label
    what = f"label {label!r} belongs to {taken}, which" if taken.number != asked else f"{taken}"
    differences = tuple(str(change) for change in diff(taken, plan.record).changes)
    return VersionConflict(f"{what} is published with other content and never changes", differences)


def _materialization(declared: MaterializationVersion, view: View) -> MaterializationVersion:
    """The materialization version as it would be recorded."""
    recorded = view.materializations[declared.key]
    return declared.added_to(recorded) if recorded is not None else declared


def _frozen(declared: MaterializationVersion, view: View) -> MaterializationVersion:
    """The materialization version as the record keeps it: with the timestamp that is recorded, if none is declared."""
    recorded = view.materializations[declared.key]
    if recorded is None or declared.timestamp is not None or recorded.timestamp is None:
        return declared
    return declared.model_copy(update={"timestamp": recorded.timestamp})

"""What plans are made against: read at once, and seen by all plans of a round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.registry.clock_warnings import Recorded
from registry_dagster.registry.known_names import KnownNames
from registry_dagster.registry.numbers import Numbers
from registry_dagster.registry.plan import Plan, Publication
from registry_dagster.registry.records import Records
from registry_dagster.registry.resolver import Resolver, Versions

__all__ = ["View", "read_view"]


@dataclass(frozen=True)
class View:
    """What is recorded, as far as plans need it.

    Args:
        numbers: Dataset → its versions.
        targets: Dataset that is referred to or was read from → its versions, with what is true of them now.
        datasets: Dataset → how it is recorded.
        materializations: `source/system@version` → how it is recorded.
        recorded: All recorded materialization versions, if one is to be planned that is not.
        planned: Dataset → the highest number that this round has planned to give.
    """

    numbers: Mapping[str, Numbers]
    targets: Mapping[str, Versions]
    datasets: Mapping[str, Dataset | None]
    materializations: Mapping[str, MaterializationVersion | None]
    recorded: Recorded = field(default_factory=Recorded)
    planned: Mapping[str, int] = field(default_factory=dict[str, int])

    def next_number(self, dataset: str) -> int:
        """The number that the next version of a dataset gets: one more than was ever given or planned."""
        return max(self.numbers[dataset].last, self.planned.get(dataset, 0)) + 1

    def labels(self, dataset: str) -> Mapping[str, int]:
        """Label → number, of a dataset's versions."""
        numbers = self.numbers[dataset]
        given = {each.label: each.number for each in numbers.summaries.values() if each.label}
        return {**numbers.labels_given, **given}

    def ahead(self) -> Ahead:
        """The view that the plans of a round are made against, one after the other."""
        return Ahead(
            self.numbers,
            self.targets,
            dict(self.datasets),
            dict(self.materializations),
            self.recorded,
            dict(self.planned),
        )


@dataclass(frozen=True)
class Ahead(View):
    """A view of the plans' own: it is to later plans as if those before were carried out."""

    datasets: dict[str, Dataset | None]
    materializations: dict[str, MaterializationVersion | None]
    planned: dict[str, int] = field(default_factory=dict[str, int])

    def take(self, plan: Plan) -> None:
        """Take a plan as carried out."""
        record: DatasetVersion = plan.record
        self.planned[record.dataset] = max(self.planned.get(record.dataset, 0), record.number)
        self.datasets[record.dataset] = plan.dataset
        self.materializations.update({each.key: each for each in plan.materializations})


def read_view(records: Records, resolver: Resolver, publications: Sequence[Publication], *, fresh: bool) -> View:
    """Read, at once, what plans of these publications are made against.

    Args:
        records, resolver: Of the registry.
        publications: What to plan.
        fresh: Ask the store even for what is known of their datasets. Without, that may be behind; the create-only
            commit finds out. What a version is linked to is frozen in it, so that is always asked for.
    """
    owners = {each.dataset for each in publications}
    others = set[str]().union(*(each.others for each in publications))
    wanted = [version for each in publications for version in each.feature_table.materializations]
    if fresh:
        records.index.read(owners - others)
    # When states were, and what else they are called, is remembered: it hardly changes, and saves a request.
    targets = resolver.versions(others, remembered=not fresh)
    numbers = records.index.known(owners | others)
    states = records.materializations(wanted) if fresh else records.known_materializations(wanted)
    return View(
        numbers=numbers,
        targets=targets,
        datasets={name: numbers[name].dataset for name in owners},
        materializations=states,
        recorded=Recorded() if all(states.values()) else KnownNames(records).recorded(),
    )

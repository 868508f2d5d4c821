"""Adding what a token was not allowed to write when versions were published."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from registry_dagster.datahub.assignments import assigned
from registry_dagster.datahub.audit import PEOPLES_OWN, is_intact
from registry_dagster.datahub.dataset import dataset_proposals
from registry_dagster.datahub.prerequisites import prerequisite_proposals
from registry_dagster.datahub.proposal import Aspect, Entity, Proposal
from registry_dagster.datahub.urns import PLATFORM, container_urn, version_set_urn, version_urn
from registry_dagster.datahub.version import version_proposals
from registry_dagster.datahub.version_sets import SET_ASPECT, member_name
from registry_dagster.errors import AccessDenied, RegistryError
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.registry.records import Records
from registry_dagster.registry.writer import Writer

__all__ = ["Repair"]


@dataclass(frozen=True)
class Repair:
    """Repairs the versions of one registry. What a record is rebuilt from never changes."""

    records: Records
    writer: Writer

    def __call__(self) -> Iterator[str]:
        """Add what is missing to each version, dataset by dataset; one line for each that was or could not be."""
        for name in sorted(self.records.dataset_names()):
            dataset = self.records.dataset(name) or Dataset(name=name)
            records = [*self.records.readable(self.records.names(name)).values()]
            yield from self._page(dataset)
            for record in records:
                yield from self._version(record, dataset)
            if self.writer.denied.may_record_numbers(name, self.records.env):
                self.records.index.raise_highest(records[-1:])
            yield from self._set(name, records)

    def _set(self, name: str, records: Sequence[DatasetVersion]) -> Iterator[str]:
        """The version of a dataset that DataHub's default search shows."""
        urn = version_set_urn(PLATFORM, name, self.records.env)
        before = self._latest(urn)
        self.writer.sets.settle([name])
        if (after := self._latest(urn)) != before:
            yield f"{name}: its version set names {after} now, not {before}"
        yield from (f"{name}: {each}" for each in self._notes(records))

    def _notes(self, records: Sequence[DatasetVersion]) -> Iterable[str]:
        return dict.fromkeys(note for each in records for note in self.writer.sets.notes(each))

    def _latest(self, version_set: str) -> str | None:
        found = self.records.store.read([version_set], [SET_ASPECT]).get(version_set, {})
        latest = found.get(SET_ASPECT, {}).get("latest")
        return member_name(latest) if isinstance(latest, str) else None

    def _page(self, dataset: Dataset) -> Iterator[str]:
        """The tags of the Dataset's page."""
        urn = container_urn(dataset.name, self.records.env)
        held = self.records.entity(urn)
        wanted = [each for each in dataset_proposals(dataset, held, self.records.env) if each.aspect == "globalTags"]
        lacking = [each for each in wanted if not is_intact(each, {urn: held})]
        if lacking:

            def write() -> None:
                self.writer.write_datasets([dataset])
                _raise_if_denied(self.writer)

            yield self._written(dataset.name, write, lacking)

    def _version(self, record: DatasetVersion, dataset: Dataset) -> Iterator[str]:
        urn = version_urn(record.name, self.records.env)
        whole = [
            each for each in version_proposals(record, dataset, self.records.env) if each.aspect not in PEOPLES_OWN
        ]
        stored = self.records.store.read({each.urn for each in whole})
        lacking = [each for each in whole if _is_lacking(each, stored.get(each.urn, {}))]
        if lacking:

            def write() -> None:
                self.writer.ensure(prerequisite_proposals(record, dataset))
                _raise_if_denied(self.writer)
                self._write([_completed(each, stored.get(each.urn, {})) for each in lacking])

            yield self._written(urn, write, lacking)

    def _write(self, proposals: Sequence[Proposal]) -> None:
        refusals = self.records.store.create([[each] for each in proposals])
        for refusal in filter(None, refusals):
            raise (
                AccessDenied(refusal.reason, sorted(refusal.urns)) if refusal.denied else RegistryError(refusal.reason)
            )

    def _written(self, what: str, write: Callable[[], None], lacking: Sequence[Proposal]) -> str:
        names = ", ".join(dict.fromkeys(each.aspect for each in lacking))
        try:
            write()
        except RegistryError as error:
            return f"{what}: {names} could not be completed. {error}"
        return f"{what}: {names} is complete now"


def _raise_if_denied(writer: Writer) -> None:
    if writer.denied.urns:
        urns = sorted(writer.denied.urns)
        raise AccessDenied(f"this token may not define {', '.join(urns)}; Create Entity on them brings that", urns)


def _is_lacking(expected: Proposal, stored: Entity) -> bool:
    """Whether an aspect is absent, or does not assign what it should. One that others changed is left as it is."""
    found = stored.get(expected.aspect)
    return found is None or not assigned(expected.aspect, expected.value) <= assigned(expected.aspect, found)


def _completed(expected: Proposal, stored: Entity) -> Proposal:
    """The aspect as it is to be: where it is there, with what is lacking added to what others assigned."""
    found = stored.get(expected.aspect)
    if found is None:
        return replace(expected, added=bool(stored))
    return replace(expected, value=_added(expected.value, found, expected.aspect), replaces=True)


def _added(expected: Aspect, found: Aspect, aspect: str) -> Aspect:
    if aspect == "structuredProperties":
        ours = {each["propertyUrn"] for each in expected["properties"]}
        others = [each for each in found["properties"] if each["propertyUrn"] not in ours]
        return {**found, "properties": [*expected["properties"], *others]}
    return expected

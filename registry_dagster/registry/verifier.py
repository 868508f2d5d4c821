"""Whether published versions are intact: the record as it was published, the table as it was recorded."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from registry_dagster.answers.places import tables_at
from registry_dagster.datahub.acts import ACTS_ASPECT, readable_acts
from registry_dagster.datahub.audit import audit, published_aspects
from registry_dagster.datahub.dataset import dataset_from
from registry_dagster.datahub.linked_content import content_digest_of, linked_content_from
from registry_dagster.datahub.proposal import Entity
from registry_dagster.datahub.retirement import is_removed, retirement_from
from registry_dagster.datahub.search import Search
from registry_dagster.datahub.urns import container_urn, version_urn
from registry_dagster.datahub.version import RECORD_ASPECTS, record_from
from registry_dagster.errors import CorruptRecord, InvalidDeclaration, NotPublished
from registry_dagster.model.act import Act
from registry_dagster.model.batches import batches
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.html import html_lines
from registry_dagster.model.names import VersionName, exact_version, parse_version
from registry_dagster.model.table import TableFacts
from registry_dagster.registry.records import Records
from registry_dagster.registry.settings import TABLES_AT_ONCE
from registry_dagster.registry.version_index import MUTABLE, PAGE
from registry_dagster.tables.storage.options import OptionsOf, options_of
from registry_dagster.tables.storage.read_ahead import ahead
from registry_dagster.tables.verify import StoresOutOfReach, TableState, TableVerdict, verify_table

__all__ = ["Verification", "Verifier"]

Lines = tuple[str, ...] | None
_PAGE = 50


@dataclass(frozen=True)
class Verification:
    """What was found of a published version.

    Args:
        version: `dataset@vN`.
        record: What others changed about the record, one line for each aspect; empty if it is intact, None
            if it was not checked.
        table: What became of the table; None if it was not checked, or its record cannot be read.
        retired: Whether the version is retired, so that nobody relies on its table.
        links: Versions that it is linked to and that hold other content than they did then, one line each.
    """

    version: str
    record: tuple[str, ...] | None
    table: TableVerdict | None
    retired: bool = False
    links: tuple[str, ...] = ()

    def __str__(self) -> str:
        found = self.findings
        name = f"{self.version} (retired)" if self.retired else self.version
        return f"{name}: {found[0]}" if len(found) == 1 else "\n".join([f"{name}:", *(f"  {line}" for line in found)])

    @property
    def findings(self) -> tuple[str, ...]:
        """What was found, each in a sentence."""
        record = ("the record is intact",) if self.record == () else self.record or ()
        return (*record, *([str(self.table)] if self.table else []), *self.links)

    def _repr_html_(self) -> str:
        """What was found, as a notebook shows it."""
        return html_lines(str(self))

    @property
    def state(self) -> TableState:
        """In one word: `changed` if the record was or what it is linked to, else the state of the table."""
        if self.record or self.links:
            return "changed"
        return "intact" if self.table is None else self.table.state

    @property
    def damaged(self) -> bool:
        """Whether the record was changed, or, of a version that is not retired, its table or what it is linked to."""
        return bool(self.record) or (self.state in {"changed", "missing"} and not self.retired)

    def to_dict(self) -> dict[str, Any]:
        """This as plain JSON values."""
        record = None if self.record is None else {"intact": not self.record, "changes": list(self.record)}
        table = None if self.table is None else self.table.to_dict()
        return {
            "version": self.version,
            "state": self.state,
            "retired": self.retired,
            "record": record,
            "table": table,
            **({"links": list(self.links)} if self.links else {}),
        }


def _other_contents(linked: Mapping[str, str], now: Mapping[str, str | None]) -> Iterator[str]:
    for name, digest in linked.items():
        if now[name] not in (None, digest):
            yield f"it was linked to {name} with content {digest}, and under that name is now {now[name]}"


@dataclass(frozen=True)
class _Read:
    """What was read of a version, before its table is looked at.

    Args:
        version: `dataset@vN`.
        record: None if it cannot be rebuilt; then `changes` says why.
        changes: See `Verification.record`.
        acts: Those of its Dataset that name it.
        retired, links: See `Verification`.
    """

    version: str
    record: DatasetVersion | None
    changes: Lines
    acts: Sequence[Act]
    retired: bool
    links: tuple[str, ...]


class Verifier:
    """Verifies versions: two reads of the store a page, and some tables at once, over shared connections.

    Args:
        records: Of the registry.
        record, table: What to check; both if neither is named.
        storage_options: See `inspect_table`; or a function that gives them for a location.
        at_once: How many tables are looked at, at most, at the same time.
    """

    def __init__(
        self,
        records: Records,
        record: bool,
        table: bool,
        storage_options: OptionsOf | None,
        at_once: int = TABLES_AT_ONCE,
    ) -> None:
        if at_once < 1:
            raise InvalidDeclaration(f"at_once must be 1 or more, got {at_once}")
        self._records = records
        self._env = records.env
        self._record, self._table = record or not table, table or not record
        self._options = storage_options
        self._at_once = at_once
        self._stores = StoresOutOfReach()

    def verify(self, version: str) -> Verification:
        """Verify `dataset@vN`.

        Raises:
            NotPublished: nothing is recorded under that name.
            InvalidDeclaration: the name is not that of an exact version.
        """
        exact_version(version)
        for found in self._page([version]):
            return self._verified(found)
        raise NotPublished(f"{version}: not published at {self._records.where}")

    def verify_all(self, datasets: Collection[str] = ()) -> Iterator[Verification]:
        """Verify every version of datasets, oldest first, as the result is taken.

        If none is named, of all that have a version which was not removed.

        Raises:
            NotPublished: a dataset has no version, or there is none to verify at all.
            InvalidDeclaration: a name is that of one version.
        """
        pages = batches(self._versions(datasets), _PAGE)
        nothing = True
        for found in ahead(self._verified, chain.from_iterable(map(self._page, pages)), self._at_once):
            nothing = False
            yield found
        if nothing:
            # A check of the wrong place must not look like one that found all well.
            self._records.check_exists()
            raise NotPublished(f"no version is published at {self._records.where}")

    def _versions(self, datasets: Collection[str]) -> Iterator[str]:
        for names in batches(map(_dataset, datasets) if datasets else self._all_datasets(), _PAGE):
            read = self._records.index.read(names)
            for name in names:
                numbers, present = read[name], read[name].present
                if datasets and not present:
                    raise self._records.unknown_dataset(name)
                if datasets or not all(is_removed(numbers.now[number]) for number in present):
                    yield from (str(VersionName(name, number)) for number in present)

    def _all_datasets(self) -> Iterator[str]:
        for urns in batches(self._records.urns(Search("dataset", self._env)), PAGE):
            found = self._records.store.read(urns, ["containerProperties"])
            yield from (known.name for urn in urns if (known := dataset_from(found.get(urn, {}))))

    def _page(self, versions: Sequence[str]) -> Iterator[_Read]:
        urns = {version: version_urn(version, self._env) for version in versions}
        containers = {version: container_urn(parse_version(version).dataset, self._env) for version in versions}
        aspects = () if self._record else (*RECORD_ASPECTS, *MUTABLE, ACTS_ASPECT)
        found = self._records.store.read([*urns.values(), *set(containers.values())], aspects)
        entities = {version: found[urn] for version, urn in urns.items() if found.get(urn)}
        records = {version: _record(entity, urns[version]) for version, entity in entities.items()}
        changes = self._changes(records, found) if self._record else {}
        links = self._changed_links(entities) if self._record else {}
        for version, entity in entities.items():
            acts, record = readable_acts(found.get(containers[version], {}), version), records[version]
            yield _Read(
                version=version,
                record=record if isinstance(record, DatasetVersion) else None,
                changes=changes.get(version) if isinstance(record, DatasetVersion) else (str(record),),
                acts=acts,
                retired=retirement_from(entity, version, acts) is not None,
                links=links.get(version, ()),
            )

    def _changed_links(self, entities: Mapping[str, Entity]) -> dict[str, tuple[str, ...]]:
        """Version → a line for each version it is linked to that holds other content now. What is gone is not read."""
        linked = {version: linked_content_from(entity) for version, entity in entities.items()}
        urns = {name: version_urn(name, self._env) for names in linked.values() for name in names}
        stored = self._records.store.read(list(urns.values()), ["datasetProperties"]) if urns else {}
        now = {name: content_digest_of(stored.get(urn, {})) for name, urn in urns.items()}
        return {version: tuple(_other_contents(names, now)) for version, names in linked.items()}

    def _verified(self, read: _Read) -> Verification:
        table = None
        if self._table and read.record is not None:
            table = self._verdict(tables_at(read.record.table, read.version, read.acts))
        return Verification(read.version, read.changes, table, read.retired, read.links)

    def _verdict(self, places: Sequence[TableFacts]) -> TableVerdict:
        """The verdict on a table at the first place where it is intact; what was found at the others is evidence."""
        found: list[TableVerdict] = []
        for table in places:
            found.append(verify_table(table, options_of(self._options, table.location), stores=self._stores))
            if found[-1].state == "intact":
                break
        best = found[-1] if found[-1].state == "intact" else found[0]
        others = [f"At {each.location} it is {each.state}: {each.reason}" for each in found if each is not best]
        evidence = tuple(item for each in found for item in each.evidence)
        return replace(best, reason=" ".join([best.reason, *others]), evidence=evidence)

    def _changes(
        self, records: Mapping[str, DatasetVersion | CorruptRecord], found: Mapping[str, Entity]
    ) -> dict[str, Lines]:
        """What was changed about each record, and about all that was published with it.

        Args:
            records: By version.
            found: Entities that were read whole.
        """
        published = {
            version: published_aspects(record, self._env)
            for version, record in records.items()
            if isinstance(record, DatasetVersion)
        }
        urns = dict.fromkeys(each.urn for aspects in published.values() for each in aspects)
        others = [urn for urn in urns if urn not in found]
        stored = {**found, **(self._records.store.read(others) if others else {})}
        filtered = self._records.store.filters_reads
        return {version: tuple(audit(aspects, stored, filtered=filtered)) for version, aspects in published.items()}


def _record(entity: Entity, urn: str) -> DatasetVersion | CorruptRecord:
    """The record, proven against its digest; or why it is not what was published."""
    try:
        return record_from(entity, urn)
    except CorruptRecord as error:
        return error


def _dataset(name: str) -> str:
    dataset, number = parse_version(name)
    if number is not None:
        raise InvalidDeclaration(f"{name!r} is one version; use verify for it, or pass {dataset} here")
    return dataset

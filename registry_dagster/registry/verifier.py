"""Whether published versions are intact: the record as it was published, the table as it was recorded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from registry_dagster.answers.places import tables_at
from registry_dagster.datahub.acts import readable_acts
from registry_dagster.datahub.audit import audit, audited_urns
from registry_dagster.datahub.linked_content import content_digest_of, linked_content_from
from registry_dagster.datahub.proposal import Entity
from registry_dagster.datahub.retirement import retirement_now
from registry_dagster.datahub.urns import container_urn, version_urn
from registry_dagster.datahub.version import record_from
from registry_dagster.errors import CorruptRecord, InvalidDeclaration, NotPublished
from registry_dagster.model.act import Act
from registry_dagster.model.html import html_lines
from registry_dagster.model.names import VersionName, exact_version, parse_version
from registry_dagster.model.table import TableFacts
from registry_dagster.registry.records import Records
from registry_dagster.tables.storage.options import OptionsOf, options_of
from registry_dagster.tables.verify import StoresOutOfReach, TableState, TableVerdict, verify_table

__all__ = ["Verification", "Verifier"]

Lines = tuple[str, ...] | None
_PAGE = 50
_TABLES_AT_ONCE = 8


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


class Verifier:
    """Verifies versions page by page: two reads of the store a page, and some tables at once.

    Args:
        records: Of the registry.
        record, table: What to check; both if neither is named.
        storage_options: See `inspect_table`; or a function that gives them for a location.
    """

    def __init__(self, records: Records, record: bool, table: bool, storage_options: OptionsOf | None) -> None:
        self._records = records
        self._env = records.env
        self._record, self._table = record or not table, table or not record
        self._options = storage_options
        self._stores = StoresOutOfReach()

    def verify(self, version: str) -> Verification:
        """Verify `dataset@vN`.

        Raises:
            NotPublished: nothing is recorded under that name.
            InvalidDeclaration: the name is not that of an exact version.
        """
        exact_version(version)
        for found in self._page([version]):
            return found
        raise NotPublished(f"{version}: not published at {self._records.where}")

    def verify_all(self, datasets: Iterable[str]) -> Iterator[Verification]:
        """Verify every version of datasets, oldest first, as the result is taken.

        Raises:
            NotPublished: a dataset has no version, or there is none to verify at all.
            InvalidDeclaration: a name is that of one version.
        """
        versions = self._versions(datasets)
        nothing = True
        while page := list(islice(versions, _PAGE)):
            nothing = False
            yield from self._page(page)
        if nothing:
            # A check of the wrong place must not look like one that found all well.
            self._records.check_exists()
            raise NotPublished(f"no version is published at {self._records.where}")

    def _versions(self, datasets: Iterable[str]) -> Iterator[str]:
        for dataset in datasets:
            name, number = parse_version(dataset)
            if number is not None:
                raise InvalidDeclaration(f"{dataset!r} is one version; use verify for it, or pass {name} here")
            yield from (str(VersionName(name, number)) for number in self._records.numbers(name))

    def _page(self, versions: Sequence[str]) -> Iterator[Verification]:
        urns = {version: version_urn(version, self._env) for version in versions}
        datasets = {parse_version(version).dataset for version in versions}
        found = self._records.store.read([*urns.values(), *(container_urn(name, self._env) for name in datasets)])
        entities = {version: found[urn] for version, urn in urns.items() if found.get(urn)}
        changes: Mapping[str, Lines] = self._changes(entities) if self._record else dict.fromkeys(entities)
        links = self._changed_links(entities) if self._record else {}
        retired = {version for version, entity in entities.items() if self._is_retired(version, entity, found)}

        def one(version: str) -> Verification:
            container = found.get(container_urn(parse_version(version).dataset, self._env), {})
            verified = self._one(version, entities[version], changes[version], readable_acts(container, version))
            return replace(verified, links=links.get(version, ()), retired=version in retired)

        with ThreadPoolExecutor(_TABLES_AT_ONCE) as pool:
            yield from pool.map(one, entities)

    def _is_retired(self, version: str, entity: Entity, found: Mapping[str, Entity]) -> bool:
        container = found.get(container_urn(parse_version(version).dataset, self._env), {})
        return retirement_now(entity, version, container) is not None

    def _changed_links(self, entities: Mapping[str, Entity]) -> dict[str, tuple[str, ...]]:
        """Version → a line for each version it is linked to that holds other content now. What is gone is not read."""
        linked = {version: linked_content_from(entity) for version, entity in entities.items()}
        urns = {name: version_urn(name, self._env) for names in linked.values() for name in names}
        stored = self._records.store.read(list(urns.values()), ["datasetProperties"]) if urns else {}
        now = {name: content_digest_of(stored.get(urn, {})) for name, urn in urns.items()}
        return {version: tuple(_other_contents(names, now)) for version, names in linked.items()}

    def _one(self, version: str, entity: Entity, changes: Lines, acts: Sequence[Act]) -> Verification:
        table = None
        if self._table:
            try:
                recorded = record_from(entity, version_urn(version, self._env)).table
            except CorruptRecord as error:
                changes = changes or (str(error),)
            else:
                table = self._verdict(tables_at(recorded, version, acts))
        return Verification(version, changes, table)

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

    def _changes(self, entities: dict[str, Entity]) -> dict[str, Lines]:
        """What was changed about each record, and about all that was published with it."""
        changes: dict[str, Lines] = {}
        parts: dict[str, list[str]] = {}
        for version, entity in entities.items():
            try:
                parts[version] = audited_urns(entity, version, self._env)
            except CorruptRecord as error:
                changes[version] = (str(error),)
        stored = self._records.store.read(list({urn for urns in parts.values() for urn in urns})) if parts else {}
        for version in parts:
            try:
                changes[version] = tuple(audit(stored, version, self._env, filtered=self._records.store.filters_reads))
            except CorruptRecord as error:
                changes[version] = (str(error),)
        return changes

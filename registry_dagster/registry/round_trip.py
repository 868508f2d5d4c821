"""What is written must read back equal: checked of each record before anything of it is sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import cast

import orjson

from registry_dagster.datahub.proposal import Entity, Proposal
from registry_dagster.datahub.version import RECORD_ASPECTS, record_from, record_json
from registry_dagster.errors import CorruptRecord, InvalidDeclaration
from registry_dagster.model.canonical_json import is_json_object
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.recorded import reading_records

__all__ = ["check_round_trip"]


def check_round_trip(record: DatasetVersion, urn: str, proposals: Sequence[Proposal]) -> None:
    """Read a record back from the aspects that are about to be written.

    Args:
        record: The record.
        urn: Its entity.
        proposals: The aspects, those of other entities among them.

    Raises:
        InvalidDeclaration: it does not read back equal; names the fields that do not.
    """
    try:
        written = {each.aspect: each.text for each in proposals if each.urn == urn and each.aspect in RECORD_ASPECTS}
        entity: Entity = {aspect: orjson.loads(text) for aspect, text in written.items()}
        if record_from(entity, urn).digest != record.digest:
            raise CorruptRecord(f"{urn} reads back as another record")
    except (CorruptRecord, TypeError, ValueError) as error:
        raise InvalidDeclaration(f"{record} was not published: {_explained(record, urn, proposals, error)}") from error


@reading_records()
def _explained(record: DatasetVersion, urn: str, proposals: Sequence[Proposal], error: Exception) -> str:
    entity: Entity = {each.aspect: each.value for each in proposals if each.urn == urn}
    try:
        read = DatasetVersion.from_json(record_json(entity, urn)).json_form
    except (CorruptRecord, InvalidDeclaration, TypeError, ValueError):
        return f"it could not be read back. {error}"
    changed = "; ".join(_differences(record.json_form, read)) or str(error)
    return f"it would not read back as it was declared: {changed}. Declare a value of Python's own types there"


def _differences(written: object, read: object, path: str = "") -> Iterator[str]:
    """The fields in which two JSON values differ."""
    if is_json_object(written) and is_json_object(read):
        for name in {**written, **read}:
            yield from _differences(written.get(name), read.get(name), f"{path}.{name}" if path else name)
    elif isinstance(written, list) and isinstance(read, list):
        ours, theirs = cast("list[object]", written), cast("list[object]", read)
        for number, (one, other) in enumerate(zip_longest(ours, theirs)):
            yield from _differences(one, other, f"{path}.{number}")
    elif written != read:
        yield f"{path} is {written!r:.80}, read back {read!r:.80}"

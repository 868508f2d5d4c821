"""The record inside a document: put there whole, and taken out again only if its digest proves it.

Three properties carry it, whatever the document is: the record as its canonical JSON, its digest, and a digest of the
document. The last one shows whether anything around the record was changed since it was exported; people may do that.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, cast

from registry_dagster.errors import CorruptRecord, InvalidDeclaration, RegistryError
from registry_dagster.model.canonical_json import canonical_json, is_json_object, sha256_digest
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.recorded import reading_records
from registry_dagster.tables.json_text import strict_json_value

__all__ = ["Carried", "carried_in", "carrying", "carrying_texts", "sealed"]

_RECORD, _DIGEST, _DOCUMENT = ("featureRegistry:record", "featureRegistry:digest", "featureRegistry:document")


@dataclass(frozen=True)
class Carried:
    """What a document carries.

    Args:
        record: The version, proven against its digest.
        unchanged: Whether the document around it is as it was exported.
    """

    record: DatasetVersion
    unchanged: bool


def carrying(record: DatasetVersion) -> list[dict[str, str]]:
    """The properties that carry a record, in schema.org's form."""
    return [
        {"@type": "PropertyValue", "propertyID": name, "name": name, "value": value}
        for name, value in _values(record).items()
    ]


def carrying_texts(record: DatasetVersion) -> list[str]:
    """The same as texts, for documents that have no such properties."""
    return [f"{name} {value}" for name, value in _values(record).items()]


def sealed(document: dict[str, Any]) -> dict[str, Any]:
    """The document with its own digest in the place that is left for it."""
    copy = deepcopy(document)
    _slot(copy, _DOCUMENT).write(sha256_digest(document))
    return copy


def carried_in(document: object) -> Carried:
    """The record that a document carries.

    Raises:
        InvalidDeclaration: it carries none.
        CorruptRecord: the record, or its digest, was changed.
    """
    if not is_json_object(document):
        raise InvalidDeclaration(
            "not an exported document: it must be a JSON object, as `feature-registry export` writes it"
        )
    copy = deepcopy(document)
    text, stated, seal = (_slot(copy, name) for name in (_RECORD, _DIGEST, _DOCUMENT))
    record = _record(text.value)
    if record.digest != stated.value or canonical_json(record.json_form).decode() != text.value:
        raise CorruptRecord(
            f"the record of {record.name} in this document was changed: its digest is {record.digest}, and "
            f"{stated.value} is stated"
        )
    exported = seal.value
    seal.write("")
    return Carried(record, unchanged=sha256_digest(copy) == exported)


@dataclass(frozen=True)
class _Slot:
    """Where a document holds one property: a value of its own, or the rest of a text."""

    holder: dict[str, Any]
    key: str
    prefix: str = ""

    @property
    def value(self) -> str:
        return str(self.holder[self.key]).removeprefix(self.prefix)

    def write(self, value: str) -> None:
        self.holder[self.key] = f"{self.prefix}{value}"


def _values(record: DatasetVersion) -> dict[str, str]:
    return {_RECORD: canonical_json(record.json_form).decode(), _DIGEST: record.digest, _DOCUMENT: ""}


def _record(text: str) -> DatasetVersion:
    try:
        with reading_records():
            return DatasetVersion.from_json(strict_json_value(text))
    except (RegistryError, ValueError) as error:
        raise CorruptRecord(f"the record in this document was changed, and cannot be read: {error}") from error


def _slot(document: dict[str, Any], name: str) -> _Slot:
    """The one place of a property."""
    found = [slot for each in _objects(document) for slot in _slots(each, name)]
    if len(found) != 1:
        raise InvalidDeclaration(
            f"{len(found) or 'no'} property {name} in it; give a document as `feature-registry export` wrote it, as "
            "croissant, ro-crate, datacite or dcat"
        )
    return found[0]


def _slots(holder: dict[str, Any], name: str) -> Iterator[_Slot]:
    if holder.get("propertyID") == name and "value" in holder:
        yield _Slot(holder, "value")
    if holder.get("descriptionType") == "TechnicalInfo" and str(holder.get("description")).startswith(f"{name} "):
        yield _Slot(holder, "description", f"{name} ")


def _objects(value: object) -> Iterator[dict[str, Any]]:
    """All objects in a JSON value, at any depth."""
    inner: list[object] = []
    if is_json_object(value):
        yield value
        inner = list(value.values())
    elif isinstance(value, list):
        inner = cast("list[object]", value)
    for each in inner:
        yield from _objects(each)

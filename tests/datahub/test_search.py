"""What entities are found by: one row a field."""

from __future__ import annotations

from typing import get_args

from hypothesis import given

from registry_dagster.datahub.search import Field, entry_of
from registry_dagster.datahub.search_fields import FIELDS
from registry_dagster.datahub.urns import property_urn, version_urn
from registry_dagster.datahub.version import version_proposals
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion
from tests.datahub.wire import stored
from tests.strategies import dataset_versions


def test_every_field_has_a_row() -> None:
    assert tuple(FIELDS) == get_args(Field)


@given(dataset_versions())
def test_what_a_server_filters_by_has_the_very_values_that_a_search_asks_for(record: DatasetVersion) -> None:
    urn = version_urn(record.name, "PROD")
    entity = stored(version_proposals(record, Dataset(name=record.dataset), "PROD"))[urn]
    entry = entry_of(urn, entity, {})
    assert entry is not None
    assigned = {each["propertyUrn"]: each["values"] for each in entity["structuredProperties"]["properties"]}
    for field in (field for field, rule in FIELDS.items() if rule.on_server):
        values = {value["string"] for value in assigned.get(property_urn(f"featureRegistry.{field}"), ())}
        assert values == {term.value for term in entry.terms if term.field == field}

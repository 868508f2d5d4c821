"""What an aspect assigns is read from whatever others wrote in its place."""

from __future__ import annotations

from typing import Any

import pytest

from registry_dagster.datahub.assignments import assigned
from tests.registry.test_spoiled import changed, places

TERM = {"urn": "urn:li:glossaryTerm:root_id"}
ASPECTS: dict[str, dict[str, Any]] = {
    "schemaMetadata": {"fields": [{"fieldPath": "a", "glossaryTerms": {"terms": [TERM]}}, {"fieldPath": "b"}]},
    "structuredProperties": {"properties": [{"propertyUrn": "urn:li:structuredProperty:p", "values": []}]},
    "globalTags": {"tags": [{"tag": "urn:li:tag:t"}]},
}


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize("other", [None, 1.5, True, "text", [], {}, [None], {"a": [1]}], ids=repr)
def test_what_is_in_another_form_assigns_nothing(aspect: str, other: object) -> None:
    value = ASPECTS[aspect]
    (urn,) = assigned(aspect, value)
    for place in places(value):
        if place:
            assert assigned(aspect, changed(value, place, other)) <= {urn, "text"}

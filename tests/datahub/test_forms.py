"""Whether an aspect has the form that its readers need, from its text or as it was just written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registry_dagster.datahub.forms import MalformedAspect, aspect_from_text, checked_aspect
from registry_dagster.datahub.proposal import Proposal

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)
WELL_FORMED: dict[str, Any] = {
    "schemaMetadata": {"fields": [{"fieldPath": "x", "nativeDataType": "int64", "jsonProps": "{}", "more": 1}]},
    "status": {"removed": False, "more": None},
    "structuredProperties": {"properties": [{"propertyUrn": "urn", "values": [{"string": "a"}]}]},
    "versionProperties": {"versionSet": "a", "version": {"versionTag": "v1"}, "sortId": "1", "aliases": []},
    "datasetProperties": {"customProperties": {"a": "b"}},
    "somethingOfOthers": {"a": [1]},
}


@pytest.mark.parametrize("aspect", WELL_FORMED)
def test_what_has_its_form_is_taken_as_it_is(aspect: str) -> None:
    assert checked_aspect(aspect, WELL_FORMED[aspect]) is WELL_FORMED[aspect]


@given(st.sampled_from(sorted(WELL_FORMED)), VALUES, st.data())
@example("datasetProperties", {"customProperties": {"a": 1}}, None)
def test_what_has_another_form_says_what_is_wrong(aspect: str, other: object, data: Any) -> None:
    """With any value in the place of any other, an aspect is either as it was or empty, and says why."""
    text = json.dumps(WELL_FORMED[aspect])
    parts = [part for part in ('"x"', '"urn"', "false", '"v1"', '{"a": "b"}', "[1]") if part in text]
    changed = text.replace(data.draw(st.sampled_from(parts)), json.dumps(other)) if data else json.dumps(other)
    found = aspect_from_text(aspect, changed)
    if isinstance(found, MalformedAspect):
        assert not found
        assert "instead of" in found.problem or "is missing" in found.problem
    else:
        assert found == json.loads(changed)


def test_what_was_just_written_is_known_by_its_text() -> None:
    written = Proposal("urn:li:dataset:a", "status", {"removed": True})
    assert aspect_from_text("status", f" {written.text}"[1:]) is written.value
    assert aspect_from_text("status", written.text.replace("true", "false")) == {"removed": False}
    assert aspect_from_text("somethingOfOthers", written.text) == {"removed": True}


def test_what_was_just_written_in_another_form_is_malformed_nonetheless() -> None:
    written = Proposal("urn:li:dataset:a", "status", {"removed": "yes"})
    found = aspect_from_text("status", written.text)
    assert isinstance(found, MalformedAspect)
    assert found.problem == "removed: a text instead of true or false"


def test_whole_numbers_of_others_are_written_at_any_size() -> None:
    assert json.loads(Proposal("urn:li:dataset:a", "somethingOfOthers", {"a": 2**70}).text) == {"a": 2**70}

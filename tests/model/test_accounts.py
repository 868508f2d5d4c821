"""Owners and publishers: e-mail addresses, user names and groups, also as DataHub names them."""

from __future__ import annotations

import pytest

from registry_dagster.dagster.declare.declaration import asset_owners
from registry_dagster.datahub.urns import owner_urn, user_urn
from registry_dagster.model.dataset import Dataset
from registry_dagster.registry.publisher import provenance


@pytest.mark.parametrize(
    ("typed", "kept", "urn"),
    [
        ("ada", "ada", "urn:li:corpuser:ada"),
        ("ada@lab.org", "ada@lab.org", "urn:li:corpuser:ada@lab.org"),
        ("urn:li:corpuser:ada", "ada", "urn:li:corpuser:ada"),
        ("urn:li:corpuser:ada@lab.org", "ada@lab.org", "urn:li:corpuser:ada@lab.org"),
        ("team:fly", "team:fly", "urn:li:corpGroup:fly"),
        ("urn:li:corpGroup:fly", "team:fly", "urn:li:corpGroup:fly"),
    ],
)
def test_an_owner_is_kept_in_one_form_and_leads_to_its_urn(typed: str, kept: str, urn: str) -> None:
    assert Dataset(name="lab.cells", owners=[typed]).owners == (kept,)
    assert owner_urn(kept) == urn


def test_a_publishers_urn_is_not_encoded_twice() -> None:
    who = provenance("urn:li:corpuser:ada%28lab%29", "Reviewed")
    assert who.publisher == "ada(lab)"
    assert user_urn(who.publisher) == "urn:li:corpuser:ada%28lab%29"


def test_dagster_sees_the_owners_that_it_can_name() -> None:
    dataset = Dataset(name="lab.cells", owners=["ada", "grace@lab.org", "team:fly"])
    assert asset_owners(dataset) == ["grace@lab.org", "team:fly"]

"""What a target names, and what is said of one that names nothing."""

from __future__ import annotations

import pytest

from registry_dagster.errors import RegistryError
from registry_dagster.stores.open import open_store
from registry_dagster.stores.targets import TARGETS


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("ftp://x", "no store for targets that start with 'ftp:'; write lite:///absolute/path/registry.db"),
        ("registry.db", "no store for a target without a scheme; write lite:///"),
        ("", "no store for a target without a scheme"),
        ("lite://relative/registry.db", "write lite:///absolute/path/registry.db (three slashes)"),
        ("lite://[x/registry.db", "write lite:///absolute/path/registry.db (three slashes)"),
        ("file:///", "write file:///absolute/folder (three slashes)"),
        ("https://[x", "the address of a DataHub server must be https://host or https://host:port"),
        ("http://", "the address of a DataHub server must be https://host or https://host:port"),
    ],
)
def test_a_target_that_names_no_store_is_refused_with_those_that_do(target: str, said: str) -> None:
    with pytest.raises(RegistryError) as refusal:
        open_store(target)
    assert said in str(refusal.value)


def test_all_kinds_of_targets_are_in_the_one_text() -> None:
    for form in ("lite:///", "file:///", "https://", "datahub"):
        assert form in TARGETS

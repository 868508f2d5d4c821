"""What a target names, and what is said of one that names nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry_dagster.errors import RegistryError
from registry_dagster.registry.registry import Registry
from registry_dagster.stores.open import open_store
from registry_dagster.stores.targets import TARGETS
from tests.registry.declared import declared, facts


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


@pytest.mark.parametrize("name", ["lab #2", "really?", "a b", "größe"])
def test_any_letter_may_be_in_the_name_of_a_file(tmp_path: Path, name: str) -> None:
    with Registry.open(f"lite://{tmp_path}/{name}/registry.db", publisher="ada@lab.org") as registry:
        registry.publish(declared(), facts(), message="why")
        assert registry.target == f"lite://{tmp_path}/{name}/registry.db"
    assert (tmp_path / name / "registry.db").is_file()

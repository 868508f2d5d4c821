"""Which registry a target names."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry_dagster.errors import RegistryError
from registry_dagster.registry.registry import Registry
from tests.registry.declared import declared, facts


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("FEATURE_REGISTRY", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


def test_the_target_is_the_one_given_else_the_environments_else_below_the_home_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert Registry.open().target == f"lite://{tmp_path}/home/.feature-registry/registry.db"
    monkeypatch.setenv("FEATURE_REGISTRY", f"lite://{tmp_path}/ours.db")
    assert Registry.open().target == f"lite://{tmp_path}/ours.db"
    assert Registry.open(f"lite://{tmp_path}/mine.db").target == f"lite://{tmp_path}/mine.db"


def test_opening_alone_makes_nothing(tmp_path: Path) -> None:
    Registry.open().close()
    assert list(tmp_path.iterdir()) == []


def test_a_path_may_hold_any_character_percent_encoded_or_not(tmp_path: Path) -> None:
    for name, path in (("a b.db", "a b.db"), ("a%20b.db", "a b.db"), ("größe.db", "größe.db")):
        with Registry.open(f"lite://{tmp_path}/{name}", publisher="ada@lab.org") as registry:
            registry.publish(declared(), facts(), message="why")
        assert (tmp_path / path).is_file()


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("lite://", "three slashes"),
        ("lite:///", "three slashes"),
        ("lite://registry.db", "three slashes"),
        ("registry.db", "lite:///absolute/path/registry.db"),
        ("ftp://host/registry", "ftp:"),
    ],
)
def test_a_target_that_names_no_store_is_refused_with_how_to_write_one(target: str, said: str) -> None:
    with pytest.raises(RegistryError) as refusal:
        Registry.open(target)
    assert said in str(refusal.value)
    assert "lite:///absolute/path/registry.db" in str(refusal.value)


def test_an_environment_datahub_does_not_know_gets_a_suggestion() -> None:
    with pytest.raises(RegistryError, match=r"no environment 'PRODD'; did you mean 'PROD'\? Use one of "):
        Registry.open(env="PRODD")

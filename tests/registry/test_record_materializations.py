"""Upstream versions as facts: what is added, what evolves, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.registry.registry import Registry
from tests.registry.declared import declared, facts, whole_database

MOMENT = datetime(2025, 1, 13, 10, 10, 1, tzinfo=timezone.utc)
EXPIRY = datetime(2027, 1, 13, tzinfo=timezone.utc)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "registry.db"


@pytest.fixture
def registry(path: Path) -> Iterator[Registry]:
    with Registry.open(f"lite://{path}", publisher="ada@lab.org") as registry:
        yield registry


def minnie(version: int = 1300, **known: Any) -> MaterializationVersion:
    return MaterializationVersion(system="minnie65_public", version=version, source="cave", **known)


def test_a_version_is_recorded_once_and_then_unchanged(registry: Registry, path: Path) -> None:
    first = registry.record_materializations([minnie(timestamp=MOMENT, status="available")])
    assert [str(change) for change in first.versions] == ["new        minnie65_public@1300"]
    before = path.read_bytes()
    again = registry.record_materializations([minnie(timestamp=MOMENT, status="available")])
    assert again.summary == "1 unchanged"
    assert path.read_bytes() == before


def test_its_platform_is_there_too(registry: Registry, path: Path) -> None:
    registry.record_materializations([minnie()])
    entities = whole_database(path)
    assert entities["urn:li:dataPlatform:cave"]["dataPlatformInfo"]["displayName"] == "CAVE"


def test_lifecycle_evolves_and_says_how(registry: Registry) -> None:
    registry.record_materializations([minnie(status="available")])
    changes = registry.record_materializations(
        [minnie(timestamp=MOMENT, status="expired", expires_on=EXPIRY, aliases=["minnie65_phase3_v1@1300"])]
    )
    (change,) = changes.of("changed")
    assert str(change) == (
        "changed    minnie65_public@1300: timestamp added: 2025-01-13T10:10:01Z; "
        "expires_on added: 2027-01-13T00:00:00Z; status: available → expired; "
        'aliases added: ["minnie65_phase3_v1@1300"]'
    )
    assert registry.materialization(minnie()) == minnie(
        timestamp=MOMENT, status="expired", expires_on=EXPIRY, aliases=["minnie65_phase3_v1@1300"]
    )


def test_a_state_that_will_be_kept_after_all_loses_its_expiry(registry: Registry) -> None:
    registry.record_materializations([minnie(expires_on=EXPIRY)])
    registry.record_materializations([minnie()])
    assert registry.materialization(minnie()) == minnie(expires_on=EXPIRY)
    changes = registry.record_materializations([minnie(expires_on=None)])
    assert str(changes.versions[0]).endswith("expires_on removed: 2027-01-13T00:00:00Z")
    assert registry.materialization(minnie()) == minnie()


def test_one_that_contradicts_its_record_is_refused_and_the_others_are_written(registry: Registry) -> None:
    registry.record_materializations([minnie(timestamp=MOMENT)])
    changes = registry.record_materializations([minnie(timestamp=EXPIRY, status="expired"), minnie(1412)])
    assert changes.summary == "1 new, 1 refused"
    (refused,) = changes.of("refused")
    assert refused.reason is not None
    assert "timestamp is recorded as 2025-01-13T10:10:01+00:00, declared as 2027-01-13" in refused.reason
    assert registry.materialization(minnie()) == minnie(timestamp=MOMENT)
    assert registry.materialization(minnie(1412)) == minnie(1412)


def test_a_dry_run_says_the_same_and_writes_nothing(registry: Registry, path: Path) -> None:
    told = [minnie(timestamp=MOMENT), minnie(1412)]
    shown = registry.record_materializations(told, dry_run=True)
    assert shown.summary == "2 new; nothing was written"
    assert not path.exists()
    assert registry.record_materializations(told).versions == shown.versions


def test_one_told_twice_is_gathered(registry: Registry) -> None:
    changes = registry.record_materializations([minnie(timestamp=MOMENT), minnie(status="available")])
    assert [change.outcome for change in changes.versions] == ["new", "changed"]
    assert registry.materialization(minnie()) == minnie(timestamp=MOMENT, status="available")


def test_none_are_none(registry: Registry, path: Path) -> None:
    assert str(registry.record_materializations([])) == "no versions"
    assert not path.exists()


def test_a_published_version_stays_as_it_is_and_the_answers_follow(registry: Registry) -> None:
    record = registry.publish(declared(materializations=(minnie(),)), facts(), message="why").record
    registry.record_materializations([minnie(status="expired")])
    assert registry.get("hemibrain.neurons@v1") == record
    assert "minnie65_public@1300: expired" in str(registry.compatibility("hemibrain.neurons", "hemibrain.neurons"))


def test_the_facts_are_plain_json(registry: Registry) -> None:
    changes = registry.record_materializations([minnie(status="available")])
    assert changes.to_dict()["versions"][0] == {
        "version": "minnie65_public@1300",
        "source": "cave",
        "outcome": "new",
        "changes": [
            {"part": "minnie65_public@1300", "what": name, "before": None, "after": value}
            for name, value in minnie(status="available").to_json().items()
        ],
        "reason": None,
    }

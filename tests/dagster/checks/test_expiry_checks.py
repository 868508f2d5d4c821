"""Checks of expiry: who should know what, before the materialization version a table was made against is dropped."""

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

import registry_dagster as rd
from registry_dagster.errors import InvalidDeclaration
from tests.dagster.checks.checks import evaluations
from tests.dagster.pipeline import cells_declared, write_cells

Instance = dg.DagsterInstance
CELLS = "minnie65.cells"
NOW = datetime.now(timezone.utc)
CHECK = "does_not_expire_soon"


def state(version: int, **facts: Any) -> rd.MaterializationVersion:
    return rd.MaterializationVersion(system="minnie65_public", version=version, source="cave", **facts)


def in_days(days: float) -> datetime:
    return NOW + timedelta(days=days, hours=1)


def publish_cells(registry: rd.Registry, folder: Path, *versions: int, **changes: Any) -> None:
    """A version of the cells against each of these states."""
    for version in versions:
        declared = rd.FeatureTable(**{**cells_declared(), "materializations": [state(version)], **changes})
        table = rd.inspect_table(write_cells(folder / f"{version}.parquet", version % 100 + 1))
        registry.publish(declared, table, message="why", publisher="ada@lab.org")


def checked(
    instance: Instance, resource: rd.FeatureRegistry, of: Iterable[str] = (CELLS,), **options: Any
) -> dict[str, dg.AssetCheckEvaluation]:
    return evaluations(instance, resource, rd.expiry_checks(of, **options))


def test_a_version_that_expires_soon_is_a_warning_with_owner_days_and_what_to_use_instead(
    instance: Instance, resource: rd.FeatureRegistry, registry: rd.Registry, tmp_path: Path
) -> None:
    publish_cells(registry, tmp_path, 943, 1300, columns={"nucleus_id": rd.NucleusId(source_table="nuclei")})
    registry.record_materializations(
        [state(943, expires_on=in_days(45), status="available"), state(1300, expires_on=in_days(300))]
    )
    found = checked(instance, resource)[CELLS]
    assert (found.check_name, found.passed, found.severity) == (CHECK, False, dg.AssetCheckSeverity.WARN)
    on = in_days(45).date()
    assert found.description == (
        f"minnie65.cells@v1 was made against minnie65_public@943, which expires on {on} UTC, in 45 days. "
        "Owner: team:cells. Newest compatible version: minnie65.cells@v2."
    )
    shown = {name: value.value for name, value in found.metadata.items()}
    table = shown.pop("made against what expires")
    assert shown == {"versions": 2, "expiring": 1, "expiry unknown": 0, "owners": "team:cells", "days left": 45}
    row = f"| `minnie65.cells@v1` | `minnie65_public@943` | expires on {on} UTC, in 45 days | 45 | yes "
    assert f"{row}| minnie65.cells@v2 |" in str(table)

    assert checked(instance, resource, within_days=45)[CELLS].passed
    assert checked(instance, resource, current_only=True)[CELLS].passed
    assert not checked(instance, resource, current_only=True, within_days=400)[CELLS].passed


def test_what_has_expired_warns_until_the_version_is_retired(
    instance: Instance, resource: rd.FeatureRegistry, registry: rd.Registry, tmp_path: Path
) -> None:
    publish_cells(registry, tmp_path, 943, 1300)
    registry.record_materializations([state(943, status="expired"), state(1300, expires_on=in_days(-2))])
    found = checked(instance, resource)[CELLS]
    assert found.description is not None
    assert found.description.startswith(
        "2 of 2 published versions expire within 60 days or have expired. First: minnie65.cells@v2 was made against "
        f"minnie65_public@1300, which expired on {in_days(-2).date()} UTC. Owner: team:cells."
    )
    for version in ("minnie65.cells@v1", "minnie65.cells@v2"):
        registry.retire(version, reason="its ids can no longer be looked up", publisher="ada@lab.org")
    found = checked(instance, resource)[CELLS]
    assert (found.passed, found.description) == (True, "No version is published that is not retired.")


def test_unknown_expiry_is_said_and_does_not_warn(
    instance: Instance, resource: rd.FeatureRegistry, registry: rd.Registry, tmp_path: Path
) -> None:
    publish_cells(registry, tmp_path, 943)
    found = checked(instance, resource, [CELLS, "minnie65.never_published"])
    assert found[CELLS].passed
    assert found[CELLS].description == (
        "1 published version: none is known to expire within 60 days. "
        "Expiry is unknown for 1, e.g. minnie65.cells@v1, which was made against minnie65_public@943."
    )
    assert found[CELLS].metadata["expiry unknown"].value == 1
    assert found["minnie65.never_published"].description == "No version is published that is not retired."


@pytest.mark.parametrize("days", ["60", True, -1, float("nan"), 1e12, None])
def test_a_wrong_number_of_days_is_refused(days: Any) -> None:
    with pytest.raises(InvalidDeclaration, match="within_days must be a number of days, got .*; write e.g. 60"):
        rd.expiry_checks([CELLS], within_days=days)

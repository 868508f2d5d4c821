"""Tables through which two others are joined: found without being named, in the version that fits, and once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from registry_dagster.answers.answer import Verdict
from registry_dagster.answers.join import Join
from registry_dagster.model.columns import AnyColumn
from registry_dagster.model.identifiers import FunctionalUnitKey, NucleusId, RootId, TargetId
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.registry.registry import Registry
from tests.gms.server import StandInGms
from tests.registry.declared import declared, facts

ROOT = RootId(id_space="minnie65_public")
NUCLEUS = NucleusId(source_table="nucleus_detection_v0")
KEYS: dict[str, AnyColumn] = {"root_id": ROOT, "id": NUCLEUS}


@pytest.fixture(params=["lite", "file", "gms"])
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Registry]:
    if request.param == "gms":
        with StandInGms() as gms, Registry.open(gms.url, publisher="ada@lab.org") as registry:
            yield registry
    else:
        target = f"{request.param}://{tmp_path}/registry{'.db' if request.param == 'lite' else ''}"
        with Registry.open(target, publisher="ada@lab.org") as registry:
            yield registry


def publish(registry: Registry, name: str, states: tuple[int, ...], columns: dict[str, Any], **parts: Any) -> str:
    made = [MaterializationVersion(system="minnie65_public", version=each, source="cave") for each in states]
    location = f"/data/{name}_{'_'.join(map(str, states))}"
    table = facts(location=location, **dict.fromkeys(columns, "int64"))
    declaration = declared(name, materializations=made, columns=columns, **parts)
    return registry.publish(declaration, table, message="why").version


def bridges(registry: Registry, **named: Any) -> list[Join]:
    found = registry.join("m.features", "m.nuclei", **named).joins
    return [join for join in found if join.kind == "bridge"]


@pytest.fixture
def tables(registry: Registry) -> Registry:
    """Features by root of 943, nuclei of 1300 with their roots."""
    publish(registry, "m.features", (943,), {"root_id": ROOT})
    publish(registry, "m.nuclei", (1300,), KEYS)
    return registry


def test_a_bridge_was_missed_where_one_table_holds_both_keys(tables: Registry) -> None:
    publish(tables, "m.bridge", (943,), KEYS)
    (found,) = bridges(tables)
    assert (found.through, found.verdict) == (("m.bridge@v1",), Verdict.BRIDGEABLE)
    assert tables.join("m.nuclei", "m.features").joins[0].through == ("m.bridge@v1",)


def test_a_bridge_that_is_named_and_found_was_counted_twice(tables: Registry) -> None:
    publish(tables, "m.bridge", (943,), KEYS)
    publish(tables, "m.bridge", (1300,), KEYS)
    for named in ([], ["m.bridge"]):
        assert [join.through for join in bridges(tables, bridges=named)] == [("m.bridge@v1",)]
    (exact,) = bridges(tables, bridges=["m.bridge@v2"])
    assert (exact.through, exact.verdict) == (("m.bridge@v2",), Verdict.LOSSY)


def test_a_retired_bridge_is_not_gone_through(tables: Registry) -> None:
    version = publish(tables, "m.bridge", (943,), KEYS)
    tables.retire(version, reason="wrong")
    assert bridges(tables) == []
    publish(tables, "m.bridge", (1078,), KEYS)
    assert [join.through for join in bridges(tables)] == [("m.bridge@v2",)]


def test_a_table_with_one_key_of_both_is_no_bridge(tables: Registry) -> None:
    publish(tables, "m.roots", (943,), {"root_id": ROOT})
    assert bridges(tables) == []


def test_ids_of_one_table_are_found_whatever_they_are_called(registry: Registry) -> None:
    publish(registry, "m.features", (943,), {"root_id": ROOT})
    publish(registry, "m.nuclei", (1300,), {"id": NUCLEUS})
    target = TargetId(reference_table="nucleus_detection_v0")
    publish(registry, "m.types", (943,), {"root_id": ROOT, "target_id": target})
    assert [join.through for join in bridges(registry)] == [("m.types@v1",)]


def test_a_table_of_imaged_units_and_nuclei_is_found(registry: Registry) -> None:
    units: dict[str, AnyColumn] = {part: FunctionalUnitKey(part=part) for part in ("session", "scan_idx", "unit_id")}
    publish(registry, "m.tuning", (1300,), units)
    publish(registry, "m.nuclei", (1300,), {"id": NUCLEUS})
    target = TargetId(reference_table="nucleus_detection_v0")
    publish(registry, "m.coregistration", (1300,), {**units, "target_id": target})
    (found,) = registry.join("m.tuning", "m.nuclei").joins
    assert (found.through, found.verdict) == (("m.coregistration@v1",), Verdict.BRIDGEABLE)
    assert "cardinality unknown, stability unknown" in str(found)
    assert "both hold session, scan_idx, unit_id of functional units; both name" in str(found)


@pytest.mark.parametrize("states", [(943, 1300), (1300,)])
def test_a_crosswalk_of_two_states_could_not_be_declared(registry: Registry, states: tuple[int, ...]) -> None:
    publish(registry, "m.features", (943,), {"root_id": ROOT})
    publish(registry, "m.nuclei", (1300,), {"root_id": ROOT})
    ends = {f"root_{state}": RootId(id_space="minnie65_public", at=f"minnie65_public@{state}") for state in (1300, 943)}
    publish(registry, "m.crosswalk", states, ends)
    (bridge,) = bridges(registry)
    assert (bridge.through, bridge.verdict) == (("m.crosswalk@v1",), Verdict.BRIDGEABLE)
    assert bridge.columns == (("root_id", "root_943"), ("root_1300", "root_id"))
    back = registry.join("m.nuclei", "m.features").joins[0]
    assert back.columns == (("root_id", "root_1300"), ("root_943", "root_id"))
    (own, lossy) = registry.join("m.features", "m.crosswalk").joins
    assert (own.columns, own.verdict) == ((("root_id", "root_943"),), Verdict.EXACT)
    assert (lossy.columns, lossy.verdict) == ((("root_id", "root_1300"),), Verdict.LOSSY)
    dependents = {each.version: each.how for each in registry.dependents("minnie65_public@943")}
    assert "root_943 holds ids of minnie65_public@943" in dependents["m.crosswalk@v1"]

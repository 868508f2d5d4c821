"""What a materialization freezes is small, is read back whole, and is read from older events too."""

import base64
import zlib
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import registry_dagster as rd
from registry_dagster.dagster.pin import frozen as module
from registry_dagster.dagster.pin.frozen import freeze, frozen_in, is_pinned
from registry_dagster.errors import InvalidDeclaration
from tests.dagster.pipeline import MINNIE_1300, cells_declared, failure, materialize, publish, sizes_asset, write_cells

ORIGIN = {"job": "prod/cells_job", "op": "prod/cells"}
BYTES_BEFORE = {50: 25_339, 300: 142_671}
"""Columns → what one materialization took while each part was frozen as JSON, beside a column schema."""
PARTITIONS = 59
TILES = dg.StaticPartitionsDefinition([f"tile_{number}" for number in range(PARTITIONS)])


def frozen_before(path: Path) -> dict[str, Any]:
    """What earlier releases wrote."""
    return {
        "registry/declaration": rd.FeatureTable(**cells_declared()).to_json(),
        "registry/table": rd.inspect_table(write_cells(path)).to_json(),
        "registry/source": {**ORIGIN, "inputs": [["lab.images", {"format": "delta", "table_id": "x", "version": "3"}]]},
    }


def test_what_is_frozen_is_read_back_whole(tmp_path: Path) -> None:
    declared, facts = rd.FeatureTable(**cells_declared()), rd.inspect_table(write_cells(tmp_path / "cells.parquet"))
    made = dg.AssetMaterialization("cells", metadata=freeze(declared, facts, ORIGIN))
    assert is_pinned(made)
    found = frozen_in(made.metadata)
    assert (found.feature_table, found.facts, found.origin) == (declared, facts, ORIGIN)


def test_an_event_of_an_earlier_release_is_published_and_counts_as_read(
    instance: dg.DagsterInstance, resource: rd.FeatureRegistry, registry: rd.Registry, tmp_path: Path
) -> None:
    before = dg.AssetMaterialization("cells", metadata=frozen_before(tmp_path / "cells.parquet"))
    assert is_pinned(before)
    instance.report_runless_asset_event(before)
    run = materialize(instance, resource, sizes_asset(tmp_path / "sizes.parquet"))

    assert publish(instance, resource, asset="cells", message="Old").success

    record = registry.get("minnie65.cells@v1")
    assert record.provenance.dagster_op == "prod/cells"
    assert record.table == rd.inspect_table(tmp_path / "cells.parquet")
    (event,) = run.get_asset_materialization_events()
    assert [dataset for dataset, _ in frozen_in(event.materialization.metadata).origin["inputs"]] == ["minnie65.cells"]


@pytest.mark.parametrize(
    ("frozen", "why"),
    [
        ({}, "zlib"),
        ([], "list indices"),
        ({"zlib": 3}, "argument should be"),
        ({"zlib": "!"}, "cut off"),
        ({"zlib": base64.b64encode(b"no zlib").decode()}, "incorrect header"),
        ({"zlib": base64.b64encode(zlib.compress(b"{}" * 999)[:-9]).decode()}, "cut off"),
        ({"zlib": base64.b64encode(zlib.compress(b"[]")).decode()}, "something else"),
        ({"zlib": base64.b64encode(zlib.compress(b"{")).decode()}, "Expecting property name"),
        ({"zlib": base64.b64encode(zlib.compress(b"\xff")).decode()}, "decode"),
    ],
)
def test_what_cannot_be_unpacked_is_refused_with_words(frozen: Any, why: str) -> None:
    with pytest.raises(InvalidDeclaration, match=f"registry/frozen cannot be unpacked: .*{why}"):
        frozen_in({"registry/frozen": dg.MetadataValue.json(frozen)})


def test_a_publish_of_what_cannot_be_unpacked_says_what_to_do(
    instance: dg.DagsterInstance, resource: rd.FeatureRegistry
) -> None:
    instance.report_runless_asset_event(dg.AssetMaterialization("cells", metadata={"registry/frozen": {}}))
    refused = failure(publish(instance, resource, asset="cells", message="First"))
    assert "cannot read what the materialization of 'cells'" in refused
    assert "materialize it again" in refused


def test_unpacking_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_BYTES", 1000)
    bomb = base64.b64encode(zlib.compress(b'{"declaration": "' + b"a" * 10_000 + b'"}')).decode()
    with pytest.raises(InvalidDeclaration, match="it is cut off, or holds something else"):
        frozen_in({"registry/frozen": dg.MetadataValue.json({"zlib": bomb})})


def wide_table(path: Path, columns: int, **options: Any) -> dg.AssetsDefinition:
    names = [f"feature_{number}" for number in range(columns)]

    @rd.feature_table(
        dataset=rd.Dataset(name="lab.wide"),
        materializations=[MINNIE_1300],
        columns={name: rd.Feature(description=f"A feature of the neuron: {name}") for name in names},
    )
    @dg.asset(**options)
    def wide(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
        pq.write_table(pa.table({name: pa.array([1.0]) for name in names}), path)
        return registry.table(context, path)

    return wide


@pytest.mark.parametrize("columns", BYTES_BEFORE)
def test_an_event_takes_a_quarter_of_what_it_took(
    instance: dg.DagsterInstance, resource: rd.FeatureRegistry, tmp_path: Path, columns: int
) -> None:
    run = materialize(instance, resource, wide_table(tmp_path / "wide.parquet", columns))
    (event,) = run.get_asset_materialization_events()
    assert len(dg.serialize_value(event.materialization)) <= BYTES_BEFORE[columns] / 4


@pytest.mark.filterwarnings("ignore::dagster.BetaWarning")
def test_so_do_those_of_a_run_over_a_range_of_partitions(
    instance: dg.DagsterInstance, resource: rd.FeatureRegistry, tmp_path: Path
) -> None:
    options = {"partitions_def": TILES, "backfill_policy": dg.BackfillPolicy.single_run()}
    first, *_, last = TILES.get_partition_keys()
    whole = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
    run = materialize(instance, resource, wide_table(tmp_path / "wide.parquet", 50, **options), tags=whole)
    events = run.get_asset_materialization_events()
    assert len(events) == PARTITIONS
    taken = sum(len(dg.serialize_value(event.materialization)) for event in events)
    assert taken <= PARTITIONS * BYTES_BEFORE[50] / 4

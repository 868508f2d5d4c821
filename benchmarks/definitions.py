"""What declaring costs a code location: the time to load it, and its share of the message that describes it."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from benchmarks.report import Result

if TYPE_CHECKING:
    import dagster as dg

    from registry_dagster.model.columns import AnyColumn

__all__ = ["COLUMNS", "Kind", "load", "many_assets", "run"]

Kind = Literal["undeclared", "schema by hand", "declared"]
COLUMNS = 50
ASSETS = 1000
RUNS = 9
FEW_COLUMNS = 20
FEW_RUNS = 3
MOST_ASSETS = 5000
MOST_BYTES = 100_000_000
"""What Dagster's web server takes of one code location, unless told otherwise."""


def run() -> Iterator[Result]:
    """Fresh processes that import Dagster, the assets and all they need, and build the repository."""
    kinds: tuple[Kind, ...] = ("undeclared", "schema by hand", "declared")
    seconds = _median_seconds(kinds)
    what = f"load {ASSETS} declared assets of {COLUMNS} columns"
    ours, ours_alone = seconds["declared"]
    bare, bare_alone = seconds["undeclared"]
    by_hand, by_hand_alone = seconds["schema by hand"]
    yield Result.seconds(f"{what}, against undeclared ones", ours, bare, goal="≤ 1.3")
    yield Result.seconds("the same, without `import dagster`", ours_alone, bare_alone, goal="none set")
    yield Result.seconds(f"{what}, against a column schema written by hand", ours, by_hand, goal="none set")
    yield Result.seconds("the same, without `import dagster`", ours_alone, by_hand_alone, goal="none set")
    for count in (ASSETS, MOST_ASSETS):
        ours, peer = _least_cpu_seconds(("declared", "schema by hand"), count)
        what = f"CPU to load {count:,} declared assets of {FEW_COLUMNS} columns under rd.definitions, without imports"
        yield Result.seconds(f"{what}, against a column schema written by hand", ours, peer, goal="≤ 1.5")
    taken, share = _bytes_of_one(), MOST_BYTES // MOST_ASSETS
    yield Result(
        f"bytes of a declared asset of {COLUMNS} columns, against its share of the limit among {MOST_ASSETS:,}",
        f"{taken:,} B",
        f"{share:,} B",
        taken / share,
        "≤ 0.8",
    )


def many_assets(kind: Kind, count: int, columns: int = COLUMNS) -> Sequence[dg.AssetsDefinition]:
    """Assets of one code location."""
    return [_asset(kind, number, columns) for number in range(count)]


def _asset(kind: Kind, number: int, columns: int) -> dg.AssetsDefinition:
    import dagster as dg

    def table() -> None: ...

    name = f"table_{number}"
    if kind == "schema by hand":
        return dg.asset(name=name, metadata={"dagster/column_schema": _schema_by_hand(number, columns)})(table)
    asset = dg.asset(name=name)(table)
    return asset if kind == "undeclared" else _declared(asset, number, columns)


def _declared(asset: dg.AssetsDefinition, number: int, columns: int) -> dg.AssetsDefinition:
    import registry_dagster as rd

    return rd.feature_table(
        dataset=rd.Dataset(name=f"lab.table_{number}", title=f"Table {number}"),
        materializations=[rd.MaterializationVersion(system="minnie65_public", version="1300", source="cave")],
        columns=_columns(number, columns),
    )(asset)


def _columns(number: int, count: int) -> dict[str, AnyColumn]:
    """Of ten columns three differ from asset to asset."""
    import registry_dagster as rd

    columns: dict[str, AnyColumn] = {}
    for group in range(count // 10):
        columns[f"pre_pt_root_id_{group}"] = rd.RootId(
            id_space="minnie65_public", side="pre", null_sentinel=0, description="Root id of the presynaptic cell."
        )
        columns[f"id_{group}"] = rd.SynapseId(source_table="synapses_pni_2")
        for axis in ("x", "y", "z"):
            columns[f"ctr_pt_{axis}_{group}"] = rd.Position(
                axis=axis, frame="minnie65", unit="voxel", resolution_nm=(4, 4, 40)
            )
        columns[f"size_{group}"] = rd.Size(
            unit="voxel", resolution_nm=(4, 4, 40), description=f"Size as measured for table {number}."
        )
        columns[f"cell_type_{group}"] = rd.Label(classification_system="aibs_metamodel", description=f"By {number}.")
        columns[f"score_{group}"] = rd.Score(range=(0, 1))
        columns[f"n_synapses_{group}"] = rd.Count(counted="synapse")
        columns[f"curvature_{group}"] = rd.Feature(method=f"mean curvature {number}", unit="1/um")
    return columns


def _schema_by_hand(number: int, columns: int) -> dg.TableSchema:
    import dagster as dg

    return dg.TableSchema(
        columns=[
            dg.TableColumn(f"column_{each}", "float64", f"Measured for {number}.", tags={"position": "x, minnie65"})
            for each in range(columns)
        ]
    )


def _median_seconds(kinds: Sequence[Kind]) -> dict[Kind, tuple[float, float]]:
    """With `import dagster` and without, in turn after a warm-up."""
    program = "import benchmarks.definitions as this; this.load(this.sys.argv[1])"
    seconds: dict[Kind, list[tuple[float, float]]] = {kind: [] for kind in kinds}
    for turn in range(RUNS + 1):
        for kind in kinds:
            done = subprocess.run([sys.executable, "-c", program, kind], check=True, capture_output=True, text=True)
            whole, alone = map(float, done.stdout.split())
            if turn:
                seconds[kind].append((whole, alone))
    return {
        kind: (statistics.median(whole for whole, _ in each), statistics.median(alone for _, alone in each))
        for kind, each in seconds.items()
    }


def load(kind: Kind) -> None:
    """In a fresh process: build the repository; print the seconds with `import dagster` and without."""
    start = time.perf_counter()
    import dagster as dg

    imported = time.perf_counter()
    dg.Definitions(assets=many_assets(kind, ASSETS)).get_repository_def().load_all_definitions()
    end = time.perf_counter()
    print(end - start, end - imported)


def _least_cpu_seconds(kinds: Sequence[Kind], count: int) -> list[float]:
    """The least of fresh processes, in turn: what else the machine does only adds to it."""
    turns = [[_cpu_seconds(kind, count) for kind in kinds] for _ in range(FEW_RUNS)]
    return [min(each) for each in zip(*turns, strict=True)]


def _cpu_seconds(kind: Kind, count: int) -> float:
    program = f"import benchmarks.definitions as this; this.load_all({kind!r}, {count})"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    return float(done.stdout)


def load_all(kind: Kind, count: int) -> None:
    """In a fresh process: build the repository of a code location; print the CPU seconds, without imports."""
    import dagster as dg

    import registry_dagster as rd

    # Once with a few, which imports all that many need.
    for assets in (1, count):
        start = time.process_time()
        defs = dg.Definitions(assets=many_assets(kind, assets, FEW_COLUMNS))
        if kind == "declared":
            defs = rd.definitions(defs, registry=rd.FeatureRegistry())
        defs.get_repository_def().load_all_definitions()
        end = time.process_time()
    print(end - start)


def _bytes_of_one() -> int:
    """As Dagster writes an asset's metadata wherever it is sent."""
    import dagster as dg

    (spec,) = many_assets("declared", 1)[0].specs
    return len(dg.serialize_value(dg.AssetObservation(spec.key, metadata=spec.metadata)).encode())

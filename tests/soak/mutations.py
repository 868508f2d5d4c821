"""Tables of every format whose metadata is damaged at random: what is said of them, and what their own libraries say.

    python -m tests.soak.mutations DIRECTORY FIRST COUNT

runs that many seeds in one process, and prints a line of JSON for each that went wrong.
"""

from __future__ import annotations

import json
import random
import resource
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import deltalake
import lance
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.table import StaticTable

from registry_dagster.errors import RegistryError
from registry_dagster.model.table import TableFacts
from registry_dagster.tables import inspect_table
from registry_dagster.tables.engines import ENGINES
from registry_dagster.tables.read_code import read_code
from registry_dagster.tables.verify import verify_table
from tests.tables.read_code.tables import published

__all__ = ["MOST_MEGABYTES", "MOST_SECONDS", "main"]

MOST_SECONDS = 15.0
MOST_MEGABYTES = 300
ROWS = pa.table({"id": pa.array([1, 2, 3], pa.int64()), "name": ["a", None, "c"], "v": [[1.0], [], [2.0, 3.0]]})
FEATHER = "cells.feather"
NUMBERS = ["0", "-1", "9" * 30, "1e400", "NaN", "2.5"]
VALUES = ["null", "[]", "{}", '"x"', "true", "[" * 2000, '"../../x"', '"http://127.0.0.1:9/x"', '"\\u0000"']


def write_parquet(path: Path) -> None:
    for name in ("day=1/a.parquet", "day=2/b.parquet"):
        (path / name).parent.mkdir(parents=True)
        pq.write_table(ROWS, path / name)


def write_delta(path: Path) -> None:
    for _ in range(2):
        deltalake.write_deltalake(path, ROWS, mode="append")
    deltalake.DeltaTable(path).create_checkpoint()
    deltalake.write_deltalake(path, ROWS, mode="append")
    deltalake.DeltaTable(path).delete("id = 2")


def write_iceberg(path: Path) -> None:
    catalog = SqlCatalog("c", uri="sqlite://", warehouse=path.parent.as_uri())
    catalog.create_namespace("n")
    table = catalog.create_table("n.t", schema=ROWS.schema, location=path.as_uri())
    table.append(ROWS)
    with table.update_spec() as update:
        update.add_identity("name")
    table.append(ROWS)
    (path / "metadata" / "version-hint.text").write_text(Path(table.metadata_location).name)


def write_lance(path: Path) -> None:
    for mode in ("create", "append"):
        lance.write_dataset(ROWS, path, mode=mode)
    lance.dataset(path).delete("id = 2")


def write_feather(path: Path) -> None:
    path.mkdir()
    feather.write_feather(ROWS, path / FEATHER, chunksize=1)


WRITERS: dict[str, Callable[[Path], None]] = {
    "parquet": write_parquet,
    "delta": write_delta,
    "iceberg": write_iceberg,
    "lance": write_lance,
    "feather": write_feather,
}
METADATA = {
    "parquet": "**/*.parquet",
    "delta": "_delta_log/*",
    "iceberg": "metadata/*",
    "lance": "_versions/*",
    "feather": "*",
}


def cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def cut_in_front(data: bytes, chance: random.Random) -> bytes:
    return data[chance.randrange(len(data) + 1) :]


def flip(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 8])):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def blank(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data) + 1)
    length = chance.randrange(len(data) - start + 1)
    return data[:start] + bytes(length) + data[start + length :]


def repeat(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + data[at // 2 :]


def other_value(data: bytes, chance: random.Random) -> bytes:
    """Another value behind one of the colons of a JSON text."""
    colons = [at for at, byte in enumerate(data) if byte == ord(":")]
    if not colons:
        return flip(data, chance)
    start = chance.choice(colons) + 1
    end = min((at for at in (data.find(sign, start) for sign in (b",", b"}")) if at >= 0), default=len(data))
    return data[:start] + chance.choice(NUMBERS + VALUES).encode() + data[end:]


MUTATIONS = (cut, cut_in_front, flip, flip, flip, blank, repeat, other_value, other_value, other_value)


def written_at(file: Path) -> tuple[int, str]:
    return file.stat().st_mtime_ns, file.name


def mutate(path: Path, kind: str, chance: random.Random) -> str:
    """Damage one metadata file of a table; which and how."""
    # In the order in which they were written, since their names are drawn anew in each run.
    files = sorted((each for each in path.glob(METADATA[kind]) if each.is_file()), key=written_at)
    file = chance.choice(files)
    how = chance.randrange(20)
    if how == 0:
        file.unlink()
        return f"{file.name} removed"
    if how == 1:
        other = chance.choice(sorted(filter(Path.is_file, file.parent.iterdir()), key=written_at))
        file.write_bytes(other.read_bytes())
        return f"{file.name} replaced by {other.name}"
    mutation = chance.choice(MUTATIONS)
    file.write_bytes(mutation(file.read_bytes(), chance))
    return f"{file.name}: {mutation.__name__}"


def says_delta(path: Path) -> dict[str, Any]:
    table = deltalake.DeltaTable(path)
    schema = pa.schema(table.schema().to_arrow())
    read = pa.table(deltalake.QueryBuilder().register("t", table).execute("SELECT * FROM t").read_all())
    # Where a part of the statistics is damaged, deltalake counts no rows, though it reads them.
    rows = {table.count(), read.num_rows}
    return {"version": table.version(), "names": schema.names, "files": len(table.file_uris()), "rows": rows}


def says_iceberg(path: Path) -> dict[str, Any]:
    hint = (path / "metadata" / "version-hint.text").read_text().strip()
    snapshot = StaticTable.from_metadata(str(path / "metadata" / hint)).current_snapshot()
    return {"version": snapshot.snapshot_id if snapshot else None}


def says_lance(path: Path) -> dict[str, Any]:
    dataset = lance.dataset(path)
    return {"version": dataset.version, "names": dataset.schema.names, "rows": dataset.count_rows()}


def says_parquet(path: Path) -> dict[str, Any]:
    files = [pq.ParquetFile(file) for file in sorted(path.rglob("*.parquet"))]
    read = [file.read() for file in files]
    return {"names": [*files[0].schema_arrow.names, "day"], "rows": sum(table.num_rows for table in read)}


def says_feather(path: Path) -> dict[str, Any]:
    read = feather.read_table(path / FEATHER)
    return {"names": read.schema.names, "rows": read.num_rows}


SAYS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "parquet": says_parquet,
    "delta": says_delta,
    "iceberg": says_iceberg,
    "lance": says_lance,
    "feather": says_feather,
}


def ours(facts: TableFacts) -> dict[str, Any]:
    version = getattr(facts.pin, "version", getattr(facts.pin, "snapshot_id", None))
    names = [field.path for field in facts.fields if field.path.partition(".")[0] == field.path]
    return {"version": version, "names": names, "files": facts.files, "rows": facts.rows}


def located(path: Path, kind: str) -> Path:
    """The table in the directory that its writer was given."""
    return path / FEATHER if kind == "feather" else path


def disagreements(kind: str, path: Path, facts: TableFacts) -> Iterator[str]:
    """Where a table's own library opens it too, and says something else than we do, who may say nothing."""
    theirs: dict[str, Any] = {}
    with suppress(BaseException):
        theirs = SAYS[kind](path)
    said = ours(facts)
    for name, value in theirs.items():
        if said[name] is not None and said[name] not in (value if isinstance(value, set) else [value]):
            yield f"{name}: {said[name]}, but {value} by its own library"


def tried(kind: str, path: Path, before: TableFacts) -> Iterator[str]:
    """What went wrong with a damaged table."""
    facts = None
    for counts in (False, True):
        try:
            facts = inspect_table(located(path, kind), counts=counts)
        except RegistryError:
            facts = None
    verify_table(before)
    if facts is not None:
        yield from disagreements(kind, path, facts)
        for engine in ENGINES:
            with suppress(RegistryError):
                compile(read_code(published(facts), engine), engine, "exec")


def run(originals: dict[str, Path], before: dict[str, TableFacts], seed: int) -> dict[str, Any] | None:
    """One seed; what went wrong, None if nothing did."""
    chance = random.Random(seed)
    kind = chance.choice(list(WRITERS))
    table = Path(before[kind].location.removeprefix("file://"))
    path = table.parent if table.name == FEATHER else table
    shutil.rmtree(path)
    shutil.copytree(originals[kind], path)
    how, start = mutate(path, kind, chance), time.monotonic()
    try:
        wrong = list(tried(kind, path, before[kind]))
    except BaseException:
        wrong = [traceback.format_exc()[-700:]]
    if (took := time.monotonic() - start) > MOST_SECONDS:
        wrong.append(f"it took {took:.1f} s")
    return {"seed": seed, "kind": kind, "how": how, "wrong": wrong} if wrong else None


def main(directory: Path, first: int, count: int) -> None:
    originals: dict[str, Path] = {}
    before: dict[str, TableFacts] = {}
    for kind, write in WRITERS.items():
        path = directory / kind
        write(path)
        before[kind] = inspect_table(located(path, kind), counts=True)
        originals[kind] = directory / "originals" / kind
        shutil.copytree(path, originals[kind])
        assert list(tried(kind, path, before[kind])) == []
    megabytes = peak()
    for seed in range(first, first + count):
        say({"begun": seed})
        if wrong := run(originals, before, seed):
            say(wrong)
    if (grown := peak() - megabytes) > MOST_MEGABYTES:
        say({"wrong": [f"memory grew by {grown} MB"]})
    say({"done": count})


def say(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))

"""Whether a pinned table is still there as it was, found out after really changing it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsspec
import pytest

from registry_dagster.model.table import TableFacts
from registry_dagster.tables import inspect_table
from registry_dagster.tables.verify import TableVerdict, verify_table
from tests.tables.places import SECRET, Place, s3_server
from tests.tables.storage.fake_stores import BUCKET, Failing, serving
from tests.tables.storage.test_object_stores import ROWS, WRITERS, parquet, write_parquet

every_store = pytest.mark.parametrize("place", ["local", "s3"], indirect=True)
local = pytest.mark.parametrize("place", ["local"], indirect=True)
every_format = pytest.mark.parametrize("format", WRITERS)


def recorded(place: Place, uri: str, **options: Any) -> TableFacts:
    """The facts of a table as they come out of a record."""
    facts = inspect_table(uri, storage_options=place.options, **options)
    return TableFacts.from_json(json.loads(json.dumps(facts.to_json())))


def verdict(place: Place, facts: TableFacts) -> TableVerdict:
    return verify_table(facts, place.options)


def remove(place: Place, name: str) -> None:
    """Removes an object, or all below it."""
    fs, path = fsspec.core.url_to_fs(place.at(name), skip_instance_cache=True, **place.options)
    fs.rm(path, recursive=True)


@every_store
@every_format
def test_a_table_that_nobody_touched_is_intact(place: Place, tmp_path: Path, format: str) -> None:
    facts = recorded(place, WRITERS[format](place, tmp_path))
    found = verdict(place, facts)
    assert (found.state, found.format, found.location) == ("intact", format, facts.location)
    assert found.evidence
    assert all(each.looked_at.startswith(place.uri) for each in found.evidence)
    assert str(found).startswith("the table is intact: ")
    assert json.loads(json.dumps(found.to_dict()))["evidence"][0]["looked_at"] == found.evidence[0].looked_at


@every_store
@every_format
def test_a_table_that_is_gone_is_missing(place: Place, tmp_path: Path, format: str) -> None:
    facts = recorded(place, WRITERS[format](place, tmp_path))
    remove(place, "warehouse/n/synapses" if format == "iceberg" else "t")
    found = verdict(place, facts)
    assert (found.state, found.location) == ("missing", facts.location)
    assert place.uri in found.reason


@every_store
def test_a_parquet_file_that_was_overwritten_is_a_change(place: Place, tmp_path: Path) -> None:
    facts = recorded(place, write_parquet(place, tmp_path))
    place.put("t/day=001/part.parquet", parquet(ROWS.slice(0, 1)))
    found = verdict(place, facts)
    assert found.state == "changed"
    assert f"2 files of {2 * len(parquet()):,} bytes were recorded" in found.reason


@local
def test_a_parquet_file_of_the_same_size_is_a_change_all_the_same(place: Place, tmp_path: Path) -> None:
    facts = recorded(place, write_parquet(place, tmp_path))
    place.put("t/day=001/part.parquet", parquet(ROWS.set_column(0, "body_id", ROWS["body_id"].take([2, 1, 0]))))
    found = verdict(place, facts)
    assert found.state == "changed"
    assert "some were written again" in found.reason


@every_store
def test_a_parquet_file_more_or_less_is_a_change(place: Place, tmp_path: Path) -> None:
    facts = recorded(place, write_parquet(place, tmp_path))
    place.put("t/day=003/part.parquet", parquet())
    assert "there are 3 files" in verdict(place, facts).reason
    remove(place, "t/day=003")
    assert verdict(place, facts).state == "intact"
    remove(place, "t/day=001")
    found = verdict(place, facts)
    assert (found.state, "there are 1 file of" in found.reason) == ("changed", True)


@local
def test_a_table_of_another_format_in_its_place_is_a_change(place: Place, tmp_path: Path) -> None:
    facts = recorded(place, write_parquet(place, tmp_path))
    WRITERS["delta"](place, tmp_path)
    assert verdict(place, facts).state == "changed"


@local
def test_a_parquet_table_behind_a_single_file(place: Place, tmp_path: Path) -> None:
    write_parquet(place, tmp_path)
    facts = recorded(place, place.at("t/day=001/part.parquet"))
    assert verdict(place, facts).state == "intact"
    remove(place, "t/day=001/part.parquet")
    assert verdict(place, facts).state == "missing"


@pytest.mark.parametrize("place", ["s3"], indirect=True)
def test_a_parquet_file_below_whose_name_there_are_others_is_what_was_recorded(place: Place, tmp_path: Path) -> None:
    place.put("t", parquet())
    facts = recorded(place, place.at("t"))
    for later in ("t/day=001/part.parquet", "t/part.parquet"):
        place.put(later, parquet())
        assert verdict(place, facts).state == "intact"


def test_a_store_that_is_stopped_is_unreachable(tmp_path: Path) -> None:
    with s3_server() as server:
        client, options = server.client, server.options

        def place_of(format: str) -> Place:
            name = f"{tmp_path.name}-{format}"

            def put(key: str, body: bytes) -> None:
                client.put_object(Bucket=BUCKET, Key=f"{name}/{key}", Body=body)

            return Place(f"s3://{BUCKET}/{name}", put, options)

        places = {format: place_of(format) for format in WRITERS}
        tables = [recorded(place, WRITERS[format](place, tmp_path)) for format, place in places.items()]
    for facts in tables:
        found = verify_table(facts, {**options, "config_kwargs": {"retries": {"total_max_attempts": 1}}})
        assert (found.format, found.state) == (facts.format, "unreachable")


@pytest.mark.parametrize(("status", "state"), [(403, "unreachable"), (503, "unreachable"), (404, "missing")])
def test_what_a_store_answers_becomes_the_verdict(tmp_path: Path, status: int, state: str) -> None:
    write_parquet(Place(tmp_path.as_uri(), _writing(tmp_path)), tmp_path)
    facts = inspect_table(tmp_path / "t" / "day=001" / "part.parquet")
    with serving(Failing, status=status) as store:
        moved = facts.model_copy(update={"location": f"s3://{BUCKET}/t"})
        options = {"key": "AKIAIOSFODNN7EXAMPLE", "secret": SECRET, "endpoint_url": store.url, "timeout": 20}
        found = verify_table(moved, options)
    assert found.state == state
    shown = repr(found) + str(found) + json.dumps(found.to_dict())
    assert SECRET not in shown
    assert "AKIAIOSFODNN7EXAMPLE" not in shown


def test_options_that_do_not_open_the_store_leave_it_unknown(tmp_path: Path) -> None:
    write_parquet(Place(tmp_path.as_uri(), _writing(tmp_path)), tmp_path)
    facts = inspect_table(tmp_path / "t").model_copy(update={"location": "s3://lake/t"})
    found = verify_table(facts, {"endpoint": "http://127.0.0.1:9"})
    assert (found.state, "has no option 'endpoint'" in found.reason) == ("unknown", True)


def test_a_disk_that_is_not_mounted_here_is_unreachable(tmp_path: Path) -> None:
    place = Place((tmp_path / "disk").as_uri(), _writing(tmp_path / "disk"))
    facts = recorded(place, write_parquet(place, tmp_path))
    (tmp_path / "disk").rename(tmp_path / "elsewhere")
    found = verify_table(facts)
    assert (found.state, "not mounted here" in found.reason) == ("unreachable", True)
    (tmp_path / "elsewhere").rename(tmp_path / "disk")
    assert verify_table(facts).state == "intact"


def _writing(directory: Path) -> Callable[[str, bytes], object]:
    def put(key: str, body: bytes) -> None:
        file = directory / key
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)

    return put

"""What is written reads back equal, in every store; what would not is refused before anything is written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import registry_dagster as rd
from registry_dagster.errors import InvalidDeclaration
from tests.gms.server import StandInGms

NANOSECONDS = pd.Timestamp("2025-01-13T10:10:01.286229123Z")
MICROSECONDS = datetime(2025, 1, 13, 10, 10, 1, 286229, tzinfo=timezone.utc)


@pytest.fixture(params=["lite", "file", "gms"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "gms":
        with StandInGms() as gms:
            yield gms.url
    else:
        yield f"{request.param}://{tmp_path}/registry{'.db' if request.param == 'lite' else ''}"


@pytest.fixture
def facts(tmp_path: Path) -> rd.TableFacts:
    pq.write_table(pa.table({"id": pa.array([1, 2], pa.int64())}), tmp_path / "t.parquet")
    return rd.inspect_table(tmp_path / "t.parquet")


@pytest.fixture
def registry(target: str) -> Iterator[rd.Registry]:
    with rd.Registry.open(target, publisher="ada@lab.org") as registry:
        yield registry


def declared(minnie: rd.MaterializationVersion) -> rd.FeatureTable:
    return rd.FeatureTable(
        dataset=rd.Dataset(name="m.nuclei"),
        materializations=[minnie],
        columns={"id": rd.NucleusId(source_table="nucleus_detection_v0")},
    )


def minnie(**facts: object) -> rd.MaterializationVersion:
    return rd.MaterializationVersion(system="minnie65_public", version=1300, source="cave", **facts)


def test_a_timestamp_of_pandas_is_published_to_the_microsecond(registry: rd.Registry, facts: rd.TableFacts) -> None:
    never = pd.Timestamp.max.tz_localize("UTC")
    table = declared(minnie(timestamp=NANOSECONDS, expires_on=never))
    receipt = registry.publish(table, facts, message="First")
    assert not registry.publish(table, facts, message="Again").created
    assert not registry.publish(declared(minnie(timestamp=MICROSECONDS)), facts, message="Again").created
    (recorded,) = registry.get(receipt.version).materializations
    assert recorded.timestamp == MICROSECONDS
    assert type(recorded.timestamp) is datetime
    assert recorded.expires_on == datetime(2262, 4, 11, 23, 47, 16, 854775, tzinfo=timezone.utc)


def test_a_materialization_version_of_pandas_is_recorded_once(registry: rd.Registry) -> None:
    version = minnie(timestamp=NANOSECONDS)
    registry.record_materializations([version])
    assert "1 unchanged" in str(registry.record_materializations([version]))


def test_what_would_not_read_back_is_refused_by_its_field_and_burns_no_version(
    registry: rd.Registry, facts: rd.TableFacts
) -> None:
    class Odd(datetime):
        def isoformat(self, sep: str = "T", timespec: str = "auto") -> str:
            return "2025-01-13T10:10:01.286229000+00:00"

    odd = Odd(2025, 1, 13, 10, 10, 1, 286229, tzinfo=timezone.utc)
    unchecked = minnie().model_copy(update={"timestamp": odd})
    table = declared(minnie()).model_copy(update={"materializations": (unchecked,)})
    with pytest.raises(InvalidDeclaration) as refused:
        registry.publish(table, facts, message="First")
    assert str(refused.value).startswith(
        "m.nuclei@v1 was not published: it would not read back as it was declared: "
        "materializations.0.timestamp is '2025-01-13T10:10:01.286229000Z', read back '2025-01-13T10:10:01.286229Z'"
    )
    assert registry.publish(declared(minnie(timestamp=MICROSECONDS)), facts, message="First").version == "m.nuclei@v1"


@pytest.mark.parametrize("zone", ["UTC", "Europe/Zurich", timezone(timedelta(hours=-5))])
def test_a_moment_becomes_pythons_own(zone: str) -> None:
    moment = minnie(timestamp=NANOSECONDS.tz_convert(zone)).timestamp
    assert (type(moment), moment) == (datetime, MICROSECONDS)


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (pd.NaT, "timestamp: NaT is not a moment; leave it out"),
        (pd.Timestamp("2025-01-13T10:10:01"), "has no time zone; write it as 2025-01-13T10:10:01Z"),
        (np.datetime64("2025-01-13T10:10:01"), "is numpy's and has no time zone; write the moment as 2025-01-13T10"),
    ],
)
def test_a_moment_that_is_none_or_has_no_zone_is_refused_with_the_fix(moment: object, said: str) -> None:
    with pytest.raises(InvalidDeclaration, match=said):
        minnie(timestamp=moment)


def test_numbers_and_lists_of_numpy_and_pandas_are_taken() -> None:
    versions = pd.DataFrame({"version": [630, 783]})["version"]
    assert rd.MaterializationVersion(system="flywire", version=versions.max()).version == "783"
    assert rd.MaterializationVersion(system="flywire", version=np.int64(783)).version == "783"
    position = rd.Position(axis="xyz", frame="FAFB14.1", unit="voxel", resolution_nm=np.array([4, 4, 40]))
    assert position.resolution_nm == (4.0, 4.0, 40.0)
    assert rd.Embedding(dim=np.int32(32), model="segclr", anchor="segment").dim == 32
    assert rd.Label(values=pd.Series(["a", "b"])).values == ("a", "b")
    assert rd.RootId(id_space="x", null_sentinel=np.uint64(2**64 - 1)).null_sentinel == 2**64 - 1


@pytest.mark.parametrize("version", [783.0, np.float64(783), True, np.bool_(True)])
def test_a_version_that_is_no_whole_number_is_refused(version: object) -> None:
    with pytest.raises(InvalidDeclaration, match="version"):
        rd.MaterializationVersion(system="flywire", version=version)


@pytest.mark.parametrize("typed", ["2025-01-13T10:10:01.286229123Z", "2025-01-13 10:10:01.2862290001+00:00"])
def test_digits_below_a_microsecond_were_cut_without_a_word(typed: str) -> None:
    with pytest.raises(InvalidDeclaration, match=r"timestamp: .* has digits below a microsecond"):
        minnie(timestamp=typed)
    for text in (typed, f"'{typed}'"):
        with pytest.raises(InvalidDeclaration, match="line 2.* has digits below a microsecond, which no record keeps"):
            rd.FeatureTable.from_yaml(
                "dataset: {name: m.nuclei}\n"
                f"materializations: [{{system: minnie65_public, version: 1300, timestamp: {text}}}]\n"
            )
    assert minnie(timestamp="2025-01-13T10:10:01.286229000Z").timestamp == MICROSECONDS


def test_that_digits_of_a_pandas_timestamp_are_left_out_is_said(caplog: pytest.LogCaptureFixture) -> None:
    assert minnie(timestamp=NANOSECONDS).timestamp == MICROSECONDS
    assert (
        "2025-01-13T10:10:01.286229123+00:00 is kept to the microsecond; the digits below are left out" in caplog.text
    )

"""What was published can be read with DataHub's own client alone, as docs/reading-without-us.md shows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

import pytest

from registry_dagster.datahub.version import version_proposals
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.geometry import Position
from registry_dagster.model.identifiers import NucleusId, SynapseId
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.reference import Reference
from registry_dagster.model.signals import SpatialDrift
from registry_dagster.model.source_code import SourceCode
from registry_dagster.model.table import TableFacts
from registry_dagster.registry.plan import Origin
from registry_dagster.registry.registry import Registry
from tests.docs.pages import DOCS, blocks
from tests.gms.server import StandInGms
from tests.golden import records as golden
from tests.registry.declared import facts

PAGE = DOCS / "reading-without-us.md"
TOKEN = "a-token"
MINNIE = MaterializationVersion(
    system="minnie65_public", version="1300", source="cave", expires_on=datetime(2027, 1, 13, tzinfo=timezone.utc)
)
NUCLEUS = NucleusId(source_table="nucleus_detection_v0")
NUCLEI = FeatureTable(dataset=Dataset(name="minnie65.nuclei"), materializations=[MINNIE], columns={"id": NUCLEUS})
SYNAPSES = FeatureTable(
    dataset=Dataset(name="minnie65.synapses", title="Synapses", owners=["team:cells"]),
    materializations=[MINNIE],
    columns={
        "id": SynapseId(source_table="synapses_pni_2"),
        "nucleus_id": NUCLEUS,
        "x": Position(axis="x", frame="minnie65", unit="voxel", resolution_nm=(4, 4, 40)),
    },
    references=[
        Reference(
            columns=["nucleus_id"],
            to="minnie65.nuclei",
            to_columns=["id"],
            annotation_type="nucleus",
            cardinality="n:1",
            stability="stable_within_table",
        )
    ],
    signals=[SpatialDrift(kind="registration_residual", p95_nm=180.5, basis="measured")],
)


def publish(registry: Registry) -> list[DatasetVersion]:
    """Two versions of one table, the first one retired; and a table that was made from the second."""
    nuclei = [facts(version, location="s3://lab/nuclei", id="int64") for version in (1, 2)]
    synapses = facts(12, location="s3://lab/synapses", rows=7, id="int64", nucleus_id="int64", x="int32")
    origin = Origin(
        inputs=[("minnie65.nuclei", nuclei[1].identity)], column_lineage={"nucleus_id": [("minnie65.nuclei", "id")]}
    )

    def record(declared: FeatureTable, table: TableFacts, origin: Origin | None = None) -> DatasetVersion:
        who = "ada@lab.org"
        return registry.publish(declared, table, message="For the size paper", publisher=who, origin=origin).record

    published = [*(record(NUCLEI, table) for table in nuclei), record(SYNAPSES, synapses, origin)]
    registry.retire(
        "minnie65.nuclei@v1", reason="Counted glia too", replacement="minnie65.nuclei@v2", publisher="ada@lab.org"
    )
    return published


def with_everything() -> DatasetVersion:
    """A record with the fields that few records have: widths of vectors, its code, and where it was handed off."""
    record = golden.records()["delta"]
    provenance = record.provenance.model_copy(
        update={
            "code": SourceCode.parse("https://github.com/lab/pipeline@" + "0f" * 20),
            "handed_off_digest": record.digest,
            "handed_off_at": datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=timezone.utc),
        }
    )
    table = record.table.model_copy(update={"widths": {record.table.fields[0].path: 8}})
    return record.model_copy(update={"number": 14, "provenance": provenance, "table": table})


class Page(NamedTuple):
    printed: list[str]
    rebuilt: dict[str, tuple[object, bool]]
    published: list[DatasetVersion]
    changed: str


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """What the page's program prints, and rebuilds of what was published."""
    folder = tmp_path_factory.mktemp("reader")
    program = folder / "page.py"
    program.write_text("\n".join(block.text for block in blocks(PAGE, "python")))
    with Registry.open(f"lite://{folder / 'registry.db'}") as embedded:
        publish(embedded)
    with StandInGms(token=TOKEN) as gms:
        with Registry.open(gms.url, token=TOKEN) as registry:
            published = publish(registry)
        for record in (*golden.records().values(), with_everything()):
            published.append(record)
            for each in version_proposals(record, golden.DATASET, "PROD"):
                gms.put(each.urn, each.aspect, each.value)
        changed = golden.records()["delta"].model_copy(update={"number": 13})
        for each in version_proposals(changed, golden.DATASET, "PROD"):
            gms.put(each.urn, each.aspect, json.loads(json.dumps(each.value).replace("s3://bucket", "s3://other")))
        names = [*(record.name for record in published), changed.name]
        done = subprocess.run(
            [sys.executable, Path(__file__).with_name("without_us.py"), program, *names],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "DATAHUB_TELEMETRY_ENABLED": "false"}
            | {"DATAHUB_GMS_URL": gms.url, "DATAHUB_GMS_TOKEN": TOKEN},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    *printed, rebuilt = done.stdout.splitlines()
    return Page(printed, dict(zip(names, json.loads(rebuilt), strict=True)), published, changed.name)


def test_its_program_prints_what_the_page_says(page: Page) -> None:
    _install, *shown = blocks(PAGE, "text")
    assert page.printed == "".join(block.text for block in shown).splitlines()


def test_it_rebuilds_every_record_whatever_its_semantics_and_format(page: Page) -> None:
    rebuilt = {record.name: page.rebuilt[record.name][0] for record in page.published}
    assert rebuilt == {record.name: record.to_json() for record in page.published}


def test_its_digest_proves_every_record_but_the_one_that_was_changed_afterwards(page: Page) -> None:
    assert [name for name, (_, proven) in page.rebuilt.items() if not proven] == [page.changed]

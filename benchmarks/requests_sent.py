"""How many requests a version costs a DataHub server, against DataHub's own client."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.report import Result
from benchmarks.tables import publications
from registry_dagster.registry.plan import Publication, Receipt
from registry_dagster.registry.registry import Registry
from tests.gms.server import StandInGms

DATASETS = 200
COLUMNS = 30


def run() -> Iterator[Result]:
    """Every request of a publish counts: looking, prerequisites, commits and reading back."""
    batch = publications(DATASETS, COLUMNS)
    ours, peer = _publish(batch), _create(batch)
    yield Result(
        f"requests to publish {DATASETS} datasets of {COLUMNS} columns, against DataHubClient.entities.create",
        f"{ours / DATASETS:.3f} a version",
        f"{peer / DATASETS:.3f} a dataset",
        ours / peer,
        "≤ 0.1",
    )


def _publish(batch: list[Publication]) -> int:
    with StandInGms() as gms, Registry.open(gms.url) as registry:
        outcomes = registry.publish_many(batch)
        if not all(isinstance(outcome, Receipt) and outcome.created for outcome in outcomes):
            raise RuntimeError("not every version was published")
        return len(gms.requests)


def _create(batch: list[Publication]) -> int:
    """The same names, columns, owners and properties, without reading back."""
    from datahub.ingestion.graph.client import DataHubGraph
    from datahub.ingestion.graph.config import DatahubClientConfig
    from datahub.sdk.dataset import Dataset
    from datahub.sdk.main_client import DataHubClient

    with StandInGms() as gms:
        client = DataHubClient(graph=DataHubGraph(DatahubClientConfig(server=gms.url)))
        for each in batch:
            client.entities.create(
                Dataset(
                    platform="feature-registry",
                    name=f"{each.feature_table.dataset.name}@v1",
                    description=each.message,
                    custom_properties={"location": each.table.location, "publisher": each.publisher or ""},
                    owners=["urn:li:corpGroup:bench"],
                    subtype="Feature Dataset Version",
                    schema=[(field.path, field.type, "A feature.") for field in each.table.fields],
                )
            )
        return len(gms.requests)

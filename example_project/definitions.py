"""What Dagster loads."""

from collections.abc import Sequence

import dagster as dg

import registry_dagster as rd
from example_project.assets import morphology_embeddings, neurons, neuropil_counts, synapses
from example_project.settings import PUBLISHER, REGISTRY

registry = rd.FeatureRegistry(target=REGISTRY, publisher=PUBLISHER)


def feature_assets(embedding_samples: int = 32) -> Sequence[dg.AssetsDefinition]:
    """The pipeline, with morphology embeddings of the given width."""
    return [neurons, synapses, neuropil_counts, morphology_embeddings(embedding_samples)]


defs = rd.definitions(
    dg.Definitions(assets=feature_assets(), jobs=[dg.define_asset_job("materialize_all")]),
    registry=registry,
)

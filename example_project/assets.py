"""Four feature tables in four formats, each declared beside the asset that makes it."""

from typing import Any

import dagster as dg
import pyarrow.parquet as pq

import registry_dagster as rd
from example_project.neurons import VOXEL_NM, embedding_table, neuron_table, neuropil_table, synapse_table
from example_project.settings import CATALOG, TABLES

HEMIBRAIN = rd.MaterializationVersion(system="hemibrain", version="v1.2.1", source="neuprint")
VOXEL = (VOXEL_NM, VOXEL_NM, VOXEL_NM)
BODY = rd.BodyId(id_space="hemibrain", description="Body of the neuron in the hemibrain segmentation.")
OWNERS = ["team:olfaction"]
TO_NEURONS = rd.Reference(
    columns=["body_id"],
    to="hemibrain.neurons",
    to_columns=["body_id"],
    annotation_type="segment",
    cardinality="n:1",
    stability="version_pinned",
    expected_match_rate=1.0,
)


@rd.feature_table(
    dataset=rd.Dataset(
        name="hemibrain.neurons",
        title="DA1 projection neurons",
        description="Five uniglomerular projection neurons of the glomerulus DA1, right side.",
        owners=OWNERS,
    ),
    materializations=[HEMIBRAIN],
    columns={
        "body_id": BODY,
        "cell_type": rd.Label(classification_system="hemibrain cell types", description="Cell type."),
        "soma_position": rd.Position(
            axis="xyz",
            frame="hemibrain",
            unit="voxel",
            resolution_nm=VOXEL,
            role="centroid",
            description="Soma; null where the skeleton has none.",
        ),
        "cable_length": rd.Length(unit="voxel", resolution_nm=VOXEL, description="Length of all cable."),
        "skeleton_nodes": rd.Count(counted="skeleton_node"),
        "synapses": rd.Count(counted="synapse"),
    },
    signals=[rd.Note(text="Five neurons chosen as an example, not a population.", basis="declared")],
)
@dg.asset(group_name="hemibrain", kinds={"parquet"})
def neurons(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
    TABLES.mkdir(parents=True, exist_ok=True)
    path = TABLES / "neurons.parquet"
    pq.write_table(neuron_table(), path)
    return registry.table(context, path)


@rd.feature_table(
    dataset=rd.Dataset(
        name="hemibrain.synapses",
        title="Synapses of DA1 projection neurons",
        description="Pre- and postsynaptic sites of the five neurons.",
        owners=OWNERS,
    ),
    materializations=[HEMIBRAIN],
    columns={
        "body_id": BODY,
        "connector_id": rd.Bookkeeping(description="Number of the site within its neuron; not an id of its own."),
        "node_id": rd.SkeletonNodeId(skeleton_source="hemibrain", description="Nearest node of the neuron's skeleton."),
        "type": rd.Label(values=["pre", "post"], description="Which side of the synapse this neuron is on."),
        **{
            axis: rd.Position(axis=axis, frame="hemibrain", unit="voxel", resolution_nm=VOXEL)
            for axis in ("x", "y", "z")
        },
        "roi": rd.Label(classification_system="hemibrain neuropils", description="Neuropil; null outside all."),
        "confidence": rd.Score(range=(0, 1), description="The detector's confidence."),
    },
    references=[TO_NEURONS],
    signals=[
        rd.SpatialDrift(
            kind="representative_point",
            p50_nm=307.5,
            p95_nm=832.6,
            max_nm=1855.9,
            n=14836,
            from_frame="hemibrain",
            to_frame="hemibrain",
            basis="measured",
            description="Distance from a site to its node on the skeleton.",
        )
    ],
)
@dg.asset(group_name="hemibrain", kinds={"deltalake"}, deps=[neurons])
def synapses(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
    from deltalake import write_deltalake

    path = TABLES / "synapses"
    write_deltalake(str(path), synapse_table(), mode="overwrite")
    return registry.table(context, path)


@rd.feature_table(
    dataset=rd.Dataset(
        name="hemibrain.neuropil_counts",
        title="Synapses per neuropil",
        description="How many synapses each neuron has in each neuropil.",
        owners=OWNERS,
    ),
    materializations=[HEMIBRAIN],
    columns={
        "body_id": BODY,
        "roi": rd.Label(classification_system="hemibrain neuropils", description="Neuropil."),
        "synapses": rd.Count(counted="synapse", description="All sites of the neuron there."),
        "presynapses": rd.Count(counted="synapse", description="Those on the presynaptic side."),
    },
    references=[TO_NEURONS],
)
@dg.asset(group_name="hemibrain", kinds={"iceberg"}, deps=[synapses])
def neuropil_counts(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
    from deltalake import DeltaTable
    from pyiceberg.catalog import load_catalog

    TABLES.mkdir(parents=True, exist_ok=True)
    counts = neuropil_table(DeltaTable(str(TABLES / "synapses")).to_pyarrow_table())
    with load_catalog("example", **CATALOG) as catalog:
        catalog.create_namespace_if_not_exists("hemibrain")
        if catalog.table_exists("hemibrain.neuropil_counts"):
            catalog.load_table("hemibrain.neuropil_counts").overwrite(counts)
        else:
            catalog.create_table("hemibrain.neuropil_counts", schema=counts.schema).append(counts)
    return registry.table(context, "iceberg://example/hemibrain.neuropil_counts", storage_options=CATALOG)


def morphology_embeddings(samples: int) -> dg.AssetsDefinition:
    """The embedding asset, for vectors of `samples` components."""

    @rd.feature_table(
        dataset=rd.Dataset(
            name="hemibrain.morphology_embeddings",
            title="Morphology embeddings of DA1 projection neurons",
            description="Persistence vectors of the neurons' skeletons.",
            owners=OWNERS,
        ),
        materializations=[HEMIBRAIN],
        columns={
            "body_id": BODY,
            "morphology": rd.Embedding(
                dim=samples,
                model="navis.persistence_vectors",
                distance="l2",
                normalized=False,
                anchor="segment",
                description="Persistence vector of the skeleton, after Li et al. 2017.",
            ),
        },
        references=[TO_NEURONS],
    )
    @dg.asset(group_name="hemibrain", kinds={"lance"}, deps=[neurons])
    def morphology(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
        import lance

        path = TABLES / "morphology.lance"
        lance.write_dataset(embedding_table(samples), str(path), mode="overwrite" if path.exists() else "create")
        return registry.table(context, path)

    return morphology

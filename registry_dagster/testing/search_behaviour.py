"""What a registry finds, whatever it is kept in. Part of `RegistryBehaviour`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from registry_dagster.errors import InvalidDeclaration, NotPublished
from registry_dagster.model.columns import AnyColumn
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.embeddings import Embedding
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.identifiers import NucleusId, RootId, SynapseId
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.reference import Reference
from registry_dagster.model.table import DeltaPin, ParquetPin, TableFacts, TableField
from registry_dagster.registry.registry import Registry
from registry_dagster.registry.rows.found import Dependent, FoundVersion

__all__ = ["SearchBehaviour", "publish_examples"]

_SOON = datetime.now(timezone.utc) + timedelta(days=30)
_VECTOR = "fixed_size_list<float32>[8]"
_EMBEDDINGS = "minnie65.synapse_embeddings"
_NUCLEI = "minnie65.nuclei"


def publish_examples(registry: Registry) -> None:
    """Nuclei at 943 and 1300, embeddings at 1300 and 1412."""
    for version in ("943", "1300"):
        _publish_nuclei(registry, version)
    for version in ("1300", "1412"):
        _publish_embeddings(registry, version)


def _made_against(version: str, **facts: Any) -> MaterializationVersion:
    return MaterializationVersion(system="minnie65_public", version=version, source="cave", **facts)


def _facts(location: str, columns: Mapping[str, Any], state: int = 0, parquet: bool = False) -> TableFacts:
    pin = ParquetPin(fingerprint=f"sha256:{state:064}") if parquet else DeltaPin(table_id="6c0f", version=state)
    return TableFacts(
        location=location,
        pin=pin,
        fields=[TableField(path=path, type=_type_of(each)) for path, each in columns.items()],
        arrow_schema="/////w==",
    )


def _type_of(column: Any) -> str:
    return _VECTOR if isinstance(column, Embedding) else "int64"


def _versions(found: Iterable[FoundVersion | Dependent]) -> list[str]:
    return [row.version for row in found]


def _dependence(registry: Registry, version: str, on: str) -> tuple[str, ...]:
    """How a version depends on something."""
    return {row.version: row.how for row in registry.dependents(on)}[version]


def _publish_embeddings(registry: Registry, version: str, **facts: Any) -> str:
    columns: dict[str, AnyColumn] = {
        "id": SynapseId(source_table="synapses_pni_2"),
        "pre_pt_root_id": RootId(id_space="minnie65_public", side="pre", description="The presynaptic cell."),
        "embedding": Embedding(
            dim=8, model="SegCLR", checkpoint="2023-01", distance="cosine", normalized=True, anchor="synapse"
        ),
    }
    declared = FeatureTable(
        dataset=Dataset(name=_EMBEDDINGS, title="Synapse embeddings", owners=["team:synapses"], tags=["Größe"]),
        materializations=[_made_against(version, **facts)],
        columns=columns,
        references=[
            Reference(
                columns=["pre_pt_root_id"],
                annotation_type="segment",
                to=_NUCLEI,
                to_columns=["pt_root_id"],
                cardinality="n:1",
                stability="version_pinned",
            )
        ],
    )
    receipt = registry.publish(declared, _facts("/data/synapses", columns, int(version)), message=f"For {version}")
    return receipt.version


def _publish_nuclei(registry: Registry, version: str, **facts: Any) -> str:
    columns: dict[str, AnyColumn] = {
        "nucleus_id": NucleusId(source_table="nucleus_detection_v0"),
        "pt_root_id": RootId(id_space="minnie65_public"),
    }
    declared = FeatureTable(
        dataset=Dataset(name=_NUCLEI, title="Nuclei", owners=["ada@lab.org"]),
        materializations=[_made_against(version, **facts)],
        columns=columns,
    )
    table = _facts("/data/nuclei", columns, int(version), parquet=True)
    return registry.publish(declared, table, message="Detected").version


class SearchBehaviour:
    """Finding what is published. A subclass has the fixtures of `RegistryBehaviour`."""

    @pytest.fixture
    def published(self, registry: Registry) -> Registry:
        """Nuclei at 943 and 1300, embeddings at 1300 and 1412."""
        publish_examples(registry)
        return registry

    @pytest.mark.parametrize(
        ("question", "versions"),
        [
            ({}, [f"{_EMBEDDINGS}@v2", f"{_EMBEDDINGS}@v1", f"{_NUCLEI}@v2", f"{_NUCLEI}@v1"]),
            ({"dataset": _NUCLEI}, [f"{_NUCLEI}@v2", f"{_NUCLEI}@v1"]),
            ({"dataset": "minnie65.*", "column": "nucleus_id"}, [f"{_NUCLEI}@v2", f"{_NUCLEI}@v1"]),
            ({"materialization": "minnie65_public@1300"}, [f"{_EMBEDDINGS}@v1", f"{_NUCLEI}@v2"]),
            ({"materialization": _made_against("943")}, [f"{_NUCLEI}@v1"]),
            ({"materialization": "minnie65_public", "format": "parquet"}, [f"{_NUCLEI}@v2", f"{_NUCLEI}@v1"]),
            ({"semantic": "embedding", "materialization": "minnie65_public@1300"}, [f"{_EMBEDDINGS}@v1"]),
            ({"annotation_type": "segment"}, [f"{_EMBEDDINGS}@v2", f"{_EMBEDDINGS}@v1"]),
            ({"embedding_model": "SegCLR"}, [f"{_EMBEDDINGS}@v2", f"{_EMBEDDINGS}@v1"]),
            ({"column": "pt_root_id"}, [f"{_NUCLEI}@v2", f"{_NUCLEI}@v1"]),
            ({"owner": "team:synapses", "format": "delta"}, [f"{_EMBEDDINGS}@v2", f"{_EMBEDDINGS}@v1"]),
            ({"owner": "ada@lab.org", "semantic": "embedding"}, []),
            ({"text": "EMBED"}, [f"{_EMBEDDINGS}@v2", f"{_EMBEDDINGS}@v1"]),
            ({"text": "presynaptic 1412"}, [f"{_EMBEDDINGS}@v2"]),
            ({"text": "no such words"}, []),
            ({"materialization": "minnie65_public:943"}, [f"{_NUCLEI}@v1"]),
            ({"materialization": "Minnie65_Public@943"}, [f"{_NUCLEI}@v1"]),
            ({"materialization": "cave/minnie65_public@943"}, [f"{_NUCLEI}@v1"]),
            ({"materialization": "943"}, [f"{_NUCLEI}@v1"]),
            ({"embedding_model": "segclr"}, [f"{_EMBEDDINGS}@v2", f"{_EMBEDDINGS}@v1"]),
        ],
    )
    def test_versions_are_found_by_what_is_recorded_of_them(
        self, published: Registry, question: Mapping[str, Any], versions: list[str]
    ) -> None:
        found = published.find(**question)
        assert _versions(found) == versions
        assert list(published.stream(**question)) == list(found)

    @pytest.mark.parametrize(
        ("question", "said"),
        [
            ({"dataset": "minnie65.nucle"}, "did you mean 'minnie65.nuclei'"),
            ({"dataset": "flywire.*"}, "no such dataset is known at"),
            ({"materialization": "minnie65_pubic@943"}, "did you mean 'minnie65_public@943'"),
            ({"materialization": "minnie65_public@9430"}, "did you mean 'minnie65_public@943'"),
            ({"annotation_type": "neuron"}, "neuron: no such annotation type is known"),
            ({"embedding_model": "SegCRL"}, "did you mean 'SegCLR'"),
            ({"owner": "team:synapse"}, "did you mean 'team:synapses'"),
            ({"column": "pt_rot_id", "format": "delta"}, "did you mean 'pt_root_id'"),
            ({"expiring_within": 60}, "no expiry is recorded of any materialization version"),
        ],
    )
    def test_a_name_that_nobody_knows_is_an_error_and_not_nothing_found(
        self, published: Registry, question: Mapping[str, Any], said: str
    ) -> None:
        with pytest.raises(NotPublished) as refused:
            published.find(**question)
        assert said in str(refused.value)
        assert published.target in str(refused.value)
        assert "environment PROD" in str(refused.value)

    def test_a_row_tells_what_a_list_needs(self, published: Registry) -> None:
        (row,) = published.find(dataset=_NUCLEI, materialization="minnie65_public@943")
        assert (row.title, row.materializations, row.format) == ("Nuclei", ("minnie65_public@943",), "parquet")
        assert (row.rows, row.location, row.message, row.retired) == (None, "/data/nuclei", "Detected", None)

    def test_the_first_of_many_say_that_there_are_more(self, published: Registry) -> None:
        assert (len(published.find(limit=3)), published.find(limit=3).more) == (3, True)
        assert (len(published.find(limit=4)), published.find(limit=4).more) == (4, False)
        assert len(published.find(limit=None)) == 4

    def test_retired_versions_are_marked_and_can_be_left_out(self, published: Registry) -> None:
        published.retire(f"{_NUCLEI}@v1", reason="Wrong units")
        marked = {row.version: row.retired for row in published.find(dataset=_NUCLEI)}
        assert marked[f"{_NUCLEI}@v2"] is None
        assert "Wrong units" in str(marked[f"{_NUCLEI}@v1"])
        assert _versions(published.find(dataset=_NUCLEI, retired=False)) == [f"{_NUCLEI}@v2"]
        assert _versions(published.find(retired=True)) == [f"{_NUCLEI}@v1"]

    def test_a_dataset_is_found_by_what_it_is_called_now(self, published: Registry) -> None:
        (before,) = published.datasets("nuclei")
        assert before.newest == f"{_NUCLEI}@v2"
        changes = Dataset(name=_NUCLEI, title="Cell bodies", owners=["team:somas"], tags=["curated"])
        published.describe(changes, message="Renamed", publisher="bob@lab.org")
        (after,) = published.datasets("bodies")
        assert after.name == _NUCLEI
        assert set(_versions(published.find("cell bod"))) == {f"{_NUCLEI}@v1", f"{_NUCLEI}@v2"}
        assert len(published.find(owner="team:somas")) == 2
        assert len(published.datasets()) == 2

    def test_materialization_versions_are_found_by_all_their_names(self, registry: Registry) -> None:
        _publish_nuclei(registry, "943")
        _publish_nuclei(registry, "1300")
        registry_knows = registry.materializations()
        assert list(map(str, registry_knows)) == ["minnie65_public@943", "minnie65_public@1300"]
        columns: dict[str, AnyColumn] = {"pt_root_id": RootId(id_space="minnie65_public")}
        other = FeatureTable(
            dataset=Dataset(name="minnie65.cells"),
            materializations=[_made_against("1300", aliases=["minnie65_phase3@1300"])],
            columns=columns,
        )
        registry.publish(other, _facts("/data/cells", columns), message="With an alias")
        found = registry.find(materialization="minnie65_phase3@1300")
        assert set(_versions(found)) == {f"{_NUCLEI}@v2", "minnie65.cells@v1"}

    def test_what_expires_soon_is_found_with_its_date(self, registry: Registry) -> None:
        _publish_nuclei(registry, "943")
        _publish_nuclei(registry, "1300", expires_on=_SOON)
        (row,) = registry.find(expiring_within=60)
        assert row.version == f"{_NUCLEI}@v2"
        assert row.expires_on is not None
        assert abs(row.expires_on - _SOON) < timedelta(seconds=1)
        assert not registry.find(expiring_within=10)

    def test_dependents_say_how_they_depend(self, published: Registry) -> None:
        by_table = _dependence(published, f"{_NUCLEI}@v1", on="nucleus_detection_v0")
        assert by_table == ("nucleus_id holds ids of nucleus_detection_v0",)
        by_dataset = _dependence(published, f"{_EMBEDDINGS}@v1", on=_NUCLEI)
        assert by_dataset == (f"pre_pt_root_id joins to {_NUCLEI}@v2",)
        by_version = published.dependents("minnie65_public@1300")
        assert set(_versions(by_version)) == {f"{_NUCLEI}@v2", f"{_EMBEDDINGS}@v1"}
        with pytest.raises(NotPublished, match="nobody_knows: no such dataset"):
            published.dependents("nobody_knows")

    def test_the_newest_version_that_goes_with_a_materialization(self, published: Registry) -> None:
        newest = published.newest(_NUCLEI, compatible_with="minnie65_public@943")
        assert newest.version == f"{_NUCLEI}@v1"
        assert newest.passed_over[0].startswith(f"{_NUCLEI}@v2: lossy")
        assert published.newest(_NUCLEI, compatible_with="1300").version == f"{_NUCLEI}@v2"
        assert published.newest(_EMBEDDINGS, compatible_with=_NUCLEI).version == f"{_EMBEDDINGS}@v1"
        assert published.newest(_EMBEDDINGS, compatible_with="minnie65_public@943").version is None
        with pytest.raises(NotPublished):
            published.newest(_NUCLEI, compatible_with="flywire@783")

    def test_a_retired_version_is_not_the_newest(self, published: Registry) -> None:
        published.retire(f"{_NUCLEI}@v2", reason="Wrong units")
        newest = published.newest(_NUCLEI, compatible_with="minnie65_public@1300")
        assert newest.version is None
        assert "Wrong units" in newest.passed_over[0]

    def test_a_bridge_is_found_by_itself(self, published: Registry) -> None:
        found = published.join(f"{_EMBEDDINGS}@v1", f"{_NUCLEI}@v2")
        assert found.joins[0].columns == (("pre_pt_root_id", "pt_root_id"),)
        columns: dict[str, AnyColumn] = {
            "nucleus_id": NucleusId(source_table="nucleus_detection_v0"),
            "synapse_id": SynapseId(source_table="synapses_pni_2"),
        }
        bridge = FeatureTable(
            dataset=Dataset(name="minnie65.somatic_synapses"),
            materializations=[_made_against("1300")],
            columns=columns,
        )
        published.publish(bridge, _facts("/data/bridge", columns), message="Bridge")
        through = {join.through for join in published.join(f"{_EMBEDDINGS}@v1", f"{_NUCLEI}@v2").joins}
        assert ("minnie65.somatic_synapses@v1",) in through

    def test_a_column_says_what_it_means(self, published: Registry) -> None:
        column = published.column(_EMBEDDINGS, "embedding")
        assert (column.semantic, column.attributes["model"]) == ("embedding", "SegCLR")
        assert "joins" not in column.references
        with pytest.raises(NotPublished, match="did you mean 'embedding'"):
            published.column(_EMBEDDINGS, "embeding")

    def test_what_another_process_published_is_found(
        self, registry: Registry, another_registry: Callable[[], Registry]
    ) -> None:
        assert not registry.find()
        with another_registry() as another:
            _publish_nuclei(another, "943")
        assert _versions(registry.find()) == [f"{_NUCLEI}@v1"]

    @pytest.mark.parametrize(
        ("question", "said"),
        [
            ({"semantic": "embeding"}, "did you mean 'embedding'"),
            ({"format": "orc"}, "Use one of parquet"),
            ({"dataset": "Not a name"}, "is not the name of a dataset"),
            ({"text": "…"}, "no word to look for"),
            ({"expiring_within": float("nan")}, "nan is not a number of days"),
            ({"expiring_within": 1e12}, "is not a number of days"),
        ],
    )
    def test_a_question_that_cannot_be_asked_is_refused(
        self, registry: Registry, question: Mapping[str, Any], said: str
    ) -> None:
        with pytest.raises(InvalidDeclaration, match=said):
            registry.find(**question)

"""PublishComponent: everything that publishing needs, from a few lines of YAML."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

import dagster as dg
from pydantic import BaseModel
from typing_extensions import Self

from registry_dagster.dagster.component.adopted import adopted_assets
from registry_dagster.dagster.component.declarations import declared_table, path_beside, with_declarations
from registry_dagster.dagster.component.files import definitions_in, python_files
from registry_dagster.dagster.component.model import PartitionsOf, PublishAttributes
from registry_dagster.dagster.component.scaffolder import PublishScaffolder
from registry_dagster.dagster.component.settings import registry_of, translator_of
from registry_dagster.dagster.declare.declaration import Declaration
from registry_dagster.dagster.definitions import definitions as with_registry
from registry_dagster.dagster.gate.sensor import publish_sensor
from registry_dagster.dagster.graph.external_assets import registry_assets
from registry_dagster.dagster.graph.translator import FeatureRegistryTranslator, checked_translator
from registry_dagster.dagster.names import JOB_NAME, RESOURCE_KEY, default_gate_name
from registry_dagster.dagster.publish.job import publish_job
from registry_dagster.dagster.resource import FeatureRegistry
from registry_dagster.model.feature_table import FeatureTable

__all__ = ["PublishComponent"]

_OWN_NAMES = {(), ("publish",)}
"""The folders, below that of all definitions, whose component has the names of a code location with one call."""


@dg.scaffold_with(PublishScaffolder)
@dataclass
class PublishComponent(dg.Component, dg.Resolvable):
    """Publishing of feature tables: resource, publish job, gate and lineage.

    A project may have any number of them.

    Args:
        registry: Where versions are published to.
        definitions: Python files beside the YAML; the component loads them and declares their assets. In YAML
            the default is all of them. Without any, the assets of `datasets` are made elsewhere in the code
            location and have their declarations there.
        datasets: Asset key → what its table means, for assets without a declaration of their own. Without any
            Python files, the publish job and the gate take these assets; if there are none either, every
            declared asset of the code location that no other gate takes.
        adopted: Declaration files that say where their tables are, as `feature-registry adopt` drafts them, and folders
            of them. Each of their tables is an asset; materializing it looks at the table and pins its version. A file
            that cannot be published is an asset that says why.
        partitions: Asset key → what the partitions of its table are. `each` is a table of its own, the default;
            `all` are parts of one table. With `by_materialization` each is a table made against the materialization
            version that its key names; or a mapping says from which ones each is made (`system@version`).
        approvals: A reviewed file of approvals for the gate, which is stopped until somebody starts it.
        resource_key: The key of the resource.
        job_name: Name of the publish job. Default: `publish_feature_table`, followed by the component's folder
            unless that is `publish`.
        gate_name: Name of the gate. Default: as in `definitions`.
        translator: Chooses keys, groups, kinds and more of what is added to the graph.
    """

    registry: FeatureRegistry = field(default_factory=FeatureRegistry)
    definitions: Sequence[str] = ()
    datasets: Mapping[str, FeatureTable] = field(default_factory=dict[str, FeatureTable])
    adopted: Sequence[str | PathLike[str]] = ()
    partitions: Mapping[str, PartitionsOf] = field(default_factory=dict[str, PartitionsOf])
    approvals: str | PathLike[str] | None = None
    resource_key: str = RESOURCE_KEY
    job_name: str | None = None
    gate_name: str | None = None
    translator: FeatureRegistryTranslator | None = None

    @classmethod
    def model(cls) -> type[BaseModel]:
        """What the YAML may contain. Errors of the model that Dagster would derive are less precise."""
        return PublishAttributes

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> Self:
        """See `dg.Component`. YAML without attributes is read as well: the files beside it count."""
        return super().load(attributes or PublishAttributes(), context)

    @classmethod
    def resolve_from_model(cls, context: dg.ResolutionContext, model: BaseModel) -> Self:
        """The component that the YAML describes.

        Raises:
            InvalidDeclaration: the YAML file of a declaration cannot be read or declares something wrong.
        """
        given = PublishAttributes.model_validate(model)
        beside = context.resolve_source_relative_path(".")
        return cls(
            registry=registry_of(context, given.registry.model_dump(exclude_unset=True)),
            definitions=python_files(beside) if given.definitions is None else given.definitions,
            datasets={key: declared_table(context, key, declared) for key, declared in given.datasets.items()},
            adopted=[path_beside(context, path) for path in given.adopted],
            partitions=given.partitions,
            approvals=path_beside(context, given.gate.approvals) if given.gate.approvals is not None else None,
            resource_key=given.resource_key,
            job_name=given.job_name,
            gate_name=given.gate.name,
            translator=translator_of(context, given.translator),
        )

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The definitions. Does not connect to anything.

        Raises:
            InvalidDeclaration: a file of `definitions` or `adopted` does not exist, or none of them makes an asset of
                `datasets`.
        """
        job_name = self.job_name or _job_name(context)
        adopted = adopted_assets([_folder(context.path) / path for path in self.adopted], self.resource_key)
        if not self.definitions and not adopted:
            return self._without_assets(job_name)
        own = dg.Definitions.merge(definitions_in(self.definitions, context), dg.Definitions(assets=adopted))
        return with_registry(
            with_declarations(own, self.datasets, self.partitions),
            registry=self.registry,
            approvals=self.approvals,
            resource_key=self.resource_key,
            job_name=job_name,
            gate_name=self.gate_name,
            translator=self.translator,
        )

    def _without_assets(self, job_name: str) -> dg.Definitions:
        """What publishing needs where the assets are made elsewhere in the code location."""
        tables = {dg.AssetKey.from_user_string(key): Declaration(table) for key, table in self.datasets.items()}
        gate = publish_sensor(
            job=job_name,
            approvals=self.approvals,
            assets=list(tables) or None,
            name=self.gate_name or default_gate_name(job_name),
            translator=self.translator,
        )
        job = publish_job(tables, name=job_name, resource_key=self.resource_key, translator=self.translator)
        return dg.Definitions(
            assets=registry_assets(tables, checked_translator(self.translator, "PublishComponent")),
            jobs=[job],
            sensors=[gate],
            resources={self.resource_key: self.registry},
        )


def _job_name(context: dg.ComponentLoadContext) -> str:
    """The default name of the publish job: another one for each folder, and always the same for one folder."""
    folder = _folder(context.path)
    root = context.defs_module_path
    parts = folder.relative_to(root).parts if folder.is_relative_to(root) else ()
    return JOB_NAME if parts in _OWN_NAMES else re.sub(r"\W", "_", "_".join((JOB_NAME, *parts)))


def _folder(path: Path) -> Path:
    """The folder of a component; one that is written in Python has the path of its file."""
    if path.suffix != ".py":
        return path
    return path.parent if path.name == "component.py" else path.with_suffix("")

"""PublishComponent: everything that publishing needs, from a few lines of YAML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, cast

import dagster as dg
from pydantic import BaseModel
from typing_extensions import Self

from registry_dagster.dagster.component.model import ENV_REFERENCE, Declared, PublishAttributes
from registry_dagster.dagster.component.scaffolder import PublishScaffolder
from registry_dagster.dagster.declare.declaration import Declaration
from registry_dagster.dagster.declare.feature_table import feature_table
from registry_dagster.dagster.definitions import definitions as with_registry
from registry_dagster.dagster.gate.sensor import publish_sensor
from registry_dagster.dagster.graph.external_assets import registry_assets
from registry_dagster.dagster.names import JOB_NAME, RESOURCE_KEY
from registry_dagster.dagster.publish.job import publish_job
from registry_dagster.dagster.resource import FeatureRegistry
from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.spelling import declared_from, read_declared
from registry_dagster.model.text import suggestion
from registry_dagster.yaml_document import Part

__all__ = ["PublishComponent"]


@dg.scaffold_with(PublishScaffolder)
@dataclass
class PublishComponent(dg.Component, dg.Resolvable):
    """Publishing of feature tables: resource, publish job, gate and lineage.

    Args:
        registry: Where versions are published to.
        definitions: Python files beside the YAML; the component loads them and declares their assets.
            Without any, the assets of `datasets` are made elsewhere in the code location and have their
            declarations there.
        datasets: Asset key → what its table means. The publish job and the gate take these assets;
            without any, every declared asset of the code location.
        approvals: A reviewed file of approvals for the gate, which is stopped until somebody starts it.
        resource_key: The key of the resource.
        job_name: Name of the publish job.
    """

    registry: FeatureRegistry = field(default_factory=FeatureRegistry)
    definitions: Sequence[str] = ()
    datasets: Mapping[str, FeatureTable] = field(default_factory=dict[str, FeatureTable])
    approvals: str | PathLike[str] | None = None
    resource_key: str = RESOURCE_KEY
    job_name: str = JOB_NAME

    @classmethod
    def model(cls) -> type[BaseModel]:
        """What the YAML may contain. Errors of the model that Dagster would derive are less precise."""
        return PublishAttributes

    @classmethod
    def resolve_from_model(cls, context: dg.ResolutionContext, model: BaseModel) -> Self:
        """The component that the YAML describes.

        Raises:
            InvalidDeclaration: the YAML file of a declaration cannot be read or declares something wrong.
        """
        given = PublishAttributes.model_validate(model)
        settings = given.registry.model_dump(exclude_unset=True)
        return cls(
            registry=FeatureRegistry(**_render_setting(context, settings)),
            definitions=given.definitions,
            datasets={key: _feature_table(context, key, declared) for key, declared in given.datasets.items()},
            approvals=_path_beside(context, given.gate.approvals) if given.gate.approvals is not None else None,
            resource_key=given.resource_key,
            job_name=given.job_name,
        )

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The definitions. Does not connect to anything.

        Raises:
            InvalidDeclaration: a file of `definitions` does not exist, or none of them makes an asset of `datasets`.
        """
        tables = {dg.AssetKey.from_user_string(key): table for key, table in self.datasets.items()}
        if not self.definitions:
            return self._without_assets(tables)
        return with_registry(
            _with_declarations(self._loaded(context), tables),
            registry=self.registry,
            approvals=self.approvals,
            resource_key=self.resource_key,
            job_name=self.job_name,
        )

    def _without_assets(self, tables: Mapping[dg.AssetKey, FeatureTable]) -> dg.Definitions:
        """What publishing needs where the assets are made elsewhere in the code location."""
        job = publish_job(tables, name=self.job_name, resource_key=self.resource_key)
        return dg.Definitions(
            assets=registry_assets({key: Declaration(table) for key, table in tables.items()}),
            jobs=[job],
            sensors=[publish_sensor(job=self.job_name, approvals=self.approvals, assets=list(tables) or None)],
            resources={self.resource_key: self.registry},
        )

    def _loaded(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        _check_files(self.definitions, context.path)
        modules = [context.load_defs_relative_python_module(Path(name)) for name in self.definitions]
        return dg.Definitions.merge(*map(dg.load_definitions_from_module, modules))


def _check_files(names: Sequence[str], folder: Path) -> None:
    for name in names:
        if not (folder / name).is_file():
            known = [path.name for path in folder.glob("*.py")]
            raise InvalidDeclaration(f"definitions: no file {name!r} in {folder}{suggestion(name, known)}")


def _with_declarations(defs: dg.Definitions, tables: Mapping[dg.AssetKey, FeatureTable]) -> dg.Definitions:
    known: list[str] = []

    def add_declaration(spec: dg.AssetSpec) -> dg.AssetSpec:
        known.append(spec.key.to_user_string())
        return feature_table(tables[spec.key])(spec) if spec.key in tables else spec

    defs = defs.map_asset_specs(func=add_declaration)
    _check_assets(tables, known)
    return defs


def _check_assets(tables: Iterable[dg.AssetKey], known: Sequence[str]) -> None:
    for name in (key.to_user_string() for key in tables):
        if name not in known:
            raise InvalidDeclaration(
                f"datasets: no asset {name!r} in definitions{suggestion(name, known)} Assets: {', '.join(known)}"
            )


def _render_setting(context: dg.ResolutionContext, value: object) -> Any:
    """The value, its templates filled in. A reference to the environment becomes an EnvVar and is never shown."""
    if isinstance(value, Mapping):
        inner = cast("Mapping[str, object]", value)
        return {name: _render_setting(context, each) for name, each in inner.items()}
    if isinstance(value, list):
        return [_render_setting(context, each) for each in cast("list[object]", value)]
    return _render_or_refer(context, value) if isinstance(value, str) else value


def _render_or_refer(context: dg.ResolutionContext, text: str) -> str:
    variable = re.match(ENV_REFERENCE, text)
    return dg.EnvVar(variable[1]) if variable else _render(context, text)


def _feature_table(context: dg.ResolutionContext, key: str, declared: Declared) -> FeatureTable:
    """The declaration of an asset, read from a file if it is the path of one, else from the component's file."""
    if isinstance(declared, str):
        return FeatureTable.from_yaml(_path_beside(context, declared))
    return declared if isinstance(declared, FeatureTable) else _declared_here(context, key, declared)


def _declared_here(context: dg.ResolutionContext, key: str, values: Mapping[Any, Any]) -> FeatureTable:
    """The declaration in the component's file, by its position there; from its values if there is no file."""
    tree = context.source_position_tree
    file = Path(tree.position.filename) if tree is not None else None
    if tree is not None and file is not None and file.is_file():
        part = Part(tree.position.start.line, (*context.path, "datasets", key))
        document = read_declared(file, FeatureTable, part)
        if document.root is not None:
            return declared_from(document, FeatureTable)
    return FeatureTable.from_json(values)


def _path_beside(context: dg.ResolutionContext, text: str) -> Path:
    return context.resolve_source_relative_path(_render(context, text))


def _render(context: dg.ResolutionContext, text: str) -> str:
    """The text with its templates filled in. A text without any is kept: Dagster would read 0x10 as a number."""
    return str(context.resolve_value(text, as_type=str)) if "{{" in text or "{%" in text else text

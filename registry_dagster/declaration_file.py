"""Declarations in files: the same words in YAML or JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import yaml

from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.feature_table import FeatureTable

__all__ = ["read_declaration"]


class _Loader(yaml.SafeLoader):
    """Plain data only; a key given twice is an error, not a silent loss."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in cast("list[tuple[yaml.Node, yaml.Node]]", node.value):
            key = cast("object", self.construct_object(key_node, deep=True))
            if not isinstance(key, str | int | float | bool):
                raise yaml.MarkedYAMLError(problem="a key must be a plain word", problem_mark=key_node.start_mark)
            if key in seen:
                raise yaml.MarkedYAMLError(problem=f"{key!r} is given twice", problem_mark=key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


def read_declaration(path: Path) -> FeatureTable:
    """Read a FeatureTable from a YAML or JSON file.

    Raises:
        InvalidDeclaration: the file cannot be read, is not YAML, or declares something wrong.
    """
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise InvalidDeclaration(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidDeclaration(f"{path}: not a YAML file: {error}") from error
    try:
        return FeatureTable.from_json(data)
    except InvalidDeclaration as error:
        raise InvalidDeclaration(f"{path}: {error}") from None

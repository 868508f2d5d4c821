"""Declarations in YAML or JSON: plain data, and the line that a problem is on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, cast

import yaml

from registry_dagster.errors import InvalidDeclaration, Problem

__all__ = ["Document", "read_document"]

_FILE_NAME = re.compile(r"\S.*\.(ya?ml|json)")
_MERGE = "tag:yaml.org,2002:merge"


class _Loader(yaml.SafeLoader):
    """Plain data only; a key given twice is an error, not a silent loss."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node in (each for each, _ in _pairs(node) if each.tag != _MERGE):
            key = self._plain_key(key_node)
            if key in seen:
                raise yaml.MarkedYAMLError(problem=f"{key!r} is given twice", problem_mark=key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)

    def _plain_key(self, node: yaml.Node) -> str | float:
        key = cast("object", self.construct_object(node, deep=True))
        if not isinstance(key, str | int | float | bool):
            raise yaml.MarkedYAMLError(problem="a key must be a plain word", problem_mark=node.start_mark)
        return key


@dataclass(frozen=True)
class Document:
    """A YAML document.

    Args:
        name: What messages call it: the file's path.
        data: Its plain data.
        root: Its nodes, which know their lines.
    """

    name: str
    data: Any
    root: yaml.Node | None

    def located(self, title: str, problems: Sequence[Problem]) -> str:
        """What is wrong with the data, with the document's name and the line of each problem.

        Args:
            title: What the document was meant to be.
            problems: What is wrong, by paths into the data.
        """
        if self.root is None:
            return "\n".join(f"{self.name}: {title}: {problem}" for problem in problems)
        lines = [_line(self.root, problem.path) for problem in problems]
        if len(problems) == 1:
            return f"{self.name}, line {lines[0]}: {title}: {problems[0]}"
        items = (f"  - line {line}: {problem}" for line, problem in zip(lines, problems, strict=True))
        return "\n".join([f"{self.name}: {title}:", *items])


def read_document(source: str | PathLike[str]) -> Document:
    """Read one YAML or JSON document.

    Args:
        source: The path of a file, as a `Path`; or the text itself.

    Raises:
        InvalidDeclaration: the file cannot be read, or is not YAML.
    """
    if isinstance(source, str) and _FILE_NAME.fullmatch(source):
        raise InvalidDeclaration(f"{source!r} is the name of a file; give it as a path: Path({source!r})")
    name = "the YAML text" if isinstance(source, str) else str(source)
    loader = _loader(source, name)
    try:
        return _document(loader)
    except yaml.YAMLError as error:
        raise InvalidDeclaration(f"{name}: not a YAML file: {error}") from error
    finally:
        loader.dispose()


def _loader(source: str | PathLike[str], name: str) -> _Loader:
    try:
        loader = _Loader(source if isinstance(source, str) else Path(source).read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidDeclaration(f"{name}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidDeclaration(f"{name}: not a YAML file: {error}") from error
    loader.name = name
    return loader


def _document(loader: _Loader) -> Document:
    root = loader.get_single_node()
    data = None if root is None else cast("Any", loader.construct_document(root))
    return Document(loader.name, data, root)


def _line(node: yaml.Node, path: Sequence[str | int]) -> int:
    """The line of the innermost part of a path that is in the document: of its key, if it has one."""
    line = node.start_mark.line
    for step in path:
        found = _children(node).get(str(step))
        if found is None:
            break
        line, node = found[0].line, found[1]
    return line + 1


def _children(node: yaml.Node) -> dict[str, tuple[yaml.Mark, yaml.Node]]:
    """What is right below a node, by key or position, with where it begins."""
    if isinstance(node, yaml.MappingNode):
        # Backwards, so that of `1` and `"1"` the first counts.
        return {str(cast("object", key.value)): (key.start_mark, value) for key, value in reversed(_pairs(node))}
    if isinstance(node, yaml.SequenceNode):
        items = cast("list[yaml.Node]", node.value)
        return {str(index): (item.start_mark, item) for index, item in enumerate(items)}
    return {}


def _pairs(node: yaml.MappingNode) -> list[tuple[yaml.Node, yaml.Node]]:
    return cast("list[tuple[yaml.Node, yaml.Node]]", node.value)

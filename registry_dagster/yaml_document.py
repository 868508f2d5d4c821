"""Declarations in YAML or JSON: plain data, and the line that a problem stands on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, cast

import yaml

from registry_dagster.errors import InvalidDeclaration

__all__ = ["Document", "read_document"]

_FILE_NAME = re.compile(r"\S.*\.(ya?ml|json)")
_TITLE = re.compile(r"[A-Z]\w*:\s*")
_ITEM = "  - "
_MERGE = "tag:yaml.org,2002:merge"


class _Loader(yaml.SafeLoader):
    """Plain data only; a key given twice is an error, not a silent loss."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in _pairs(node):
            if key_node.tag == _MERGE:
                continue
            key = cast("object", self.construct_object(key_node, deep=True))
            if not isinstance(key, str | int | float | bool):
                raise yaml.MarkedYAMLError(problem="a key must be a plain word", problem_mark=key_node.start_mark)
            if key in seen:
                raise yaml.MarkedYAMLError(problem=f"{key!r} is given twice", problem_mark=key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


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

    def located(self, message: str, fields: Sequence[str]) -> str:
        """A message about the data, with the document's name and the lines of the problems.

        Args:
            message: One line a problem, `field.field: what is wrong`, as the models word it.
            fields: The names of the top level, in the order that problems are reported in.
        """
        if self.root is None:
            return f"{self.name}: {message}"
        title, *problems = message.split(f"\n{_ITEM}")
        if not problems:
            line, _ = _found(self.root, title)
            return f"{self.name}, line {line}: {message}"
        lines = zip(_lines(self.root, title, problems, fields), problems, strict=True)
        return "\n".join([f"{self.name}: {title}", *(f"{_ITEM}line {line}: {problem}" for line, problem in lines)])


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
    try:
        text = source if isinstance(source, str) else Path(source).read_text(encoding="utf-8")
        loader = _Loader(text)
    except OSError as error:
        raise InvalidDeclaration(f"{name}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidDeclaration(f"{name}: not a YAML file: {error}") from error
    loader.name = name
    try:
        root = loader.get_single_node()
        data = None if root is None else cast("Any", loader.construct_document(root))
    except yaml.YAMLError as error:
        raise InvalidDeclaration(f"{name}: not a YAML file: {error}") from error
    finally:
        loader.dispose()
    return Document(name, data, root)


def _lines(root: yaml.Node, title: str, problems: Sequence[str], fields: Sequence[str]) -> Iterator[int]:
    """The line of each problem.

    `columns.x: Position:` opens a part whose problems follow it and are named from there. Top-level
    problems come in the order of the fields, so what names an earlier field belongs to the open part.
    Where one part has all the problems, the title opens it.
    """
    part_line, part = _found(root, title)
    order = 0
    if part is not root:
        fields = ()
    for problem in problems:
        first = re.match(r"\w*", problem)
        index = fields.index(first[0]) if first and first[0] in fields else None
        if index is not None and index >= order:
            order = index
            line, node = _found(root, problem)
            if problem.endswith(":"):
                part, part_line = node, line
            yield line
        else:
            line, node = _found(part, problem)
            if node is part:
                line, node = _found(root, problem)
            yield part_line if node is root else line


def _found(node: yaml.Node, problem: str) -> tuple[int, yaml.Node]:
    """The innermost node that a problem's text leads to, and its line: that of the key, where it has one."""
    line = node.start_mark.line + 1
    while True:
        problem = _TITLE.sub("", problem, count=1) if _TITLE.match(problem) else problem
        # The longest first: a column may be called pt, another pt.x.
        steps = sorted(_children(node), key=lambda step: -len(step[0]))
        for name, mark, child in steps:
            if problem.startswith((f"{name}.", f"{name}:")):
                line, node, problem = mark.line + 1, child, problem[len(name) + 1 :].lstrip()
                break
        else:
            return line, node


def _children(node: yaml.Node) -> Iterator[tuple[str, yaml.Mark, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in _pairs(node):
            yield str(cast("object", key.value)), key.start_mark, value
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(cast("list[yaml.Node]", node.value)):
            yield str(index), item.start_mark, item


def _pairs(node: yaml.MappingNode) -> list[tuple[yaml.Node, yaml.Node]]:
    return cast("list[tuple[yaml.Node, yaml.Node]]", node.value)

"""Declarations in YAML or JSON: plain data within bounds, and the line that a problem is on."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple, cast

import yaml

from registry_dagster.errors import InvalidDeclaration, Problem
from registry_dagster.too_fine import TOO_FINE, is_too_fine

__all__ = ["Document", "Part", "read_document", "read_items"]

_FILE_NAME = re.compile(r"\S.*\.(ya?ml|json)")
_MERGE = "tag:yaml.org,2002:merge"
_MOMENT = "tag:yaml.org,2002:timestamp"
_TEXT = "tag:yaml.org,2002:str"

_LARGEST = 10_000_000
"""Characters of a document."""
_DEEPEST = 50
"""Levels of lists and mappings inside each other."""
_MOST = 200_000
"""Values of a document, those that an alias repeats counted each time."""
_LONGEST_NUMBER = 100
"""Characters of a number, a moment or another value that is not text."""

Prepare = Callable[[yaml.Node], None]
"""Changes the nodes of a document before its values are made of them."""


class Part(NamedTuple):
    """One value inside a file, which may hold several documents.

    Args:
        line: The line on which its document starts, counted from 1.
        path: The keys and positions that lead to it inside the document.
    """

    line: int
    path: tuple[str | int, ...]


class _Unfit(yaml.MarkedYAMLError):
    """YAML in form, but not what a declaration may hold."""


class _Loader(yaml.SafeLoader):
    """Plain data only, within bounds; a key given twice is an error, not a silent loss."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        # How many values a node holds. An alias repeats a node, so the nodes alone do not say it.
        self._weights: dict[int, int] = {}

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        mark = cast("yaml.Event", self.peek_event()).start_mark
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _Unfit(problem=f"nested more than {_DEEPEST} levels deep", problem_mark=mark)
        is_alias = cast("bool", self.check_event(yaml.AliasEvent))
        node = super().compose_node(parent, index)
        self._depth -= 1
        if node is not None and not is_alias:
            self._weights[id(node)] = 1 + sum(self._weight(child, mark) for child in _inner(node))
        return node

    def _weight(self, node: yaml.Node, mark: yaml.Mark) -> int:
        weight = self._weights.get(id(node))
        if weight is None:
            raise _Unfit(problem="contains itself by an alias", problem_mark=mark)
        return weight

    def check_size(self, node: yaml.Node) -> None:
        """Refuse a node that holds more values than any declaration has, aliases counted."""
        if self._weights[id(node)] > _MOST:
            raise _Unfit(problem=f"more than {_MOST:,} values, aliases counted", problem_mark=node.start_mark)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        if not isinstance(node, yaml.ScalarNode) or node.tag == _TEXT:
            return cast("Any", super().construct_object(node, deep))
        text = cast("str", node.value)
        if len(text) > _LONGEST_NUMBER:
            what = f"{text[:20]}… has {len(text):,} characters; shorten it, or put it in quotes if it is text"
            raise _Unfit(problem=what, problem_mark=node.start_mark)
        if node.tag == _MOMENT and is_too_fine(text):
            raise _Unfit(problem=f"{text} {TOO_FINE}", problem_mark=node.start_mark)
        try:
            return cast("Any", super().construct_object(node, deep))
        except (ValueError, OverflowError) as error:
            what = f"{text!r} is not a value: {error}; correct it, or put it in quotes if it is text"
            raise _Unfit(problem=what, problem_mark=node.start_mark) from None

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node in (each for each, _ in _pairs(node) if each.tag != _MERGE):
            key = self._plain_key(key_node)
            if key in seen:
                raise _Unfit(problem=f"{key!r} is given twice; keep one", problem_mark=key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)

    def _plain_key(self, node: yaml.Node) -> str | float:
        key = cast("object", self.construct_object(node, deep=True))
        if not isinstance(key, str | int | float | bool):
            raise _Unfit(problem="a key must be a plain word", problem_mark=node.start_mark)
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

    def located(self, problems: Sequence[Problem], title: str = "") -> str:
        """What is wrong with the data, with the document's name and the line of each problem.

        Args:
            problems: What is wrong, by paths into the data.
            title: What they have in common, if there is more to say than where they are.
        """
        about = f" {title}:" if title else ""
        if self.root is None:
            return "\n".join(f"{self.name}:{about} {problem}" for problem in problems)
        lines = [_line(self.root, problem.path) for problem in problems]
        if len(problems) == 1:
            return f"{self.name}, line {lines[0]}:{about} {problems[0]}"
        items = (f"  - line {line}: {problem}" for line, problem in zip(lines, problems, strict=True))
        return "\n".join([f"{self.name}:{about}", *items])


def read_document(source: str | PathLike[str], prepare: Prepare | None = None, part: Part | None = None) -> Document:
    """Read one YAML or JSON document, or one value inside a file.

    Args:
        source: The path of a file, as a `Path`; or the text itself.
        prepare: Changes its nodes before its values are made of them.
        part: The value to read; None for the one document.

    Raises:
        InvalidDeclaration: the file cannot be read, is not YAML, or holds what no declaration needs: impossible
            dates, endless numbers, values nested or repeated without bounds.
    """
    name, loader, root = _nodes(source, part)
    try:
        return _document(name, loader, root, prepare)
    finally:
        loader.dispose()


def read_items(
    source: str | PathLike[str], prepare: Prepare | None = None
) -> Document | list[Document | InvalidDeclaration]:
    """Read a document that is a list: each item by itself, so that a wrong one keeps no other out.

    Args:
        source: As for `read_document`.
        prepare: Changes the nodes of an item before its values are made of them.

    Returns:
        Each item, or what is wrong with it. The document itself if it is not a list.

    Raises:
        InvalidDeclaration: the file cannot be read, or is not YAML.
    """
    name, loader, root = _nodes(source)
    try:
        if not isinstance(root, yaml.SequenceNode):
            return _document(name, loader, root, prepare)
        items: list[Document | InvalidDeclaration] = []
        for node in cast("list[yaml.Node]", root.value):
            try:
                items.append(_document(name, loader, node, prepare))
            except InvalidDeclaration as error:
                items.append(error)
        return items
    finally:
        loader.dispose()


def _nodes(source: str | PathLike[str], part: Part | None = None) -> tuple[str, _Loader, yaml.Node | None]:
    if not isinstance(cast("object", source), str | PathLike):
        kind = type(source).__name__
        raise InvalidDeclaration(f"a document must be a Path or its text, got {kind}; write e.g. Path('file.yaml')")
    if isinstance(source, str) and _FILE_NAME.fullmatch(source):
        raise InvalidDeclaration(f"{source!r} is the name of a file; give it as a path: Path({source!r})")
    name = "the YAML text" if isinstance(source, str) else str(source)
    loader = _loader(source, name)
    try:
        return name, loader, loader.get_single_node() if part is None else _found(loader, part)
    except yaml.YAMLError as error:
        loader.dispose()
        raise _explained(name, error) from error


def _loader(source: str | PathLike[str], name: str) -> _Loader:
    try:
        loader = _Loader(_bounded(name, source if isinstance(source, str) else _text_of(Path(source))))
    except OSError as error:
        raise InvalidDeclaration(f"{name}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidDeclaration(f"{name}: not a YAML file: {error}") from error
    loader.name = name
    return loader


def _text_of(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        return file.read(_LARGEST + 1)


def _bounded(name: str, text: str) -> str:
    if len(text) > _LARGEST:
        raise InvalidDeclaration(f"{name}: more than {_LARGEST:,} characters; split it into several files")
    return text


def _found(loader: _Loader, part: Part) -> yaml.Node | None:
    """The node of a part; None if the file was changed and no longer has it."""
    while loader.check_node():
        node = cast("yaml.Node", loader.get_node())
        if node.start_mark.line + 1 == part.line:
            return _below(node, part.path)
    return None


def _below(node: yaml.Node, path: Sequence[str | int]) -> yaml.Node | None:
    for step in path:
        found = _children(node).get(str(step))
        if found is None:
            return None
        node = found[1]
    return node


def _document(name: str, loader: _Loader, root: yaml.Node | None, prepare: Prepare | None) -> Document:
    if root is None:
        return Document(name, None, None)
    try:
        loader.check_size(root)
        if prepare is not None:
            prepare(root)
        return Document(name, cast("Any", loader.construct_document(root)), root)
    except yaml.YAMLError as error:
        raise _explained(name, error) from error


def _explained(name: str, error: yaml.YAMLError) -> InvalidDeclaration:
    if isinstance(error, _Unfit) and error.problem_mark is not None:
        return InvalidDeclaration(f"{name}, line {error.problem_mark.line + 1}: {error.problem}")
    return InvalidDeclaration(f"{name}: not a YAML file: {error}")


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


def _inner(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [each for pair in _pairs(node) for each in pair]
    return cast("list[yaml.Node]", node.value) if isinstance(node, yaml.SequenceNode) else []


def _pairs(node: yaml.MappingNode) -> list[tuple[yaml.Node, yaml.Node]]:
    return cast("list[tuple[yaml.Node, yaml.Node]]", node.value)

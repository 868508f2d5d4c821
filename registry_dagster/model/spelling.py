"""What was typed is what is read: YAML's numbers and yes/no words as text, wherever the model wants text.

YAML 1.1 reads `0626` as 406, `12:30` as 750, `0x1F` as 31, `1:1` as 61 and `on` as true. A version, name, label or
column is none of that, so its source text is taken before YAML makes a number of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, partial
from os import PathLike
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeGuard, TypeVar, Union, cast, get_args, get_origin

import yaml
from pydantic import BaseModel

from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.base import Model
from registry_dagster.model.variants import OneOf
from registry_dagster.yaml_document import Document, Part, read_document, read_items

__all__ = ["declared_from", "read_declared", "read_declared_items"]

M = TypeVar("M", bound=Model)

_TEXT = "tag:yaml.org,2002:str"
_MERGE = "tag:yaml.org,2002:merge"
_NOTHING = "tag:yaml.org,2002:null"
_READ_OTHERWISE = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("int", "float", "bool", "timestamp"))


def read_declared(source: str | PathLike[str], shape: type[BaseModel], part: Part | None = None) -> Document:
    """Read a document that declares `shape`, with the source text wherever that wants text.

    Raises:
        InvalidDeclaration: as `read_document`.
    """
    return read_document(source, partial(_take_texts, shape=shape), part)


def declared_from(document: Document, kind: type[M]) -> M:
    """What a document declares.

    Raises:
        InvalidDeclaration: it declares something wrong: one line a problem, with the file and the line.
    """
    try:
        return kind.from_json(document.data)
    except InvalidDeclaration as error:
        raise InvalidDeclaration(document.located(error.problems), error.problems) from None


def read_declared_items(
    source: str | PathLike[str], shape: type[BaseModel]
) -> Document | list[Document | InvalidDeclaration]:
    """Read a list of which each item declares `shape`; see `read_items`.

    Raises:
        InvalidDeclaration: as `read_items`.
    """
    return read_items(source, partial(_take_texts, shape=shape))


def _take_texts(node: yaml.Node, shape: Any) -> None:
    """Mark as text each scalar below a node that `shape` has as text."""
    choices = list(_choices(shape))
    if isinstance(node, yaml.ScalarNode):
        if node.tag in _READ_OTHERWISE and any(map(_is_text, choices)):
            node.tag = _TEXT
    elif isinstance(node, yaml.SequenceNode):
        shape = _item_of(choices)
        for item in cast("list[yaml.Node]", node.value):
            if _is_null_word(item) and any(map(_is_text, _choices(shape))):
                item.tag = _TEXT
            _take_texts(item, shape)
    elif isinstance(node, yaml.MappingNode):
        _take_texts_of_mapping(node, choices)


def _take_texts_of_mapping(node: yaml.MappingNode, choices: Sequence[Any]) -> None:
    fields = _fields_of(node, choices)
    values = next((get_args(each)[1] for each in choices if get_origin(each) is Mapping), None)
    for key, value in _all_pairs(node):
        if key.tag in _READ_OTHERWISE or _is_null_word(key):
            key.tag = _TEXT
        _take_texts(value, fields.get(str(cast("object", key.value)), values))


def _fields_of(node: yaml.MappingNode, choices: Sequence[Any]) -> Mapping[str, Any]:
    """The fields of the model that a mapping declares: of a union's variants, the one that its tags name."""
    models = list(filter(_is_model, choices))
    if len(models) > 1:
        given = {key.value: value.value for key, value in _all_pairs(node) if isinstance(value, yaml.ScalarNode)}
        models = [each for each in models if _tags_of(each) and _tags_of(each).items() <= given.items()]
    return {name: field.annotation for model in models for name, field in model.model_fields.items()}


def _all_pairs(node: yaml.MappingNode) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    """The pairs of a mapping, after those that are merged into it."""
    pairs = cast("list[tuple[yaml.Node, yaml.Node]]", node.value)
    for key, value in pairs:
        if key.tag == _MERGE:
            merged = cast("list[yaml.Node]", value.value) if isinstance(value, yaml.SequenceNode) else [value]
            for each in merged:
                if isinstance(each, yaml.MappingNode):
                    yield from _all_pairs(each)
    yield from (pair for pair in pairs if pair[0].tag != _MERGE)


@lru_cache
def _tags_of(model: type[BaseModel]) -> Mapping[str, object]:
    """The fields that distinguish a variant of a union, with the one value that each has."""
    return {
        name: get_args(field.annotation)[0]
        for name, field in model.model_fields.items()
        if get_origin(field.annotation) is Literal and len(get_args(field.annotation)) == 1
    }


def _choices(shape: Any) -> Iterator[Any]:
    """The alternatives of a type, without what is annotated beside them."""
    if get_origin(shape) is Annotated:
        inner, *beside = get_args(shape)
        variants = [kind for each in beside if isinstance(each, OneOf) for kind in each.kinds.values()]
        yield from variants or _choices(inner)
    elif get_origin(shape) in (Union, UnionType):
        for each in get_args(shape):
            yield from _choices(each)
    elif shape is not None and shape is not NoneType:
        yield shape


def _item_of(choices: Sequence[Any]) -> Any:
    """What a list holds. A tuple such as (x, y, z) holds the same everywhere."""
    return next((get_args(each)[0] for each in choices if get_origin(each) in (tuple, Sequence)), None)


def _is_null_word(node: yaml.Node) -> bool:
    """Whether a node is `null`, spelled out: as a key or in a list of texts, a name that somebody gave."""
    return node.tag == _NOTHING and str(cast("object", node.value)).lower() == "null"


def _is_text(shape: Any) -> bool:
    """Whether a scalar is wanted as text. A model is, too: some can be given by a name alone."""
    is_word = get_origin(shape) is Literal and isinstance(get_args(shape)[0], str)
    return shape is str or is_word or _is_model(shape)


def _is_model(shape: Any) -> TypeGuard[type[BaseModel]]:
    return isinstance(shape, type) and issubclass(shape, BaseModel)

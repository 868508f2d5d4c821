"""Names and how they are written: datasets, versions, materialization versions, column paths."""

from __future__ import annotations

import re
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, BeforeValidator, Field

from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.text import shown

__all__ = [
    "MOST_VERSIONS",
    "ColumnPath",
    "DatasetName",
    "MaterializationNameText",
    "SystemName",
    "VersionName",
    "VersionNameText",
    "VersionText",
    "exact_version",
    "is_dataset_name",
    "is_version_name",
    "join_path",
    "materialization_name",
    "name_text",
    "parse_version",
    "split_path",
]

MOST_VERSIONS = 1_000_000
"""No dataset has more. Numbers are dense, so a higher one was made up by others; nobody looks for those below it."""

_DATASET = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9][a-z0-9_]*)*")
_VERSION = re.compile(rf"(?P<dataset>{_DATASET.pattern})@v(?P<number>[1-9][0-9]{{0,8}})")
_UPSTREAM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")


class VersionName(NamedTuple):
    """The name of one version: as text, `dataset@vN`."""

    dataset: str
    number: int

    def __str__(self) -> str:
        return f"{self.dataset}@v{self.number}"


class ParsedVersion(NamedTuple):
    """A dataset's name and, when one was given, the number of its version."""

    dataset: str
    number: int | None

    @property
    def exact(self) -> VersionName | None:
        """The one version that is named; None for a dataset's name alone."""
        return None if self.number is None else VersionName(self.dataset, self.number)


def name_text(name: object) -> str:
    """The name of a dataset or version, as people pass it.

    Raises:
        InvalidDeclaration: it is not text; says what to write.
    """
    if isinstance(name, str):
        return name
    own: object = getattr(name, "name", None)
    example = own if isinstance(own, str) else "minnie65.synapse_embeddings@v3"
    raise InvalidDeclaration(f"a name must be text, got {shown(name)}; write {example!r}")


def parse_version(name: str) -> ParsedVersion:
    """Split `minnie65.synapse_embeddings@v3` (or a dataset's name alone).

    Raises:
        InvalidDeclaration: the text is neither.
    """
    name = name_text(name)
    if match := _VERSION.fullmatch(name):
        return ParsedVersion(match["dataset"], int(match["number"]))
    if _DATASET.fullmatch(name):
        return ParsedVersion(name, None)
    lab, slash, own = name.partition("/")
    if lab and slash and (_VERSION.fullmatch(own) or _DATASET.fullmatch(own)):
        raise InvalidDeclaration(
            f"{name!r} is of another lab, and here a name of one registry is expected: name {own} in the registry of "
            f"{lab}; to find it there, ask the remote {lab}"
        )
    raise InvalidDeclaration(
        f"{name!r} is not the name of a dataset or version; write minnie65.synapse_embeddings "
        "or minnie65.synapse_embeddings@v3 (lower-case segments joined by dots)"
    )


def is_dataset_name(text: str) -> bool:
    """Whether a text could name a dataset: `hemibrain` could, `minnie65_Public` could not."""
    return _DATASET.fullmatch(text) is not None


def is_version_name(text: str) -> bool:
    """Whether a text could name one version: `hemibrain.neurons@v3` could, `hemibrain.neurons` could not."""
    return _VERSION.fullmatch(text) is not None


def exact_version(name: str) -> VersionName:
    """The version that `dataset@vN` names.

    Raises:
        InvalidDeclaration: the text is not that of one version.
    """
    dataset, number = parse_version(name)
    if number is None:
        raise InvalidDeclaration(f"{name!r} is not an exact version; write {name}@vN with its number")
    return VersionName(dataset, number)


def _dataset_name(name: str) -> str:
    if _DATASET.fullmatch(name):
        return name
    raise ValueError(
        f"{name!r} is not a dataset name; use lower-case letters, digits and _ in segments joined by "
        "dots, e.g. minnie65.synapse_embeddings"
    )


def _version_name_text(name: str) -> str:
    if _VERSION.fullmatch(name):
        return name
    raise ValueError(f"{name!r} is not an exact version; write it as minnie65.synapse_embeddings@v3")


def _upstream_text(text: str) -> str:
    if _UPSTREAM.fullmatch(text):
        return text
    raise ValueError(
        f"{text!r} cannot name an upstream system or version; use letters, digits and . _ + -, "
        "starting with a letter or digit, e.g. minnie65_public or v1.2.1"
    )


def materialization_name(text: str) -> str:
    """The text, if it is `system@version`.

    Raises:
        ValueError: it is not.
    """
    system, at, version = text.partition("@")
    if at and _UPSTREAM.fullmatch(system) and _UPSTREAM.fullmatch(version):
        return text
    raise ValueError(f"{text!r} is not a materialization version; write it as minnie65_public@1300")


def _whole_number(value: object) -> object:
    if isinstance(value, float):
        raise ValueError(f"{value!r} is a number with a point, which loses trailing zeros; put the version in quotes")
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def split_path(path: str) -> tuple[str, ...]:
    """The names along a column path. A dot inside a name is written as backslash dot."""
    if "\\" not in path:
        return tuple(filter(None, path.split(".")))
    parts = re.findall(r"(?:[^.\\]|\\.)+", path)
    return tuple(re.sub(r"\\(.)", r"\1", part) for part in parts)


def join_path(parts: tuple[str, ...]) -> str:
    """The column path of nested names: `("pt", "position")` is `pt.position`."""
    return ".".join(part.replace("\\", r"\\").replace(".", r"\.") for part in parts)


def _column_path(path: str) -> str:
    if not path.isidentifier() and (not path or join_path(split_path(path)) != path):
        raise ValueError(
            f"{path!r} is not a column path; write a column's name, or nested names joined by dots "
            r"(a dot inside a name as \.)"
        )
    return path


DatasetName = Annotated[str, Field(max_length=200), AfterValidator(_dataset_name)]
VersionNameText = Annotated[str, Field(max_length=220), AfterValidator(_version_name_text)]
SystemName = Annotated[str, Field(max_length=100), AfterValidator(_upstream_text)]
VersionText = Annotated[
    str,
    BeforeValidator(_whole_number, json_schema_input_type=int | str),
    Field(max_length=100),
    AfterValidator(_upstream_text),
]
ColumnPath = Annotated[str, Field(max_length=1000), AfterValidator(_column_path)]
MaterializationNameText = Annotated[str, Field(max_length=220), AfterValidator(materialization_name)]

"""What the files of a mirror are called, and what is in them. All of them are plain JSON."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from pydantic import field_validator, model_validator
from typing_extensions import Self

from registry_dagster.model.act import Act
from registry_dagster.model.base import Model, in_json
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.names import VersionNameText, exact_version
from registry_dagster.model.recorded import reading_records
from registry_dagster.tables.json_text import strict_json_value

__all__ = [
    "INDEX",
    "MOST_BYTES",
    "DatasetFile",
    "Index",
    "Listed",
    "ListedMaterialization",
    "RetiredNow",
    "VersionFile",
    "checksum",
    "dataset_path",
    "file_bytes",
    "model_in",
    "version_path",
]

MOST_BYTES = 256 * 2**20
"""Of one file. An index of 100,000 versions has some 25 MB, a record of 10,000 columns some MB."""

INDEX = "index.json"
"""The file that names all others."""

M = TypeVar("M", bound=Model)


class Listed(Model):
    """One file, as the index lists it.

    Args:
        name: What it is about: a dataset, `dataset@vN` or `system@version`.
        file: Where it is, beside the index.
        sha256: The checksum of its bytes, in hexadecimal.
    """

    name: str
    file: str
    sha256: str

    @property
    def key(self) -> str:
        """What no other of its kind has."""
        return self.name

    @field_validator("file")
    @classmethod
    def _within(cls, file: str) -> str:
        # Others write mirrors: none of them says which other file of this machine is read.
        if file.startswith("/") or "\\" in file or ".." in file.split("/"):
            raise ValueError(f"{file!r} is not a path beside the index")
        return file


class ListedMaterialization(Listed):
    """The file of a materialization version.

    Args:
        source: The kind of its upstream system.
    """

    source: str

    @property
    def key(self) -> str:
        return f"{self.source}/{self.name}"


class Index(Model):
    """All files of a mirror.

    Args:
        mirror_format: The form of the files.
        env: DataHub's environment that was mirrored.
        datasets, materializations: In the order of names.
        versions: In the order in which they were published.
    """

    _tag = in_json("mirror_format")
    mirror_format: Literal[1] = 1
    env: str
    datasets: tuple[Listed, ...] = ()
    versions: tuple[Listed, ...] = ()
    materializations: tuple[ListedMaterialization, ...] = ()

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        for kind, listed in (("dataset", self.datasets), ("version", self.versions), ("state", self.materializations)):
            names = Counter(each.key for each in listed)
            if twice := [name for name, times in names.items() if times > 1]:
                raise ValueError(f"it lists the {kind} {twice[0]} twice")
        return self

    @property
    def checksums(self) -> dict[str, str]:
        """File → its checksum."""
        return {each.file: each.sha256 for each in (*self.datasets, *self.versions, *self.materializations)}


class RetiredNow(Model):
    """That a version is retired now, by an act or by a person in DataHub.

    Args:
        by: Who retired it.
        reason: Why.
        replacement: The version to use instead.
    """

    by: str
    reason: str
    replacement: VersionNameText | None = None


class DatasetFile(Model):
    """What is in the file of a dataset.

    Args:
        dataset: How people describe it now.
        highest: The highest number ever given to a version.
        acts: What people did to it and its versions: who, why, when; oldest first.
        retired: Version → by whom and why it is retired now.
        removed: The versions that were removed in DataHub.
    """

    dataset: Dataset
    highest: int
    acts: tuple[Act, ...] = ()
    retired: Mapping[VersionNameText, RetiredNow] = {}
    removed: tuple[VersionNameText, ...] = ()


class VersionFile(Model):
    """What is in the file of a version.

    Args:
        digest: The digest of the record.
        content_digest: The digest of what was published, without its number and its publisher's words.
        record: The record.
    """

    digest: str
    content_digest: str
    record: Mapping[str, Any]

    @classmethod
    def of(cls, record: DatasetVersion) -> VersionFile:
        """The file of a record."""
        return cls(digest=record.digest, content_digest=record.content_digest, record=record.json_form)

    @property
    def proven(self) -> DatasetVersion | None:
        """The record, if both digests prove it.

        Raises:
            ValueError: it is not a record.
        """
        with reading_records():
            record = DatasetVersion.from_json(dict(self.record))
        return record if (record.digest, record.content_digest) == (self.digest, self.content_digest) else None


def dataset_path(dataset: str) -> str:
    """The file of a dataset."""
    return f"datasets/{dataset}/dataset.json"


def version_path(version: str) -> str:
    """The file of `dataset@vN`."""
    dataset, number = exact_version(version)
    return f"datasets/{dataset}/v{number}.json"


def file_bytes(model: Model | MaterializationVersion) -> bytes:
    """The bytes of a file: the same for the same content."""
    return (json.dumps(model.to_json(), indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def checksum(content: bytes) -> str:
    """The checksum that the index lists."""
    return hashlib.sha256(content).hexdigest()


def model_in(kind: type[M], content: bytes) -> M:
    """What a file holds.

    Raises:
        ValueError: it holds something else.
    """
    value = strict_json_value(content)
    with reading_records():
        return kind.from_json(value)

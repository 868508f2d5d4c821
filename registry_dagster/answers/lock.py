"""A lock: which versions a paper used, exactly, and what was true of them then; a text that is kept beside it."""

from __future__ import annotations

import re
from os import PathLike
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator
from typing_extensions import Self

from registry_dagster.answers.answer import Basis, Verdict
from registry_dagster.answers.lifecycle import State
from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.base import Model, Several, in_json
from registry_dagster.model.moments import UtcDateTime
from registry_dagster.model.names import ColumnPath, VersionNameText
from registry_dagster.model.table import AnyPin, Location
from registry_dagster.model.text import Description, Text, shown

__all__ = ["Lock", "LockedJoin", "LockedState", "LockedVersion"]

_HEAD = "# Written by `feature-registry lock`; `feature-registry lock --check FILE` compares it with the registry.\n"


def _digest(text: str) -> str:
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", text):
        raise ValueError(f"{shown(text)} is not a digest; write sha256: and its 64 digits, as show prints them")
    return text


Digest = Annotated[str, AfterValidator(_digest)]


class LockedState(Model):
    """A materialization version, as it was when it was locked.

    Args:
        name: `source/system@version`.
        state: Its lifecycle.
        expires_on: When its system drops it, if that was recorded.
    """

    name: Text
    state: State
    expires_on: UtcDateTime | None = None


class LockedVersion(Model):
    """One version, as it was when it was locked.

    Args:
        version: `dataset@vN`.
        digest: That of its record, which never changes.
        content_digest: That of what was published, without who, why and when.
        location: Where its table was recorded.
        pin: The physical version of the table.
        materializations: What it was made against.
        retired: By whom and why it was retired, if it was.
    """

    version: VersionNameText
    digest: Digest
    content_digest: Digest
    location: Location
    pin: AnyPin
    materializations: Several[LockedState] = Field(min_length=1)
    retired: Description | None = None


class LockedJoin(Model):
    """The best way by key between two of the versions, as it was answered.

    Args:
        a, b: The two.
        columns: Pairs of columns that are equal; over a bridge those of each step in turn.
        through: The bridges.
        verdict: How well it holds.
        basis: What that rests on; None if the verdict is unknown.
    """

    a: VersionNameText
    b: VersionNameText
    columns: Several[tuple[ColumnPath, ColumnPath]]
    through: Several[Text] = ()
    verdict: Verdict
    basis: Basis | None = None

    def __str__(self) -> str:
        through = f" through {', '.join(self.through)}" if self.through else ""
        return f"{self.a} ↔ {self.b}{through} on {', '.join(f'{left} = {right}' for left, right in self.columns)}"


class Lock(Model):
    """The exact versions that a paper used. `Registry.lock` makes one, and `Registry.papers.check` compares it.

    Args:
        lock_format: Version of this form.
        locked_at: When all of it was so.
        versions: The versions.
        joins: How they join; two without a way by key are left out.
    """

    _tag = in_json("lock_format")
    lock_format: Literal[1] = 1
    locked_at: UtcDateTime
    versions: Several[LockedVersion] = Field(min_length=1)
    joins: Several[LockedJoin] = ()

    @model_validator(mode="after")
    def _is_about_its_versions(self) -> Self:
        names = [each.version for each in self.versions]
        for position, name in enumerate(names):
            if name in names[:position]:
                raise InvalidDeclaration.at(["versions", position, "version"], f"{name} is locked twice; keep one")
        for position, join in enumerate(self.joins):
            for side, name in (("a", join.a), ("b", join.b)):
                if name not in names:
                    raise InvalidDeclaration.at(["joins", position, side], f"{name} is not among the locked versions")
        return self

    def __str__(self) -> str:
        return self.to_yaml()

    @classmethod
    def from_yaml(cls, source: str | PathLike[str]) -> Self:
        """Read a lock.

        Args:
            source: The path of a file, as a `Path`; or the text itself.

        Raises:
            InvalidDeclaration: it cannot be read, is not YAML, or is not a lock: with the file and the line.
        """
        from registry_dagster.model.spelling import declared_from, read_declared

        return declared_from(read_declared(source, cls), cls)

    def to_yaml(self) -> str:
        """The text to keep beside the paper. No character in it steers a terminal: a lock holds none that does."""
        import yaml

        return _HEAD + yaml.safe_dump(
            self.to_json(), sort_keys=False, allow_unicode=True, width=120, default_flow_style=None
        )

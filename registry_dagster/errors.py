"""Every error the registry raises. One base class, so one `except` is enough.

RegistryError
├── InvalidDeclaration       what was declared is not well formed
├── TableMismatch            the table is not what the declaration says
├── TableError               the table cannot be inspected
│   ├── TableNotFound
│   ├── OtherTable           what is at another place is not known to be the recorded table
│   ├── UnknownFormat        no format, or several, fit what is stored there
│   ├── UnsupportedTable     a feature this release does not read, or a damaged table
│   ├── UnsafeLocation       the location carries a credential
│   ├── TableAccessDenied    its store does not accept the credentials, or they lack a right
│   └── TableUnreachable     its store cannot be reached or is busy: safe to try again
├── PublishRefused           something a person must supply or decide is missing
├── VersionConflict          the number or label is taken by other content
├── MaterializationConflict  a materialization version is recorded with other facts
├── SourceError              an upstream system does not report its versions
│   └── SourceUnavailable    it cannot be reached: safe to try again
├── EngineCannotRead         no such engine, or it does not read such a table
├── NotPublished             nothing is recorded under that name
├── AccessDenied             the store does not accept the credentials, or they lack a right
├── StoreRefused             the store does not take the record as it is
├── CorruptRecord            what is stored is not what was published
└── RegistryUnavailable      the store cannot be reached or is busy: safe to try again
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

__all__ = [
    "AccessDenied",
    "CorruptRecord",
    "EngineCannotRead",
    "InvalidDeclaration",
    "MaterializationConflict",
    "NotPublished",
    "OtherTable",
    "Problem",
    "PublishRefused",
    "RegistryError",
    "RegistryUnavailable",
    "SourceError",
    "SourceUnavailable",
    "StoreRefused",
    "TableAccessDenied",
    "TableError",
    "TableMismatch",
    "TableNotFound",
    "TableUnreachable",
    "UnknownFormat",
    "UnsafeLocation",
    "UnsupportedTable",
    "VersionConflict",
]


class RegistryError(Exception):
    """Base of all errors of this package. The message says what failed, where, and what to do."""


class Problem(NamedTuple):
    """One thing that is wrong with a declared value.

    Args:
        path: Where: the names and positions that lead to it, from the outside in; empty for the value as a whole.
        text: What is wrong, and what to do.
    """

    path: tuple[str | int, ...]
    text: str

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.path))}: {self.text}" if self.path else self.text


class InvalidDeclaration(RegistryError, ValueError):
    """A declared value is not well formed. One line for each problem: field, reason, fix.

    Args:
        message: What is wrong, in words.
        problems: The same, one by one; the message as a whole if left out.
    """

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems) or (Problem((), message),)

    @classmethod
    def at(cls, path: Sequence[str | int], text: str) -> InvalidDeclaration:
        """One problem inside the value that is being validated."""
        problem = Problem(tuple(path), text)
        return cls(str(problem), (problem,))

    @classmethod
    def listing(cls, title: str, problems: Sequence[Problem]) -> InvalidDeclaration:
        """The problems of a value, under the name of what it was meant to be."""
        if len(problems) == 1:
            return cls(f"{title}: {problems[0]}", problems)
        return cls("\n".join([f"{title}:", *(f"  - {problem}" for problem in problems)]), problems)


class TableMismatch(RegistryError):
    """The declaration and the table disagree, so the record would be false."""

    def __init__(self, location: str, problems: tuple[str, ...]) -> None:
        self.location = location
        self.problems = problems
        lines = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"The declaration does not fit the table at {location}:\n{lines}")


class TableError(RegistryError):
    """The table cannot be inspected."""


class TableNotFound(TableError):
    """There is no table, or no such version of it, at the location."""


class OtherTable(TableError):
    """What is at another place is not known to be the recorded table in its recorded state."""


class UnknownFormat(TableError):
    """No table format, or more than one, fits what is stored there."""


class UnsupportedTable(TableError):
    """The table is damaged, or uses a feature this release cannot read faithfully."""


class UnsafeLocation(TableError):
    """The location carries something that looks like a credential. It is not repeated here."""


class TableAccessDenied(TableError):
    """The store of the table does not accept the credentials, or they lack a right."""


class TableUnreachable(TableError):
    """The store of the table cannot be reached, is busy, or takes too long. It is safe to try again."""


class PublishRefused(RegistryError):
    """A publish lacks something only a person can supply, such as the reason for it."""


class VersionConflict(RegistryError):
    """The number or label asked for belongs to a version with other content."""

    def __init__(self, message: str, differences: tuple[str, ...] = ()) -> None:
        self.differences = differences
        lines = "".join(f"\n  - {line}" for line in differences)
        super().__init__(message + (":" + lines if lines else ""))


class MaterializationConflict(RegistryError):
    """A materialization version is recorded with facts that contradict the declared ones."""


class SourceError(RegistryError):
    """An upstream system does not report its versions: it is unknown, denies access, or answers something else."""


class SourceUnavailable(SourceError):
    """An upstream system cannot be reached. It is safe to try again."""


class EngineCannotRead(RegistryError):
    """There is no such engine, or it does not read such a table. Says which do."""


class NotPublished(RegistryError, LookupError):
    """Nothing is recorded under that name."""


class AccessDenied(RegistryError):
    """The store does not accept the credentials, or they lack a right.

    Args:
        message: Says what was denied, in the store's words.
        urns: The entities on which the right is lacking, as far as the store names them.
    """

    def __init__(self, message: str, urns: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.urns = tuple(urns)


class StoreRefused(RegistryError):
    """The store does not take the record: too large for one request, or against a rule of the server."""


class CorruptRecord(RegistryError):
    """A stored record does not match its digest, or cannot be understood."""


class RegistryUnavailable(RegistryError):
    """The store cannot be reached or is busy. It is safe to try again."""

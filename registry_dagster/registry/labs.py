"""Whose records a name is of: this registry's, or a lab's that has a name here. The one place where names are split."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

from registry_dagster.answers.current import Taken
from registry_dagster.answers.remote import lab_of
from registry_dagster.errors import InvalidDeclaration, NotPublished, RegistryError
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.names import name_text
from registry_dagster.registry.arguments import text_of
from registry_dagster.registry.lab import Lab
from registry_dagster.registry.resolver import At, Resolved
from registry_dagster.registry.rows.cells import Row
from registry_dagster.registry.rows.rows import Rows
from registry_dagster.registry.vocabulary import hint

__all__ = ["Labs"]

R = TypeVar("R", bound=Row)


@dataclass(frozen=True)
class Labs:
    """This registry, and the labs that have a name here.

    Args:
        own: This registry.
        remotes: Name → the lab. A lab is opened, and may then be unreachable, when it is looked up.
    """

    own: Lab
    remotes: Mapping[str, Lab] = field(default_factory=dict[str, Lab])

    def for_one_answer(self) -> Labs:
        """The same, with this registry as one answer sees it. A mirror is read once anyway."""
        return replace(self, own=self.own.for_one_answer())

    def lab(self, name: str | None) -> Lab:
        """A lab by its name; this registry for None.

        Raises:
            NotPublished: no remote has that name.
            RegistryUnavailable: it cannot be reached; names it.
        """
        if name is None:
            return self.own
        if name not in self.remotes:
            raise NotPublished(
                f"no remote is named {name!r}{hint(name, set(self.remotes))} Name it in [remotes] of "
                'feature-registry.toml, e.g. laba = "https://lab.org/registry"'
            )
        return self.remotes[name]

    def of(self, version: str) -> tuple[Lab, str]:
        """The lab that a dataset or version is of, and the name that it has there.

        Raises:
            NotPublished, RegistryUnavailable: see `lab`.
        """
        lab, slash, own = name_text(version).partition("/")
        return (self.lab(lab), own) if slash else (self.own, version)

    def of_anything(self, name: str) -> tuple[Lab, str]:
        """As `of`, of a name that may also be a state's, such as `neuprint/hemibrain@v1.2.1`, or a table's."""
        return self.of(name) if lab_of(name_text(name)) in self.remotes else (self.own, name)

    def resolve(self, name: str, at: At = None, layout: str | None = None) -> Resolved:
        """The version that a name means, in its lab."""
        lab, own = self.of(name)
        return lab.resolve(own, at, layout)

    def bridges(self, a: DatasetVersion, b: DatasetVersion, named: Sequence[str]) -> Iterator[str]:
        """Versions that may hold keys of both, in this registry and in the labs of what is named; see `Bridges`."""
        from registry_dagster.registry.bridges import Bridges

        for lab in map(self.lab, dict.fromkeys((None, *map(lab_of, (a.name, b.name, *named))))):
            local, ends = _own(lab, named), _own(lab, (a.dataset, b.dataset))
            yield from map(lab.named, Bridges(lab.records, lab.resolver).between(a, b, local, ends))

    def readable(self, versions: Collection[str]) -> list[DatasetVersion]:
        """Those of some versions that read back."""
        return [record for lab in self._labs_of(versions) for record in lab.readable(_own(lab, versions))]

    def ask_states(self, records: Sequence[DatasetVersion]) -> None:
        """Ask each lab what it recorded by now of the states of its versions."""
        for lab in self._labs_of([each.name for each in records]):
            lab.ask_states([each for each in records if lab.own(each.name)])

    def as_known(self, record: DatasetVersion) -> DatasetVersion:
        """A version, with what was last read of its states' lifecycle."""
        return self.lab(lab_of(record.name)).as_known(record)

    def notes(self, records: Iterable[DatasetVersion]) -> tuple[str, ...]:
        """On what it rests where records of several labs are compared."""
        labs = list(dict.fromkeys(lab_of(each.name) for each in records))
        if len(labs) < 2:
            return ()
        whose = " and ".join(lab or "this registry" for lab in labs)
        return (
            f"{whose} recorded their facts apart: states are compared by system and version, ids by id space and "
            "table, as each declared them",
        )

    def taken_elsewhere(self, records: Iterable[DatasetVersion]) -> tuple[Taken, ...]:
        """Those of some versions that are of other labs, with where they were read."""
        labs = ((each, self.lab(lab_of(each.name)).remote) for each in records)
        return tuple(Taken(each.name, remote=remote) for each, remote in labs if remote)

    def asked(self, remotes: Sequence[str] | Literal["all"], ask: Callable[[Lab], Rows[R]]) -> Rows[R]:
        """What is found in this registry; in the remotes that are named instead; or in all."""
        if remotes == "all":
            return self._gathered([None, *self.remotes], ask)
        if isinstance(remotes, str):
            raise InvalidDeclaration(f"remotes must be a list of names or 'all', got {remotes!r}; write [{remotes!r}]")
        return _all_of([ask(self.lab(name)) for name in _names(remotes)])

    def _gathered(self, names: Sequence[str | None], ask: Callable[[Lab], Rows[R]]) -> Rows[R]:
        """What is found in several labs, each in turn.

        What cannot be read of one is said in `unread`, and keeps no other out. One that does not know a name in the
        question has nothing to be found, unless all were read and none knows it.
        """
        found, unread, unknown = list[Rows[R]](), list[str](), list[NotPublished]()
        for name in names:
            lab = None
            try:
                lab = self.lab(name)
                found.append(ask(lab))
            except RegistryError as error:
                # Where there is no mirror, that is not published either; but then nothing was read.
                if lab is not None and isinstance(error, NotPublished):
                    unknown.append(error)
                elif name is None:
                    raise
                else:
                    unread.append(f"what {name} has is not listed: {error}")
        if unknown and not found and not unread:
            raise unknown[0]
        return replace(_all_of(found), unread=tuple(unread))

    def _labs_of(self, names: Iterable[str]) -> list[Lab]:
        """The labs of some names, each once."""
        return [self.lab(each) for each in dict.fromkeys(map(lab_of, names))]


def _names(remotes: Sequence[str]) -> Sequence[str | None]:
    """Each lab once; this registry where none is named."""
    return [text_of(each, "a remote", "laba") for each in dict.fromkeys(remotes)] or [None]


def _all_of(found: Sequence[Rows[R]]) -> Rows[R]:
    """The rows of several labs, one lab after the other."""
    return Rows(tuple(row for each in found for row in each), any(each.more for each in found))


def _own(lab: Lab, names: Iterable[str]) -> list[str]:
    """Those of some names that are of a lab, as they are there."""
    return [own for name in names if (own := lab.own(name)) is not None]

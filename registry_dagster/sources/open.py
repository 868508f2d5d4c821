"""The source of a kind and a name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.text import suggestion

if TYPE_CHECKING:
    from registry_dagster.sources.source import Source

__all__ = ["SourceKind", "open_source"]

SourceKind = Literal["cave", "neuprint", "file"]
_FORMS = {
    "cave": "cave DATASTACK, e.g. cave minnie65_public",
    "neuprint": "neuprint SERVER [DATASET], e.g. neuprint neuprint.janelia.org hemibrain",
    "file": "file PATH, e.g. file materializations.yaml",
}
_MOST_NAMES = {"neuprint": 2}


def open_source(kind: str, names: Sequence[str], *, server: str | None = None, same_as: Sequence[str] = ()) -> Source:
    """The source of this kind and name. Nothing is requested yet.

    Args:
        kind: `cave`, `neuprint` or `file`.
        names: For CAVE the datastack; for neuPrint the server and perhaps a dataset; for a file its path.
        server: For CAVE only: the address of its global server.
        same_as: For CAVE only: other datastacks that show the same materializations.

    Raises:
        InvalidDeclaration: there is no such kind, or the names do not fit it.
    """
    if kind not in _FORMS:
        raise InvalidDeclaration(
            f"no source {kind!r}{suggestion(kind, _FORMS)} Use one of {', '.join(get_args(SourceKind))}"
        )
    _refuse_other_names(kind, names, has_more=server is not None or bool(same_as))
    if kind == "cave":
        from registry_dagster.sources.cave import CaveDatastack

        return CaveDatastack(names[0], server, tuple(same_as))
    if kind == "neuprint":
        from registry_dagster.sources.neuprint import NeuprintServer

        return NeuprintServer(*names)
    from registry_dagster.sources.version_file import VersionFile

    return VersionFile(Path(names[0]))


def _refuse_other_names(kind: str, names: Sequence[str], *, has_more: bool) -> None:
    if not 1 <= len(names) <= _MOST_NAMES.get(kind, 1) or not all(names):
        raise InvalidDeclaration(f"{kind} {' '.join(names)}: write {_FORMS[kind]}")
    if has_more and kind != "cave":
        raise InvalidDeclaration(f"{kind}: only cave takes a server and datastacks beside its name; leave them out")

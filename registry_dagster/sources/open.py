"""Which source a word names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.text import suggestion
from registry_dagster.sources.source import Upstream

__all__ = ["SourceKind", "open_upstream"]

SourceKind = Literal["cave", "neuprint", "file"]
_FORMS = {
    "cave": "cave DATASTACK, e.g. cave minnie65_public",
    "neuprint": "neuprint SERVER [DATASET], e.g. neuprint neuprint.janelia.org hemibrain",
    "file": "file PATH, e.g. file releases.yaml",
}


def open_upstream(
    kind: str, names: Sequence[str], *, server: str | None = None, same_as: Sequence[str] = ()
) -> Upstream:
    """The source of that kind and name. Nothing is asked yet.

    Args:
        kind: `cave`, `neuprint` or `file`.
        names: CAVE: the datastack. neuPrint: the server, and perhaps a dataset. File: its path.
        server: CAVE: address of its global server.
        same_as: CAVE: other datastacks that show the same states.

    Raises:
        InvalidDeclaration: no such kind, or other names than it takes.
    """
    if kind not in _FORMS:
        raise InvalidDeclaration(
            f"no source {kind!r}{suggestion(kind, _FORMS)} One of {', '.join(get_args(SourceKind))}"
        )
    most = 2 if kind == "neuprint" else 1
    if not 1 <= len(names) <= most or not all(names):
        raise InvalidDeclaration(f"{kind} {' '.join(names)}: write {_FORMS[kind]}")
    if kind != "cave" and (server is not None or same_as):
        raise InvalidDeclaration(f"{kind}: a server and datastacks that are the same are named for cave only")
    if kind == "cave":
        from registry_dagster.sources.cave import CaveDatastack

        return CaveDatastack(names[0], server, tuple(same_as))
    if kind == "neuprint":
        from registry_dagster.sources.neuprint import NeuprintServer

        return NeuprintServer(*names)
    from registry_dagster.sources.version_file import VersionFile

    return VersionFile(Path(names[0]))

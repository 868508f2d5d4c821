"""Approvals in a reviewed file: who says that which table is to be published, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Annotated, cast

from pydantic import Field

from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.base import Model
from registry_dagster.model.canonical_json import is_json_object, sha256_digest
from registry_dagster.model.text import Description, Text, UrnText
from registry_dagster.yaml_document import read_document

__all__ = ["Approval", "Approvals", "read_approvals"]

_FORM = "write a list of entries such as {asset: synapses, why: For the size paper, by: ada@lab.org}"


class Approval(Model):
    """One entry of the file.

    Args:
        asset: The asset key, its parts joined by /.
        why: Why it is published.
        by: Who approves, and so publishes.
        partition: The partition key, for a partitioned asset.
        run_id: The run that made the table. Default: the newest when the gate first finds one.
        label: A human alias of the version.
    """

    asset: Text
    why: Annotated[Description, Field(min_length=1)]
    by: UrnText
    partition: Text | None = None
    run_id: Text | None = None
    label: Text | None = None

    @property
    def key(self) -> str:
        """Tells this entry from any other: an edited one is another."""
        return sha256_digest(self.to_json()).removeprefix("sha256:")[:16]


@dataclass(frozen=True)
class Approvals:
    """What a file approves, and what is wrong with it.

    Args:
        entries: The entries that can be read.
        problems: One line for each that cannot: file, entry, what is wrong, the fix.
    """

    entries: Sequence[Approval] = ()
    problems: Sequence[str] = ()


def read_approvals(path: str | PathLike[str]) -> Approvals:
    """Read the file. A wrong entry does not keep the others out."""
    file = Path(path)
    try:
        data = read_document(file).data
    except InvalidDeclaration as error:
        return Approvals(problems=[f"{error}; nothing is approved by it until it can be read"])
    if data is None:
        return Approvals()
    if not isinstance(data, list):
        return Approvals(problems=[f"{file}: not a list, so nothing is approved by it; {_FORM}"])
    entries: list[Approval] = []
    problems: list[str] = []
    for number, entry in enumerate(cast("list[object]", data), start=1):
        try:
            entries.append(_entry(entry))
        except InvalidDeclaration as error:
            problems.append(f"{file}, entry {number}: {error}")
    return Approvals(entries, problems)


def _entry(entry: object) -> Approval:
    if not is_json_object(entry):
        raise InvalidDeclaration(f"not an entry; {_FORM}")
    return Approval.from_json(entry)

"""Approvals in a reviewed file: which table to publish, why, and who approves it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Annotated

from pydantic import Field

from registry_dagster.dagster.publish.config import Target
from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.base import Model
from registry_dagster.model.canonical_json import is_json_object, sha256_digest
from registry_dagster.model.spelling import read_declared_items
from registry_dagster.model.text import Description, Text, UrnText
from registry_dagster.yaml_document import Document

__all__ = ["Approval", "Approvals", "read_approvals"]

_FORM = "write a list of entries such as {asset: synapses, why: For the size paper, by: ada@lab.org}"


class Approval(Model):
    """One entry of the file, in the file's words: `why` is a target's message, `by` its publisher.

    Args:
        asset: The asset key, its parts joined by /.
        why: Why it is published.
        by: Who approves it, and so publishes it.
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
        """Identifies this entry. An edited entry has another key, so it is a new approval."""
        return sha256_digest(self.to_json()).removeprefix("sha256:")[:16]

    @property
    def target(self) -> Target:
        """What the entry approves."""
        return Target(
            asset=self.asset,
            message=self.why,
            publisher=self.by,
            partition=self.partition,
            run_id=self.run_id,
            label=self.label,
        )


@dataclass(frozen=True)
class Approvals:
    """What a file approves, and what is wrong with it.

    Args:
        entries: The entries that can be read.
        problems: One text for each entry that cannot be read: file, line, what is wrong, the fix.
    """

    entries: Sequence[Approval] = ()
    problems: Sequence[str] = ()


def read_approvals(path: str | PathLike[str]) -> Approvals:
    """Read the file. A wrong entry does not stop the others."""
    file = Path(path)
    try:
        items = read_declared_items(file, Approval)
    except InvalidDeclaration as error:
        return Approvals(problems=[f"{error}; it approves nothing until it can be read"])
    if isinstance(items, Document):
        if items.data is None:
            return Approvals()
        return Approvals(problems=[f"{file}: not a list, so it approves nothing; {_FORM}"])
    return _approvals_in(items)


def _approvals_in(items: Sequence[Document | InvalidDeclaration]) -> Approvals:
    entries: list[Approval] = []
    problems: list[str] = []
    for item in items:
        if isinstance(item, InvalidDeclaration):
            problems.append(f"{item}; the entry approves nothing")
            continue
        try:
            entries.append(_entry(item.data))
        except InvalidDeclaration as error:
            problems.append(item.located(error.problems))
    return Approvals(entries, problems)


def _entry(entry: object) -> Approval:
    if not is_json_object(entry):
        raise InvalidDeclaration(f"not an entry; {_FORM}")
    return Approval.from_json(entry)

"""What is proposed for one column, and what it is proposed from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from registry_dagster.adopt.frames import Voxel
from registry_dagster.adopt.todo import TODO
from registry_dagster.model.names import split_path
from registry_dagster.model.table import TableFacts

__all__ = ["Context", "Proposal", "undecided"]


@dataclass(frozen=True)
class Proposal:
    """What a column may mean. A person decides.

    Args:
        meaning: The semantic and its attributes, as YAML has them; TODO for what names do not say.
        why: What it is proposed from, in a sentence.
    """

    meaning: Mapping[str, Any]
    why: str


def undecided(why: str) -> Proposal:
    """No proposal, and why there is none."""
    return Proposal({"semantic": TODO}, why)


@dataclass(frozen=True)
class Context:
    """What is known of a table beside its columns.

    Args:
        types: Path → Arrow type of each column.
        system: The upstream system that it is made against.
        table: The name of the upstream table that it is an export of.
        frame: The frame of its positions.
        resolution_nm: The size of a voxel in its positions, where the upstream system says it.
        annotation_type: What its rows are, where the upstream system says it.
        chunkedgraph: Where supervoxel ids mean something.
        reference_table: The upstream table whose ids `target_id` holds.
    """

    types: Mapping[str, str]
    system: str | None = None
    table: str | None = None
    frame: str | None = None
    resolution_nm: Voxel | None = None
    annotation_type: str | None = None
    chunkedgraph: str | None = None
    reference_table: str | None = None
    names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", frozenset(split_path(path)[-1] for path in self.types))

    @classmethod
    def of(cls, facts: TableFacts, **known: Any) -> Context:
        """What is known of a table from its metadata, and from elsewhere."""
        return cls({each.path: each.type for each in facts.fields}, **known)

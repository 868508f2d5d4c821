"""The Dataset: what people talk about, across all its versions."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, model_serializer

from registry_dagster.model.accounts import plain_account
from registry_dagster.model.base import Model, Several
from registry_dagster.model.layout import LayoutName
from registry_dagster.model.names import DatasetName
from registry_dagster.model.text import Description, Text, UrnText

__all__ = ["Dataset"]

_TEAM = re.compile(r"team:[A-Za-z0-9][\w.-]*")
_PERSON = re.compile(r"[\w.+-]+(@[\w-]+(\.[\w-]+)+)?")


def _owner(owner: str) -> str:
    account = plain_account(owner)
    if _TEAM.fullmatch(account) or _PERSON.fullmatch(account):
        return account
    raise ValueError(
        f"owner {owner!r} is neither a team (team:olfaction) nor a person (an e-mail address or user name); DataHub's "
        "URNs of users and groups are taken, too"
    )


Owner = Annotated[UrnText, AfterValidator(_owner)]
"""A person by e-mail address or user name, or `team:` and the name of a group; kept in these forms."""


class Dataset(Model):
    """A dataset under its stable name. Everything but the name may evolve between publishes.

    Args:
        name: Lower-case segments joined by dots, e.g. `minnie65.synapse_embeddings`.
        title: What people call it.
        description: Markdown.
        owners: `team:name`, e-mail addresses or user names; also as DataHub's URNs.
        tags: Free words.
        default_layout: The layout that is meant where none is named.
    """

    name: DatasetName
    title: Text | None = None
    description: Description | None = None
    owners: Several[Owner] = ()
    tags: Several[UrnText] = ()
    default_layout: LayoutName | None = None

    @model_serializer(mode="plain")
    def _what_was_said(self) -> dict[str, Any]:
        """An empty list that was given says that there are none; left out, it says nothing."""
        said = ((name, getattr(self, name)) for name in type(self).model_fields if name in self.model_fields_set)
        return {name: value for name, value in said if value is not None}

    def added_to(self, recorded: Dataset) -> Dataset:
        """`recorded`, with what this declaration says in its place. What it leaves out stays."""
        return recorded.model_copy(update={name: getattr(self, name) for name in self.model_fields_set})

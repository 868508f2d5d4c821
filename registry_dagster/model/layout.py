"""Layout: how the same rows are arranged. Two layouts of one state are two versions, never a change of content."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from registry_dagster.model.base import Model, OrText, Several
from registry_dagster.model.names import ColumnPath

__all__ = ["AnyLayout", "Layout", "LayoutName"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def _layout_name(name: str) -> str:
    if _NAME.fullmatch(name):
        return name
    raise ValueError(
        f"{name!r} cannot name a layout; use letters, digits and . _ -, starting with a letter or digit, "
        "e.g. pre_pt_root_id"
    )


LayoutName = Annotated[str, Field(max_length=100), AfterValidator(_layout_name)]
"""A layout's name, such as CAVE's `id` or `pre_pt_root_id`."""


class Layout(Model):
    """How a table's rows are arranged.

    Args:
        name: What people call it, e.g. `pre_pt_root_id`. Layouts of one dataset are distinguished by it.
        partitioned_by: Columns whose values part the table into folders or files.
        sorted_by: Columns by which rows are in order.
    """

    name: LayoutName
    partitioned_by: Several[ColumnPath] = ()
    sorted_by: Several[ColumnPath] = ()

    def __str__(self) -> str:
        return self.name


def _from_name(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


AnyLayout = Annotated[Layout, BeforeValidator(_from_name), OrText()]
"""A layout, which may be given by its name alone."""

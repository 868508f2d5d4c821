"""A request that registers a table in CAVE's catalogue, as values, and both ways between it and JSON.

The service is not released and may change, so what it adds is ignored, and what it leaves out is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

from pydantic import AliasChoices, ConfigDict, Field

from registry_dagster.errors import InvalidDeclaration, Problem
from registry_dagster.model.base import Model, Several
from registry_dagster.model.canonical_json import is_json_object
from registry_dagster.model.layout import LayoutName
from registry_dagster.model.moments import UtcDateTime
from registry_dagster.model.names import SystemName, VersionNameText
from registry_dagster.model.table import Location
from registry_dagster.model.text import Description, Text

__all__ = [
    "CatalogColumn",
    "CatalogLink",
    "CatalogRequest",
    "Maturity",
    "Published",
    "request_json",
    "requests_from",
]

Maturity = Literal["stable", "draft", "deprecated"]

ColumnName = Annotated[str, Field(min_length=1, max_length=1000)]

_MOST_REQUESTS = 10_000


class _OfOthers(Model):
    """What another program wrote: fields that we do not know are ignored."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)


class CatalogLink(_OfOthers):
    """Which column of CAVE's tables a column belongs to.

    Args:
        link_type: `copy`, if it holds the values of that column; `join`, if rows are found by it.
        target_table, target_column: The column. Without one, the table's id is meant.
    """

    link_type: Literal["copy", "join"]
    target_table: Text
    target_column: ColumnName | None = None


class CatalogColumn(_OfOthers):
    """What a request says of a column.

    Args:
        name: The column.
        description: In words.
        kind: What its values are: `{"kind": "segmentation", "node_level": "root_id"}`, or a point.
        links: The columns that it belongs to.
    """

    name: Annotated[ColumnName, Field(validation_alias=AliasChoices("column_name", "name"))]
    description: Description | None = None
    kind: Mapping[str, Any] | None = None
    links: Several[CatalogLink] = ()


class Published(_OfOthers):
    """The published version that a request was made of.

    Args:
        version: `dataset@vN`.
        digest: That of its record.
        state: Which state of the table was published, in words: the catalogue has no place for it.
    """

    version: VersionNameText
    digest: Text
    state: Text | None = None


class Properties(_OfOthers):
    """What a request says in its free part.

    Args:
        base_name: The name without the layout.
        layout: How rows are arranged.
        feature_registry: The version that it was made of.
    """

    base_name: Text | None = None
    layout: LayoutName | None = None
    feature_registry: Published | None = None


class CatalogRequest(_OfOthers):
    """A request for one table.

    Args:
        datastack: The datastack.
        name: The table's name, or `name.layout`.
        asset_type: `table`; the catalogue has others, too.
        mat_version: The materialization version; None for a table that belongs to none.
        revision: Which of several tables of that name and version it is.
        uri: Where it is.
        format: Its format.
        mutability: Whether what is at the place may change.
        maturity: Whether it is final, and to be used.
        expires_at: When the catalogue drops its entry.
        access_group: Who may read it.
        source: `materialization` for a table that CAVE exported, else `user`.
        source_table: The table of CAVE that it is a copy of.
        properties: See `Properties`.
        columns: What is said of its columns.
    """

    datastack: SystemName
    name: Annotated[str, Field(min_length=1, max_length=400)]
    asset_type: Text = "table"
    mat_version: Annotated[int, Field(ge=0)] | None = None
    revision: Annotated[int, Field(ge=0)] = 0
    uri: Location
    format: Text | None = None
    mutability: Literal["static", "mutable"] = "static"
    maturity: Maturity = "stable"
    expires_at: UtcDateTime | None = None
    access_group: Text | None = None
    source: Literal["user", "materialization"] = "user"
    source_table: Text | None = None
    properties: Properties = Properties()
    columns: Annotated[
        Several[CatalogColumn], Field(validation_alias=AliasChoices("column_annotations", "columns"))
    ] = ()

    def __str__(self) -> str:
        version = "" if self.mat_version is None else f"@{self.mat_version}"
        return f"{self.name} of {self.datastack}{version}, revision {self.revision}"

    @property
    def base_name(self) -> str:
        """The name without the layout."""
        return self.properties.base_name or self.name.partition(".")[0]

    @property
    def layout(self) -> str | None:
        """How rows are arranged, if it is said."""
        return self.properties.layout or self.name.partition(".")[2] or None


def request_json(request: CatalogRequest) -> dict[str, Any]:
    """The body of a request. What is not known is left out; what the service would assume is written out."""
    assumed = {name: getattr(request, name) for name in ("asset_type", "revision", "mutability", "maturity", "source")}
    said: dict[str, Any] = {**assumed, "properties": {}, **request.to_json()}
    columns = [{"column_name": each.pop("name"), **each} for each in said.pop("columns", [])]
    body = {name: said[name] for name in CatalogRequest.model_fields if name in said}
    return {**body, "column_annotations": columns}


def requests_from(data: object) -> list[CatalogRequest]:
    """The requests in parsed JSON: one, or a list of them; also the answers of the service to them.

    Raises:
        InvalidDeclaration: it is neither, or something in them is wrong: one line a problem.
    """
    many = cast("list[object]", data) if isinstance(data, list) else [data]
    if len(many) > _MOST_REQUESTS:
        raise InvalidDeclaration(f"{len(many):,} requests are too many at once; give at most {_MOST_REQUESTS:,}")
    found: list[CatalogRequest] = []
    problems: list[Problem] = []
    for position, one in enumerate(many):
        try:
            found.append(_request(one))
        except InvalidDeclaration as error:
            place = (position,) if isinstance(data, list) else ()
            problems += [Problem((*place, *each.path), each.text) for each in error.problems]
    if problems:
        raise InvalidDeclaration.listing("request to CAVE's catalogue", problems)
    return found


def _request(data: object) -> CatalogRequest:
    if not is_json_object(data):
        raise InvalidDeclaration("a request must be a JSON object, with datastack, name and uri")
    said = cast("dict[str, Any]", _without_nulls(data))
    # An answer of the service has both; its `columns` are all that the table has.
    if said.get("column_annotations"):
        said.pop("columns", None)
    else:
        said.pop("column_annotations", None)
    return CatalogRequest.from_json(said)


def _without_nulls(value: object) -> object:
    """JSON without the keys that are null, which others write for what they leave out."""
    if is_json_object(value):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    return [_without_nulls(inner) for inner in cast("list[object]", value)] if isinstance(value, list) else value

"""What published versions are found by. A filter is a line here and a row in `datahub/search.py`.

The line says what a filter is called, what it takes, and what it keeps. `Registry.find` takes its parameters from
here, and whoever offers a search (the command line) its options and their help. The row says which facts of a
version it is compared with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from inspect import Parameter
from typing import Annotated, Any, cast, get_args

from typing_extensions import TypedDict, get_type_hints

from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.columns import SEMANTICS
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.table import TableFormat
from registry_dagster.model.text import shown, suggestion

__all__ = ["FILTERS", "Filter", "Filters", "Question", "checked", "parameters"]


_FORMATS: tuple[str, ...] = get_args(TableFormat)


@dataclass(frozen=True)
class Filter:
    """One way to narrow a search.

    Args:
        help: What it keeps, for people who fill it in.
        values: The only values it takes, where they are few.
    """

    help: str
    values: tuple[str, ...] = ()


class Filters(TypedDict, total=False):
    """The filters of a search. A version is found if all that are given hold; None is as good as left out."""

    dataset: Annotated[str | None, Filter("A dataset, or minnie65.* for all below it.")]
    materialization: Annotated[
        str | MaterializationVersion | None,
        Filter("What it was made against: system@version, by any of its names, or a system in any version."),
    ]
    semantic: Annotated[str | None, Filter("What one of its columns means, e.g. embedding.", tuple(SEMANTICS))]
    annotation_type: Annotated[str | None, Filter("What one of its columns or references points at, e.g. nucleus.")]
    format: Annotated[str | None, Filter(f"The table's format: {', '.join(_FORMATS)}.", _FORMATS)]
    owner: Annotated[
        str | None,
        Filter("Who owns the dataset now: a user or group, by name, team:name, e-mail address or DataHub's URN."),
    ]
    embedding_model: Annotated[str | None, Filter("The model of one of its embeddings.")]
    column: Annotated[str | None, Filter("The path of one of its columns.")]
    copy_of: Annotated[
        str | None, Filter("An upstream table whose own values one of its columns holds, e.g. synapses_pni_2.")
    ]
    expiring_within: Annotated[
        float | None,
        Filter("Days within which a materialization version it was made against expires; expired ones are included."),
    ]
    digest: Annotated[
        str | None, Filter("A digest that `show` prints, sha256:…, or its first 12 digits: of the content or record.")
    ]
    retired: Annotated[bool | None, Filter("Only retired versions, or only others; both if left out.")]


class Question(Filters, total=False):
    """A whole search: its filters, and words that each begin a word of what is found."""

    text: str | None


_HINTS: Mapping[str, Any] = get_type_hints(Filters, include_extras=True)

FILTERS: Mapping[str, Filter] = {name: hint.__metadata__[0] for name, hint in _HINTS.items()}
"""The filters by their names, in the order in which people are shown them."""


_KINDS: Mapping[str, tuple[type, ...]] = {
    "materialization": (str, MaterializationVersion),
    "expiring_within": (float, int),
    "retired": (bool,),
}
_NAMES: Mapping[type, str] = {str: "text", float: "a number of days, e.g. 60", bool: "True or False"}


def checked(question: Question) -> Question:
    """The question without what is None.

    Raises:
        InvalidDeclaration: no such filter, or a value that the filter does not take.
    """
    given = {name: value for name, value in question.items() if value is not None}
    for name, value in given.items():
        if name != "text":
            _check_filter(name, value)
    return cast("Question", given)


def _check_filter(name: str, value: object) -> None:
    if name not in FILTERS:
        raise InvalidDeclaration(f"no filter {name!r}{suggestion(name, FILTERS)} Use one of {', '.join(FILTERS)}")
    kinds = _KINDS.get(name, (str,))
    if not isinstance(value, kinds) or (bool not in kinds and isinstance(value, bool)):
        raise InvalidDeclaration(f"{name} must be {_NAMES[kinds[0]]}, got {shown(value)}")
    values = FILTERS[name].values
    if values and value not in values:
        raise InvalidDeclaration(
            f"{name} {value!r} is unknown{suggestion(str(value), values)} Use one of {', '.join(values)}"
        )


def parameters() -> list[Parameter]:
    """The filters as parameters of a function, so that `help` and completion know them."""
    kind = Parameter.KEYWORD_ONLY
    return [Parameter(name, kind, default=None, annotation=hint.__origin__) for name, hint in _HINTS.items()]

"""Hypothesis strategies for the domain: any valid value of any model.

They follow the models' own annotations, so a field added to a model is drawn without a change here.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from functools import cache
from string import ascii_letters, ascii_lowercase, digits
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Le, Lt
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from pydantic.fields import FieldInfo

from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.base import Int64, Model
from registry_dagster.model.columns import SEMANTICS
from registry_dagster.model.dataset import Dataset, Owner
from registry_dagster.model.dataset_version import DatasetVersion, Provenance
from registry_dagster.model.layout import LayoutName
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.moments import UtcDateTime
from registry_dagster.model.names import (
    ColumnPath,
    DatasetName,
    MaterializationNameText,
    SystemName,
    VersionNameText,
    VersionText,
    join_path,
)
from registry_dagster.model.reference import Reference
from registry_dagster.model.signals import SIGNALS, CompatibilityRange, Crosswalk, SpatialDrift
from registry_dagster.model.source_code import CodePath, Commit, Repository
from registry_dagster.model.table import (
    CsvPin,
    DeltaPin,
    FeatherPin,
    IcebergPin,
    LancePin,
    OpaquePin,
    ParquetPin,
    TableFacts,
)
from registry_dagster.model.text import Description, Text, UrnText
from registry_dagster.model.vocabulary import ANNOTATION_TYPES, AnnotationType

__all__ = ["ARROW_TYPES", "column_paths", "dataset_versions", "datasets", "materializations", "models"]

ARROW_TYPES = (
    *("null", "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64", "decimal32(7, 2)", "decimal64(18, 4)", "decimal128(38, 9)", "decimal256(76, 0)"),
    *("string", "large_string", "string_view", "binary", "large_binary", "binary_view", "fixed_size_binary[16]"),
    *("date32", "date64", "time32[ms]", "time64[ns]", "timestamp[us]", "timestamp[ns, tz=Europe/Zurich]"),
    *("duration[s]", "interval[month_day_nano]", "struct", "map<string, int64 not null>"),
    *("list<int64>", "large_list<string not null>", "list_view<float32>", "large_list_view<bool>"),
    *("fixed_size_list<float32>[32]", "list<struct>", "list<fixed_size_list<float64 not null>[3]>"),
    *("dictionary<values=string, indices=int32>", "extension<arrow.uuid, fixed_size_binary[16]>"),
    *("dense_union<a: int32=0, b: string=1>", "sparse_union<x: float32=5>"),
    "run_end_encoded<run_ends=int32, values=int8>",
)
"""One text at least of every Arrow type, as `inspect_table` writes them."""

_one_line = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=30).filter(str.strip)
_several_lines = st.text(st.characters(exclude_categories=("Cc", "Cs"), include_characters="\n\t"), max_size=60)


def _names(first: str, more: str, most: int) -> SearchStrategy[str]:
    """Names that begin with one of some characters, drawn in a third of the time of a pattern."""
    return st.builds(str.__add__, st.sampled_from(first), st.text(more, max_size=most - 1))


_segment = ascii_lowercase + digits + "_"
_dataset_names = st.builds(
    lambda first, others: ".".join([first, *others]),
    _names(ascii_lowercase, _segment, 9),
    st.lists(_names(ascii_lowercase + digits, _segment, 9), max_size=2),
)
_upstream_names = _names(ascii_letters + digits, ascii_letters + digits + "_.+-", 13)
_hosts = _names(ascii_lowercase, ascii_lowercase + digits, 9)
_numbers = st.integers(min_value=1, max_value=10**9 - 1)
_moments = st.datetimes(
    min_value=datetime(1970, 1, 2),  # noqa: DTZ001
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.timezones() | st.just(timezone.utc),
)
_owners = st.from_regex(r"team:[A-Za-z0-9][\w.-]{0,8}|[\w.+-]{1,8}@[\w-]{1,8}\.[\w-]{1,8}", fullmatch=True)
_annotation_types = st.sampled_from(sorted(ANNOTATION_TYPES)) | st.sampled_from(["mylab.axon_tile", "lab2.a.b"])

column_paths: SearchStrategy[str] = st.lists(
    st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=8)
    | st.sampled_from(["pt", "a.b", "x,y", "f(x)", "back\\slash", "100 %", "größe", "シナプス", "a\u241fb"]),
    min_size=1,
    max_size=3,
).map(lambda names: join_path(tuple(names)))
"""Names as tables have them, nested ones and odd ones among them."""

_NAMED: tuple[tuple[Any, SearchStrategy[Any]], ...] = (
    (Text, _one_line),
    (UrnText, _one_line),
    (Description, _several_lines),
    (UtcDateTime, _moments),
    (Int64, st.integers(min_value=-(2**63), max_value=2**64 - 1)),
    (DatasetName, _dataset_names),
    (VersionNameText, st.builds("{}@v{}".format, _dataset_names, _numbers)),
    (MaterializationNameText, st.builds("{}@{}".format, _upstream_names, _upstream_names)),
    (SystemName, _upstream_names),
    (LayoutName, _upstream_names),
    (VersionText, _upstream_names),
    (ColumnPath, column_paths),
    (AnnotationType, _annotation_types),
    (Owner, _owners),
    (Commit, st.text("0123456789abcdef", min_size=40, max_size=40)),
    (Repository, st.builds("https://{}.org/lab/{}".format, _hosts, _hosts)),
    (CodePath, _one_line.filter(lambda text: not text.startswith("/") and ".." not in text)),
)


def _values(annotation: Any) -> SearchStrategy[Any]:
    """What a field of this annotation may hold."""
    for alias, strategy in _NAMED:
        if annotation is alias:
            return strategy
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, UnionType):
        return st.one_of(*map(_values, arguments))
    if origin is Annotated and isinstance(arguments[0], type) and issubclass(arguments[0], Model):
        return models(arguments[0])
    if origin is Annotated and get_origin(arguments[0]) is Sequence:
        return st.lists(_values(get_args(arguments[0])[0]), max_size=3).map(tuple)
    if origin is Annotated:
        return _bounded(arguments[0], arguments[1:])
    if origin is Mapping:
        key, value = arguments
        return st.dictionaries(_values(key), _values(value), max_size=2)
    if origin is tuple:
        return st.tuples(*map(_values, arguments))
    if annotation is NoneType:
        return st.none()
    if annotation is bool:
        return st.booleans()
    if annotation in (int, float, str):
        return _bounded(annotation, ())
    return models(annotation)


def _bounded(kind: type, metadata: tuple[Any, ...]) -> SearchStrategy[Any]:
    bounds = [bound for each in metadata for bound in (each.metadata if isinstance(each, FieldInfo) else [each])]
    low = next((bound for bound in bounds if isinstance(bound, Ge | Gt)), None)
    high = next((bound for bound in bounds if isinstance(bound, Le | Lt)), None)
    if kind is str:
        return _several_lines.filter(str.strip)
    if kind is int:
        smallest: Any = getattr(low, "ge", -(2**31))
        largest: Any = high.le if isinstance(high, Le) else high.lt - 1 if high else 2**31 - 1
        return st.integers(smallest, largest)
    return st.floats(
        getattr(low, "ge", getattr(low, "gt", None)),
        getattr(high, "le", None),
        exclude_min=isinstance(low, Gt),
        allow_nan=False,
        allow_infinity=False,
    )


def models(kind: type[Model], **fixed: SearchStrategy[Any]) -> SearchStrategy[Any]:
    """Any valid value of a model. What `fixed` gives for a field is always drawn."""
    fields = {**_fields(kind), **fixed}
    required = {
        name: strategy for name, strategy in fields.items() if name in fixed or kind.model_fields[name].is_required()
    }
    optional = {name: strategy for name, strategy in fields.items() if name not in required}
    return (
        st.fixed_dictionaries(required, optional=optional)
        .map(lambda data: _built(kind, data))
        .filter(lambda value: value is not None)
    )


@cache
def _fields(kind: type[Model]) -> Mapping[str, SearchStrategy[Any]]:
    """Field → what it may hold. Made once: a strategy is checked at its first draw, which takes longer than drawing."""
    hints = get_type_hints(kind, include_extras=True)
    return {name: _values(hints[name]) for name in kind.model_fields}


def _built(kind: type[Model], data: dict[str, Any]) -> Model | None:
    """The model, or None where a rule over several of its fields does not hold; the common rules are made to hold."""
    if data.get("unit") == "voxel" and "resolution_nm" in kind.model_fields:
        data = {**data, "resolution_nm": data.get("resolution_nm") or (4.0, 4.0, 40.0)}
    data = _FITTED[kind](data) if kind in _FITTED else data
    try:
        return kind(**data)
    except InvalidDeclaration:
        return None


def _drift(data: dict[str, Any]) -> dict[str, Any]:
    """At least one figure, and each no smaller than the one before."""
    known = [name for name in ("p50_nm", "p95_nm", "max_nm") if data.get(name) is not None]
    ordered = dict(zip(known, sorted(data[name] for name in known), strict=True))
    return {**data, **(ordered or ({} if data.get("axis_p95_nm") else {"p95_nm": 8.0}))}


def _range(data: dict[str, Any]) -> dict[str, Any]:
    """At least one end."""
    return data if data.get("from_version") or data.get("to_version") else {**data, "to_version": "1300"}


def _crosswalk(data: dict[str, Any]) -> dict[str, Any]:
    """Some table."""
    return data if data.get("dataset") or data.get("table") else {**data, "table": "bodies"}


def _reference(data: dict[str, Any]) -> dict[str, Any]:
    """A version, state or layout of a dataset alone, and never a version with one of the others."""
    if data.get("to") is None:
        return {**data, "to_version": None, "at": None, "layout": None}
    return data if data.get("to_version") is None else {**data, "at": None, "layout": None}


_FITTED: Mapping[type[Model], Callable[[dict[str, Any]], dict[str, Any]]] = {
    SpatialDrift: _drift,
    CompatibilityRange: _range,
    Crosswalk: _crosswalk,
    Reference: _reference,
}
"""Model → what it makes of any values of its fields, so that few draws are thrown away."""


def _references(paths: SearchStrategy[str]) -> SearchStrategy[Reference]:
    def with_keys(data: Mapping[str, Any]) -> SearchStrategy[Reference]:
        size = len(data["columns"])
        there = st.lists(column_paths, min_size=size, max_size=size, unique=True)
        return models(Reference, columns=st.just(data["columns"]), to_columns=there.map(tuple) | st.just(()))

    columns = st.lists(paths, min_size=1, max_size=3, unique=True).map(tuple)
    return st.fixed_dictionaries({"columns": columns}).flatmap(with_keys)


_opaque_pins = models(OpaquePin, state=st.just(None), fingerprint=st.just("sha256:0")) | models(
    OpaquePin, state=_one_line, fingerprint=st.just(None)
)
_pins = st.one_of(
    *(models(kind) for kind in (CsvPin, DeltaPin, FeatherPin, IcebergPin, LancePin, ParquetPin)), _opaque_pins
)
_columns = st.one_of(*map(models, SEMANTICS.values()))
_signals = st.one_of(*map(models, SIGNALS.values()))
materializations: SearchStrategy[MaterializationVersion] = models(
    MaterializationVersion,
    source=_upstream_names.map(str.lower),
    aliases=st.lists(st.builds("{}@{}".format, _upstream_names, _upstream_names), max_size=2, unique=True).map(tuple),
)
datasets: SearchStrategy[Dataset] = models(Dataset)


@st.composite
def _tables(draw: Callable[..., Any]) -> TableFacts:
    paths = draw(st.lists(column_paths, min_size=1, max_size=6, unique=True))
    fields = tuple(
        {"path": path, "type": draw(st.sampled_from(ARROW_TYPES)), "nullable": draw(st.booleans())} for path in paths
    )
    return draw(
        models(
            TableFacts,
            location=_several_lines.filter(str.strip).map(lambda text: f"s3://bucket/{text}"),
            pin=_pins,
            fields=st.just(fields),
            arrow_schema=st.binary(max_size=30).map(lambda schema: base64.b64encode(schema).decode()),
            partition_columns=st.lists(st.sampled_from(paths), max_size=2, unique=True).map(tuple),
        )
    )


@st.composite
def dataset_versions(draw: Callable[..., Any]) -> DatasetVersion:
    """Any valid DatasetVersion: every semantic, signal and pin, with every attribute."""
    table = draw(_tables())
    paths = st.sampled_from([field.path for field in table.fields])
    references = draw(st.lists(_references(paths), max_size=3))
    targets = sorted({reference.to for reference in references if reference.to is not None})
    linked = draw(st.lists(st.sampled_from(targets), unique=True)) if targets else []
    return draw(
        models(
            DatasetVersion,
            number=_numbers,
            materializations=st.lists(materializations, min_size=1, max_size=2, unique_by=str).map(tuple),
            columns=st.dictionaries(paths, _columns, max_size=4),
            references=st.just(tuple(references)),
            signals=st.lists(_signals, max_size=3).map(tuple),
            table=st.just(table),
            reference_versions=st.fixed_dictionaries(
                {target: _numbers.map(f"{target}@v{{}}".format) for target in linked}
            ),
            provenance=models(Provenance),
        )
    )

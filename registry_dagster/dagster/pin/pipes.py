"""Tables written elsewhere: what an external process reported about them, e.g. through Dagster Pipes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeVar, cast, runtime_checkable

import dagster as dg

from registry_dagster.dagster.names import URI
from registry_dagster.errors import InvalidDeclaration

__all__ = ["ExternalResults", "Result", "WrittenTable", "result_of", "results_of"]

Result = dg.MaterializeResult[Any] | dg.AssetCheckResult
R = TypeVar("R", dg.MaterializeResult[Any], dg.AssetCheckResult)


@runtime_checkable
class ExternalResults(Protocol):
    """Has the results of an external process: a Pipes session, or what a Pipes client's `run` returned."""

    def get_results(self) -> Sequence[Result]:
        """The materializations and check results that were reported."""
        ...


WrittenTable = str | os.PathLike[str] | dg.MaterializeResult[Any] | ExternalResults
"""A table's location, or what was reported about it."""


def results_of(reported: ExternalResults | Iterable[Result]) -> Iterable[Result]:
    """The results: those of an external process, or the given ones."""
    return reported.get_results() if isinstance(reported, ExternalResults) else reported


def result_of(written: WrittenTable) -> dg.MaterializeResult[Any]:
    """The one materialization that was reported, with its check results. A location becomes one too.

    Raises:
        InvalidDeclaration: none was reported, or several; or it is neither a location nor a result.
    """
    if isinstance(written, dg.MaterializeResult):
        return written
    if isinstance(written, str | os.PathLike):
        return dg.MaterializeResult(metadata={URI: os.fspath(written)})
    given = cast("object", written)
    if not isinstance(given, ExternalResults):
        raise InvalidDeclaration(
            f"registry.table takes the table's location, or what was reported about it, got {type(given).__name__}; "
            "pass the path or URI that the table was written to"
        )
    return _only_result(given.get_results())


def _only_result(results: Sequence[Result]) -> dg.MaterializeResult[Any]:
    made: list[dg.MaterializeResult[Any]] = _of_kind(results, dg.MaterializeResult)
    if len(made) != 1:
        raise _not_one(made)
    (result,) = made
    return dg.MaterializeResult(
        asset_key=result.asset_key,
        metadata=result.metadata,
        check_results=[*result.check_results, *_of_kind(results, dg.AssetCheckResult)],
        data_version=result.data_version,
        tags=result.tags,
        value=result.value,
    )


def _of_kind(results: Iterable[Result], kind: type[R]) -> list[R]:
    return [result for result in results if isinstance(result, kind)]


def _not_one(made: Sequence[dg.MaterializeResult[Any]]) -> InvalidDeclaration:
    names = ", ".join(result.asset_key.to_user_string() for result in made if result.asset_key) or "no asset"
    return InvalidDeclaration(
        f"the external process materialized {names}, but registry.table pins exactly one; "
        "for several, write `yield from registry.tables(context, session)`"
    )

"""Tables written elsewhere: what an external process reported of them, e.g. through Dagster Pipes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any, Protocol, runtime_checkable

import dagster as dg

from registry_dagster.dagster.names import URI
from registry_dagster.errors import InvalidDeclaration

__all__ = ["Reported", "Result", "Written", "result_of", "results_of"]

Result = dg.MaterializeResult[Any] | dg.AssetCheckResult


@runtime_checkable
class Reported(Protocol):
    """Has the results of an external process: a Pipes session, or what a Pipes client's `run` returned."""

    def get_results(self) -> Sequence[Result]:
        """Materializations and check results, as they were reported."""
        ...


Written = str | os.PathLike[str] | dg.MaterializeResult[Any] | Reported
"""A table's location, or what was reported of it."""


def results_of(reported: Reported | Iterable[Result]) -> Iterable[Result]:
    """The results, from whichever holds them."""
    return reported.get_results() if isinstance(reported, Reported) else reported


def result_of(written: Written) -> dg.MaterializeResult[Any]:
    """The one materialization that was reported, with its check results; a location becomes one.

    Raises:
        InvalidDeclaration: none was reported, or several.
    """
    if isinstance(written, dg.MaterializeResult):
        return written
    if not isinstance(written, Reported):
        return dg.MaterializeResult(metadata={URI: os.fspath(written)})
    results = written.get_results()
    made = [result for result in results if isinstance(result, dg.MaterializeResult)]
    if len(made) != 1:
        names = ", ".join(result.asset_key.to_user_string() for result in made if result.asset_key) or "no asset"
        raise InvalidDeclaration(
            f"the external process materialized {names}, and registry.table pins one; "
            "write `yield from registry.tables(context, session)` for several"
        )
    (result,) = made
    checks = [result for result in results if isinstance(result, dg.AssetCheckResult)]
    return dg.MaterializeResult(
        asset_key=result.asset_key,
        metadata=result.metadata,
        check_results=[*result.check_results, *checks],
        data_version=result.data_version,
        tags=result.tags,
        value=result.value,
    )

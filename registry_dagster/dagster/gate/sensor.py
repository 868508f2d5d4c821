"""The gate: a sensor that requests the publishes that were approved. It publishes nothing itself.

Its requests are Dagster's own runs, and it can read them back. So a lost cursor loses nothing and repeats
nothing, and a run that failed is requested again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike

import dagster as dg

from registry_dagster.dagster.declare.declaration import AssetLike, asset_keys, declaration_in
from registry_dagster.dagster.gate.approvals import Approvals, read_approvals
from registry_dagster.dagster.gate.cursor import Cursor
from registry_dagster.dagster.gate.tick import Tick
from registry_dagster.dagster.graph.translator import FeatureRegistryTranslator, checked_translator
from registry_dagster.dagster.names import GATE_NAME, JOB_NAME
from registry_dagster.dagster.pin.code_location import gate_metadata, gates_among
from registry_dagster.errors import InvalidDeclaration, PublishRefused

__all__ = ["new_gate", "publish_sensor"]

_PAUSES = (60, 300, 900, 3600, 6 * 3600, 24 * 3600)


def publish_sensor(
    *,
    assets: Iterable[AssetLike] | None = None,
    approvals: str | PathLike[str] | None = None,
    job: dg.JobDefinition | str = JOB_NAME,
    name: str = GATE_NAME,
    pauses: Sequence[float] = _PAUSES,
    translator: FeatureRegistryTranslator | None = None,
) -> dg.SensorDefinition:
    """A sensor that requests what was approved from the publish job. It is stopped until somebody starts it.

    A materialization is approved if its run carries the tag `registry/publish`, whose value says why
    (`registry/publisher` and `registry/label` are optional). The tag approves one publish for each asset and
    partition, also if the run is executed again: the newest materialization when the gate acts; one that is made
    after that waits for a new approval. Or a reviewed file approves it: a list of
    entries `{asset, why, by}`, optionally with `partition`, `run_id` and `label`. An entry without a run
    means the newest materialization when the gate first finds one; it waits until there is one. An entry approves
    once, also if it is missing from the file for a while.

    A run that failed is requested again until it succeeds, or a person deletes it. If an approval is wrong, the
    others are requested first; then ticks fail and say what is wrong, until the file is corrected, or for an hour if
    it is a run's tags, which nobody can correct.

    Args:
        assets: Which assets. Default: all declared ones of the code location that no other gate lists.
        approvals: The path of the file.
        job: The publish job, or its name.
        name: Name of the sensor.
        pauses: Seconds to wait before a failed request is repeated: the first time, the second, …; the
            last one also for all later times.
        translator: The one that `definitions` has, if it has one.

    Raises:
        InvalidDeclaration: an argument is not what it must be.
    """
    _check_arguments(job, pauses)
    keys = None if assets is None else asset_keys(assets, "publish_sensor")
    job_name = job if isinstance(job, str) else job.name
    chosen = checked_translator(translator, "publish_sensor")
    return new_gate(name, job_name, keys, approvals=approvals, pauses=pauses, translator=chosen)


def new_gate(
    name: str,
    job: str,
    keys: Sequence[dg.AssetKey] | None,
    *,
    translator: FeatureRegistryTranslator,
    approvals: str | PathLike[str] | None = None,
    pauses: Sequence[float] = _PAUSES,
    renamed: Mapping[str, str] | None = None,
) -> dg.SensorDefinition:
    """The sensor behind `publish_sensor`.

    Args:
        name: Name of the sensor.
        job: Name of the publish job.
        keys: The assets that it takes; None for all that no other gate takes.
        translator, approvals, pauses: As for `publish_sensor`.
        renamed: Dataset → the key of its asset, where the translator chose another one.
    """

    @dg.sensor(
        name=name,
        job_name=job,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Requests the publishes that were approved by a run's tag or in a reviewed file.",
        metadata={} if keys is None else gate_metadata(keys, renamed or {}),
    )
    def gate(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        file = Approvals() if approvals is None else read_approvals(approvals)
        wanted = _keys_left(context, name) if keys is None else keys
        tick = _new_tick(context, name, job, wanted, translator)
        return _evaluate(tick, context, file, pauses)

    return gate


def _check_arguments(job: object, pauses: Sequence[float]) -> None:
    if not isinstance(job, str | dg.JobDefinition):
        raise InvalidDeclaration(f"publish_sensor: job is {type(job).__name__}; use rd.publish_job(...) or its name")
    if not pauses:
        raise InvalidDeclaration("publish_sensor: pauses is empty; give at least one number of seconds")


def _new_tick(
    context: dg.SensorEvaluationContext,
    name: str,
    job: str,
    keys: Iterable[dg.AssetKey],
    translator: FeatureRegistryTranslator,
) -> Tick:
    """The tick from where the cursor is, or from the start if it cannot be read."""
    cursor = Cursor.from_text(context.cursor)
    assets = frozenset(key.to_user_string() for key in keys)
    tick = Tick(context.instance, name, job, assets, cursor or Cursor(), translator)
    if cursor is None:
        tick.notes.append(
            "the cursor could not be read, so the gate reads everything again; it knows its earlier requests from "
            "their runs"
        )
    return tick


def _evaluate(
    tick: Tick, context: dg.SensorEvaluationContext, approvals: Approvals, pauses: Sequence[float]
) -> dg.SensorResult:
    """The tick's result.

    Raises:
        PublishRefused: an approval is wrong, there is nothing to request, and nothing to remember.
    """
    before = Cursor.from_text(context.cursor) or Cursor()
    requests = tick.requests(approvals, pauses)
    words = [*tick.problems, *tick.notes]
    for each in words:
        context.log.warning(each)
    # Dagster does not keep the cursor of a tick that fails, and launches none of its runs.
    if tick.problems and not requests and not tick.cursor.is_news(before):
        raise PublishRefused("; ".join(words))
    return dg.SensorResult(
        run_requests=[request.to_run_request() for request in requests],
        cursor=tick.cursor.to_text(),
        skip_reason=None if requests else dg.SkipReason("; ".join(words) or "nothing new is approved"),
    )


def _keys_left(context: dg.SensorEvaluationContext, name: str) -> Iterable[dg.AssetKey]:
    """The declared assets of the code location that no other gate takes: two gates would request the same twice."""
    repository = context.repository_def
    if repository is None:
        return ()
    others = (gate for gate in gates_among(repository.sensor_defs) if gate.name != name)
    taken = frozenset[str]().union(*(gate.assets for gate in others))
    specs = (assets.specs_by_key[key] for key, assets in repository.assets_defs_by_key.items())
    declared = (spec.key for spec in specs if declaration_in(spec.metadata) is not None)
    return [key for key in declared if key.to_user_string() not in taken]

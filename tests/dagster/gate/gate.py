"""A gate that tests tick by hand."""

from collections.abc import Sequence
from typing import Any

import dagster as dg

import registry_dagster as rd

APPROVED = {"registry/publish": "For the size paper", "registry/publisher": "grace@lab.org"}
"""The tags of a run that approve what it makes."""


class Gate:
    """A gate with its cursor, ticked by hand, whose requested runs are launched as Dagster's daemon does."""

    def __init__(
        self, instance: dg.DagsterInstance, resource: rd.FeatureRegistry, assets: Sequence[Any], **options: Any
    ) -> None:
        self.instance = instance
        self.resource = resource
        keys = [asset.key for asset in assets]
        self.sensor = rd.publish_sensor(assets=keys, **{"pauses": (0,), **options})
        self.job = rd.publish_job(assets)
        self.cursor: str | None = None
        self.launched: set[str] = set()

    def look(self) -> dg.SensorResult:
        context = dg.build_sensor_context(instance=self.instance, cursor=self.cursor)
        result = self.sensor(context)
        assert isinstance(result, dg.SensorResult)
        self.cursor = result.cursor
        return result

    def tick(self) -> list[dg.ExecuteInProcessResult]:
        """Look, and launch what is requested: one run for each key."""
        runs: list[dg.ExecuteInProcessResult] = []
        for request in self.look().run_requests or ():
            assert request.run_key is not None
            if request.run_key not in self.launched:
                self.launched.add(request.run_key)
                runs.append(self.launch(request))
        return runs

    def launch(self, request: dg.RunRequest) -> dg.ExecuteInProcessResult:
        return self.job.execute_in_process(
            run_config=dict(request.run_config),
            tags=dict(request.tags),
            instance=self.instance,
            resources={"registry": self.resource},
            raise_on_error=False,
        )


def targets_of(request: dg.RunRequest) -> list[dict[str, str]]:
    """The targets that a request asks to publish."""
    config: Any = request.run_config
    return config["ops"]["publish"]["config"]["targets"]

"""A publish in a process of its own, as of a run worker.

It says "ready", waits for a word, publishes, and says whether it created the version. To be killed, it is killed when
the version is published and Dagster does not know it yet. Its process is a fork of one that has imported Dagster and
opened nothing, and what publishing loads when it is first needed: importing takes longer than publishing.
"""

import multiprocessing
import os
import signal
from collections.abc import Mapping
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import NoReturn

import dagster as dg

import registry_dagster as rd
from tests.dagster.pipeline import publish, shown

__all__ = ["Worker"]

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    [
        "tests.deploy.publishing",
        "dagster_postgres",
        "pandas",
        "registry_dagster.dagster.publish.job",
        "registry_dagster.registry.publish",
        "registry_dagster.stores.lite.store",
        "registry_dagster.tables.parquet.verify",
    ]
)


class Killed(rd.FeatureRegistry):
    def open(self) -> rd.Registry:
        registry = super().open()
        registry.close = die  # the publish job closes the registry before it writes to the timelines
        return registry


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still alive")


class Worker:
    """A process that is about to publish an asset."""

    def __init__(self, target: str, asset: str, *, killed: bool = False) -> None:
        self._talk, theirs = FORKS.Pipe()
        self.process: BaseProcess = FORKS.Process(target=_work, args=(theirs, dict(os.environ), target, asset, killed))
        self.process.start()
        theirs.close()
        assert self._talk.recv() == "ready"

    def go(self) -> None:
        self._talk.send("go")

    def said(self) -> str:
        """Its last word, after its end."""
        word = self._talk.recv()
        self.process.join()
        assert self.process.exitcode == 0
        return word

    def dies(self) -> None:
        """Wait until it is killed."""
        self.process.join()
        assert self.process.exitcode == -signal.SIGKILL


def _work(talk: Connection, environment: Mapping[str, str], target: str, asset: str, killed: bool) -> None:
    os.environ.clear()
    os.environ.update(environment)
    resource = (Killed if killed else rd.FeatureRegistry)(target=target, publisher="grace@lab.org")
    with dg.DagsterInstance.get() as instance:
        talk.send("ready")
        talk.recv()
        result = publish(instance, resource, asset=asset, message="Interrupted" if killed else "All at once")
        talk.send("created" if shown(result)["created"] else "unchanged")

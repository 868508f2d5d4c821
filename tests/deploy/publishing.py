"""A publish in a process of its own, as of a run worker.

`python -m tests.deploy.publishing TARGET ASSET [killed]` says "ready", waits for a line on
standard input, publishes, and says whether it created the version. With "killed" it is killed when the version
is published and Dagster does not know it yet.
"""

import os
import signal
import sys
from typing import NoReturn

import dagster as dg

import registry_dagster as rd
from tests.dagster.pipeline import publish, shown


class Killed(rd.FeatureRegistry):
    def open(self) -> rd.Registry:
        registry = super().open()
        registry.close = die  # the publish job closes the registry before it writes to the timelines
        return registry


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still alive")


def say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def main(target: str, asset: str, killed: str = "") -> None:
    resource = (Killed if killed else rd.FeatureRegistry)(target=target, publisher="grace@lab.org")
    with dg.DagsterInstance.get() as instance:
        say("ready")
        sys.stdin.readline()
        result = publish(instance, resource, asset=asset, message="Interrupted" if killed else "All at once")
        say("created" if shown(result)["created"] else "unchanged")


if __name__ == "__main__":
    main(*sys.argv[1:])

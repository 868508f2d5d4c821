"""Publish in eight processes that start at one word: `python -m tests.stores.lite.publish_loop TARGET HOW_MANY [same]`.

This process imports the registry once and forks a publisher eight times. Prints of each publish who it was, the
version's name, whether it was created, and its digest.
"""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
from typing import Any

from registry_dagster.registry.registry import Registry
from tests.registry.declared import declared, facts

__all__ = ["DATASET", "PUBLISHERS"]

DATASET, PUBLISHERS = "race", 8
PATIENCE_SECONDS = 120


def publish(target: str, who: int, how_many: int, same: bool, start: Any) -> None:
    with Registry.open(target, publisher=f"publisher-{who}") as registry:
        start.wait(PATIENCE_SECONDS)
        for turn in range(how_many):
            version = turn if same else turn * 1000 + who
            receipt = registry.publish(declared(DATASET, owners=["team:olfaction"]), facts(version), message="why")
            sys.stdout.write(f"{who} {receipt.version} {receipt.created} {receipt.digest}\n")
            sys.stdout.flush()


def import_what_publishing_needs() -> None:
    with tempfile.TemporaryDirectory() as folder, Registry.open(f"lite://{folder}/r.db", publisher="ada") as registry:
        registry.publish(declared(DATASET), facts(0), message="why")


def main(target: str, how_many: int, same: bool) -> int:
    import_what_publishing_needs()
    forks = multiprocessing.get_context("fork")
    start = forks.Barrier(PUBLISHERS)
    processes = [forks.Process(target=publish, args=(target, who, how_many, same, start)) for who in range(PUBLISHERS)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return max(abs(process.exitcode or 0) for process in processes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), "same" in sys.argv[3:]))

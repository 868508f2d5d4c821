"""Publish from a process of its own: `python -m tests.stores.lite.publish_loop TARGET DATASET WHO HOW_MANY [same]`.

Says `ready`, waits for a line, then publishes, and prints the name of each version it published.
"""

from __future__ import annotations

import sys

from registry_dagster.registry.registry import Registry
from tests.registry.declared import declared, facts


def main(target: str, dataset: str, who: int, how_many: int, same: bool) -> None:
    with Registry.open(target, publisher=f"publisher-{who}") as registry:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        for turn in range(how_many):
            version = turn if same else turn * 1000 + who
            receipt = registry.publish(declared(dataset, owners=["team:olfaction"]), facts(version), message="why")
            sys.stdout.write(f"{receipt.version} {receipt.created} {receipt.digest}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), "same" in sys.argv[5:])

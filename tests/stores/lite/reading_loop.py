"""Counts the versions in a file, at each line of its input, as a user who may not write the file's folder."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from registry_dagster.registry.registry import Registry
from tests.another_user import another_user


def main(path: Path) -> None:
    with TemporaryDirectory() as elsewhere, Registry.open(f"lite://{shutil.copy(path, elsewhere)}") as imported:
        imported.find()
    with Registry.open(f"lite://{path}") as registry:
        for _ in sys.stdin:
            with another_user(path.parent, mode=0o555):
                found = len(registry.find())
            sys.stdout.write(f"{found}\n")
            sys.stdout.flush()


main(Path(sys.argv[1]))

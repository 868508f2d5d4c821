"""Print which installed packages differ from a file of constraints, those of Dagster first: `changes.py FILE`."""

import re
import sys
from importlib.metadata import distributions
from pathlib import Path


def main(constraints: Path) -> None:
    """Print one line for each package with another version than the file has."""
    tested = dict(_pins(constraints.read_text(encoding="utf-8")))
    installed = {_name(each.metadata["Name"]): each.version for each in distributions()}
    changed = [name for name in installed if tested.get(name, installed[name]) != installed[name]]
    print(f"tested with dagster {tested['dagster']}, installed now: {installed['dagster']}; changed packages:")
    for name in sorted(changed, key=lambda each: (not each.startswith("dagster"), each)):
        print(f"  {name} {tested[name]} -> {installed[name]}")
    if not changed:
        print("  none")


def _pins(text: str) -> list[tuple[str, str]]:
    return [(_name(name), version) for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE)]


def _name(written: str) -> str:
    return re.sub(r"[-_.]+", "-", written).lower()


main(Path(sys.argv[1]))

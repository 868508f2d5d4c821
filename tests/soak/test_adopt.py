"""5,000 tables: drafted, corrected by a person, published; each step is killed in the middle and run again."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from registry_dagster.model.names import parse_version
from registry_dagster.model.quantities import Label
from registry_dagster.registry.registry import Registry
from tests.adopt.bucket import LAYOUTS, fill

pytestmark = pytest.mark.soak

SHARE = 25.0
TOTAL = 5000
MOST_SECONDS = 600


class Desk:
    """A folder in which a person works."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.target = f"lite://{folder / 'registry.db'}"
        self._environment = {**os.environ, "FEATURE_REGISTRY": self.target, "FEATURE_REGISTRY_PUBLISHER": "ada@lab.org"}

    def start(self, *words: str) -> subprocess.Popen[str]:
        command = [str(Path(sys.executable).with_name("feature-registry")), *words]
        return subprocess.Popen(command, cwd=self.folder, env=self._environment, text=True, stdout=subprocess.PIPE)

    def kill_when(self, is_under_way: Callable[[], bool], *words: str) -> None:
        """Run a command and kill it while it is at work."""
        running = self.start(*words)
        while running.poll() is None and not is_under_way():
            time.sleep(0.05)
        assert running.poll() is None, "it had ended before it could be killed"
        running.kill()
        running.communicate()

    def run(self, *words: str) -> tuple[dict[str, int], float]:
        """How many datasets or tables became what, and how many seconds it took."""
        started = time.monotonic()
        running = self.start(*words)
        printed, _ = running.communicate()
        assert running.returncode == 0, printed[-2000:]
        sums = [line.split("\t")[1:] for line in printed.splitlines() if line.startswith("sum\t")]
        return {word: int(number) for word, number in sums}, time.monotonic() - started


def review(drafts: Path) -> None:
    """What a person does: decide what is open, and correct what was proposed wrongly."""
    for draft in drafts.glob("*.yaml"):
        text = draft.read_text()
        text = text.replace("model: TODO, anchor: TODO", "model: SegCLR, anchor: nucleus")
        # Proposed as a neuron's type, as neuPrint has it. In this lab it is the name of a driver line.
        text = text.replace("type: {semantic: label}", "type: {semantic: label, classification_system: driver lines}")
        draft.write_text(text.replace("reviewed_by:", "reviewed_by: ada@lab.org"))


def test_five_thousand_tables_are_published_exactly_once(tmp_path: Path) -> None:
    scratch, drafts = tmp_path / "scratch", tmp_path / "drafts"
    scratch.mkdir()

    def put(name: str, body: bytes) -> None:
        file = tmp_path / "bucket" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)

    assert fill(put, scratch, SHARE) == TOTAL
    desk = Desk(tmp_path)
    layouts = [word for layout in LAYOUTS for word in ("--layout", layout)]
    adopt = ("adopt", "bucket", *layouts, "--source", "cave", "--source", "hemibrain=neuprint")
    publish = ("publish", "drafts", "-m", "Adopt what we have")

    desk.kill_when(lambda: drafts.exists() and sum(1 for _ in drafts.iterdir()) > 500, *adopt)
    drafted, drafting = desk.run(*adopt)
    assert set(drafted) <= {"drafted", "added to", "unchanged"}
    assert desk.run(*adopt)[0] == {"unchanged": sum(drafted.values())}

    review(drafts)
    desk.kill_when(lambda: published(desk) > 1000, *publish)
    some = published(desk)
    assert 0 < some < TOTAL
    counts, publishing = desk.run(*publish)
    assert counts["published"] + counts["unchanged"] == TOTAL
    assert desk.run(*publish)[0] == {"unchanged": TOTAL}

    with Registry.open(desk.target) as registry:
        numbers = Counter(parse_version(each.version).dataset for each in registry.stream())
        assert numbers.total() == TOTAL
        column = registry.get("hemibrain.neurons_0").columns["type"]
    assert isinstance(column, Label)
    assert column.classification_system == "driver lines"
    assert max(drafting, publishing) < MOST_SECONDS, (drafting, publishing)


def published(desk: Desk) -> int:
    """How many versions there are by now."""
    if not (desk.folder / "registry.db").exists():
        return 0
    with Registry.open(desk.target) as registry:
        return sum(1 for _ in registry.stream())

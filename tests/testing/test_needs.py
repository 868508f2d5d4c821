"""What the helpers for tests need."""

from __future__ import annotations

import subprocess
import sys


def test_the_stand_in_works_without_pytest() -> None:
    program = "import sys; import registry_dagster.testing, tests.gms.server; sys.exit('pytest' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0

"""What the pages under docs/ show is what happens."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))
# Pages whose programs need servers around them are run where those are: tests/access.
ALONE = [page for page in PAGES if page.stem not in {"access", "reading-without-us"}]


@pytest.mark.parametrize("page", ALONE, ids=lambda page: page.stem)
def test_its_python_runs_as_one_program(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FEATURE_REGISTRY", f"lite://{tmp_path / 'registry.db'}")
    namespace: dict[str, Any] = {"__name__": page.stem, "__file__": str(tmp_path / f"{page.stem}.py")}
    for block in re.findall(r"^```python\n(.*?)^```", page.read_text(), flags=re.MULTILINE | re.DOTALL):
        exec(compile(block, page.name, "exec", dont_inherit=True), namespace)


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda page: page.stem)
def test_its_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name}: {target}"

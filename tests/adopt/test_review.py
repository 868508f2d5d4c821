"""Reviewing drafts: whose name is in a file, what they read, and what was changed since."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from registry_dagster.adopt.declaration_file import read_file
from registry_dagster.adopt.review import check_reviewed, review
from registry_dagster.errors import InvalidDeclaration, PublishRefused
from tests.adopt.conftest import Run
from tests.adopt.test_declaration_file import DECLARED

HEAD = "# yaml-language-server: $schema=declaration.schema.json\n# Check every line.\n"
DRAFT = f"{HEAD}reviewed_by:{DECLARED}  # a note\ntable: cells.parquet\n"


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    path = tmp_path / "cells.yaml"
    path.write_text(DRAFT)
    return path


def test_what_was_reviewed_is_published_and_what_was_changed_since_is_not(run: Run, cells: Path, draft: Path) -> None:
    draft.write_text(DRAFT.replace("semantic: root_id, id_space: minnie65_public", "semantic: TODO"))
    refused = run("review", "cells.yaml")
    assert refused.exit_code == 1
    assert "cells.yaml, line 7: still to be decided: columns.root_id.semantic: TODO" in refused.stdout

    draft.write_text(DRAFT.replace("minnie65_public}", "hemibrain}"))  # a wrong proposal, not seen at first
    assert run("review", "cells.yaml").stdout == "reviewed\tcells.yaml\nsum\treviewed\t1\n"
    draft.write_text(draft.read_text().replace("hemibrain}", "minnie65_public}"))
    changed = run("publish", "cells.yaml", "-m", "First").exception
    assert isinstance(changed, PublishRefused)
    assert "cells.yaml, line 4: draft: reviewed: what the file declares was changed after ada@lab.org" in str(changed)
    assert "run feature-registry review cells.yaml" in str(changed)
    assert "was changed after ada@lab.org" in run("validate", "cells.yaml").stderr

    assert run("review", "cells.yaml", "--by", "grace@lab.org").exit_code == 0
    assert "published\tlab.cells@v1" in run("publish", "cells.yaml", "-m", "First").stdout
    assert run("publish", ".", "-m", "First", "--json").exit_code == 0


def test_a_review_changes_two_lines_and_comments_may_change(draft: Path) -> None:
    assert review(draft, "ada@lab.org")
    reviewed_by, reviewed = draft.read_text().splitlines()[2:4]
    assert reviewed_by == "reviewed_by: ada@lab.org"
    assert reviewed.startswith("reviewed: sha256:")
    assert draft.read_text() == DRAFT.replace("reviewed_by:", f"{reviewed_by}\n{reviewed}")
    assert not review(draft, "ada@lab.org")

    draft.write_text(
        draft.read_text().replace("# a note", "# another").replace("{name: lab.cells}", "\n  name: lab.cells")
    )
    check_reviewed(read_file(draft))
    assert review(draft, "grace@lab.org")
    assert reviewed in draft.read_text()


def test_a_declaration_without_a_name_gets_one_above_its_first_key(draft: Path) -> None:
    draft.write_text(f"# Ours\n---\n{DECLARED.strip()}\n")
    assert review(draft, "Ada: of the lab")
    lines = draft.read_text().splitlines()
    assert lines[:3] == ["# Ours", "---", 'reviewed_by: "Ada: of the lab"']
    check_reviewed(read_file(draft))


@pytest.mark.parametrize("change", ["reviewed_by: ada@lab.org\n", "ada@lab.org"])
def test_a_digest_without_a_name_is_no_review(draft: Path, change: str) -> None:
    review(draft, "ada@lab.org")
    draft.write_text(draft.read_text().replace(change, ""))
    with pytest.raises(PublishRefused, match="nobody has reviewed"):
        check_reviewed(read_file(draft))


def test_json_is_left_as_it_is(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "cells.json"
    path.write_text(text := json.dumps(dict(read_file(DECLARED).document.data)))
    with pytest.raises(InvalidDeclaration, match=r"reviewed_by \(ada@lab.org\) and reviewed \(sha256:"):
        review(path, "ada@lab.org")
    assert path.read_text() == text
    assert json.loads(run("review", "cells.json", "--json").stdout)[0]["result"] == "refused"


def test_a_review_is_somebodys(run: Run, draft: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FEATURE_REGISTRY_PUBLISHER")
    assert "a review needs a name: use --by" in str(run("review", "cells.yaml").exception)
    assert draft.read_text() == DRAFT


def test_what_no_canonical_json_has_takes_part(draft: Path) -> None:
    """Moments, and integers above 2^53."""
    state = "{system: minnie65_public, version: 1300, source: cave, timestamp: 2024-12-01T08:00:00Z}"
    text = DRAFT.replace("cave/minnie65_public@1300", state)
    draft.write_text(text.replace("minnie65_public}", "minnie65_public, null_sentinel: 18446744073709551615}"))
    assert review(draft, "ada@lab.org")
    check_reviewed(read_file(draft))
    draft.write_text(draft.read_text().replace("08:00:00Z", "08:00:01Z"))
    with pytest.raises(PublishRefused):
        check_reviewed(read_file(draft))

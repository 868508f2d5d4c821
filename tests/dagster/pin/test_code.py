"""The code that made a table is what Dagster knows of it: whole commits alone, and no credential."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

import registry_dagster as rd
from registry_dagster.dagster.names import CODE_REFERENCES
from registry_dagster.dagster.pin.code import code_known
from tests.dagster.pipeline import cells_asset, materialize, publish, shown
from tests.git_tree import commit_all

COMMIT, OTHER = "0123456789abcdef0123456789abcdef01234567", "f" * 40
REPOSITORY = "https://github.com/lab/cells"
TAGS = {"dagster/git_commit_hash": COMMIT, "dagster/git_project_url": f"{REPOSITORY}/tree/{COMMIT}/jobs"}
GITLAB = "https://gitlab.com/lab/fly/cells"

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning")


@pytest.fixture(autouse=True)
def outside_of_a_deployment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DAGSTER_CLOUD_GIT_SHA", "DAGSTER_CLOUD_GIT_URL"):
        monkeypatch.delenv(name, raising=False)


def referring_to(*references: Any) -> dict[str, Any]:
    return {CODE_REFERENCES: dg.CodeReferencesMetadataValue(code_references=list(references))}


def known(tags: Mapping[str, str], url: str | None = None) -> str | None:
    code = code_known(tags, {} if url is None else referring_to(dg.UrlCodeReference(url=url)))
    return None if code is None else str(code)


def test_what_dagster_knows_is_recorded_and_shown(
    instance: dg.DagsterInstance, resource: rd.FeatureRegistry, registry: rd.Registry, tmp_path: Path
) -> None:
    (cells,) = dg.link_code_references_to_git(
        dg.with_source_code_references([cells_asset(tmp_path / "tables" / "cells.parquet")]),
        git_url=REPOSITORY,
        git_branch=COMMIT,
        file_path_mapping=dg.AnchorBasedFilePathMapping(Path(__file__).parents[1] / "pipeline.py", "defs/pipeline.py"),
    )
    assert isinstance(cells, dg.AssetsDefinition)
    materialize(instance, resource, cells, tags=TAGS)
    published = shown(publish(instance, resource, asset="cells", message="First"))
    code = f"{REPOSITORY}@{COMMIT}:defs/pipeline.py"
    assert str(registry.get("minnie65.cells").provenance.code) == code
    assert code in published["plan"]
    assert code in published["receipt"]
    event = instance.get_latest_materialization_event(dg.AssetKey(["registry", "minnie65.cells"]))
    assert event is not None
    assert event.asset_materialization is not None
    assert event.asset_materialization.metadata["code"].value == code


@pytest.mark.parametrize(
    ("tags", "url", "code"),
    [
        ({}, None, None),
        (TAGS, None, f"{REPOSITORY}@{COMMIT}"),
        ({}, f"{GITLAB}/-/tree/{COMMIT}/a/b.py#L10", f"{GITLAB}@{COMMIT}:a/b.py"),
        ({}, f"{REPOSITORY}/blob/{COMMIT}/tree/a%20b.py", f"{REPOSITORY}@{COMMIT}:tree/a b.py"),
        (TAGS, f"{REPOSITORY}/tree/{COMMIT}/cells.py", f"{REPOSITORY}@{COMMIT}:cells.py"),
        ({"dagster/git_commit_hash": COMMIT}, "https://docs.lab.org/cells", COMMIT),
    ],
)
def test_a_whole_commit_is_known(tags: Mapping[str, str], url: str | None, code: str | None) -> None:
    assert known(tags, url) == code


@pytest.mark.parametrize(
    ("tags", "url"),
    [
        ({}, f"{REPOSITORY}/tree/main/cells.py"),
        ({}, f"{REPOSITORY}/tree/{COMMIT[:12]}/cells.py"),
        ({}, f"{REPOSITORY}/tree/{COMMIT}/../../secret.py"),
        ({}, "https://docs.lab.org/cells"),
        ({"dagster/git_commit_hash": "main"}, None),
    ],
)
def test_a_branch_or_another_page_names_no_commit(tags: Mapping[str, str], url: str | None) -> None:
    assert known(tags, url) is None


@pytest.mark.parametrize("url", [f"{REPOSITORY}/tree/{OTHER}/a.py", f"https://github.com/lab/other/tree/{COMMIT}/a.py"])
def test_the_run_says_what_ran_even_if_the_asset_links_elsewhere(url: str) -> None:
    assert known(TAGS, url) == f"{REPOSITORY}@{COMMIT}"


def test_a_deployments_variables_are_taken_without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_CLOUD_GIT_SHA", COMMIT)
    monkeypatch.setenv("DAGSTER_CLOUD_GIT_URL", "https://ada:hunter2@github.com/lab/cells.git")
    assert known({}) == f"{REPOSITORY}@{COMMIT}"
    assert known({"dagster/git_commit_hash": OTHER}) == OTHER
    monkeypatch.setenv(
        "DAGSTER_CLOUD_GIT_URL", "https://git.lab.org/token/ghp_0123456789abcdef0123456789abcdef0123/cells"
    )
    assert known({}) == COMMIT


def test_a_local_file_is_of_its_work_trees_commit_unless_that_was_changed(tmp_path: Path) -> None:
    file = tmp_path / "cells.py"
    file.write_text("x = 1\n")
    head = commit_all(tmp_path)
    local = referring_to(dg.LocalFileCodeReference(file_path=str(file), line_number=1))
    assert str(code_known({}, local)) == f"{head}:cells.py"
    file.write_text("x = 2\n")
    assert code_known({}, local) is None

"""Versions from a file, and which source a word names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.sources.open import open_source
from registry_dagster.sources.version_file import VersionFile

RELEASES = """\
materializations:
  - {system: h01, version: c3, source: h01, timestamp: 2021-05-29T00:00:00Z}
  - system: minnie65_public
    version: 1300
    source: cave
    aliases: [minnie65_phase3_v1@1300]
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "releases.yaml"


def test_a_file_tells_of_the_versions_written_in_it(path: Path) -> None:
    path.write_text(RELEASES)
    assert VersionFile(path).ask().versions == (
        MaterializationVersion(system="h01", version="c3", source="h01", timestamp="2021-05-29T00:00:00Z"),
        MaterializationVersion(
            system="minnie65_public", version="1300", source="cave", aliases=["minnie65_phase3_v1@1300"]
        ),
    )


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (RELEASES.replace("T00:00:00Z", ""), ", line 2:", "timestamp: 2021-05-29 is a day; write the moment"),
        (RELEASES.replace("1300\n", "1:2\n", 1), ", line 4:", "version: '1:2' cannot name an upstream system"),
        (RELEASES.replace("aliases", "alias"), ", line 6:", "alias: unknown key"),
        ("materializations: []\n", ", line 1:", "materializations: must have at least 1 item"),
        ("", ": ", "expected a mapping of keys to values"),
        ("[", ": ", "not a YAML file"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(path: Path, text: str, line: str, said: str) -> None:
    path.write_text(text)
    with pytest.raises(InvalidDeclaration) as refused:
        VersionFile(path).ask()
    assert str(refused.value).startswith(f"{path}{line}")
    assert said in str(refused.value)


def test_a_file_that_is_not_there_is_said_so(path: Path) -> None:
    with pytest.raises(InvalidDeclaration, match="No such file"):
        VersionFile(path).ask()


@pytest.mark.parametrize(
    ("kind", "names", "name"),
    [
        ("cave", ["minnie65_public"], ("cave", "minnie65_public")),
        ("neuprint", ["neuprint.janelia.org"], ("neuprint", "neuprint.janelia.org")),
        ("neuprint", ["https://neuprint.janelia.org/", "manc"], ("neuprint", "neuprint.janelia.org", "manc")),
        ("file", ["/data/releases.yaml"], ("file", "releases")),
    ],
)
def test_a_word_names_a_source(kind: str, names: list[str], name: tuple[str, ...]) -> None:
    assert open_source(kind, names).name == name


@pytest.mark.parametrize(
    ("kind", "names", "options", "said"),
    [
        ("cav", ["x"], {}, "no source 'cav'; did you mean 'cave'"),
        ("cave", [], {}, "write cave DATASTACK"),
        ("cave", ["a", "b"], {}, "write cave DATASTACK"),
        ("neuprint", ["a", "b", "c"], {}, "write neuprint SERVER"),
        ("file", [""], {}, "write file PATH"),
        ("neuprint", ["a"], {"server": "b"}, "only cave takes a server"),
        ("file", ["a"], {"same_as": ["b"]}, "only cave takes a server"),
    ],
)
def test_other_words_are_told_what_to_write(kind: str, names: list[str], options: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidDeclaration, match=said):
        open_source(kind, names, **options)

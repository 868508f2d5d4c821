"""A declaration says the same in a component's YAML as in a file of its own."""

from __future__ import annotations

from textwrap import indent

import dagster as dg
import pytest

import registry_dagster as rd
from registry_dagster.dagster.component.component import PublishComponent
from tests.dagster.component.project import Project, refused
from tests.spellings import SPELLINGS, spelled


def declared(project: Project, monkeypatch: pytest.MonkeyPatch) -> dict[str, rd.FeatureTable]:
    """What the components of a project declare, as Dagster loads them."""
    found: dict[str, rd.FeatureTable] = {}

    def build_defs(self: PublishComponent, context: dg.ComponentLoadContext) -> dg.Definitions:
        del context
        found.update(self.datasets)
        return dg.Definitions()

    monkeypatch.setattr(PublishComponent, "build_defs", build_defs)
    project.load()
    return found


def test_a_components_yaml_declares_what_was_typed(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {f"asset{number}": spelled(name) for number, name in enumerate(SPELLINGS)}
    # Anchors are unique in a file.
    alike = {key: text.replace("&ids", f"&{key}").replace("*ids", f"*{key}") for key, (text, _) in texts.items()}
    project.attributes("datasets:\n" + "".join(f"  {key}:\n{indent(text, '    ')}" for key, text in alike.items()))
    assert declared(project, monkeypatch) == {key: said for key, (_, said) in texts.items()}


def test_each_of_several_components_in_one_file_declares_what_was_typed(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first, said_first), (second, said_second) = spelled("leading zero"), spelled("yes and no")
    project.write(
        defs="---\n".join(
            f"type: registry_dagster.PublishComponent\nattributes:\n  datasets:\n    {key}:\n{indent(text, '      ')}"
            for key, text in (("first", first), ("second", second))
        )
    )
    assert declared(project, monkeypatch) == {"first": said_first, "second": said_second}


def test_an_impossible_moment_in_a_components_yaml_is_refused_at_its_line(project: Project) -> None:
    text, _ = spelled("plain")
    text = text.replace("source: cave", "source: cave, timestamp: 2025-02-30")
    project.attributes(f"datasets:\n  cells:\n{indent(text, '    ')}")
    assert "defs.yaml, line 6: '2025-02-30' is not a value: day is out of range" in refused(project)


def test_dgs_check_took_what_yaml_made_of_a_text_for_a_mistake(project: Project) -> None:
    texts = {f"asset{number}": spelled(name)[0] for number, name in enumerate(SPELLINGS)}
    alike = {key: text.replace("&ids", f"&{key}").replace("*ids", f"*{key}") for key, text in texts.items()}
    project.attributes("datasets:\n" + "".join(f"  {key}:\n{indent(text, '    ')}" for key, text in alike.items()))
    checked = project.dg("check", "yaml")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    project.attributes(f"datasets:\n  cells:\n{indent(spelled('plain')[0].replace('n:1', '2:1'), '    ')}")
    checked = project.dg("check", "yaml")
    assert checked.returncode == 1
    assert "'1:1', 'n:1', '1:n', 'n:m'" in checked.stdout

"""The reviewed file: each entry says who, why and what; a wrong one is reported and does not stop the others."""

from pathlib import Path

import pytest

from registry_dagster.dagster.gate.approvals import Approval, read_approvals


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "approvals.yaml"


def test_entries_say_who_why_and_what(path: Path) -> None:
    path.write_text("- {asset: group/cells, partition: '1300', by: ada@lab.org, why: Reviewed, label: paper}\n")
    approvals = read_approvals(path)
    assert approvals.entries == [
        Approval(asset="group/cells", partition="1300", by="ada@lab.org", why="Reviewed", label="paper")
    ]
    assert approvals.problems == []


def test_an_empty_file_approves_nothing(path: Path) -> None:
    path.write_text("# nothing yet\n")
    assert not read_approvals(path).entries
    assert not read_approvals(path).problems


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- {asset: cells, by: ada}", "line 1: why: required, but missing"),
        ("- {asset: cells, by: ada, why: x, run: y}", "line 1: run: unknown key"),
        ("- {asset: cells, by: ada, why: ''}", "line 1: why:"),
        ("- cells", "line 1: not an entry; write a list of entries such as {asset: synapses,"),
        ("asset: cells", "not a list, so it approves nothing"),
        ("- {asset: [", "not a YAML file"),
        ("- !!python/object/apply:os.system [ls]", "not a YAML file"),
    ],
)
def test_what_is_wrong_is_reported_with_its_place(path: Path, text: str, said: str) -> None:
    path.write_text(text)
    approvals = read_approvals(path)
    assert not approvals.entries
    (problem,) = approvals.problems
    assert problem.startswith(str(path))
    assert said in problem


def test_a_missing_file_is_reported(path: Path) -> None:
    (problem,) = read_approvals(path).problems
    assert "No such file" in problem


def test_an_edited_entry_is_another_one() -> None:
    entry = Approval(asset="cells", by="ada", why="Reviewed")
    assert entry.key == Approval(asset="cells", by="ada", why="Reviewed").key
    assert entry.key != Approval(asset="cells", by="ada", why="Reviewed twice").key


def test_a_wrong_entry_keeps_no_other_approval_out(path: Path) -> None:
    bomb = ", ".join(["*d"] * 9)
    path.write_text(f"""\
- {{asset: cells, why: Reviewed, by: ada@lab.org, partition: 0626}}
- {{asset: cells, why: 2025-02-30, by: ada@lab.org, until: 2025-02-30}}
- {{asset: cells, asset: nuclei, why: Reviewed, by: ada@lab.org}}
- {{asset: cells, why: {"9" * 5000}, by: ada@lab.org}}
- {{a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1], b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a], c: &c [*b, *b, *b, *b, *b, *b, *b],
   d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c], e: &e [{bomb}], f: [*e, *e, *e, *e, *e, *e, *e, *e, *e]}}
- {{asset: synapses, why: on, by: 12:30}}
""")
    approvals = read_approvals(path)
    assert [(each.asset, each.why, each.by, each.partition) for each in approvals.entries] == [
        ("cells", "Reviewed", "ada@lab.org", "0626"),
        ("cells", "9" * 5000, "ada@lab.org", None),
        ("synapses", "on", "12:30", None),
    ]
    dates, twice, repeated = approvals.problems
    assert dates.startswith(f"{path}, line 2: '2025-02-30' is not a value: day is out of range for month")
    assert "'asset' is given twice" in twice
    assert repeated.startswith(f"{path}, line 5: more than 200,000 values")

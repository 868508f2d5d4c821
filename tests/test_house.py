"""The house stays small: few files in the root, short files and functions, simple functions, few layers."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import mean

import pytest

from tests.docs.pages import ROOT

PACKAGE = ROOT / "registry_dagster"
MODULES = sorted(PACKAGE.rglob("*.py"))
MOST_ROOT_MODULES = 4
MOST_FILE_LINES = 350
MOST_FUNCTION_LINES = 60
MOST_MEAN_COMPLEXITY = 3.2
MOST_LAYERS = 12

Function = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def decisions(node: ast.AST) -> int:
    """The decision points below a node, as radon counts them; those of functions and classes in it are theirs."""
    found = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (*Function.__args__, ast.ClassDef)):
            continue
        if isinstance(child, ast.If | ast.IfExp | ast.Assert):
            found += 1
        elif isinstance(child, ast.For | ast.AsyncFor | ast.While):
            found += 1 + bool(child.orelse)
        elif isinstance(child, ast.comprehension):
            found += 1 + len(child.ifs)
        elif isinstance(child, ast.BoolOp):
            found += len(child.values) - 1
        elif isinstance(child, ast.Try):
            found += len(child.handlers) + bool(child.orelse)
        elif isinstance(child, ast.Match):
            found += len([case for case in child.cases if getattr(case.pattern, "pattern", False) is not None])
        found += decisions(child)
    return found


def complexity(function: Function) -> int:
    return 1 + sum(decisions(ast.Module([statement], [])) for statement in function.body)


def blocks(body: list[ast.stmt]) -> Iterator[int]:
    """The complexity of each function, method and class; a class has the mean of its methods, and one more."""
    for node in body:
        if isinstance(node, Function):
            yield complexity(node)
        elif isinstance(node, ast.ClassDef):
            methods = [complexity(method) for method in node.body if isinstance(method, Function)]
            own = 1 + decisions(ast.Module([each for each in node.body if not isinstance(each, Function)], []))
            whole = own + sum(methods)
            yield int(whole / len(methods)) + (len(methods) > 1) if methods else whole
            yield from methods


def layers() -> Iterator[tuple[bool, list[str]]]:
    """Each contract of layers in pyproject.toml: whether it is exhaustive, and its rows. Python 3.10 has no tomllib."""
    contracts = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("[[tool.importlinter.contracts]]")[1:]
    for contract in contracts:
        if rows := re.search(r"^layers = \[\n(.*?)^\]", contract, flags=re.MULTILINE | re.DOTALL):
            yield "\nexhaustive = true\n" in contract, re.findall(r'"([^"]+)"', rows[1])


def test_the_root_has_few_modules() -> None:
    modules = [path.name for path in PACKAGE.glob("*.py") if path.name != "__init__.py"]
    assert len(modules) <= MOST_ROOT_MODULES, modules


def test_every_room_says_what_may_live_there() -> None:
    rooms = [path for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"]
    assert [room.name for room in rooms if not ast.get_docstring(parsed(room / "__init__.py"))] == []


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_a_module_and_its_functions_are_short(module: Path) -> None:
    assert len(module.read_text(encoding="utf-8").splitlines()) <= MOST_FILE_LINES
    functions = [node for node in ast.walk(parsed(module)) if isinstance(node, Function)]
    long = [each.name for each in functions if (each.end_lineno or 0) - each.lineno >= MOST_FUNCTION_LINES]
    assert long == []


def test_functions_are_simple() -> None:
    assert mean(block for module in MODULES for block in blocks(parsed(module).body)) < MOST_MEAN_COMPLEXITY


def test_complexity_counts_decisions() -> None:
    body = ast.parse("def f(x):\n    if x and not x:\n        return [y for y in x if y]\n\nclass A:\n    pass").body
    assert list(blocks(body)) == [1 + 2 + 2, 1]


def test_the_layers_are_few_and_hold_everything() -> None:
    contracts = list(layers())
    assert len(contracts) >= 2
    assert all(exhaustive and len(rows) <= MOST_LAYERS for exhaustive, rows in contracts), contracts


def imports(module: Path) -> Iterator[str]:
    """The packages that a module imports, anywhere in it."""
    for node in ast.walk(parsed(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_only_the_room_dagster_imports_dagster() -> None:
    """import-linter has the same as a contract; a new room is not in its list of modules."""
    outside = [module for module in MODULES if PACKAGE / "dagster" not in module.parents]
    assert len(outside) > 100
    assert [name_of(module) for module in outside if "dagster" in imports(module)] == []

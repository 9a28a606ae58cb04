"""The plan of the whole: packages stand on each other, and no two files in a row need each other.

Imports inside functions count, those for type checkers do not.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import likely as lk

ROOT = Path(lk.__file__).parent
Graph = Mapping[str, set[str]]


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


FILES = {module_of(path): path for path in ROOT.rglob("*.py")}


def imported(tree: ast.AST) -> Iterator[str]:
    """The names that a module imports, wherever in it, but for those that type checkers alone see."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for other in node.orelse:
                yield from imported(other)
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports name their modules in full"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        yield from imported(node)


def home(name: str) -> str:
    """The module that a name is of; empty for what is none of ours."""
    while name and name not in FILES:
        name = name.rpartition(".")[0]
    return name


def files() -> dict[str, set[str]]:
    """What each file imports; the front door, which imports on demand, and a file's own packages apart."""
    graph = {}
    for module, path in FILES.items():
        found = {home(name) for name in imported(ast.parse(path.read_text(encoding="utf-8")))} - {"", "likely", module}
        graph[module] = {other for other in found if not module.startswith(f"{other}.")}
    del graph["likely"]
    return graph


def packages() -> dict[str, set[str]]:
    """What each entry at the top of the package imports of the others."""
    graph: dict[str, set[str]] = {}
    for module, found in files().items():
        top = module.split(".")[1]
        graph.setdefault(top, set()).update({other.split(".")[1] for other in found} - {top})
    return graph


def circles(graph: Graph) -> list[set[str]]:
    """Nodes that reach each other, in groups of more than one."""
    reached = {node: reachable(graph, node) for node in graph}
    groups = {frozenset(other for other in reached[node] if node in reached[other]) for node in graph}
    return [set(group) for group in groups if len(group) > 1]


def reachable(graph: Graph, start: str) -> set[str]:
    found, left = set[str](), [start]
    while left:
        for other in graph[left.pop()] - found:
            found.add(other)
            left.append(other)
    return found


def test_circles_are_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [{"a", "b", "c"}]
    assert circles({"a": {"b"}, "b": set()}) == []


def test_imports_are_found_wherever_they_stand() -> None:
    code = "import a\nif TYPE_CHECKING:\n    import b\ndef f():\n    from likely.c import d\n"
    assert list(imported(ast.parse(code))) == ["a", "likely.c.d"]


def test_no_packages_need_each_other() -> None:
    assert circles(packages()) == []


def test_at_most_two_files_need_each_other() -> None:
    assert [group for group in circles(files()) if len(group) > 2] == []


@pytest.mark.parametrize("low", ["estimates", "inference", "prediction", "checking", "report"])
def test_nothing_below_knows_what_people_hold(low: str) -> None:
    assert "results" not in reachable(packages(), low)


def test_no_package_gives_another_thing_the_name_of_one_of_its_modules() -> None:
    """Importing the module would put it in the other's place."""
    found = []
    for package in ROOT.rglob("__init__.py"):
        modules = {path.stem for path in package.parent.iterdir() if path.suffix in ("", ".py")}
        for node in ast.parse(package.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom):
                own = (module_of(package), *(f"{module_of(package)}.{alias.name}" for alias in node.names))
                names = set() if node.module in own else {alias.asname or alias.name for alias in node.names}
            else:
                names = {getattr(node, "name", "")}
            found += [f"{module_of(package)}.{name}" for name in names & modules]
    assert found == []


def test_no_module_shares_its_name_with_a_public_function() -> None:
    modules = {path.stem if path.stem != "__init__" else path.parent.name for path in ROOT.iterdir()}
    assert {name for name in lk.__all__ if name in modules} == {"charts", "errors", "estimators", "losses"}

"""What a type checker says of the public names: it knows them all, and finds arguments that do not exist."""

from __future__ import annotations

import ast
import dataclasses
import functools
import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import likely as lk
from likely.families import FAMILIES, ConditionalLogit
from likely.models.asked import SEARCH, Asked
from likely.results.fits import SearchOptions

api = pytest.importorskip("mypy.api")
ROOT = Path(__file__).parents[1]
WRONG = """\
lk.Normal(foo=1)
lk.Normal(1.0)
lk.Ordinal(link=3)
fit = lk.fit("normal", [1.0, 2.0], missing=3)
fit.coefs
fit.predict(wat=1)
fit.predict(known={"n": 20}, offset="x", level=0.9)
fit.simulate(3, wat=1)
fit.interval(method="bootstrap", replicate=100)
fit.predict(level="high")
lk.compare(["normal"], [1.0, 2.0]).rows[0].aicd
fit.likelihood.maximize(solve="newton")
fit.likelihood.maximize(max_iterations="many")
fit.report().exists()
fit.report("fit.html").exists()
lk.Parameter("rate", lk.Positive, explains=3)
lk.Kind.COUNT
"""


def checked(text: str, folder: Path) -> list[tuple[int, str]]:
    """The lines at which mypy, as strict as it gets, finds an error, with its code."""
    path = folder / "snippet.py"
    path.write_text(f"import likely as lk\n{text}")
    told, trouble, _ = api.run([str(path), "--config-file", str(ROOT / "pyproject.toml"), "--no-pretty"])
    assert not trouble
    return [(int(line) - 1, code) for line, code in re.findall(r"snippet\.py:(\d+): error: .*\[(.*)\]", told)]


def test_wrong_arguments_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert checked(WRONG, tmp_path) == [
        (1, "call-arg"),
        (2, "call-arg"),
        (3, "arg-type"),
        (4, "arg-type"),
        (5, "attr-defined"),
        (6, "call-arg"),
        (8, "call-arg"),
        (9, "call-arg"),
        (10, "arg-type"),
        (11, "attr-defined"),
        (12, "call-arg"),
        (13, "arg-type"),
        (14, "attr-defined"),
        (16, "call-arg"),
        (17, "attr-defined"),
    ]
    assert set(SearchOptions.__annotations__) == set(SEARCH)


def test_a_fit_lists_what_it_can_be_asked() -> None:
    fit = lk.fit("normal", [1.0, 2.0, 4.0])
    for face, some in ((fit, {"coef", "predict", "asked", "plot"}), (fit.likelihood, {"log", "maximize", "table"})):
        assert some <= set(dir(face))
        assert all(not name.startswith("_") and hasattr(face, name) for name in dir(face))


def test_public_names_and_the_parameters_of_families(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    made = [
        f"lk.{family.__name__}({p.name}='a')"
        for family in (*FAMILIES.values(), ConditionalLogit)
        for p in family.parameters
        if not p.vector
    ]
    assert len(made) > 40
    assert checked("\n".join([*(f"lk.{name}" for name in lk.__all__), *made]) + "\n", tmp_path) == []


# what has no narrower type: anything that a user may write, and objects of libraries that come without types
ANYTHING = {
    *(f"likely.models.asked.Asked.{name}" for name in Asked.__dataclass_fields__),
    *(f"likely.models.constraints.Restraints.{name}" for name in ("constraints", "penalty")),
    "likely.models.model.Model.weights",
    "likely.families.base.domains.Free.start",
    "likely.data.many_levels.Levels.place",
    # pandas, SciPy, formulaic and SymPy
    "likely.data.levels.Column.index",
    "likely.data.table.Table.text",
    "likely.compute.blocks.Blocks.csr",
    "likely.data.design.Design.spec",
    "likely.data.many_levels.Coding.plain",
    "likely.data.many_levels.Numbers.spec",
    *(f"likely.losses.explain.Explanation.{name}" for name in ("loss", "factor", "constant")),
    "likely.losses.explain.Step.formula",
    # arrays that a record without rows has not
    "likely.estimates.covariance.request.Clusters.codes",
    "likely.models.rows.Rows.y",
    "likely.models.rows.Rows.offset",
}
SPECIAL = ("__call__", "__getitem__", "__iter__", "__len__")


@functools.cache
def imported_names(module: str) -> dict[str, tuple[str, str]]:
    """Where the names come from that a module imports of the package, those for type checkers too."""
    tree = ast.parse(Path(sys.modules[module].__file__ or "").read_text(encoding="utf-8"))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {
        alias.asname or alias.name: (node.module or "", alias.name)
        for node in found
        if (node.module or "").startswith("likely")
        for alias in node.names
    }


def named(word: str, module: str) -> object:
    """What a word of an annotation stands for, where it is of the package."""
    here = vars(sys.modules[module])
    if word in here or word not in imported_names(module):
        return here.get(word)
    home, name = imported_names(module)[word]
    return getattr(importlib.import_module(home), name)


def function_of(member: object) -> object:
    if isinstance(member, property):
        return member.fget
    if isinstance(member, functools.cached_property):
        return member.func
    return getattr(member, "__func__", member)


def returned(member: object) -> tuple[str, str] | None:
    """What a function, method or property returns, as written, and the module in which it is written."""
    function = function_of(member)
    if not inspect.isfunction(function):
        return None
    function = inspect.unwrap(function)
    return str(function.__annotations__.get("return", "nothing stated")), function.__module__


def stated(thing: object) -> Iterator[tuple[str, str, str]]:
    """Every public name of a function or class of the package, its type as written, and the module of that."""
    if inspect.isfunction(thing) and (found := returned(thing)):
        yield f"{thing.__module__}.{thing.__qualname__}", *found
    elif inspect.isclass(thing):
        for cls in thing.__mro__:
            if cls.__module__.startswith("likely"):
                path = f"{cls.__module__}.{cls.__qualname__}"
                fields = cls.__annotations__ if dataclasses.is_dataclass(cls) else {}
                yield from ((f"{path}.{k}", str(v), cls.__module__) for k, v in fields.items() if not k.startswith("_"))
                for name, member in vars(cls).items():
                    if (name in SPECIAL or not name.startswith("_")) and (found := returned(member)):
                        yield f"{path}.{name}", *found


def public_surface() -> dict[str, str]:
    """The types of all that can be reached from the public names, by the path of its definition."""
    out: dict[str, str] = {}
    ahead, done = [getattr(lk, name) for name in lk.__all__], set[int]()
    while ahead:
        thing = ahead.pop()
        if id(thing) in done or not getattr(thing, "__module__", "").startswith("likely"):
            continue
        done.add(id(thing))
        for path, text, module in stated(thing):
            out[path] = text
            ahead += [named(word, module) for word in re.findall(r"[A-Za-z_]\w*", text)]
    return out


def test_nothing_public_is_of_no_known_type() -> None:
    surface = public_surface()
    assert len(surface) > 1000
    untyped = {path for path, text in surface.items() if re.fullmatch(r"(Any|nothing stated)( \| None)?", text)}
    assert untyped - ANYTHING == set()

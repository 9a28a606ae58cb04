"""What a type checker says of the public names: it knows them all, and finds arguments that do not exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import likely as lk
from likely.families import FAMILIES, ConditionalLogit
from likely.models.asked import SEARCH
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

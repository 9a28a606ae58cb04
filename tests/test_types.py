"""What a type checker says of the public names: it knows them all, and finds arguments that there are not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import likely as lk
from likely.families import FAMILIES, ConditionalLogit

api = pytest.importorskip("mypy.api")
ROOT = Path(__file__).parents[1]
WRONG = """\
lk.Normal(foo=1)
lk.Normal(1.0)
lk.Ordinal(link=3)
fit = lk.fit("normal", [1.0, 2.0], missing=3)
fit.coefs
lk.compare(["normal"], [1.0, 2.0]).rows[0].aicd
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
        (6, "attr-defined"),
    ]


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

"""Formulas with huge numbers, many terms or deep brackets end by an answer or an error, within seconds."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

import likely as lk
from likely.data.formula import parse, terms
from likely.errors import DataError, DesignError, LikelyError, OptionError

RNG = np.random.default_rng(0)
N = 8
DATA = {
    "y": RNG.normal(size=N),
    "x": np.arange(N) + 1.0,
    "a": RNG.normal(size=N),
    "b": RNG.normal(size=N),
    "g": list("aabbccdd"),
}


@pytest.mark.parametrize(
    ("right", "words"),
    [
        ("{10**10**10}", "too large for a computer's arithmetic"),
        ("I(9**9**9**9)", "too large"),
        ("I(x * 9**9**9)", "too large"),
        ("I((-10)**(10**9))", "too large"),
        ("I(10**-10**10)", "too large"),
        ("I(x * 10**400)", "too large"),
        ("I(np.maximum(x, 10**10**10))", "too large"),
        ("I(1e200 * 1e200 * x)", "too large"),
        ("I(x**10**10)", "a power beyond 1,000"),
        ("I(x * 9" + "9" * 5000 + ")", "cannot read"),
        ("{1 << 10**10}", "operation that formulas do not know"),
        ("{'a' * 10**10}", "neither a number nor a column"),
        ("{[0] * 10**10}", "neither a number nor a column"),
        ("I((9 or x)**9**9)", "neither a number nor a column"),
        ("{[i for i in [1] * 10**9]}", "more than arithmetic"),
        ("{(z := 9**9**9)}", "more than arithmetic"),
        ("I(x / 0)", "divides by zero|not finite"),
        ("I(1 / 0 * x)", "divides by zero"),
        ("bs(x, df=10**9)", r"df=1,000,000,000, and there are 8 rows"),
        ("bs(x, 1e9)", "there are 8 rows"),
        ("bs(x, degree=10**6)", "degree=1,000,000"),
        ("cr(x, df=10**8)", "there are 8 rows"),
        ("cc(x, 10**8)", "there are 8 rows"),
        ("cs(x, df=10**8)", "there are 8 rows"),
        ("center(bs(x, df=10**9))", "there are 8 rows"),
        ("poly(x, 10**8)", "there are 8 rows"),
        ("poly(x, degree=1e300)", r"degree=1e\+300"),
        ("hashed(g, levels=10**9)", "does not fit in memory"),
        ("(" * 200 + "x" + ")" * 200, "nested more than 90 deep"),
        ("log(" * 200 + "x" + ")" * 200, "nested more than 90 deep"),
        ("{" * 200 + "x" + "}" * 200, "nested more than 90 deep"),
        ("I(" + "-" * 20_000 + "x)", "more than 300 operations"),
        ("I(" + "+".join(["x"] * 2_000) + ")", "more than 300 operations"),
        (" + ".join(["x"] * 250_000), "500,000 are the most"),
        ("x" * 1_000_000, "500,000 are the most"),
        ("x*" + "*".join(f"I(x + {i})" for i in range(25)), "more than 20,000 terms"),
    ],
    ids=lambda v: v[:24],
)
def test_what_has_no_bound_is_refused(right: str, words: str) -> None:
    start = time.monotonic()
    for arguments, options in (
        (("normal", DATA, f"y ~ {right}"), {}),
        (("normal", DATA, "y ~ x"), {"sd": f"~ {right}"}),
    ):
        with pytest.raises(LikelyError, match=words) as caught:
            lk.fit(*arguments, **options)
        assert len(str(caught.value)) < 1500
    assert time.monotonic() - start < 10


def test_other_arguments_that_are_expressions() -> None:
    for given in ({"offset": "9**9**9**9"}, {"weights": "9**9**9**9"}, {"exposure": "9**9**9**9"}):
        with pytest.raises(LikelyError):
            lk.fit("poisson", {**DATA, "y": [1, 2, 0, 3, 1, 2, 5, 4]}, "y ~ x", **given)
    with pytest.raises(DesignError, match="too large"):
        lk.fit("normal", DATA, "I(9**9**9**9) ~ x")
    with pytest.raises(DesignError, match="too large"):
        lk.fit("normal", DATA, "y ~ x + offset(9**9**9)")
    with pytest.raises(OptionError):
        lk.fit("normal", DATA, "y ~ x", constraints="mean.x = 9**9**9**9")


def made(right: str) -> list[str]:
    return [str(term) for term in parse(right)]


def test_the_algebra_of_terms_is_formulaics_own() -> None:
    from formulaic import Formula

    for right in (
        *("x", "x + a", "x - 1", "0 + x", "x*a", "x*a*b", "x:a + b", "x/a", "x/(a + b)", "(x + a)/b", "a %in% b"),
        *(
            "(x + a + b)**2",
            "(x + a + b)^3",
            "x*a - x:a",
            "x + a - x",
            "-1 + x",
            "+x",
            "x*(a + b)",
            "1",
            "0",
            "x + 0 + a",
        ),
        *("(x + 1):a", "(x*a + b)**2", "x:x", "2:x", "b + a + x:b + a:x"),
    ):
        try:
            want = [str(term) for term in Formula(right)]
        except Exception:
            with pytest.raises(DesignError):
                parse(right)
        else:
            assert made(right) == want, right


def test_powers_of_terms_end() -> None:
    assert made("(x + a)**1000000000") == made("x*a")
    names = [f"v{i}" for i in range(11)]
    assert len(made(f"({' + '.join(names)})**30")) == 2**11
    with pytest.raises(DesignError, match="positive whole number"):
        parse("(x + a)**1.5")
    with pytest.raises(DesignError, match="more than 20,000 terms"):
        parse("*".join(f"v{i}" for i in range(26)))
    assert terms.MOST == 20_000


@pytest.mark.parametrize("kind", ["formula", "dot", "matrix"])
def test_more_columns_than_rows(kind: str) -> None:
    n, p = 20, 3_001
    x = RNG.normal(size=(n, p))
    data: dict[str, Any] = {"y": RNG.normal(size=n)}
    formula: Any = x
    if kind != "matrix":
        data |= {f"x{j}": x[:, j] for j in range(p)}
        formula = "y ~ ." if kind == "dot" else "y ~ " + " + ".join(f"x{j}" for j in range(p))
    start = time.monotonic()
    with pytest.raises(DesignError, match=r"300[12] coefficients but there are only 20 rows"):
        lk.fit("normal", data, formula)
    assert time.monotonic() - start < 30


def test_columns_of_identifiers() -> None:
    n = 15_000
    data: dict[str, Any] = {"y": RNG.normal(size=n), "g": [f"id{i}" for i in range(n)], "k": np.arange(n)}
    data |= {"h": [f"h{i // 10}" for i in range(n)], "s": [f"s{i // 15}" for i in range(n)]}
    start = time.monotonic()
    for right in ("g", "C(k)", "h*s", "y:g"):
        with pytest.raises(DesignError, match="14,000 are the most whose information fits in memory"):
            lk.fit("normal", data, f"y ~ {right}")
    with pytest.raises(DesignError, match="df=4,000: with 15,000 rows that is more than"):
        lk.fit("normal", data, "y ~ bs(y, df=4000)")
    with pytest.raises(DataError, match="g has 15,000 levels, and 5,000 are the most"):
        lk.fit("categorical", data, "g ~ 1")
    assert time.monotonic() - start < 20

"""Poisson separation: the data sets of ppmlhdfe's test suite (github.com/sergiocorreia/ppmlhdfe, MIT licence)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shared

import likely as lk


def suite(text: str) -> tuple[dict[str, Any], str, np.ndarray]:
    """A data set of the suite: the response (rounded up, which keeps its zeros), a formula, the data and the flags."""
    lines = text.split()
    names, table = lines[0].split(","), np.array([row.split(",") for row in lines[1:]], dtype=float)
    data = {name: values for name, values in zip(names, table.T, strict=True) if name != "separated"}
    data["y"] = np.ceil(data["y"])
    terms = [f"C({name})" if name.startswith("id") else name for name in data if name != "y"]
    return data, f"y ~ {' + '.join(terms)}", np.flatnonzero(table[:, -1] == 1)


def assert_rows(data: dict[str, Any], formula: str, flagged: np.ndarray) -> None:
    """The separated rows are those flagged; without them, the fit's peak is the supremum of all rows' likelihood."""
    found = lk.separation("poisson", data, formula)
    np.testing.assert_array_equal([] if found is None else found.rows, flagged)
    fit = lk.fit("poisson", data, formula, aliased="drop", separation="drop")
    assert fit.converged
    np.testing.assert_array_equal([] if fit.separation is None else fit.separation.rows, flagged)
    assert fit.n == len(data["y"]) - len(flagged)
    if found is not None:
        L = lk.likelihood("poisson", data, formula, aliased="drop")
        assert fit.loglik == pytest.approx(L.maximize(on_failure="return").loglik, abs=1e-4)


# Data sets 2, 5 and 8 of the same suite
PPML = [
    """y,id1,id2,separated
0,1,1,0
1,1,1,0
0,2,1,1
0,2,2,0
1,2,2,0""",
    """y,x1,x2,x3,x4,separated
0,5,11,2,2,0
0,5,2,11,2,0
0,5,2,2,11,0
0,0,-1,-1,-1,1
1,5,5,5,5,0
2,4,4,4,4,0
3,3,3,3,3,0
4,2,2,2,2,0
5,1,1,1,1,0""",
    """y,x1,x2,id1,id2,separated
0,1,0,1,2,1
0,1,0,2,2,0
1,2,0,1,3,0
1,0,0,2,1,0
1,1,0,2,2,0
1,0,1,2,3,0
2,0,0,2,1,0
2,0,1,2,2,0
2,1,0,2,3,0""",
]


@pytest.mark.parametrize("text", PPML)
def test_rows_of_fixed_effects(text: str) -> None:
    assert_rows(*suite(text))


@pytest.mark.skipif(not shared.ROOT.is_dir(), reason="no ../shared/reference beside the repository")
@pytest.mark.parametrize("number", range(1, 19))
def test_suite(number: int) -> None:
    shared.part("ppml_separation", f"{number:02d}")
    assert_rows(*suite((shared.ROOT / "data" / "ppml_separation" / f"{number:02d}.csv").read_text()))

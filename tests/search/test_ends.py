"""What the end of a search is, as a value, for every kind of end."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import likely as lk
from likely.search.end import CONVERGED, End, EndKind

SEPARATED = {"x": [1, 2, 3, 4, 3], "y": [0, 0, 1, 1, 1], "g": list("aabba")}
LINE = {"x": [1.0, 2, 3, 4, 5], "y": [1.0, 2.2, 2.9, 4.1, 5.3]}
NORMAL = np.random.default_rng(1).normal(size=300)

ENDS: dict[EndKind, Callable[[], lk.Fit]] = {
    EndKind.CONVERGED: lambda: lk.fit("normal", LINE, "y ~ x"),
    EndKind.BOUNDARY: lambda: lk.fit("bernoulli", [1, 1, 1]),
    EndKind.LIMIT: lambda: lk.fit("negative_binomial", [2, 2, 3, 2, 2, 3, 2]),
    EndKind.EDGE: lambda: lk.fit("uniform", [1.0, 2.0, 4.0]),
    EndKind.PENALISED: lambda: lk.fit("bernoulli", SEPARATED, "y ~ x", penalty=lk.Ridge(1.0)),
    EndKind.CONSTRAINED: lambda: lk.fit("normal", LINE, "y ~ x", bounds={"mean.x": (0, None)}),
    EndKind.SEPARATED_LEFT_OUT: lambda: lk.fit(
        "poisson", {"g": list("aabbcc"), "y": [2, 3, 0, 0, 4, 5]}, "y ~ g", separation="drop"
    ),
    EndKind.SEPARATED: lambda: lk.fit("bernoulli", SEPARATED, "y ~ x", on_failure="return"),
    EndKind.UNBOUNDED: lambda: lk.fit("normal", [1.0, 1.0, 1.0], on_failure="return"),
    EndKind.OVERFLOW: lambda: lk.fit("normal", [1e200, 3e200, 2e200], on_failure="return"),
    EndKind.ITERATIONS: lambda: lk.fit(
        "gamma", {"x": [1, 2, 3, 4], "y": [1.0, 3.0, 2.0, 7.0]}, "y ~ x", max_iterations=1, on_failure="return"
    ),
}
FAILURES = (EndKind.SEPARATED, EndKind.UNBOUNDED, EndKind.OVERFLOW, EndKind.ITERATIONS)


@pytest.mark.parametrize("kind", ENDS, ids=lambda kind: kind.name)
def test_kinds(kind: EndKind) -> None:
    fit = ENDS[kind]()
    assert fit.end.kind is kind
    assert fit.converged is fit.end.converged is (kind not in FAILURES)
    assert fit.status == fit.end.status
    assert fit.status.startswith("failed: ") is not fit.converged
    assert fit.end.remarkable is (kind is not EndKind.CONVERGED)


def test_words() -> None:
    assert (CONVERGED.status, CONVERGED.words) == ("converged", "converged")
    assert End(EndKind.LIMIT, "df runs to inf").status == End(EndKind.BOUNDARY, "df runs to inf").status
    ridge = End(EndKind.PENALISED, "posterior mode", "ridge, strength 1")
    assert (ridge.title, ridge.words) == ("penalised (ridge, strength 1)", f"{ridge.title}: posterior mode")
    lost = End(EndKind.NO_PEAK, "no convergence")
    assert (lost.status, lost.words) == ("failed: no convergence", "no convergence")
    assert lost.adding("nothing is left").reason == "no convergence. Nothing is left"
    assert lost.reworded(str.upper).status == "failed: NO CONVERGENCE"


def test_a_candidate_that_cannot_be_fitted() -> None:
    found = lk.compare(["normal", "poisson"], [1.2, 0.3, 2.7])
    assert [row.end.kind for row in found.rows] == [EndKind.CONVERGED, EndKind.REFUSED]
    assert found.rows[1].status.startswith("failed: ")

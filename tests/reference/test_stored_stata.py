"""Stata's robust, weighted and clustered standard errors, margins and constraints, on data that statsmodels brings.

The numbers are Stata's as statsmodels' tests quote them (results_glm_poisson_weights, results_count_margins,
results_grunfeld_ols_robust_cluster, results_glm_logit_constrained); test_fixtures_stata.py compares all of them where
the files are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from fixtures import agree, estimates, executions, last_first, scaled_executions

import likely as lk

datasets = pytest.importorskip("statsmodels.datasets")

POISSON = [0.00025343868829, 0.09081422305585, -0.09416451429381, 0.27652273809506]
POISSON += [2.239890838384, -18.842583191417, -6.5630017977416]
WEIGHTED: dict[str, tuple[str, dict[str, Any], list[float]]] = {
    "[fweight=w], vce(robust)": (
        "frequency",
        {"kind": "HC0", "correction": "stata"},
        [
            2.63369674e-05,
            0.07431850776812,
            0.01609416304158,
            0.34481886883624,
            0.39682271484988,
            4.1473740870735,
            3.0810023455152,
        ],
    ),
    "[pweight=w]": (
        "sampling",
        {},
        [
            2.98866597e-05,
            0.08414617969117,
            0.01946961498728,
            0.36112179485191,
            0.43098853454849,
            4.5147658917489,
            3.3999612612355,
        ],
    ),
    "[fweight=w], vce(cluster id)": (
        "frequency",
        {"cluster": "id"},
        [
            2.93670276e-05,
            0.09800194027664,
            0.02511206083893,
            0.36749499886987,
            0.51564197481271,
            3.2292740757113,
            3.1938260811459,
        ],
    ),
}


@pytest.mark.parametrize("command", WEIGHTED)
def test_weights(command: str) -> None:
    kind, cov, se = WEIGHTED[command]
    data, formula = executions(datasets.cpunish.load_pandas().data)
    fit = lk.fit("poisson", data, formula, weights="w", weights_kind=kind).with_cov(**cov)
    estimates(fit, last_first(fit, "rate"), 3e-6, (POISSON, se))


@pytest.mark.parametrize(
    ("cov", "se"),
    [
        ({"cluster": "firm", "correction": "HC1"}, [0.01589433647768, 0.08496711097464, 20.425202580078]),
        (
            {"cluster": ["firm", "year"], "correction": "none"},
            [0.01543448599542, 0.07407184066336, 18.411420987265],
        ),
    ],
)
def test_clusters(cov: dict[str, Any], se: list[float]) -> None:
    """``regress, vce(cluster firm)`` and ``ivreg2, cluster(firm year)`` of Grunfeld's ten firms."""
    panel = datasets.grunfeld.load_pandas().data.iloc[:200]
    fit = lk.fit("normal", panel, "invest ~ value + capital").with_cov(**cov)
    estimates(fit, last_first(fit, "mean"), 1e-7, ([0.11556215606596, 0.23067848754982, -42.714369016733], se))


def test_margins() -> None:
    """``nbreg``, then ``margins, dydx(*)`` with the south as a factor."""
    data, names = scaled_executions(datasets.cpunish.load_pandas().data)
    formula = "executions ~ " + " + ".join(names).replace("south", "C(south)")
    effects = lk.fit("negative_binomial", data, formula).effects(names)
    wanted = [38.769964496355, 2.5208248279388, -8.2256061843309, -4.4150939806521, 8.0380552593041, -25.12830359621]
    agree(effects.estimate, wanted, 1e-5)
    se = [35.863089979665, 11.710699937639, 9.5577212853699, 28.010544626815, 8.8634487485248, 23.247820207656]
    agree(effects.stderr, se, 1e-5)


def test_constraint() -> None:
    """``glm, family(binomial) constraints(2)``, plain and with ``vce(robust)``."""
    data = datasets.spector.load_pandas().data
    fit = lk.fit("bernoulli", data, "GRADE ~ GPA + TUCE + PSI", constraints="p.GPA = p.PSI")
    coef = [2.5537914524884, 0.10791139824293, 2.5537914524884, -12.527922070831]
    order = last_first(fit, "p")
    estimates(fit, order, 1e-6, (coef, [0.92662050289421, 0.13554656123081, 0.92662050289421, 4.6393777844052]))
    robust = fit.with_cov("HC0", correction="stata")
    se = [0.83609404798719, 0.12275592600281, 0.83609404798719, 4.510414281113]
    estimates(robust, order, 1e-6, (coef, se))
    assert fit.loglik == pytest.approx(-12.94414100444755, rel=1e-10)
    assert np.isclose(fit.coef["p.GPA"], fit.coef["p.PSI"], rtol=1e-12)

"""Predictions, tests and custom densities of R, where the folder ../shared/reference stands beside the repository."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from compare import Reference, assert_agrees, own
from scipy import stats
from shared import ROOT, result, table

import likely as lk

if not ROOT.is_dir():
    pytest.skip("no ../shared/reference beside the repository", allow_module_level=True)


def birth_weights() -> lk.Fit:
    """R's ``glm(low ~ age + lwt + race + smoke + ptd + ht + ui + ftv, binomial)``."""
    data = table("data/design/birthwt_logit.csv").rename(columns=lambda name: name.removeprefix("X:").rstrip("+"))
    data["row"] = [f"{min(i, 10):02d}" for i in range(len(data))]  # the first ten by themselves
    return lk.fit("bernoulli", data, "y ~ age + lwt + raceblack + raceother + smoke + ptd + ht + ui + ftv1 + ftv2")


def test_standard_errors_of_predictions() -> None:
    """``predict(se.fit = TRUE)`` on both scales; Cook's distances, hat values and ``rstandard``."""
    fit, case = birth_weights(), result("inference", "birthwt_predict_se")
    for what, scale in (("link", "link"), ("mean", "response")):
        found = fit.margins(by="row", what=what)
        np.testing.assert_allclose(found.estimate[:10], case[f"fit_{scale}"], rtol=1e-10)
        np.testing.assert_allclose(found.stderr[:10], case[f"se_{scale}"], rtol=1e-7)
    influence = fit.influence()
    np.testing.assert_allclose(influence.cook[:10], case["cooks"], rtol=1e-7)
    np.testing.assert_allclose(influence.leverage[:10], case["hat"], rtol=1e-7)
    np.testing.assert_allclose(fit.residuals("standardized")[:10], case["rstandard"], rtol=1e-7)
    assert fit.loglik == pytest.approx(case["loglik"], rel=1e-10)


def test_robust_wald_test() -> None:
    """``lmtest::waldtest(vcov = sandwich)`` without race and ftv."""
    case = result("inference", "birthwt_wald_robust")["wald_HC0"]
    test = birth_weights().with_cov("HC0").test("raceblack = raceother = ftv1 = ftv2 = 0")
    assert test.statistic == pytest.approx(case["chisq"], rel=1e-7)
    assert test.df == case["df"]
    assert test.p_value == pytest.approx(case["p"], rel=1e-6)


def test_overdispersion() -> None:
    """Poisson in the negative binomial, on the edge: half chi-squared with 1 degree of freedom, half with 0."""
    case, data = result("inference", "quine_overdispersion_tests"), table("data/quine.csv")
    small, large = (lk.fit(family, data, case["formula"]) for family in ("poisson", "negative_binomial"))
    test = large.lr_test(small)
    assert test.statistic == pytest.approx(case["lr"], rel=1e-8)
    assert test.p_value == pytest.approx(case["p_half_chi2"], rel=1e-8)
    assert large.loglik == pytest.approx(case["loglik"], rel=1e-8)


def test_goodness_of_fit() -> None:
    """``fitdistrplus::gofstat`` of 254 servings of beef."""
    case, data = result("inference", "groundbeef_gof"), table("data/groundbeef.csv")
    for theirs, family in {"weibull": "weibull", "gamma": "gamma", "lnorm": "lognormal"}.items():
        fit = lk.fit(family, data, "serving")
        for test, wanted in case["stats"][theirs].items():
            assert fit.goodness(test, replicates=19).statistic == pytest.approx(wanted, rel=1e-9)


def test_transforms_of_a_gamma() -> None:
    """``pgamma`` at the fitted values, ``statmod::qresiduals`` and their distance from the uniform distribution."""
    case, data = result("inference", "trees_gamma_pit"), table("data/trees.csv")
    fit = lk.fit("gamma", data, case["formula"])
    residuals = fit.residuals("quantile")
    np.testing.assert_allclose(residuals, case["quantile_residual"], atol=1e-8)
    np.testing.assert_allclose(stats.norm.cdf(residuals), case["pit"], atol=1e-8)
    assert fit.goodness("ks", replicates=19).statistic == pytest.approx(case["ks"], abs=1e-9)
    assert fit.loglik == pytest.approx(case["loglik"], rel=1e-10)


def test_scores_of_predictive_distributions() -> None:
    """The mean CRPS and logarithmic score of a linear model, of its own rows."""
    case, data = result("inference", "whiteside_crps"), table("data/whiteside.csv")
    fit = lk.fit("normal", data, case["formula"])
    assert fit.calibration(folds=None).crps == pytest.approx(case["crps_mean"], rel=1e-10)
    assert fit.loglik / fit.n == pytest.approx(-case["log_score_mean"], rel=1e-10)


# -- densities of one's own ----------------------------------------------------------------------------------


def test_michaelis_and_menten() -> None:
    pytest.importorskip("jax")
    case, data = result("custom", "puromycin_michaelis_menten"), table("data/Puromycin.csv")
    curve = lk.density(
        lk.Normal(),
        params={"Vm": lk.Positive(200.0), "K": lk.Positive(0.1)},
        response="rate",
        mean=lambda p, d: p["Vm"] * d["conc"] / (p["K"] + d["conc"]),
    )
    fit = lk.fit(curve, data[data["state"] == "treated"])
    assert_agrees(fit, Reference.from_json(case), {"Vm": own("Vm"), "K": own("K"), "sigma": own("sd")})


def test_linkage() -> None:
    """Rao's 197 animals: one parameter in four cells."""
    jax = pytest.importorskip("jax")
    case, data = result("custom", "rao_linkage"), table("data/rao_linkage.csv").astype(float)

    def cells(params: Any, data: Any) -> Any:
        t, cell = params["theta"], data["cell"]
        first, last = cell == 1, cell == 4
        return jax.numpy.log(jax.numpy.where(first, 0.5 + t / 4, jax.numpy.where(last, t / 4, (1.0 - t) / 4)))

    fit = lk.fit(lk.density(cells, params={"theta": lk.UnitInterval(0.5)}), data, weights="count")
    assert_agrees(fit, Reference.from_json(case), {"theta": own("theta")})

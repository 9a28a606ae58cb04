"""Predictions, tests and custom densities of R, where the folder ../shared/reference stands beside the repository."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from compare import Quantity, Reference, assert_agrees, own
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


# -- densities of one's own ----------------------------------------------------------------------------------


def of_components(parameter: str, count: int) -> dict[str, Quantity]:
    """mu1, mu2, ... of a mixture."""
    return {f"{'mu' if parameter == 'mean' else 'sd'}{i + 1}": own(f"{parameter}[{i}]") for i in range(count)}


def share(i: int, count: int) -> Quantity:
    """The weight of a component, from its odds against the first."""
    odds = [f"weight[{j}]/weight[0]" for j in range(1, count)]
    return lambda p: (1.0 if i == 0 else p[odds[i - 1]]) / (1.0 + sum(p[name] for name in odds))


def mixture(column: str, means: list[float], sds: list[float]) -> Any:
    jax = pytest.importorskip("jax")

    def normals(params: Any, data: Any) -> Any:
        each = jax.scipy.stats.norm.logpdf(data[column][:, None], params["mean"], params["sd"])
        return jax.scipy.special.logsumexp(each + jax.numpy.log(params["weight"]), axis=1)

    weight = lk.Simplex(len(means))
    return lk.density(normals, params={"weight": weight, "mean": lk.Real(means), "sd": lk.Positive(sds)})


def test_four_components() -> None:
    """The galaxies' local maximum, from a start near it; the likelihood has no global one."""
    case = result("mixtures", "galaxies_mix4")
    model = mixture("velocity", [10.0, 20.0, 23.0, 25.0], [1.0, 1.0, 1.0, 5.0])
    fit = lk.fit(model, table("data/galaxies_corrected.csv"))
    quantities = {f"pi{i + 1}": share(i, 4) for i in range(3)} | of_components("mean", 4) | of_components("sd", 4)
    assert_agrees(fit, Reference.from_json(case), quantities)


def test_mixture_without_a_maximum() -> None:
    """Inside there is a peak; a start at a component on a single value is no fit."""
    case, data = result("edge", "mixture_unbounded"), table("data/faithful.csv")
    model = mixture("waiting", [50.0, 80.0], [5.0, 5.0])
    fit = lk.fit(model, data)
    assert fit.converged
    for name, quantity in {"pi1": share(0, 2), **of_components("mean", 2), **of_components("sd", 2)}.items():
        assert quantity(fit.coef) == pytest.approx(case["interior_local_max"][name], rel=1e-7)
    with pytest.raises(lk.errors.FitError, match=r"sd\[1\]"):
        lk.fit(model, data, start={"mean[0]": 70.0, "mean[1]": data["waiting"][0], "sd[0]": 13.0, "sd[1]": 1e-3})


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

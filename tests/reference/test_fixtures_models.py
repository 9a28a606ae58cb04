"""Generalised linear models and their relatives of R, Stata and SAS, through the fixtures of statsmodels."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fixtures import agree, estimates, fixture, last_first, numbers, stata
from shared import ROOT, contents, part, table

import likely as lk

if not ROOT.is_dir():
    pytest.skip("no ../shared/reference beside the repository", allow_module_level=True)


def data(name: str) -> pd.DataFrame:
    return table(f"data/statsmodels/{name}.csv")


# -- generalised linear models -------------------------------------------------------------------------------


def constant_last(x: Any) -> np.ndarray:
    x = np.asarray(x, dtype=float)
    return np.column_stack([x, np.ones(len(x))])


def typed(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Response and design that go with a result."""
    y, x = (data(f"results_glm_{name}_{part}").to_numpy(float) for part in ("endog", "exog"))
    return y[:, 0], x


def generated(curve: Callable[[np.ndarray], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The numbers that statsmodels' tests draw."""
    x = np.arange(100.0)
    noise = np.random.RandomState(54321)
    if curve is inverse_curve:
        noise.randn(100)
    return curve(x) + 0.001 * noise.randn(100), np.column_stack([np.ones(100), x, x**2])


def log_curve(x: np.ndarray) -> np.ndarray:
    return np.exp(-(-1.0 + 0.02 * x + 0.0001 * x**2))


def inverse_curve(x: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + 0.02 * x + 0.001 * x**2)


def constant_first(x: Any) -> np.ndarray:
    return np.roll(constant_last(x), 1, axis=1)


def executions() -> tuple[np.ndarray, np.ndarray]:
    x = data("cpunish").iloc[:, 2:].to_numpy(float)
    x[:, 3] = np.log(x[:, 3])
    return data("cpunish")["EXECUTIONS"].to_numpy(float), x


def of_executions(*columns: str) -> tuple[np.ndarray, np.ndarray]:
    return executions()[0], data("cpunish")[list(columns)].to_numpy(float)


def schools() -> tuple[np.ndarray, np.ndarray]:
    return data("star98").iloc[:, 1].to_numpy(float), constant_last(data("star98").iloc[:, 2:])


def votes() -> tuple[np.ndarray, np.ndarray]:
    return data("scotvote")["YES"].to_numpy(float), constant_last(data("scotvote").iloc[:, 2:])


def bills() -> tuple[np.ndarray, np.ndarray]:
    x = data("committee").iloc[:, 2:7].to_numpy(float)
    x[:, 2] = np.log(x[:, 2])
    return data("committee")["BILLS104"].to_numpy(float), constant_last(np.column_stack([x, x[:, 2] * x[:, 1]]))


def totals() -> tuple[np.ndarray, np.ndarray]:
    return data("longley")["TOTEMP"].to_numpy(float), constant_last(data("longley").iloc[:, 2:])


@dataclass(frozen=True)
class Glm:
    """A model behind a result, and what its typed digits allow: estimates in standard errors, these relatively."""

    family: lk.Family
    link: str
    data: Callable[[], tuple[np.ndarray, np.ndarray]]
    params: float = 1e-5
    se: float = 2e-5
    variance: int | None = None  # its power of the mean, where R and Stata estimate the dispersion by Pearson's X2
    exposure: float | None = None


MODELS = {
    "Longley": Glm(lk.Normal(), "identity", totals, variance=0),
    "GaussianLog": Glm(lk.Normal(), "log", lambda: generated(log_curve), variance=0),
    "GaussianInverse": Glm(lk.Normal(), "inverse", lambda: generated(inverse_curve), 1.5e-3, variance=0),
    "Star98": Glm(lk.Binomial(n=data("star98").iloc[:, 0].to_numpy(float)), "logit", schools),
    "Lbw": Glm(lk.Bernoulli(), "logit", lambda: typed("Lbw")),
    "Scotvote": Glm(lk.Gamma(), "inverse", votes, variance=2),
    "Cpunish": Glm(lk.Poisson(), "log", lambda: (executions()[0], constant_last(executions()[1]))),
    "Cpunish_offset": Glm(
        lk.Poisson(), "log", lambda: (executions()[0], constant_first(executions()[1])), se=5e-5, exposure=100.0
    ),
    # the searches of these stopped early; statsmodels, run to the end, has our estimates to 1e-8
    "CancerLog": Glm(lk.Gamma(), "log", lambda: typed("CancerLog"), 1e-4, variance=2),
    "CancerIdentity": Glm(lk.Gamma(), "identity", lambda: typed("CancerIdentity"), 1e-4, variance=2),
    "InvGauss": Glm(lk.InverseGaussian(), "inverse_squared", lambda: typed("InvGauss"), variance=3),
    "InvGaussLog": Glm(lk.InverseGaussian(), "log", lambda: typed("InvGaussLog"), 1e-3, variance=3),
    "InvGaussIdentity": Glm(lk.InverseGaussian(), "identity", lambda: typed("InvGaussIdentity"), 2e-3, 2e-4, 3),
    "CpunishTweediePower2": Glm(lk.Gamma(), "identity", lambda: of_executions("INCOME", "SOUTH"), variance=2),
    "CpunishTweedieLog1": Glm(lk.Poisson(), "log", lambda: of_executions("INCOME", "SOUTH"), variance=1),
}


def pearson(y: np.ndarray, mean: np.ndarray, variance: np.ndarray, p: int) -> float:
    """Pearson's estimate of the dispersion."""
    return float(np.sum(np.square(y - mean) / variance) / (len(y) - p))


def dispersion(fit: lk.Fit) -> float:
    """Ours."""
    if "sd" in fit.coef:
        return fit.coef["sd"] ** 2
    return 1.0 / fit.coef.get("shape", 1.0)


@pytest.mark.parametrize("name", MODELS)
def test_glm(name: str) -> None:
    """Standard errors there are of the expected information, and of Pearson's dispersion where there is one."""
    case, model = fixture("results_glm", name), MODELS[name]
    y, x = model.data()
    exposure = None if model.exposure is None else np.full(len(y), model.exposure)
    fit = lk.fit(model.family, y, x, link=model.link, exposure=exposure)
    p, factor = x.shape[1], 1.0
    if model.variance is not None:
        scale = pearson(y, fit.predict(), fit.predict() ** model.variance, p)
        agree(scale, case.get("scale", scale), 2e-5)
        factor = math.sqrt(scale / dispersion(fit))
    coef = list(fit.coef.values())[:p]
    expected = np.array(list(fit.with_cov("expected").stderr.values())[:p])
    agree(
        np.divide(coef, numbers(case["bse"])),
        np.divide(numbers(case["params"]), numbers(case["bse"])),
        0.0,
        model.params,
    )
    agree(expected * factor, case["bse"], model.se)
    if "llf" in case:  # Stata's, of the dispersion 1, where the family has one and is not the normal
        held = {lk.Gamma: lk.Gamma(shape=1.0), lk.InverseGaussian: lk.InverseGaussian(shape=1.0)}.get(
            type(model.family)
        )
        full = fit if held is None else lk.fit(held, y, x, link=model.link)
        agree(full.loglik, case["llf"], 1e-7)
    if not isinstance(model.family, lk.Gamma):  # for which R takes the dispersion deviance/n
        agree(fit.aic, case.get("aic_R", fit.aic), 1e-8)


def test_negative_binomial_with_a_scale() -> None:
    """The size is held at 1 and the errors multiplied by Pearson's dispersion. R's search stopped early."""
    case, (y, x) = fixture("results_glm", "Committee"), bills()
    fit = lk.fit(lk.NegativeBinomial(dispersion=1), y, x)
    mean = fit.predict()
    scale = pearson(y, mean, mean + mean**2, x.shape[1])
    agree(scale, case["scale"], 1e-4)
    se = np.array(list(fit.with_cov("expected").stderr.values())) * math.sqrt(scale)
    agree(np.array(list(fit.coef.values())) / se, numbers(case["params"]) / se, 0.0, 2e-4)
    agree(se, case["bse"], 1e-4)
    agree(fit.loglik, case["llf_Stata"], 1e-8)


# -- weights and linear models -------------------------------------------------------------------------------


def test_gamma_of_means() -> None:
    """R's ``glm(family = Gamma("log"), weights = w)``."""
    case, (y, x) = fixture("res_R_var_weight", "results_gamma_aweights_nonrobust"), typed("CancerLog")
    x = np.column_stack([np.ones(len(y)), x[:, :-1]])
    w = np.ones(len(y))
    w[::5], w[::13] = 5.0, 3.0
    fit = lk.fit(lk.Gamma(), y, x, weights=w, weights_kind="analytic")
    mean = fit.predict()
    scale = float(np.sum(w * np.square(y / mean - 1.0)) / (len(y) - 4))
    agree(list(fit.coef.values())[:4], case["params"], 1e-6)
    se = np.array(list(fit.with_cov("expected").stderr.values())[:4]) * math.sqrt(scale * fit.coef["shape"])
    agree(se, case["bse"], 1e-6)


def test_normal_of_means() -> None:
    """R's ``glm(family = gaussian("log"), weights = w)``."""
    case = fixture("res_R_var_weight", "results_gaussian_aweights_nonrobust")
    y, x = of_executions("INCOME", "SOUTH")
    x = x / [1000.0, 1.0]
    w = np.array([1, 2, 3, 4, 5, 4, 3, 2, 1, 2, 3, 4, 5, 4, 3, 2, 1], dtype=float)
    fit = lk.fit(lk.Normal(), y, x, link="log", weights=w, weights_kind="analytic")
    agree(list(fit.coef.values())[:2], case["params"], 1e-6)
    agree(np.array(list(fit.with_cov("expected").stderr.values())[:2]) * math.sqrt(17 / 15), case["bse"], 1e-6)
    agree(fit.loglik, case["ll"], 1e-8)


@pytest.mark.parametrize("name", ["Longley", "LongleyRTO", "CCardWLS"])
def test_least_squares(name: str) -> None:
    """Standard errors, p-values and F with the divisor n - p; HC0 to HC3 of Longley's data."""
    case = fixture("results_regression", name)
    y, x = totals()
    weights: dict[str, Any] = {}
    if name == "LongleyRTO":
        x = x[:, :-1]
    if name == "CCardWLS":
        cards = data("ccard")
        y, x = cards["AVGEXP"].to_numpy(float), constant_last(cards.iloc[:, 1:])
        weights = {"weights": 1.0 / cards["INCOMESQ"].to_numpy(float), "weights_kind": "analytic"}
    fit = lk.fit(lk.Normal(), y, x, **weights)
    p, digits = x.shape[1], {"LongleyRTO": 2e-6}.get(name, 1e-8)  # in exact arithmetic ours hold

    def se(found: lk.Fit) -> np.ndarray:
        return np.array(list(found.stderr.values())[:p], dtype=float)

    student = fit.with_cov(small_sample="t")
    agree(list(fit.coef.values())[:p], case["params"], digits)
    agree(se(student), case["bse"], digits)
    tests = [student.test(f"{name} = 0") for name in fit.names[:p]]
    agree([test.p_value for test in tests], case["pvalues"], 1e-5, 1e-8)  # eight decimals were typed
    slopes = fit.names[: p if name == "LongleyRTO" else p - 1]  # through the origin; else the constant is the last
    agree(student.test(f"{' = '.join(slopes)} = 0").statistic, case["fvalue"], 10.0 * digits)
    agree(fit.coef["sd"] ** 2 * len(y), case["ssr"] if not weights else fit.coef["sd"] ** 2 * len(y), digits)
    for kind in ("HC0", "HC1", "HC2", "HC3") if name == "Longley" else ():
        agree(se(fit.with_cov(kind)), case[f"{kind}_se"], 1e-6, 5e-6)  # five decimals were typed


# -- discrete ------------------------------------------------------------------------------------------------


def of_package(name: str) -> Any:
    """Results that statsmodels keeps in functions, which the fixtures' files do not hold."""
    module = pytest.importorskip("statsmodels.discrete.tests.results.results_discrete")
    return getattr(module, name)


@pytest.mark.parametrize("link", ["logit", "probit"])
def test_grades(link: str) -> None:
    part("statsmodels results_discrete", "Spector")
    case = getattr(of_package("Spector"), link)
    table = pd.read_csv(ROOT / "data" / "statsmodels" / "spector.csv", sep=r"\s+", quotechar="'").astype(float)
    fit = lk.fit("bernoulli", table, "GRADE ~ GPA + TUCE + PSI", link=link)
    estimates(fit, last_first(fit, "p"), 1e-6, (np.array(case.params), np.array(case.bse)))
    agree(fit.loglik, case.llf, 1e-7)  # of marks in single precision
    if link == "logit":
        effects = fit.effects(["GPA", "TUCE", "PSI"])
        agree(effects.estimate, case.margeff_nodummy_dydx, 1e-6)
        agree(effects.stderr, case.margeff_nodummy_dydx_se, 1e-5)
        agree(fit.effects(["GPA", "TUCE", "PSI"], at="mean").estimate, case.margeff_nodummy_dydxmean, 1e-6)
        indicator = lk.fit("bernoulli", table, "GRADE ~ GPA + TUCE + C(PSI)").effects(["GPA", "TUCE", "PSI"])
        agree(indicator.estimate, case.margeff_dummy_dydx, 1e-6)
        agree(indicator.stderr, case.margeff_dummy_dydx_se, 1e-5)


def test_elections() -> None:
    """Multinomial logit: party identification."""
    part("statsmodels results_discrete", "Anes")
    case = of_package("Anes").mnlogit_basezero
    table = pd.read_csv(ROOT / "data" / "statsmodels" / "anes96.csv", sep="\t", quotechar="'")
    fit = lk.fit("categorical", table, "PID ~ log(popul + 0.1) + selfLR + age + educ + income")
    for j in range(6):
        names = fit.names[6 * j : 6 * j + 6]
        order = [*names[1:], names[0]]
        estimates(fit, order, 1e-5, (case.params[:, j], case.bse[:, j]))
    agree(fit.loglik, case.llf, 1e-8)


@pytest.mark.parametrize("name", ["poisson", "negativebinomial_nb2_bfgs"])
def test_visits(name: str) -> None:
    """The RAND health insurance experiment.

    Not compared: NB1 and the generalised Poisson, which are not ours, and the geometric, whose numbers are statsmodels'
    own. R's errors of NB2 hold the dispersion.
    """
    part("statsmodels results_discrete", "RandHIE")
    case, visits = getattr(of_package("RandHIE"), name), data("randhie")
    poisson = name == "poisson"
    fit = lk.fit("poisson" if poisson else "negative_binomial", visits, f"mdvis ~ {' + '.join(visits.columns[1:])}")
    order = last_first(fit, "rate" if poisson else "mean")
    found = fit if poisson else fit.with_cov("expected")
    estimates(found, order, 3e-6 if poisson else 3e-5, (np.array(case.params)[:10], np.array(case.bse)[:10]))
    agree(fit.loglik, case.llf, 1e-8)
    if poisson:
        effects = fit.effects(list(visits.columns[1:]))
        agree(effects.estimate, case.margeff_nodummy_overall, 1e-6)
        agree(effects.stderr, case.margeff_nodummy_overall_se, 1e-5)
    else:
        agree(fit.coef["dispersion"], case.params[10], 1e-5)
        agree(fit.stderr["dispersion"], case.bse[10], 1e-5)


def test_doctor_visits() -> None:
    """Stata's ``nbreg`` and ``margins``: the mean number of visits, and the probabilities of none and of one."""
    folder = Path(pytest.importorskip("statsmodels.sandbox.regression").__file__).parent / "tests"
    if not (folder / "racd10data_with_transformed.csv").exists():
        pytest.skip("statsmodels came without its tests")
    case, names = fixture("results_predict", "results_nb_docvis"), "private medicaid aget aget2 educyr actlim totchr"
    visits = pd.read_csv(folder / "racd10data_with_transformed.csv")
    fit = lk.fit("negative_binomial", visits, f"docvis ~ {names.replace(' ', ' + ')}")
    coef, se = stata(case)
    estimates(fit, last_first(fit, "mean"), 1e-6, (coef[:8], se[:8]))
    agree(fit.loglik, case["ll"], 1e-8)
    for at, frame in (("average", "results_margins_mean"), ("mean", "results_margins_atmeans")):
        wanted = numbers(case[frame]["values"])
        for row, told in enumerate(({}, {"what": "prob", "y": 0}, {"what": "prob", "y": 1})):
            found = fit.margins(at=at, **told)
            agree(found.estimate, wanted[row, 0], 1e-6)
            agree(found.stderr, wanted[row, 1], 1e-5)


# -- ordered labels, shares, quantiles -----------------------------------------------------------------------


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog"])
def test_applications(link: str) -> None:
    """R's ``MASS::polr`` of the UCLA's data; its search stops early."""
    case, rows = fixture("results_ordinal_model", f"res_ord_{link}"), data("ologit_ucla")
    family = lk.Ordinal(levels=["unlikely", "somewhat likely", "very likely"])
    fit = lk.fit(family, rows, "apply ~ pared + public + gpa", link=link)
    slopes = [name for name in fit.names if name.startswith("location")]
    se = numbers(case["coefficients_stdE"])
    agree(np.array([fit.coef[name] for name in slopes]) / se, numbers(case["coefficients_val"]) / se, 0.0, 1e-3)
    agree([fit.stderr[name] for name in slopes], se, 1e-3)
    agree([v for name, v in fit.coef.items() if name not in slopes], case["thresholds"], 1e-3)


def test_methylation() -> None:
    """R's ``betareg(methylation ~ gender + CpG | age)``: errors by the expected and by the observed information."""
    case, rows = fixture("results_betareg", "results_meth"), data("methylation-test")
    fit = lk.fit(lk.Beta(), rows, "methylation ~ gender + CpG", precision="~ age")
    for suffix, found in {"": fit.with_cov("expected"), "_oim": fit}.items():
        rows_ = np.vstack([numbers(case[f"table_{part}{suffix}"]) for part in ("mean", "precision")])
        agree(list(found.coef.values()), rows_[:, 0], 1e-6)
        agree(list(found.stderr.values())[:4], rows_[:4, 1], 1e-5)
        agree(list(found.stderr.values())[4:], rows_[4:, 1], 1e-3 if suffix else 1e-5)  # by optim's differences
    agree(fit.loglik, case["loglik"], 1e-8)


QUANTILES = [*(contents("statsmodels/results_quantile_regression.json")["results"] if ROOT.is_dir() else ())]


@pytest.mark.parametrize("name", QUANTILES)
def test_food(name: str) -> None:
    """Engel's households: Stata's ``qreg, vce(iid, kernel bandwidth)``, and residuals of R's ``rq``.

    Stata's interquartile range, which scales the kernel, is another by 5e-4. What is called Epanechnikov at q = 0.75 is
    its ``epan2``.
    """
    case = fixture("results_quantile_regression", name)
    tau = 0.1 if name == "Rquantreg" else case["q"]
    fit = lk.fit(lk.AsymmetricLaplace(tau=tau), data("engel"), "foodexp ~ income")
    if name == "Rquantreg":
        agree(data("engel")["foodexp"] - fit.predict(what="params")["loc"], case["residuals"], 1e-8, 1e-6)
        return
    order, typed = ["loc.income", "loc.Intercept"], numbers(case["table"])
    agree([fit.coef[name] for name in order], typed[:, 0], 2e-6)  # Stata's single precision
    agree(2.0 * fit.coef["scale"] * fit.n, case["sum_adev"], 1e-6)
    kernel, bandwidth = ("epan2", "hsheather") if name.endswith("q75") else name.split("_")
    found = fit.with_cov("iid", kernel=kernel, bandwidth=bandwidth)
    agree([found.stderr[name] for name in order], typed[:, 1], 5e-4)

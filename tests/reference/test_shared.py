"""Outside reference cases, where the folder ../shared/reference stands beside the repository (see its INDEX.md)."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pandas as pd
import pytest
from compare import (
    BESIDE,
    CONSTANTS,
    NIST_DIGITS,
    NIST_EXACT,
    NIST_FEWER,
    NIST_ROUNDED,
    Quantity,
    Reference,
    assert_agrees,
    assert_nist_linear,
    assert_nist_univariate,
    coefficients,
    design_parts,
    digits,
    log_of,
    nist_formula,
    nist_matrix,
    own,
)
from scipy import optimize, stats

import likely as lk

ROOT = Path(__file__).resolve().parents[2].parent / "shared" / "reference"
if not ROOT.is_dir():
    pytest.skip("no ../shared/reference beside the repository", allow_module_level=True)


@cache
def result(group: str, name: str) -> dict[str, Any]:
    return json.loads((ROOT / "cases" / group / f"{name}.json").read_text())


@cache
def table(path: str) -> pd.DataFrame:
    return pd.read_csv(ROOT / path)


@cache
def nist() -> dict[str, Any]:
    return json.loads((ROOT / "nist" / "certified.json").read_text())


# -- NIST ----------------------------------------------------------------------------------------------------

NIST_UNIVARIATE = "PiDigits Lottery Lew Mavro Michelso NumAcc1 NumAcc2 NumAcc3 NumAcc4".split()
NIST_LINEAR = "Norris Pontius NoInt1 NoInt2 Filip Longley Wampler1 Wampler2 Wampler3 Wampler4 Wampler5".split()


@pytest.mark.parametrize("name", NIST_UNIVARIATE)
def test_nist_univariate(name: str) -> None:
    case = nist()["univariate"][name]
    fit = lk.fit(lk.Normal(), table(f"nist/csv/{name}.csv")["y"].to_numpy(float))
    assert_nist_univariate(fit, case["certified"], NIST_ROUNDED.get(name, 1e-12))
    assert fit.n == case["n"]
    assert fit.loglik == pytest.approx(case["derived"]["loglik"], rel=1e-8)


@pytest.mark.parametrize("how", ["matrix", "formula"])
@pytest.mark.parametrize("name", [n for n in NIST_LINEAR if n not in NIST_EXACT])
def test_nist_linear(name: str, how: str) -> None:
    case, data = nist()["linear"][name], table(f"nist/csv/{name}.csv")
    if how == "matrix":
        fit = lk.fit(lk.Normal(), data["y"].to_numpy(float), nist_matrix(name, data))
    else:
        fit = lk.fit(lk.Normal(), data, nist_formula(name, data))
    assert fit.converged
    assert_nist_linear(fit, case["certified"], NIST_FEWER.get(name, NIST_DIGITS), case["derived"]["loglik"])


@pytest.mark.parametrize("name", NIST_EXACT)
def test_nist_exact_fit(name: str) -> None:
    case, data = nist()["linear"][name], table(f"nist/csv/{name}.csv")
    y, x = data["y"].to_numpy(float), nist_matrix(name, data)
    fit = lk.fit(lk.Normal(sd=1), y, x)
    found = {n: digits(fit.coef[f"mean.{n}"], v) for n, v in case["certified"]["params"].items()}
    assert min(found.values()) >= NIST_DIGITS, found
    with pytest.raises(lk.errors.FitError, match=r"reproduce every value.*without bound.*sd.*Normal\(sd="):
        lk.fit(lk.Normal(), y, x)


# -- constants -----------------------------------------------------------------------------------------------

# case: family, file, response, weights, R's name of the distribution
UNIVARIATE: dict[str, tuple[lk.Family, str, str, str | None, str]] = {
    "abbey_t_df_lt1": (lk.StudentT(), "abbey", "y", None, "t"),
    "bofors_exp": (lk.Exponential(), "bofors_steel", "x", "n", "exp"),
    "bofors_llogis": (lk.LogLogistic(), "bofors_steel", "x", "n", "llogis"),
    "danishuni_lnorm": (lk.LogNormal(), "danishuni", "Loss", None, "lnorm"),
    "endosulfan_llogis": (lk.LogLogistic(), "endosulfan", "ATV", None, "llogis"),
    "endosulfan_lnorm": (lk.LogNormal(), "endosulfan", "ATV", None, "lnorm"),
    "federalist_nbinom_freq": (lk.NegativeBinomial(), "federalist", "k", "freq", "nbinom"),
    "foodexp_beta_iid": (lk.Beta(), "FoodExpenditure", "prop", None, "beta"),
    "groundbeef_gamma": (lk.Gamma(), "groundbeef", "serving", None, "gamma"),
    "groundbeef_lnorm": (lk.LogNormal(), "groundbeef", "serving", None, "lnorm"),
    "groundbeef_weibull": (lk.Weibull(), "groundbeef", "serving", None, "weibull"),
    "machinists_nbinom_freq": (lk.NegativeBinomial(), "machinists", "accidents", "ofreq", "nbinom"),
    "newcomb_t_df2_fixed": (lk.StudentT(df=2), "newcomb", "y", None, "t"),
    "nhtemp_t_df_upper_infinite": (lk.StudentT(), "nhtemp", "y", None, "t"),
    "portpirie_gumbel": (lk.Gumbel(), "portpirie", "sealevel", None, "gumbel"),
    "precip_logistic": (lk.Logistic(), "precip", "y", None, "logis"),
    "rivers_gamma": (lk.Gamma(), "rivers", "length", None, "gamma"),
    "rivers_invgauss": (lk.InverseGaussian(), "rivers", "length", None, "invgauss"),
    "saxony_binomial12": (lk.Binomial(n=12), "saxony", "k", "freq", "binom"),
    "toxocara_nbinom": (lk.NegativeBinomial(), "toxocara", "number", None, "nbinom"),
}


@pytest.mark.parametrize("name", UNIVARIATE)
def test_univariate(name: str) -> None:
    family, file, response, weights, kind = UNIVARIATE[name]
    data, case = table(f"data/{file}.csv"), result("univariate", name)
    fit = lk.fit(family, data, f"{response} ~ 1", weights=weights)
    quantities = {k: q for k, q in CONSTANTS[kind].items() if k in case["params"]}
    assert fit.n == case["n"]
    reference = Reference.from_json(case)
    if name == "nhtemp_t_df_upper_infinite":
        # at the upper limit of the scale the best df is infinite; R's search stopped before it, 2.4e-5 SE short
        limit = normal_scale_limit(data[response].to_numpy(float), reference.loglik)
        lower, upper = reference.profile["scale"]
        assert upper == pytest.approx(limit, abs=1e-4 * reference.se["scale"])
        reference = replace(reference, profile={**reference.profile, "scale": (lower, limit)})
    assert_agrees(fit, reference, quantities)


def normal_scale_limit(y: np.ndarray, peak: float) -> float:
    """Where the normal log-likelihood in sd, at the mean, has fallen to the 95 % limit below `peak`."""
    n, squares = len(y), float(np.sum(np.square(y - y.mean())))

    def above(sd: float) -> float:
        log = -n * math.log(sd) - 0.5 * n * math.log(2.0 * math.pi) - 0.5 * squares / sd**2
        return log - peak + 0.5 * stats.chi2.ppf(0.95, 1)

    peak_sd = math.sqrt(squares / n)
    return float(optimize.brentq(above, peak_sd, 4.0 * peak_sd, xtol=1e-13))


# -- regressions ---------------------------------------------------------------------------------------------

# case: group, link of the first parameter; the family follows from the model
GLM: dict[str, tuple[type[lk.Family], str]] = {
    "beetle_logit": (lk.Binomial, "logit"),
    "bioChemists_negbin": (lk.NegativeBinomial, "log"),
    "bioChemists_poisson": (lk.Poisson, "log"),
    "birthwt_cauchit": (lk.Bernoulli, "cauchit"),
    "birthwt_cloglog": (lk.Bernoulli, "cloglog"),
    "birthwt_logit": (lk.Bernoulli, "logit"),
    "birthwt_probit": (lk.Bernoulli, "probit"),
    "budworm_logit": (lk.Binomial, "logit"),
    "clotting_lot1_gamma_log": (lk.Gamma, "log"),
    "clotting_lot1_invgauss_canonical": (lk.InverseGaussian, "inverse_squared"),
    "clotting_lot1_invgauss_log": (lk.InverseGaussian, "log"),
    "clotting_lot2_gamma_inverse": (lk.Gamma, "inverse"),
    "engel_lm": (lk.Normal, "identity"),
    "esoph_logit": (lk.Binomial, "logit"),
    "heart_poisson_pwe": (lk.Poisson, "log"),
    "instinnovation_poisson_cluster": (lk.Poisson, "log"),
    "insurance_poisson_offset": (lk.Poisson, "log"),
    "menarche_cloglog": (lk.Binomial, "cloglog"),
    "menarche_logit": (lk.Binomial, "logit"),
    "publicschools_lm": (lk.Normal, "identity"),
    "quine_poisson": (lk.Poisson, "log"),
    "stackloss_lm": (lk.Normal, "identity"),
    "warpbreaks_gamma_log": (lk.Gamma, "log"),
    "warpbreaks_invgauss_log": (lk.InverseGaussian, "log"),
    "whiteside_lm": (lk.Normal, "identity"),
    "recdemand_negbin": (lk.NegativeBinomial, "log"),
}


@pytest.mark.parametrize("name", GLM)
def test_glm(name: str) -> None:
    cls, link = GLM[name]
    case = result("counts" if name == "recdemand_negbin" else "glm", name)
    design = table(case["design"])
    x, y = design_parts(design, ["X"])["X"], design["y"].to_numpy(float)
    known = {}
    if cls is lk.Binomial:  # R has the proportion and the number of trials
        known["n"] = design["weights"].to_numpy(float)
        y = np.rint(y * known["n"])
    elif "weights" in design:
        assert (design["weights"] == 1.0).all()
    offset = design["offset"].to_numpy(float) if "offset" in design else None
    family = cls(**known)
    fit = lk.fit(family, y, x, link=link, offset=offset)
    assert fit.n == case["n"]
    first = family.free[0].name
    quantities = coefficients(fit, first)
    quantities |= {k: q for k, q in BESIDE.items() if k in case["params"] or (k == "sigma" and "se_ml" in case)}
    # under the canonical link the observed information is the expected one, which R has in closed form; the other it
    # has by finite differences (for instinnovation they differ by 1.1e-5)
    canonical = (cls in (lk.Bernoulli, lk.Binomial) and link == "logit") or cls is lk.Poisson
    assert_agrees(fit, Reference.from_json(case, "expected" if canonical else "observed"), quantities)


def test_glm_dose() -> None:
    """The doses at which a quarter, half and three quarters answer: functions of two coefficients."""
    case = result("glm", "menarche_dose_p")
    design = table("data/menarche.csv")
    fit = lk.fit(lk.Binomial(n="Total"), design, "Menarche ~ Age")
    a, b = "p.Intercept", "p.Age"

    def dose(p: float) -> Quantity:
        return lambda v: (math.log(p / (1.0 - p)) - v[a]) / v[b]

    reference = Reference(case["params"], case["loglik"], case["se_delta"])
    assert_agrees(fit, reference, {"ED25": dose(0.25), "ED50": dose(0.5), "ED75": dose(0.75)})


# case: family, its parameter behind each prefix of the design, the links that differ from the defaults,
# and the factor from our linear predictor to theirs
DISTREG: dict[str, tuple[lk.Family, dict[str, str], dict[str, str], dict[str, float]]] = {
    "abdom_LO": (lk.Logistic(), {"mu": "loc", "sigma": "scale"}, {}, {}),
    "abdom_GA": (lk.Gamma(), {"mu": "mean", "sigma": "shape"}, {}, {"sigma": -0.5}),  # sigma = shape^(-1/2)
    "aids_uk_NBI": (lk.NegativeBinomial(), {"mu": "mean", "sigma": "dispersion"}, {}, {}),
    "dbbmi_NO": (lk.Normal(), {"mu": "mean", "sigma": "sd"}, {}, {}),
    "film90_NO": (lk.Normal(), {"mu": "mean", "sigma": "sd"}, {}, {}),
    "foodexp_beta": (lk.Beta(), {"mean": "mean", "precision": "precision"}, {"precision": "identity"}, {}),
    "foodexp_beta_varphi": (lk.Beta(), {"mean": "mean", "precision": "precision"}, {}, {}),
    "gasoline_beta_cloglog": (
        lk.Beta(),
        {"mean": "mean", "precision": "precision"},
        {"mean": "cloglog", "precision": "identity"},
        {},
    ),
    "mockjurors_beta": (lk.Beta(), {"mean": "mean", "precision": "precision"}, {}, {}),
    "stressanxiety_beta": (lk.Beta(), {"mean": "mean", "precision": "precision"}, {}, {}),
    "species_NBI_sigmax": (lk.NegativeBinomial(), {"mu": "mean", "sigma": "dispersion"}, {}, {}),
    "salamanders_nb2": (lk.NegativeBinomial(), {"cond": "mean", "disp": "dispersion"}, {}, {"disp": -1.0}),
}


@pytest.mark.parametrize("name", DISTREG)
def test_distributional_regression(name: str) -> None:
    family, parameters, link, factor = DISTREG[name]
    case = result("counts" if name.startswith("salamanders") else "distreg", name)
    design = table(case["design"])
    first, *others = parameters
    parts = design_parts(design, list(parameters))
    constants = [p for p in others if list(parts[p].columns) == ["(Intercept)"]]
    formulas = {parameters[p]: parts[p] for p in others if p not in constants}
    fit = lk.fit(family, design["y"].to_numpy(float), parts[first], link=link, **formulas)
    assert fit.n == case["n"]
    quantities: dict[str, Quantity] = {}
    for prefix, parameter in parameters.items():
        scale = factor.get(prefix, 1.0)
        if prefix in constants:  # one value for all rows, which we report on the natural scale
            plain = link.get(parameter) == "identity"
            quantities[f"{prefix}:(Intercept)"] = own(parameter) if plain else log_of(parameter, scale)
        else:
            quantities |= coefficients(fit, parameter, f"{prefix}:", scale)
    assert_agrees(fit, Reference.from_json(case), quantities)


@pytest.mark.parametrize(
    ("name", "family", "kind"),
    [
        ("glass_RG", lk.Gumbel(), "RG"),
        ("glass_WEI", lk.Weibull(), "WEI"),
        ("tensile_BE", lk.Beta(), "BE"),
    ],
)
def test_distributional_constants(name: str, family: lk.Family, kind: str) -> None:
    case = result("distreg", name)
    fit = lk.fit(family, table(case["design"])["y"].to_numpy(float))
    assert_agrees(fit, Reference.from_json(case), CONSTANTS[kind])


def test_multinomial_logit() -> None:
    case = result("ordinal_multinomial", "vote92_multinom")
    fit = lk.fit(
        lk.Categorical(levels=["Bush", "Clinton", "Perot"]),
        table("data/vote92.csv"),
        "vote ~ dem + rep + female + persfinance + natlecon",
    )
    quantities = {
        **coefficients(fit, "p[Clinton]", "Clinton:"),
        **coefficients(fit, "p[Perot]", "Perot:"),
    }
    assert_agrees(fit, Reference.from_json(case), quantities)


def test_least_absolute_deviations() -> None:
    case = result("quantile", "stackloss_lad")
    design = table("data/design/stackloss_lm.csv")
    fit = lk.fit(lk.Laplace(), design["y"].to_numpy(float), design_parts(design, ["X"])["X"])
    assert fit.converged
    for name, wanted in case["params"].items():
        if name != "sigma_check":
            assert fit.coef[f"loc.{name}"] == pytest.approx(wanted, rel=1e-8)
    assert fit.coef["scale"] == pytest.approx(case["laplace_b"], rel=1e-8)
    assert fit.loglik == pytest.approx(case["loglik"], rel=1e-8)


# -- edge cases ----------------------------------------------------------------------------------------------


def withheld(fit: lk.Fit, name: str) -> str:
    """The reason why a parameter has no standard error."""
    assert fit.stderr[name] is None
    interval = fit.interval(names=[name])[name]
    assert not interval.exists
    assert interval.note == fit.withheld[name]
    return fit.withheld[name]


def sure_of_nothing_false(fit: lk.Fit) -> None:
    """A failed fit must not look like a success."""
    assert not fit.converged
    assert fit.status.startswith("failed: ")
    assert all(v is None for v in fit.stderr.values())
    with pytest.raises(lk.errors.LikelyError):
        fit.interval()


def test_zero_successes() -> None:
    case, data = result("edge", "binomial_zero_successes"), table("data/binom0of20.csv")
    fit = lk.fit(lk.Binomial(n="n"), data, "successes ~ 1")
    assert fit.converged
    assert fit.status.startswith("boundary: ")
    assert fit.coef == {"p": 0.0}
    assert fit.loglik == 0.0
    assert "profile" in withheld(fit, "p")
    lower, upper = fit.interval(method="profile")["p"]
    assert lower == 0.0
    assert upper == pytest.approx(case["lr_upper95"], rel=1e-9)
    assert upper == pytest.approx(1.0 - math.exp(-1.9207294103471 / 20), rel=1e-9)


def test_underdispersed_counts() -> None:
    case, data = result("edge", "weldondice_nbinom_underdispersed"), table("data/weldondice_kfreq.csv")
    fit = lk.fit(lk.NegativeBinomial(), data, "k ~ 1", weights="freq")
    assert fit.converged
    assert fit.loglik == pytest.approx(case["sup_loglik"], rel=1e-8)
    assert fit.coef["dispersion"] == 0.0
    assert fit.coef["mean"] == pytest.approx(case["limit"]["mu"], rel=1e-12)
    assert "Poisson" in withheld(fit, "dispersion")
    n = fit.n
    assert fit.stderr["mean"] == pytest.approx(math.sqrt(case["limit"]["mu"] / n), rel=1e-8)  # the Poisson's
    lower, upper = fit.interval(method="profile")["dispersion"]
    assert lower == 0.0
    assert 0.0 < upper < 0.01
    L = fit.likelihood
    for point in case["profile_over_size"]:
        found = L.log(mean=case["limit"]["mu"], dispersion=1.0 / point["at"])
        assert found == pytest.approx(point["loglik"], rel=1e-8)


def test_t_on_normal_data() -> None:
    case, data = result("edge", "treesheight_t_df_infinite"), table("data/trees_height.csv")
    fit = lk.fit(lk.StudentT(), data, "y ~ 1")
    assert fit.converged
    assert fit.loglik == pytest.approx(case["sup_loglik"], rel=1e-8)
    assert fit.coef["loc"] == pytest.approx(case["limit"]["mean"], rel=1e-12)
    assert fit.coef["scale"] == pytest.approx(case["limit"]["sd"], rel=1e-12)
    assert fit.coef["df"] == math.inf
    assert "Normal" in withheld(fit, "df")
    lower, upper = fit.interval(method="profile")["df"]
    assert math.isfinite(lower)
    assert upper == math.inf
    for point in case["profile_over_df"]:
        found = lk.fit(lk.StudentT(df=point["at"]), data, "y ~ 1").loglik
        assert found == pytest.approx(point["loglik"], rel=1e-8)


def test_heteroscedastic_t_on_normal_data() -> None:
    case, data = result("edge", "engel_t_hetero_df"), table("data/engel.csv").copy()
    data["inc"] = data["income"] / 1000.0
    fit = lk.fit(lk.StudentT(), data, "foodexp ~ inc", scale="~ inc")
    assert fit.converged
    assert fit.loglik == pytest.approx(case["sup_loglik"], rel=1e-8)
    assert fit.coef["df"] == math.inf
    assert "Normal" in withheld(fit, "df")
    names = {"mu:(Intercept)": "loc.Intercept", "mu:inc": "loc.inc", "sigma:(Intercept)": "scale.Intercept"}
    names["sigma:inc"] = "scale.inc"
    for theirs, ours in names.items():
        assert fit.coef[ours] == pytest.approx(case["limit"][theirs], abs=1e-5 * fit.stderr[ours])
    for point in case["profile_over_df"]:
        found = lk.fit(lk.StudentT(df=point["at"]), data, "foodexp ~ inc", scale="~ inc").loglik
        assert found == pytest.approx(point["loglik"], rel=1e-8)


SEPARATED = {
    "complete_separation_toy": ("y ~ x", "complete_sep", ["x"], []),
    "quasi_separation_toy": ("y ~ x", "quasi_sep", ["x"], []),
    "endometrial_separation": ("HG ~ NV + PI + EH", "endometrial", ["NV"], ["PI", "EH"]),
}


@pytest.mark.parametrize("name", SEPARATED)
def test_separation(name: str) -> None:
    formula, file, guilty, innocent = SEPARATED[name]
    data, case = table(f"data/{file}.csv"), result("edge", name)
    with pytest.raises(lk.errors.FitError, match="separat") as caught:
        lk.fit(lk.Bernoulli(), data, formula)
    message = str(caught.value)
    for column in guilty:
        assert re.search(rf"\b{column}\b", message), message
    for column in innocent:
        assert not re.search(rf"\b{column}\b", message), message
    fit = lk.fit(lk.Bernoulli(), data, formula, on_failure="return")
    sure_of_nothing_false(fit)
    assert fit.loglik <= case["sup_loglik"] + 1e-9


def test_separation_leaves_the_rest_estimable() -> None:
    """Without the separating column and its rows the other coefficients are what R has in the limit."""
    data, case = table("data/endometrial.csv"), result("edge", "endometrial_separation")
    fit = lk.fit(lk.Bernoulli(), data[data["NV"] == 0], "HG ~ PI + EH")
    assert fit.loglik == pytest.approx(case["sup_loglik"], rel=1e-8)
    for theirs, se in case["finite_se"].items():
        ours = "p.Intercept" if theirs == "(Intercept)" else f"p.{theirs}"
        assert fit.coef[ours] == pytest.approx(case["limit"][theirs], abs=1e-5 * se)
        assert fit.stderr[ours] == pytest.approx(se, rel=1e-5)


@pytest.mark.parametrize("how", ["formula", "matrix"])
def test_no_separation_with_an_empty_row(how: str) -> None:
    """A row of 0 successes in 0 trials, which R's `lizards` has too, tells nothing and must do no harm."""
    case, data = result("edge", "lizards_no_separation"), table("data/lizards.csv")
    empty = pd.DataFrame([[0, 0, ">=5ft", "<=2in", "sunny", "late"]], columns=data.columns)
    data = pd.concat([data, empty], ignore_index=True)
    data["total"] = data["grahami"] + data["opalinus"]
    assert (data["total"] == 0).sum() == 1
    levels = {"height": ["<5ft", ">=5ft"], "diameter": ["<=2in", ">2in"], "light": ["sunny", "shady"]}
    levels["time"] = ["early", "midday", "late"]
    if how == "formula":
        for column, order in levels.items():
            data[column] = pd.Categorical(data[column], order)
        fit = lk.fit(lk.Binomial(n="total"), data, "grahami ~ height + diameter + light + time")
    else:
        columns = {"(Intercept)": np.ones(len(data))}
        for column, (_, *others) in levels.items():
            columns |= {column + level: (data[column] == level).to_numpy(float) for level in others}
        family = lk.Binomial(n=data["total"].to_numpy(float))
        fit = lk.fit(family, data["grahami"].to_numpy(float), pd.DataFrame(columns))
    reference = Reference(case["params"], case["loglik"], case["se"])
    assert_agrees(fit, reference, coefficients(fit, "p"))


def test_all_ones() -> None:
    data = table("data/all_ones.csv")
    with pytest.raises(lk.errors.FitError, match=r"separat|every|only|constant|all") as caught:
        lk.fit(lk.Bernoulli(), data, "y ~ x")
    assert re.search(r"\b1\b", str(caught.value)), str(caught.value)
    fit = lk.fit(lk.Bernoulli(), data, "y ~ x", on_failure="return")
    sure_of_nothing_false(fit)
    assert fit.loglik <= 0.0
    constant = lk.fit(lk.Bernoulli(), data, "y ~ 1")  # without predictors it has its peak, on the boundary
    assert constant.converged
    assert constant.coef["p"] == 1.0
    assert constant.loglik == 0.0
    withheld(constant, "p")


def test_beta_with_zero_and_one() -> None:
    data = table("data/beta01.csv")
    outside = np.flatnonzero((data["y"] <= 0) | (data["y"] >= 1))
    with pytest.raises(lk.errors.SupportError) as caught:
        lk.fit(lk.Beta(), data, "y ~ 1")
    message = str(caught.value)
    assert "> 0 and < 1" in message
    assert f"{len(outside)} of {len(data)}" in message
    for row in outside:
        assert re.search(rf"row \D*{row}\b|\b{row}\b", message), message


def test_zero_among_positive_amounts() -> None:
    data = table("data/lnorm_zero.csv")
    for family in (lk.LogNormal(), lk.Gamma(), lk.Weibull(), lk.LogLogistic(), lk.InverseGaussian()):
        with pytest.raises(lk.errors.SupportError, match=r"1 of 5 values of y.*Exponential") as caught:
            lk.fit(family, data, "y ~ 1")
        assert family.title in str(caught.value)
    with pytest.raises(lk.errors.SupportError, match="1 of 5 values of y"):
        lk.fit(lk.Pareto(), data, "y ~ 1")
    fit = lk.fit(lk.Exponential(), data, "y ~ 1")  # whose support has the 0
    assert fit.coef["rate"] == pytest.approx(1.0 / data["y"].mean(), rel=1e-12)


def test_duplicate_column() -> None:
    case, data = result("edge", "longley_duplicate_column"), table("data/longley_dup.csv")
    with pytest.raises(lk.errors.DesignError, match="depend") as caught:
        lk.fit(lk.Normal(), data, "Employed ~ GNP + Year + dup")
    message = str(caught.value)
    assert re.search(r"\bdup\b", message), message
    assert re.search(r"\bGNP\b", message), message
    assert not re.search(r"\bYear\b", message), message
    fit = lk.fit(lk.Normal(), data, "Employed ~ GNP + Year")
    assert fit.loglik == pytest.approx(case["sup_loglik"], rel=1e-8)
    assert fit.coef["sd"] == pytest.approx(math.sqrt(case["rss"] / len(data)), rel=1e-9)


def test_more_parameters_than_rows() -> None:
    data = table("data/p_gt_n.csv")
    with pytest.raises(lk.errors.DesignError, match="depend|rows") as caught:
        lk.fit(lk.Normal(), data, "y ~ x1 + x2 + x3 + x4")
    message = str(caught.value)
    assert re.search(r"\b3\b", message), message
    assert re.search(r"\b5\b", message), message


@pytest.mark.parametrize("how", ["formula", "matrix"])
def test_empty_cell(how: str) -> None:
    case = result("edge", "quine_rank_deficient")
    if how == "formula":
        arguments: tuple[Any, ...] = (table("data/quine.csv"), "Days ~ Age * Lrn")
        column = re.escape("C(Age)[T.F3]:C(Lrn)[T.SL]") + "|" + re.escape("Age[T.F3]:Lrn[T.SL]")
    else:
        design = table(case["design"])
        parts = design_parts(design, ["X"])["X"]
        arguments, column = (design["y"].to_numpy(float), parts), "AgeF3:LrnSL"
    with pytest.raises(lk.errors.DesignError, match=column):
        lk.fit(lk.Poisson(), *arguments)
    if how == "matrix":
        fit = lk.fit(lk.Poisson(), arguments[0], parts.drop(columns="AgeF3:LrnSL"))
        assert fit.loglik == pytest.approx(case["sup_loglik"], rel=1e-8)
        for name, wanted in case["params_R_drop_last"].items():
            if name != "AgeF3:LrnSL":
                ours = f"rate.{name}"
                assert fit.coef[ours] == pytest.approx(wanted, abs=1e-5 * fit.stderr[ours])


def test_empty_data() -> None:
    for data, formula in (([], None), (pd.DataFrame({"y": [], "x": []}), "y ~ x"), (np.array([]), None)):
        with pytest.raises(lk.errors.DataError, match=r"empty|no rows"):
            lk.fit(lk.Normal(), data, formula)


def test_zero_weights() -> None:
    case, data = result("edge", "zero_weights"), table("data/zero_weights.csv")
    fit = lk.fit(lk.Normal(), data, "y ~ x", weights="w")
    assert fit.coef["mean.Intercept"] == pytest.approx(case["params"]["(Intercept)"], rel=1e-9)
    assert fit.coef["mean.x"] == pytest.approx(case["params"]["x"], rel=1e-9)
    # R's weights divide the variance, ours count rows: the same as writing each row w times
    repeated = data.loc[data.index.repeat(data["w"])]
    plain = lk.fit(lk.Normal(), repeated, "y ~ x")
    assert fit.n == plain.n == data["w"].sum()
    assert fit.loglik == pytest.approx(plain.loglik, rel=1e-12)
    assert fit.bic == pytest.approx(plain.bic, rel=1e-12)
    for name in fit.names:
        assert fit.stderr[name] == pytest.approx(plain.stderr[name], rel=1e-9)


def test_pareto_minimum() -> None:
    case, data = result("edge", "pareto1_danish"), table("data/danishuni.csv")
    fit = lk.fit(lk.Pareto(), data, "Loss ~ 1")
    assert fit.converged
    assert fit.status.startswith("edge: ")
    assert fit.coef["minimum"] == case["params"]["xm"]
    assert fit.coef["shape"] == pytest.approx(case["params"]["alpha"], rel=1e-10)
    assert fit.loglik == pytest.approx(case["loglik"], rel=1e-8)
    assert fit.k == 2
    assert "extreme" in withheld(fit, "minimum")


def test_cauchy_two_peaks() -> None:
    case, data = result("edge", "cauchy_two_points"), table("data/cauchy2.csv")
    for start in (None, {"loc": 0.0}, {"loc": -3.0}, {"loc": 7.0}):
        fit = lk.fit(lk.Cauchy(scale=1), data, "y ~ 1", start=start)
        assert fit.converged
        assert abs(fit.coef["loc"]) == pytest.approx(case["params"]["mu"], rel=1e-8)
        assert fit.loglik == pytest.approx(case["loglik"], rel=1e-8)
    assert fit.likelihood.log(loc=0.0) == pytest.approx(case["at_zero"], rel=1e-12)


def test_cauchy_global_peak() -> None:
    case, data = result("edge", "cauchy_location_multimodal_scale05"), table("data/cauchy5.csv")
    for start in (None, {"loc": -5.73}, {"loc": 5.0}, {"loc": -20.0}):
        fit = lk.fit(lk.Cauchy(scale=0.5), data, "y ~ 1", start=start)
        assert fit.converged
        assert fit.coef["loc"] == pytest.approx(case["params"]["mu"], abs=1e-5 * fit.stderr["loc"])
        assert fit.loglik == pytest.approx(case["loglik"], rel=1e-8)


def test_skew_normal_shape_infinite() -> None:
    case, data = result("edge", "frontier_skewnormal_alpha_infinite"), table("data/frontier.csv")
    with pytest.raises(lk.errors.FitError, match=r"shape.*infinity"):
        lk.fit(lk.SkewNormal(), data, "y ~ 1")
    fit = lk.fit(lk.SkewNormal(), data, "y ~ 1", on_failure="return")
    sure_of_nothing_false(fit)
    assert fit.loglik <= case["sup_loglik"] + 1e-9


def test_skew_normal_with_shape_held() -> None:
    case, data = result("edge", "frontier_skewnormal_alpha_infinite"), table("data/frontier.csv")
    for point in case["profile_over_alpha"]:
        held = lk.fit(lk.SkewNormal(shape=point["at"]), data, "y ~ 1")
        assert held.loglik == pytest.approx(point["loglik"], rel=1e-8), point


# -- densities -----------------------------------------------------------------------------------------------


def ours_from_mpmath(dist: str, p: dict[str, float]) -> tuple[lk.Family, dict[str, float], tuple[str, ...]]:
    """The family, its parameters, and those that had to be computed, hence rounded."""
    match dist:
        case "normal":
            return lk.Normal(), {"mean": p["mu"], "sd": p["sigma"]}, ()
        case "student_t":
            return lk.StudentT(), {"loc": p["loc"], "scale": p["scale"], "df": p["df"]}, ()
        case "negbin":
            return lk.NegativeBinomial(), {"mean": p["mu"], "dispersion": 1.0 / p["size"]}, ("dispersion",)
        case "beta":
            a, b = p["a"], p["b"]
            return lk.Beta(), {"mean": a / (a + b), "precision": a + b}, ("mean", "precision")
        case "gamma":
            return lk.Gamma(), {"mean": p["shape"] / p["rate"], "shape": p["shape"]}, ("mean",)
        case "weibull":
            return lk.Weibull(), {"scale": p["scale"], "shape": p["shape"]}, ()
        case "invgauss":
            return lk.InverseGaussian(), {"mean": p["mean"], "shape": p["lam"]}, ()
        case "skewnormal":
            return lk.SkewNormal(), {"loc": p["xi"], "scale": p["omega"], "shape": p["alpha"]}, ()
        case "poisson":
            return lk.Poisson(), {"rate": p["lam"]}, ()
        case "binomial":
            return lk.Binomial(n=p["n"]), {"p": p["p"]}, ()
    raise KeyError(dist)


MPMATH = "normal student_t negbin beta gamma weibull invgauss skewnormal poisson binomial".split()


@cache
def extremes() -> list[dict[str, Any]]:
    return json.loads((ROOT / "mpmath" / "logdensity_extremes.json").read_text())["points"]


@pytest.mark.parametrize("dist", MPMATH)
def test_extreme_log_densities(dist: str) -> None:
    """Relative error at most 1e-11, beside what rounding a converted parameter to a float does by itself."""
    points = [p for p in extremes() if p["dist"] == dist]
    assert points
    bad = []
    for point in points:
        family, params, rounded = ours_from_mpmath(dist, point["params"])
        found = float(family.log_prob(point["x"], **params))
        wanted = float(mpmath.mpf(point["logpdf"]))
        allowed = 1e-11 * abs(wanted)
        for name in rounded:
            for side in (-math.inf, math.inf):
                moved = {**params, name: math.nextafter(params[name], side)}
                if all(family.parameter(k).domain.contains(v) for k, v in moved.items()):
                    allowed += abs(float(family.log_prob(point["x"], **moved)) - found)
        if not (found == wanted or abs(found - wanted) <= allowed):
            bad.append(f"{point['params']} at {point['x']!r}: {found!r}, not {wanted!r}, allowed {allowed:.2g}")
    assert not bad, "\n".join([f"{len(bad)} of {len(points)}", *bad])


# Distributions.jl: the arguments that may be left out, and our parameters
DISTRIBUTIONS: dict[str, tuple[tuple[float, ...], Any]] = {
    "Normal": ((0.0, 1.0), lambda m, s: (lk.Normal(), {"mean": m, "sd": s})),
    "NormalCanon": ((0.0, 1.0), lambda h, j: (lk.Normal(), {"mean": h / j, "sd": j**-0.5})),
    "Laplace": ((0.0, 1.0), lambda m, s: (lk.Laplace(), {"loc": m, "scale": s})),
    "Logistic": ((0.0, 1.0), lambda m, s: (lk.Logistic(), {"loc": m, "scale": s})),
    "Cauchy": ((0.0, 1.0), lambda m, s: (lk.Cauchy(), {"loc": m, "scale": s})),
    "Gumbel": ((0.0, 1.0), lambda m, s: (lk.Gumbel(), {"loc": m, "scale": s})),
    "TDist": ((1.0,), lambda v: (lk.StudentT(), {"loc": 0.0, "scale": 1.0, "df": v})),
    "Exponential": ((1.0,), lambda s: (lk.Exponential(), {"rate": 1.0 / s})),
    "Gamma": ((1.0, 1.0), lambda a, s: (lk.Gamma(), {"mean": a * s, "shape": a})),
    "Erlang": ((1.0, 1.0), lambda a, s: (lk.Gamma(), {"mean": a * s, "shape": a})),
    "Chisq": ((1.0,), lambda v: (lk.Gamma(), {"mean": v, "shape": v / 2})),
    "InverseGaussian": ((1.0, 1.0), lambda m, k: (lk.InverseGaussian(), {"mean": m, "shape": k})),
    "Weibull": ((1.0, 1.0), lambda a, s: (lk.Weibull(), {"scale": s, "shape": a})),
    "Rayleigh": ((1.0,), lambda s: (lk.Weibull(), {"scale": s * math.sqrt(2), "shape": 2.0})),
    "LogNormal": ((0.0, 1.0), lambda m, s: (lk.LogNormal(), {"mu": m, "sigma": s})),
    "LogLogistic": ((1.0, 1.0), lambda a, b: (lk.LogLogistic(), {"scale": a, "shape": b})),
    "Pareto": ((1.0, 1.0), lambda a, m: (lk.Pareto(), {"shape": a, "minimum": m})),
    "Beta": ((1.0, 1.0), lambda a, b: (lk.Beta(), {"mean": a / (a + b), "precision": a + b})),
    "Uniform": ((0.0, 1.0), lambda a, b: (lk.Uniform(), {"low": a, "high": b})),
    "Bernoulli": ((0.5,), lambda p: (lk.Bernoulli(), {"p": p})),
    "Binomial": ((1.0, 0.5), lambda n, p: (lk.Binomial(n=n), {"p": p})),
    "Geometric": ((0.5,), lambda p: (lk.Geometric(), {"p": p})),
    "Poisson": ((1.0,), lambda r: (lk.Poisson(), {"rate": r})),
    "NegativeBinomial": (
        (1.0, 0.5),
        lambda r, p: (lk.NegativeBinomial(), {"mean": r * (1 - p) / p, "dispersion": 1 / r}),
    ),
}


@cache
def distributions_jl() -> list[dict[str, Any]]:
    files = ("continuous_test.ref.json", "discrete_test.ref.json")
    return [entry for file in files for entry in json.loads((ROOT / "distributions_jl" / file).read_text())]


@pytest.mark.parametrize("dtype", DISTRIBUTIONS)
def test_distributions_jl(dtype: str) -> None:
    """Log-density 1e-12, cdf and quantiles 1e-10; the reference's arguments and values have 15 digits."""
    defaults, build = DISTRIBUTIONS[dtype]
    entries = [e for e in distributions_jl() if e["dtype"] == dtype]
    assert entries
    bad: list[str] = []

    def check(what: str, found: float, wanted: Any, tolerance: float, slack: float = 0.0) -> None:
        wanted = float(wanted)
        if not (found == wanted or abs(found - wanted) <= tolerance * max(1.0, abs(wanted)) + slack):
            bad.append(f"{what}: {found!r}, not {wanted!r}")

    for entry in entries:
        given = re.search(r"\((.*)\)", entry["expr"])
        assert given
        numbers = tuple(float(v) for v in given.group(1).split(",") if v.strip())
        family, params = build(*(numbers + defaults[len(numbers) :]))
        for point in entry["points"]:
            x, what = point["x"], f"{entry['expr']} at {point['x']}"
            # what the fifteenth digit of x does by itself
            wiggle = 0.0
            if not family.discrete:
                near = family.log_prob(np.array([x * (1 - 5e-15), x * (1 + 5e-15)]), **params)
                wiggle = float(np.ptp(near[np.isfinite(near)])) if np.any(np.isfinite(near)) else 0.0
            check(f"log_prob {what}", float(family.log_prob(x, **params)), point["logpdf"], 1e-12, wiggle)
            check(f"prob {what}", float(family.prob(x, **params)), point["pdf"], 1e-12, wiggle * float(point["pdf"]))
            check(f"cdf {what}", float(family.cdf(x, **params)), point["cdf"], 1e-10)
            check(f"sf {what}", float(family.sf(x, **params)), 1.0 - float(point["cdf"]), 1e-10)
        for point in entry["quans"]:
            found = float(family.quantile(point["q"], **params))
            check(f"quantile {entry['expr']} at {point['q']}", found, point["x"], 1e-10)
        for property_, method in (("mean", family.mean), ("var", family.variance)):
            if property_ in entry["properties"]:
                check(f"{property_} {entry['expr']}", float(method(**params)), entry["properties"][property_], 1e-12)
    assert not bad, "\n".join([f"{len(bad)} disagree", *bad])

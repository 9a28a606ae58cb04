"""Outside reference cases, where the folder ../shared/reference stands beside the repository (see its INDEX.md)."""

from __future__ import annotations

import compare
import densities
import edges
import nist
import numpy as np
import pandas as pd
import pytest
from compare import DISTREG, GLM, UNIVARIATE, design_parts
from shared import ROOT, contents, part, result, table

import likely as lk

if not ROOT.is_dir():
    pytest.skip("no ../shared/reference beside the repository", allow_module_level=True)


# -- NIST ----------------------------------------------------------------------------------------------------

NIST_UNIVARIATE = "PiDigits Lottery Lew Mavro Michelso NumAcc1 NumAcc2 NumAcc3 NumAcc4".split()
NIST_LINEAR = "Norris Pontius NoInt1 NoInt2 Filip Longley Wampler1 Wampler2 Wampler3 Wampler4 Wampler5".split()


@pytest.mark.parametrize("name", NIST_UNIVARIATE)
def test_nist_univariate(name: str) -> None:
    part("nist univariate", name)
    case = contents("nist/certified.json")["univariate"][name]
    fit = lk.fit(lk.Normal(), table(f"nist/csv/{name}.csv")["y"].to_numpy(float))
    nist.assert_univariate(fit, case["certified"], nist.ROUNDED.get(name, 1e-12))
    assert fit.n == case["n"]
    assert fit.loglik == pytest.approx(case["derived"]["loglik"], rel=1e-8)


@pytest.mark.parametrize("how", ["matrix", "formula"])
@pytest.mark.parametrize("name", [n for n in NIST_LINEAR if n not in nist.EXACT])
def test_nist_linear(name: str, how: str) -> None:
    part("nist linear", name)
    case = contents("nist/certified.json")["linear"][name]
    fit = nist.fit_linear(name, table(f"nist/csv/{name}.csv"), how)
    nist.assert_linear(fit, case["certified"], nist.FEWER.get(name, nist.DIGITS), case["derived"]["loglik"])


@pytest.mark.parametrize("name", nist.EXACT)
def test_nist_exact_fit(name: str) -> None:
    part("nist linear", name)
    case = contents("nist/certified.json")["linear"][name]
    nist.assert_exact(name, table(f"nist/csv/{name}.csv"), case["certified"])


SMALL_SPREAD = {f"SmLs{i:02d}t": 10.0 ** (12 if i > 6 else 6 if i > 3 else 0) for i in range(1, 10)}


@pytest.mark.parametrize("name", ["SiRstvt", "AtmWtAgt", *SMALL_SPREAD])
def test_nist_anova(name: str) -> None:
    """F of the term, with the divisor n - k.

    Beside 1e12 float64 holds four digits of the values' spread, and as many of F are right, with 1e12 taken off or not.
    """
    part("nist anova", name)
    certified, data = contents("nist/certified.json")["anova"][name]["certified"], table(f"nist/csv/{name}.csv")
    far = SMALL_SPREAD.get(name) == 1e12
    for one in [data, data.assign(y=data["y"] - 1e12)] if far else [data]:
        (row,) = lk.fit("normal", one, "y ~ C(group)", small_sample="t").terms().tests
        assert row.statistic == pytest.approx(certified["F"], rel=1e-2 if far else 1e-9)


# -- fits ----------------------------------------------------------------------------------------------------

# file, response, weights
UNIVARIATE_DATA: dict[str, tuple[str, str, str | None]] = {
    "abbey_t_df_lt1": ("abbey", "y", None),
    "bofors_exp": ("bofors_steel", "x", "n"),
    "bofors_llogis": ("bofors_steel", "x", "n"),
    "danishuni_lnorm": ("danishuni", "Loss", None),
    "endosulfan_llogis": ("endosulfan", "ATV", None),
    "endosulfan_lnorm": ("endosulfan", "ATV", None),
    "federalist_nbinom_freq": ("federalist", "k", "freq"),
    "foodexp_beta_iid": ("FoodExpenditure", "prop", None),
    "groundbeef_gamma": ("groundbeef", "serving", None),
    "groundbeef_lnorm": ("groundbeef", "serving", None),
    "groundbeef_weibull": ("groundbeef", "serving", None),
    "machinists_nbinom_freq": ("machinists", "accidents", "ofreq"),
    "newcomb_t_df2_fixed": ("newcomb", "y", None),
    "nhtemp_t_df_upper_infinite": ("nhtemp", "y", None),
    "portpirie_gumbel": ("portpirie", "sealevel", None),
    "precip_logistic": ("precip", "y", None),
    "rivers_gamma": ("rivers", "length", None),
    "rivers_invgauss": ("rivers", "length", None),
    "saxony_binomial12": ("saxony", "k", "freq"),
    "toxocara_nbinom": ("toxocara", "number", None),
    "glass_RG": ("glass", "strength", None),
    "glass_WEI": ("glass", "strength", None),
    "tensile_BE": ("tensile", "str", None),
    "airquality_wind_rayleigh": ("airquality_wind", "Wind", None),
}


@pytest.mark.parametrize("name", UNIVARIATE)
def test_univariate(name: str) -> None:
    file, response, weights = UNIVARIATE_DATA[name]
    fit = lk.fit(UNIVARIATE[name][0], table(f"data/{file}.csv"), f"{response} ~ 1", weights=weights)
    group = "distreg" if name in ("glass_RG", "glass_WEI", "tensile_BE") else "univariate"
    compare.assert_constants(fit, name, result(group, name))


@pytest.mark.parametrize("name", GLM)
def test_glm(name: str) -> None:
    cls, link = GLM[name]
    case = result("counts" if name == "recdemand_negbin" else "glm", name)
    design = table(case["design"])
    y, known = design["y"].to_numpy(float), {}
    if cls is lk.Binomial:  # R has the proportion and the number of trials
        known["n"] = design["weights"].to_numpy(float)
        y = np.rint(y * known["n"])
    elif "weights" in design:
        assert (design["weights"] == 1.0).all()
    offset = design["offset"].to_numpy(float) if "offset" in design else None
    fit = lk.fit(cls(**known), y, design_parts(design, ["X"])["X"], link=link, offset=offset)
    compare.assert_glm(fit, name, case)


def test_doses() -> None:
    fit = lk.fit(lk.Binomial(n="Total"), table("data/menarche.csv"), "Menarche ~ Age")
    compare.assert_doses(fit, result("glm", "menarche_dose_p"))


@pytest.mark.parametrize("name", [n for n in DISTREG if n != "vote92_multinom"])
def test_distributional_regression(name: str) -> None:
    model = DISTREG[name]
    case = result("counts" if name == "salamanders_nb2" else "distreg", name)
    design = table(case["design"])
    first, *others = model.parameters
    parts = design_parts(design, list(model.parameters))
    formulas = {model.parameters[p]: parts[p] for p in others if list(parts[p].columns) != ["(Intercept)"]}
    y = (
        -design["y"].to_numpy(float) if name == "abdom_GU" else design["y"].to_numpy(float)
    )  # the least, not the largest
    fit = lk.fit(model.family, y, parts[first], link=model.links, **formulas)
    compare.assert_distributional(fit, name, case)


def test_multinomial_logit() -> None:
    formula = "vote ~ dem + rep + female + persfinance + natlecon"
    fit = lk.fit(DISTREG["vote92_multinom"].family, table("data/vote92.csv"), formula)
    compare.assert_distributional(fit, "vote92_multinom", result("ordinal_multinomial", "vote92_multinom"))


@pytest.mark.parametrize("name", compare.ORDINAL)
def test_cumulative_link_model(name: str) -> None:
    formula, link, others = compare.ORDINAL[name]
    fit = lk.fit(lk.Ordinal(), table("data/wine.csv"), formula, link=link, **others)
    compare.assert_ordinal(fit, result("ordinal_multinomial", name))


def test_proportional_odds_of_counts() -> None:
    miners, levels = table("data/pneumo.csv"), ["normal", "mild", "severe"]
    data = miners.melt(["exposure.time", "let"], levels, ignore_index=False).sort_index(kind="stable")
    fit = lk.fit(lk.Ordinal(levels=levels), data, "variable ~ let", weights="value")
    compare.assert_pneumo(fit, miners[levels].to_numpy(float), result("ordinal_multinomial", "pneumo_propodds"))


def test_least_absolute_deviations() -> None:
    design = table("data/design/stackloss_lm.csv")
    fit = lk.fit(lk.Laplace(), design["y"].to_numpy(float), design_parts(design, ["X"])["X"])
    compare.assert_least_absolute(fit, result("quantile", "stackloss_lad"))


def test_a_tenth_of_the_households() -> None:
    design, case = table("data/design/engel_lm.csv"), result("quantile", "engel_rq_tau10")
    fit = lk.fit(lk.AsymmetricLaplace(tau=0.1), design["y"].to_numpy(float), design_parts(design, ["X"])["X"])
    wanted = [case["params"][k] for k in ("(Intercept)", "income", "sigma")]
    np.testing.assert_allclose(list(fit.coef.values()), wanted, rtol=1e-8)
    assert fit.loglik == pytest.approx(case["loglik"], rel=1e-8)
    for kind, ours in {"iid": "iid", "nid": "nid", "ker": "kernel"}.items():
        found = list(fit.with_cov(ours).stderr.values())[:2]
        np.testing.assert_allclose(found, list(case["se_by_method"][kind].values()), rtol=1e-8)


@pytest.mark.parametrize(("name", "check"), edges.parameters())
def test_edge(name: str, check: edges.Check) -> None:
    case = result("edge", name)
    data = pd.DataFrame({"y": [], "x": []}, dtype=float) if case["data"] is None else table(case["data"]).copy()
    check(data, case)


# -- densities -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dist", densities.MPMATH)
def test_extreme_log_densities(dist: str) -> None:
    points = contents("mpmath/logdensity_extremes.json")["points"]
    densities.assert_extremes([p for p in points if p["dist"] == dist])


@pytest.mark.parametrize("dtype", densities.DISTRIBUTIONS)
def test_distributions_jl(dtype: str) -> None:
    files = ("continuous_test.ref.json", "discrete_test.ref.json")
    entries = [entry for file in files for entry in contents(f"distributions_jl/{file}")]
    densities.assert_distribution([e for e in entries if e["dtype"] == dtype])

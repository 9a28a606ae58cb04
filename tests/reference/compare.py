"""Other software's results against ours: how their parameters follow from ours, and one comparison for all cases.

Both layers use it: `test_shared` (all cases, from ../shared/reference) and `test_stored` (some, from stored.json).
A reference quantity is a function of our estimates. Its derivatives, by complex step, carry our covariance over to the
reference's parametrisation, so nothing here is typed twice.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shared
from scipy import optimize, special, stats

import likely as lk

Quantity = Callable[[Mapping[str, Any]], Any]
HC = ("HC0", "HC1", "HC2", "HC3")
STEP = 1e-30  # of the complex step, relative to the value


# -- how the reference's parameters follow from ours ---------------------------------------------------------


def own(name: str, scale: float = 1.0) -> Quantity:
    """Our value called `name`, times `scale`."""
    return lambda p: scale * p[name]


def log_of(name: str, scale: float = 1.0) -> Quantity:
    """The logarithm of our value, times `scale`."""
    return lambda p: scale * np.log(p[name])


def one_over(name: str) -> Quantity:
    """One over our value."""
    return lambda p: 1.0 / p[name]


def logit_of(name: str) -> Quantity:
    """The logit of our value."""
    return lambda p: np.log(p[name]) - np.log(1.0 - p[name])


def _logit_of_beta_sigma(p: Mapping[str, Any]) -> Any:
    """gamlss's BE on the logit scale: sigma = 1/sqrt(1 + precision), so its odds are 1/(sqrt(1 + precision) - 1)."""
    return -np.log(np.sqrt(1.0 + p["precision"]) - 1.0)


# R's parameters of constants, by R's name of the distribution
CONSTANTS: dict[str, dict[str, Quantity]] = {
    "norm": {"mean": own("mean"), "sd": own("sd")},
    "t": {"loc": own("loc"), "scale": own("scale"), "df": own("df")},
    "cauchy": {"location": own("loc"), "scale": own("scale")},
    "logis": {"location": own("loc"), "scale": own("scale")},
    "gumbel": {"loc": own("loc"), "scale": own("scale")},
    "exp": {"rate": own("rate")},
    "gamma": {"shape": own("shape"), "rate": lambda p: p["shape"] / p["mean"]},
    "invgauss": {"mean": own("mean"), "shape": own("shape")},
    "weibull": {"shape": own("shape"), "scale": own("scale")},
    "rayleigh": {"sigma": own("scale", math.sqrt(0.5))},
    "lnorm": {"meanlog": own("mu"), "sdlog": own("sigma")},
    "llogis": {"shape": own("shape"), "scale": own("scale")},
    "beta": {
        "shape1": lambda p: p["mean"] * p["precision"],
        "shape2": lambda p: (1.0 - p["mean"]) * p["precision"],
    },
    "binom": {"prob": own("p")},
    "nbinom": {"size": one_over("dispersion"), "mu": own("mean")},
    # gamlss, intercepts only, on gamlss's link scale
    "RG": {"mu:(Intercept)": own("loc"), "sigma:(Intercept)": log_of("scale")},
    "WEI": {"mu:(Intercept)": log_of("scale"), "sigma:(Intercept)": log_of("shape")},
    "BE": {"mu:(Intercept)": logit_of("mean"), "sigma:(Intercept)": _logit_of_beta_sigma},
}

# R's name of a parameter that we list among the derived quantities
DERIVED: dict[str, dict[str, str]] = {
    "gamma": {"rate": "rate"},
    "beta": {"shape1": "alpha", "shape2": "beta"},
    "nbinom": {"size": "size"},
}

# what an R tool calls a parameter beside the coefficients, as a function of our constant
BESIDE: dict[str, Quantity] = {
    "theta": one_over("dispersion"),
    "lambda": own("shape"),
    "shape": own("shape"),
    "sigma": own("sd"),
}


def column_name(name: str) -> str:
    """R's name of a design column from formulaic's: ``C(Age)[T.F1]`` is ``AgeF1``, ``Intercept`` is ``(Intercept)``."""
    if name == "Intercept":
        return "(Intercept)"
    parts = []
    for part in name.replace("**", "^").replace(" ", "").split(":"):
        head, bracket, level = part.partition("[T.")
        if bracket:
            variable = head.removeprefix("C(").split(",")[0].removesuffix(")")
            part = variable + level.removesuffix("]")
        parts.append(part)
    return ":".join(parts)


def coefficients(fit: lk.Fit, parameter: str, prefix: str = "", scale: float = 1.0) -> dict[str, Quantity]:
    """The coefficients of one parameter under R's names; `scale` where R's linear predictor is a multiple of ours."""
    found = {}
    for name in fit.names:
        head, dot, column = name.partition(".")
        if dot and head == parameter:
            found[prefix + column_name(column)] = own(name, scale)
    return found


# -- the models behind the cases -----------------------------------------------------------------------------

# constants: family, R's name of the distribution
UNIVARIATE: dict[str, tuple[lk.Family, str]] = {
    "abbey_t_df_lt1": (lk.StudentT(), "t"),
    "bofors_exp": (lk.Exponential(), "exp"),
    "bofors_llogis": (lk.LogLogistic(), "llogis"),
    "danishuni_lnorm": (lk.LogNormal(), "lnorm"),
    "endosulfan_llogis": (lk.LogLogistic(), "llogis"),
    "endosulfan_lnorm": (lk.LogNormal(), "lnorm"),
    "federalist_nbinom_freq": (lk.NegativeBinomial(), "nbinom"),
    "foodexp_beta_iid": (lk.Beta(), "beta"),
    "groundbeef_gamma": (lk.Gamma(), "gamma"),
    "groundbeef_lnorm": (lk.LogNormal(), "lnorm"),
    "groundbeef_weibull": (lk.Weibull(), "weibull"),
    "machinists_nbinom_freq": (lk.NegativeBinomial(), "nbinom"),
    "newcomb_t_df2_fixed": (lk.StudentT(df=2), "t"),
    "nhtemp_t_df_upper_infinite": (lk.StudentT(), "t"),
    "portpirie_gumbel": (lk.Gumbel(), "gumbel"),
    "precip_logistic": (lk.Logistic(), "logis"),
    "rivers_gamma": (lk.Gamma(), "gamma"),
    "rivers_invgauss": (lk.InverseGaussian(), "invgauss"),
    "saxony_binomial12": (lk.Binomial(n=12), "binom"),
    "toxocara_nbinom": (lk.NegativeBinomial(), "nbinom"),
    "glass_RG": (lk.Gumbel(), "RG"),
    "glass_WEI": (lk.Weibull(), "WEI"),
    "tensile_BE": (lk.Beta(), "BE"),
    "airquality_wind_rayleigh": (lk.Weibull(shape=2), "rayleigh"),
}

# one linear predictor: family, its link
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
    "recdemand_negbin": (lk.NegativeBinomial, "log"),
    "stackloss_lm": (lk.Normal, "identity"),
    "warpbreaks_gamma_log": (lk.Gamma, "log"),
    "warpbreaks_invgauss_log": (lk.InverseGaussian, "log"),
    "whiteside_lm": (lk.Normal, "identity"),
}


@dataclass(frozen=True)
class Distributional:
    """A model with a linear predictor for several parameters.

    `parameters` are ours by the prefix of the reference's names, `links` those that differ from our defaults, and
    `factors` lead from our linear predictor to the reference's, by prefix.
    """

    family: lk.Family
    parameters: Mapping[str, str]
    links: Mapping[str, str] = field(default_factory=dict)
    factors: Mapping[str, float] = field(default_factory=dict)

    def quantities(self, fit: lk.Fit) -> dict[str, Quantity]:
        """The reference's coefficients; one value for all rows, which we report on the natural scale, on its link's."""
        found: dict[str, Quantity] = {}
        for prefix, parameter in self.parameters.items():
            factor = self.factors.get(prefix, 1.0)
            if parameter not in fit.names:
                found |= coefficients(fit, parameter, f"{prefix}:", factor)
            elif self.links.get(parameter) == "identity":
                found[f"{prefix}:(Intercept)"] = own(parameter)
            else:
                found[f"{prefix}:(Intercept)"] = log_of(parameter, factor)
        return found


BETAREG = {"mean": "mean", "precision": "precision"}
DISTREG: dict[str, Distributional] = {
    "abdom_GU": Distributional(  # the smallest of many: -y is Gumbel's
        lk.Gumbel(), {"mu": "loc", "sigma": "scale"}, factors={"mu": -1.0}
    ),
    "abdom_LO": Distributional(lk.Logistic(), {"mu": "loc", "sigma": "scale"}),
    "abdom_GA": Distributional(  # sigma is the coefficient of variation, shape^(-1/2)
        lk.Gamma(), {"mu": "mean", "sigma": "shape"}, factors={"sigma": -0.5}
    ),
    "aids_uk_NBI": Distributional(lk.NegativeBinomial(), {"mu": "mean", "sigma": "dispersion"}),
    "dbbmi_NO": Distributional(lk.Normal(), {"mu": "mean", "sigma": "sd"}),
    "film90_NO": Distributional(lk.Normal(), {"mu": "mean", "sigma": "sd"}),
    "foodexp_beta": Distributional(lk.Beta(), BETAREG, {"precision": "identity"}),
    "foodexp_beta_varphi": Distributional(lk.Beta(), BETAREG),
    "gagurine_IG_regression": Distributional(  # sigma is shape^(-1/2)
        lk.InverseGaussian(), {"mu": "mean", "sigma": "shape"}, factors={"sigma": -0.5}
    ),
    "gasoline_beta_cloglog": Distributional(lk.Beta(), BETAREG, {"mean": "cloglog", "precision": "identity"}),
    "mockjurors_beta": Distributional(lk.Beta(), BETAREG),
    "stressanxiety_beta": Distributional(lk.Beta(), BETAREG),
    "species_NBI_sigmax": Distributional(lk.NegativeBinomial(), {"mu": "mean", "sigma": "dispersion"}),
    "salamanders_nb2": Distributional(  # disp is the size, 1/dispersion
        lk.NegativeBinomial(), {"cond": "mean", "disp": "dispersion"}, factors={"disp": -1.0}
    ),
    "vote92_multinom": Distributional(
        lk.Categorical(levels=["Bush", "Clinton", "Perot"]), {"Clinton": "p[Clinton]", "Perot": "p[Perot]"}
    ),
}


def assert_constants(fit: lk.Fit, name: str, case: Mapping[str, Any]) -> None:
    """A univariate case."""
    quantities = {k: q for k, q in CONSTANTS[UNIVARIATE[name][1]].items() if k in case["params"]}
    reference = Reference.from_json(case)
    assert fit.n == case["n"]
    if name == "nhtemp_t_df_upper_infinite":
        # at the upper limit of the scale the best df is infinite; R's search stopped before it, 2.4e-5 SE short
        limit = normal_scale_limit(fit.likelihood.function.bound.y, reference.loglik)
        lower, upper = reference.profile["scale"]
        assert upper == pytest.approx(limit, abs=1e-4 * reference.se["scale"])
        reference = replace(reference, profile={**reference.profile, "scale": (lower, limit)})
    assert_agrees(fit, reference, quantities)
    derived = fit.derived()
    for theirs, ours in DERIVED.get(UNIVARIATE[name][1], {}).items():
        value, se = derived[ours]
        assert value == pytest.approx(reference.params[theirs], abs=1e-5 * reference.se[theirs])
        assert se == pytest.approx(reference.se[theirs], rel=1e-5)


def normal_scale_limit(y: np.ndarray, peak: float) -> float:
    """Where the normal log-likelihood in sd, at the mean, has fallen to the 95 % limit below `peak`."""
    n, squares = len(y), float(np.sum(np.square(y - y.mean())))

    def above(sd: float) -> float:
        log = -n * math.log(sd) - 0.5 * n * math.log(2.0 * math.pi) - 0.5 * squares / sd**2
        return log - peak + 0.5 * stats.chi2.ppf(0.95, 1)

    highest = math.sqrt(squares / n)
    return float(optimize.brentq(above, highest, 4.0 * highest, xtol=1e-13))


def assert_glm(fit: lk.Fit, name: str, case: Mapping[str, Any]) -> None:
    """A case with one linear predictor."""
    cls, link = GLM[name]
    assert fit.n == case["n"]
    quantities = coefficients(fit, cls.parameters[0].name)
    quantities |= {k: q for k, q in BESIDE.items() if k in case["params"] or (k == "sigma" and "sigma_ml" in case)}
    # under the canonical link the observed information is the expected one, which R has in closed form; the other it
    # has by finite differences (for instinnovation they differ by 1.1e-5)
    canonical = (cls in (lk.Bernoulli, lk.Binomial) and link == "logit") or cls is lk.Poisson
    assert_agrees(fit, Reference.from_json(case, "expected" if canonical else "observed"), quantities)
    if "leverage_first5" in case:
        np.testing.assert_allclose(fit.influence().leverage[:5], case["leverage_first5"], rtol=1e-5)
        for kind in ("deviance", "pearson"):
            np.testing.assert_allclose(fit.residuals(kind)[:5], case[f"residuals_{kind}_first5"], rtol=1e-5, atol=1e-8)


def assert_distributional(fit: lk.Fit, name: str, case: Mapping[str, Any]) -> None:
    """A case with several linear predictors."""
    assert fit.n == case["n"]
    assert_agrees(fit, Reference.from_json(case), DISTREG[name].quantities(fit))


# R's clm: formula of the location, link, further formulas
ORDINAL: dict[str, tuple[str, str, dict[str, str]]] = {
    "wine_clm_logit": ("rating ~ temp + contact", "logit", {}),
    "wine_clm_probit": ("rating ~ temp + contact", "probit", {}),
    "wine_clm_nominal": ("rating ~ temp", "logit", {"threshold": "~ contact"}),
}


def assert_ordinal(fit: lk.Fit, case: Mapping[str, Any]) -> None:
    """A cumulative link model under clm's names: thresholds by their levels, and coefficients."""
    found = coefficients(fit, "location")
    for entry in [f"{low}|{low + 1}" for low in range(1, 5)]:
        if f"threshold[{entry}]" in fit.names:
            found[f"{entry}.(Intercept)"] = own(f"threshold[{entry}]")
        found |= coefficients(fit, f"threshold[{entry}]", f"{entry}.")
    assert fit.n == case["n"]
    assert_agrees(fit, Reference.from_json(case), found)


def assert_pneumo(fit: lk.Fit, counts: np.ndarray, case: Mapping[str, Any]) -> None:
    """VGAM's propodds: odds of being higher, for rows of counts with their multinomial coefficients."""
    found = {
        "(Intercept):1": own("threshold[normal|mild]", -1.0),
        "(Intercept):2": own("threshold[mild|severe]", -1.0),
        "let": own("location.let"),
    }
    ways = float(np.sum(special.gammaln(counts.sum(axis=1) + 1.0) - special.gammaln(counts + 1.0).sum(axis=1)))
    reference = replace(Reference.from_json(case), loglik=case["loglik"] - ways, aic=None, bic=None)
    assert_agrees(fit, of_units(reference, np.repeat(np.arange(len(counts)), counts.shape[1])), found)


def assert_doses(fit: lk.Fit, case: Mapping[str, Any]) -> None:
    """The doses at which a quarter, half and three quarters answer: functions of the two coefficients."""
    a, b = fit.names

    def dose(p: float) -> Quantity:
        return lambda v: (math.log(p / (1.0 - p)) - v[a]) / v[b]

    reference = Reference(case["params"], case["loglik"], case["se_delta"])
    assert_agrees(fit, reference, {"ED25": dose(0.25), "ED50": dose(0.5), "ED75": dose(0.75)})


def assert_least_absolute(fit: lk.Fit, case: Mapping[str, Any]) -> None:
    """Least absolute deviations: the peak is a corner, reached exactly."""
    assert fit.converged
    found = coefficients(fit, "loc")
    for name, wanted in case["params"].items():
        if name != "sigma_check":
            assert found[name](fit.coef) == approximately(wanted, 1e-8)
    assert fit.coef["scale"] == approximately(case["laplace_b"], 1e-8)
    assert fit.loglik == approximately(case["loglik"], 1e-8)


# -- the reference and the comparison ------------------------------------------------------------------------


@dataclass(frozen=True)
class Tolerance:
    """What INDEX.md grants."""

    params_in_se: float = 1e-5
    loglik: float = 1e-8
    se: float = 1e-5
    profile_in_se: float = 1e-5


@dataclass(frozen=True)
class OtherCovariance:
    """Standard errors that come from another covariance than the information's, or that covariance itself."""

    what: str
    asked: Mapping[str, Any]  # of `fit.with_cov`
    se: Mapping[str, float] | None
    vcov: np.ndarray | None = None
    tolerance: float = 1e-5

    @classmethod
    def all_of(cls, case: Mapping[str, Any]) -> list[OtherCovariance]:
        """Those of a result file. R's HC4, whose exponent is the mean leverage's, we do not have."""
        found = []
        for key, asked in {"opg": {"kind": "opg"}, "robust_HC0": {"kind": "HC0"}}.items():
            if f"se_{key}" in case:
                vcov = case.get(f"vcov_{key}")
                se = {name: value for name, value in case[f"se_{key}"].items() if not isinstance(value, dict)}
                found.append(cls(key, asked, se, None if vcov is None else np.array(vcov, dtype=float)))
        if "se_expected_information" in case:
            found.append(cls("expected", {"kind": "expected"}, case["se_expected_information"]))
        if "se_robust_HC0_observed" in case:  # from numerical derivatives
            found.append(cls("HC0", {"kind": "HC0"}, case["se_robust_HC0_observed"], None, 5e-5))
        for kind in HC if "se_robust" in case else ():
            found.append(cls(kind, {"kind": kind, "bread": "expected"}, case["se_robust"][kind]))
        if "betareg" in case.get("tool", "") and "se" in case.get(
            "tool_result", {}
        ):  # whose own standard errors are those of the expected information
            found.append(cls("expected", {"kind": "expected"}, case["tool_result"]["se"]))
        if "vcov_HC0" in case:
            found.append(cls("vcov HC0", {"kind": "HC0", "bread": "expected"}, None, np.array(case["vcov_HC0"])))
        return found

    def of_units(self, units: np.ndarray) -> OtherCovariance | None:
        """The same where the rows of a unit have their scores added first, as R has rows of counts."""
        asked = {"cluster": units, "correction": "none"}
        return None if self.asked["kind"] == "opg" else replace(self, asked=asked)


@dataclass(frozen=True)
class Reference:
    """What another tool found, in its own parameters."""

    params: Mapping[str, float]
    loglik: float
    se: Mapping[str, float]
    vcov: np.ndarray | None = None
    aic: float | None = None
    bic: float | None = None
    profile: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)  # None: no such limit
    others: Sequence[OtherCovariance] = ()

    @classmethod
    def from_json(cls, case: Mapping[str, Any], information: str = "observed") -> Reference:
        """From a result file; linear models there carry their standard errors under other names."""
        params, se, vcov = dict(case["params"]), case.get(f"se_{information}_information"), None
        if se is not None:
            vcov = np.array(case[f"vcov_{information}_information"], dtype=float)
        elif "se_ml" in case:
            params["sigma"] = case["sigma_ml"]
            se = {**case["se_ml"], "sigma": case["se_sigma_ml"]}
        profile = {
            name: (_limit(ends["lower"]), _limit(ends["upper"]))
            for name, ends in (case.get("profile_ci95") or {}).items()
        }
        others = OtherCovariance.all_of(case)
        return cls(params, case["loglik"], se, vcov, case.get("aic"), case.get("bic"), profile, others)


def of_units(reference: Reference, units: np.ndarray) -> Reference:
    """The reference where several rows make one unit: R multiplies the scores of units."""
    return replace(reference, others=[o for o in (other.of_units(units) for other in reference.others) if o])


def _limit(value: Any) -> float | None:
    return None if isinstance(value, dict) else float(value)


def evaluate(quantities: Mapping[str, Quantity], values: Mapping[str, float]) -> tuple[dict[str, float], np.ndarray]:
    """The quantities at our values, and their Jacobian (rows: quantities, columns: our names in order)."""
    names = list(values)
    found = {key: float(np.real(q(values))) for key, q in quantities.items()}
    jacobian = np.zeros((len(quantities), len(names)))
    for j, name in enumerate(names):
        step = STEP * (abs(values[name]) or 1.0)
        moved = {**values, name: complex(values[name], step)}
        jacobian[:, j] = [np.imag(q(moved)) / step for q in quantities.values()]
    return found, jacobian


def differences(
    fit: lk.Fit,
    reference: Reference,
    quantities: Mapping[str, Quantity],
    tolerance: Tolerance | None = None,
) -> list[str]:
    """Where a fit and a reference disagree, each in a line; empty where they agree."""
    tolerance = tolerance or Tolerance()
    if not fit.converged:
        return [f"not converged: {fit.status}"]
    bad: list[str] = []

    def check(what: str, found: float, wanted: float, allowed: float) -> None:
        off = abs(found - wanted) / allowed if allowed else math.inf * abs(found - wanted)
        shared.OFF.append(off)
        if not off <= 1.0:
            bad.append(f"{what}: {found!r}, not {wanted!r}: {off:.3g} times what is allowed")

    absent = set(reference.params) ^ set(quantities)
    if absent:
        return [f"parameters do not match: {sorted(absent)}"]
    quantities = {name: quantities[name] for name in reference.params}  # in the reference's order
    found, jacobian = evaluate(quantities, fit.coef)
    for name, wanted in reference.params.items():
        check(f"{name}", found[name], wanted, tolerance.params_in_se * reference.se[name])
    for what, wanted in (("loglik", reference.loglik), ("aic", reference.aic), ("bic", reference.bic)):
        if wanted is not None:
            check(what, getattr(fit, what), wanted, tolerance.loglik * abs(wanted))

    if fit.regular != fit.names:
        return [*bad, f"standard errors withheld: {dict(fit.withheld)}"]
    cov = jacobian @ fit.cov @ jacobian.T
    for i, name in enumerate(reference.params):
        check(f"se {name}", float(np.sqrt(cov[i, i])), reference.se[name], tolerance.se * reference.se[name])
    if reference.vcov is not None:
        size = np.sqrt(np.outer(np.diagonal(reference.vcov), np.diagonal(reference.vcov)))
        off = np.abs(cov - reference.vcov) / size
        if not np.all(off <= 2.0 * tolerance.se):
            i, j = np.unravel_index(np.argmax(off), off.shape)
            keys = list(reference.params)
            bad.append(f"vcov {keys[i]}, {keys[j]}: {cov[i, j]!r}, not {reference.vcov[i, j]!r}")
    for other in reference.others:
        cov = jacobian @ fit.with_cov(**other.asked).cov @ jacobian.T
        for i, name in enumerate(reference.params):
            if other.se is not None and name in other.se:
                wanted = other.se[name]
                check(f"{other.what} se {name}", float(np.sqrt(cov[i, i])), wanted, other.tolerance * wanted)
        if other.vcov is not None:
            size = np.sqrt(np.diagonal(other.vcov))
            off = np.max(np.abs(cov[: len(size), : len(size)] - other.vcov) / np.outer(size, size))
            check(f"{other.what} vcov", float(off), 0.0, 2.0 * other.tolerance)
    return bad + _profile_differences(fit, reference, quantities, jacobian, tolerance)


def _profile_differences(
    fit: lk.Fit, reference: Reference, quantities: Mapping[str, Quantity], jacobian: np.ndarray, tolerance: Tolerance
) -> list[str]:
    """Profile limits of the quantities that are functions of a single one of ours, which are those that we report."""
    bad = []
    for i, name in enumerate(quantities):
        depends = [own for own, slope in zip(fit.coef, jacobian[i], strict=True) if slope != 0.0]
        if name not in reference.profile or len(depends) != 1:
            continue
        (mine,) = depends
        interval = fit.interval(method="profile", names=[mine])[mine]
        ends = []
        for end in interval:
            with np.errstate(all="ignore"):
                ends.append(math.nan if end is None else float(quantities[name]({**fit.coef, mine: np.float64(end)})))
        ends.sort()
        for side, found, wanted in zip(("lower", "upper"), ends, reference.profile[name], strict=True):
            if wanted is None:
                if np.isfinite(found):
                    bad.append(f"profile {side} {name}: {found!r}, but there is no such limit")
                elif not interval.note:
                    bad.append(f"profile {side} {name}: the interval does not say that there is no limit")
            else:
                allowed = tolerance.profile_in_se * reference.se[name]
                off = abs(found - wanted) / allowed
                shared.OFF.append(off)
                if not off <= 1.0:
                    bad.append(f"profile {side} {name}: {found!r}, not {wanted!r}: {off:.3g} times what is allowed")
    return bad


def assert_agrees(
    fit: lk.Fit,
    reference: Reference,
    quantities: Mapping[str, Quantity],
    tolerance: Tolerance | None = None,
) -> None:
    """Fail with every disagreement in the message."""
    bad = differences(fit, reference, quantities, tolerance)
    assert not bad, "\n".join(["disagrees with the reference", *bad])


def approximately(value: float, relative: float) -> Any:
    """Equal but for a relative error."""
    return pytest.approx(value, rel=relative, abs=0.0)


# -- tables --------------------------------------------------------------------------------------------------


def design_parts(table: pd.DataFrame, prefixes: Sequence[str]) -> dict[str, pd.DataFrame]:
    """The design matrices of a design table, by prefix, with the prefix taken off the columns' names."""
    parts = {}
    for prefix in prefixes:
        chosen = {c: c.partition(":")[2] for c in table.columns if c.startswith(f"{prefix}:")}
        parts[prefix] = table[list(chosen)].rename(columns=chosen)
    return parts

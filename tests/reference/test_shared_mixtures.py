"""Mixtures as densities of one's own, where the folder ../shared/reference stands beside the repository.

Their likelihoods have several peaks, and those of normal components no highest: every start is near the reference's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from compare import Quantity, Reference, assert_agrees, log_of, own
from shared import ROOT, result, table

import likely as lk

jax = pytest.importorskip("jax")

if not ROOT.is_dir():
    pytest.skip("no ../shared/reference beside the repository", allow_module_level=True)

norm, poisson, gamma = jax.scipy.stats.norm, jax.scipy.stats.poisson, jax.scipy.stats.gamma
Each = Callable[[Any, Any], Any]  # parameters, data -> log-densities, a column for each component


def density(each: Each, count: int, params: Mapping[str, Any]) -> Any:
    """A mixture of `count` components."""

    def mixed(p: Any, data: Any) -> Any:
        return jax.scipy.special.logsumexp(each(p, data) + jax.numpy.log(p["weight"]), axis=1)

    return lk.density(mixed, params={"weight": lk.Simplex(count), **params})


def concomitant(each: Each, odds: Each, params: Mapping[str, Any]) -> Any:
    """A mixture whose shares follow predictors: `odds` are the logarithms of the shares but for a constant in a row."""

    def mixed(p: Any, data: Any) -> Any:
        return jax.scipy.special.logsumexp(each(p, data) + jax.nn.log_softmax(odds(p, data), axis=1), axis=1)

    return lk.density(mixed, params=params)


def normals(column: str) -> Each:
    """Normal components."""
    return lambda p, d: norm.logpdf(d[column][:, None], p["mean"], p["sd"])


def lines(response: str, *predictors: Callable[[Any], Any]) -> Each:
    """Normal components around a line, or a curve, each: coefficients b0, b1, ..."""

    def each(p: Any, d: Any) -> Any:
        mean = p["b0"] + sum(p[f"b{i}"] * x(d)[:, None] for i, x in enumerate(predictors, 1))
        return norm.logpdf(d[response][:, None], mean, p["sd"])

    return each


def rates(response: str, linear: Each) -> Each:
    """Poisson components, by the logarithms of their means."""
    return lambda p, d: poisson.logpmf(d[response][:, None], jax.numpy.exp(linear(p, d)))


def of_components(parameter: str, count: int, theirs: str = "") -> dict[str, Quantity]:
    """mu1, mu2, ... of a mixture."""
    theirs = theirs or {"mean": "mu"}.get(parameter, parameter)
    return {f"{theirs}{i + 1}": own(f"{parameter}[{i}]") for i in range(count)}


def share(i: int, count: int) -> Quantity:
    """The weight of a component, from its odds against the first."""
    odds = [f"weight[{j}]/weight[0]" for j in range(1, count)]
    return lambda p: (1.0 if i == 0 else p[odds[i - 1]]) / (1.0 + sum(p[name] for name in odds))


def shares(count: int) -> dict[str, Quantity]:
    """All but the last."""
    return {f"pi{i + 1}": share(i, count) for i in range(count - 1)}


def of_slopes(*columns: str, count: int = 2) -> dict[str, Quantity]:
    """The coefficients of several lines."""
    names = ("(Intercept)", *columns)
    return {f"c{k + 1}:{name}": own(f"b{i}[{k}]") for i, name in enumerate(names) for k in range(count)}


def of_lines(*columns: str) -> dict[str, Quantity]:
    """The coefficients of two lines, and the logit of the first one's share."""
    return {"logit_pi1": log_of("weight[1]/weight[0]", -1.0), **of_slopes(*columns)}


LOG_SDS = {f"log_sd{k + 1}": log_of(f"sd[{k}]") for k in range(2)}


@dataclass(frozen=True)
class Case:
    """Data, a mixture with its start, and the reference's parameters as functions of ours."""

    file: str
    model: Any
    quantities: Mapping[str, Quantity]
    weights: str | None = None


def of_normals(file: str, column: str, means: list[float], sds: Any) -> Case:
    """Normal components, with one standard deviation or one each."""
    count, several = len(means), isinstance(sds, list)
    model = density(normals(column), count, {"mean": lk.Real(means), "sd": lk.Positive(sds)})
    spread = of_components("sd", count) if several else {"sd": own("sd")}
    return Case(file, model, {**shares(count), **of_components("mean", count), **spread})


SEIZURES = ("tr", "ld", "tld")
GALAXIES = ("galaxies_corrected", "velocity")
CASES = {
    "acidity_mix2": of_normals("acidity", "y", [4.3, 6.2], [0.4, 0.5]),
    "acidity_mix3_equalsd": of_normals("acidity", "y", [4.3, 5.7, 6.5], 0.4),
    "galaxies_mix3_equalsd": of_normals(*GALAXIES, [10.0, 21.0, 33.0], 2.0),
    "galaxies_mix4_equalsd": of_normals(*GALAXIES, [10.0, 20.0, 23.0, 33.0], 1.3),
    "galaxies_mix4": of_normals(*GALAXIES, [10.0, 20.0, 23.0, 25.0], [1.0, 1.0, 1.0, 5.0]),
    "coal_gaps_expmix2": Case(
        "coal_gaps",
        density(
            lambda p, d: -d["days"][:, None] / p["mean"] - jax.numpy.log(p["mean"]),
            2,
            {"mean": lk.Positive([130.0, 600.0])},
        ),
        {**shares(2), **of_components("mean", 2, "mean")},
    ),
    "dmft_begin_poismix2": Case(
        "dmft_begin_freq",
        density(lambda p, d: poisson.logpmf(d["Begin"][:, None], p["mean"]), 2, {"mean": lk.Positive([0.3, 4.5])}),
        {**shares(2), **of_components("mean", 2, "lam")},
        "Freq",
    ),
    "geyser_waiting_gammamix2": Case(
        "geyser",
        density(
            lambda p, d: gamma.logpdf(d["waiting"][:, None], p["shape"], scale=p["mean"] / p["shape"]),
            2,
            {"shape": lk.Positive([100.0, 100.0]), "mean": lk.Positive([55.0, 80.0])},
        ),
        {**shares(2), **of_components("shape", 2), **of_components("mean", 2, "mean")},
    ),
    "co2_regmix2": Case(
        "CO2data_mixtools",
        density(
            lines("CO2", lambda d: d["GNP"]),
            2,
            {"b0": lk.Real([8.7, 1.4]), "b1": lk.Real([0.0, 0.7]), "sd": lk.Positive([2.0, 0.8])},
        ),
        {**of_lines("GNP"), **LOG_SDS},
    ),
    "nodata_regmix2_equalsd": Case(
        "NOdata",
        density(
            lines("Equivalence", lambda d: d["NO"]),
            2,
            {"b0": lk.Real([0.57, 1.25]), "b1": lk.Real([0.08, -0.08]), "sd": lk.Positive(0.04)},
        ),
        {**of_lines("NO"), "log_sd": log_of("sd")},
    ),
    "npreg_regmix2": Case(
        "NPreg",
        density(
            lines("yn", lambda d: d["x"], lambda d: d["x"] ** 2),
            2,
            {
                "b0": lk.Real([15.0, 0.0]),
                "b1": lk.Real([10.0, 5.0]),
                "b2": lk.Real([-1.0, 0.0]),
                "sd": lk.Positive([3.0, 3.0]),
            },
        ),
        {**of_lines("x", "I(x^2)"), **LOG_SDS},
    ),
}

CASES |= {
    "seizure_poisregmix2_offset": Case(
        "seizure",
        density(
            rates(
                "Seizures",
                lambda p, d: (
                    d["lh"][:, None] + p["b0"] + sum(p[f"b{i}"] * d[x][:, None] for i, x in enumerate(SEIZURES, 1))
                ),
            ),
            2,
            {
                "b0": lk.Real([2.8, 2.1]),
                "b1": lk.Real([1.3, 7.4]),
                "b2": lk.Real([-0.4, -0.3]),
                "b3": lk.Real([-0.4, -2.3]),
            },
        ),
        of_lines(*SEIZURES),
    ),
    "geyser_normalmix2_concomitant": Case(
        "geyser_lag",
        concomitant(
            normals("duration"),
            lambda p, d: jax.numpy.stack([p["w"][0] + p["w"][1] * d["prevwait"], 0.0 * d["prevwait"]], axis=1),
            {"w": lk.Real([-0.5, -0.9]), "mean": lk.Real([2.0, 4.3]), "sd": lk.Positive([0.3, 0.4])},
        ),
        {"w1:(Intercept)": own("w[0]"), "w1:prevwait": own("w[1]"), **of_components("mean", 2), **LOG_SDS},
    ),
    "patent_poisregmix3_concomitant": Case(
        "patent",
        concomitant(
            rates("Patents", lambda p, d: p["b0"] + p["b1"] * d["lgRD"][:, None]),
            lambda p, d: jax.numpy.stack([0.0 * d["RDS"], *(p["w0"] + p["w1"] * d["RDS"][:, None]).T], axis=1),
            {
                "w0": lk.Real([3.1, 0.2]),
                "w1": lk.Real([-41.0, -0.7]),
                "b0": lk.Real([2.0, 0.5, -2.6]),
                "b1": lk.Real([0.7, 0.9, 1.6]),
            },
        ),
        {
            **{
                f"w{k + 2}:{name}": own(f"w{i}[{k}]") for i, name in enumerate(["(Intercept)", "RDS"]) for k in range(2)
            },
            **of_slopes("lgRD", count=3),
        },
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_mixture(name: str) -> None:
    case, wanted = CASES[name], result("mixtures", name)
    data = table(f"data/{case.file}.csv").select_dtypes(np.number).astype(float)
    assert_agrees(lk.fit(case.model, data, weights=case.weights), Reference.from_json(wanted), case.quantities)


def test_centres() -> None:
    """Death rates in the centres of a trial: both arms of a centre, one row here, are of one component."""
    wanted, trial = result("mixtures", "betablocker_binmix3_shared_slope"), table("data/betablocker.csv")
    arms = [trial[trial["tr"] == arm].set_index("Center").sort_index() for arm in (0, 1)]
    data = {
        f"{what}{i}": arm[what.title()].to_numpy(float) for i, arm in enumerate(arms) for what in ("deaths", "total")
    }
    binomial = jax.scipy.stats.binom

    def each(p: Any, d: Any) -> Any:
        return sum(
            binomial.logpmf(
                d[f"deaths{i}"][:, None], d[f"total{i}"][:, None], jax.nn.sigmoid(p["a"] + i * p["treated"])
            )
            for i in (0, 1)
        )

    fit = lk.fit(density(each, 3, {"a": lk.Real([-2.8, -2.2, -1.6]), "treated": lk.Real(-0.3)}), data)
    logits = {"logit_w1": log_of("weight[2]/weight[0]", -1.0)}
    logits["logit_w2"] = lambda p: np.log(p["weight[1]/weight[0]"]) - np.log(p["weight[2]/weight[0]"])
    found = {**logits, **{f"a{k + 1}": own(f"a[{k}]") for k in range(3)}, "b_treated": own("treated")}
    assert_agrees(fit, Reference.from_json(wanted), found)


def test_mixture_without_a_maximum() -> None:
    """Inside there is a peak; a start at a component on a single value is no fit."""
    case, data = result("edge", "mixture_unbounded"), table("data/faithful.csv")
    found = of_normals("faithful", "waiting", [50.0, 80.0], [5.0, 5.0])
    fit = lk.fit(found.model, data)
    assert fit.converged
    for name, quantity in found.quantities.items():
        assert quantity(fit.coef) == pytest.approx(case["interior_local_max"][name], rel=1e-7)
    with pytest.raises(lk.errors.FitError, match=r"sd\[1\]"):
        lk.fit(found.model, data, start={"mean[0]": 70.0, "mean[1]": data["waiting"][0], "sd[0]": 13.0, "sd[1]": 1e-3})

"""Random cases: ``draw(seed, number)`` is the same case every time."""

from __future__ import annotations

from typing import Any

import numpy as np

import likely as lk
from fuzz.cases import DEFAULT_LINKS, FIRST, Case
from fuzz.densities import AVERAGED, INVERSE_LINKS

Array = Any
Rng = np.random.Generator
LINKS = {
    "real": ("identity",) * 8 + ("log", "sqrt", "inverse"),
    "positive": ("log",) * 5 + ("identity", "sqrt", "inverse", "inverse_squared", "softplus", "power(0.25)"),
    "unit": ("logit",) * 4 + ("probit", "cloglog", "loglog", "cauchit", "log"),
    "label": ("identity",),
}
SECOND = {
    "normal": "sd",
    "log_normal": "sigma",
    "beta": "precision",
    "negative_binomial": "dispersion",
    **dict.fromkeys(("gamma", "inverse_gaussian", "weibull", "log_logistic"), "shape"),
    **dict.fromkeys(("student_t", "logistic", "huber", "cauchy", "gumbel", "skew_normal", "ordinal"), "scale"),
}
FAMILIES = tuple(FIRST)
SHAPES = ("plain",) * 6 + (
    "few rows",
    "ties",
    "zeros",
    "outliers",
    "far from zero",
    "huge units",
    "tiny units",
    "near-collinear",
    "heavy-tailed predictors",
    "predictors in odd units",
    "separated",
    "constant response",
    "other distribution",
)
WEIGHTS = ("none",) * 5 + ("frequency", "some zero", "analytic", "sampling", "importance")


def draw(seed: int, number: int) -> Case:
    """One random case.

    Parameters
    ----------
    seed, number : int
        Cases of one seed are numbered from 0.
    """
    rng = np.random.default_rng([seed, number])
    family = str(rng.choice(FAMILIES))
    shape = tuple(dict.fromkeys(str(s) for s in rng.choice(SHAPES, size=2)))
    n = int(rng.integers(3, 13)) if "few rows" in shape else int(rng.choice([20, 40, 60, 120, 300]))
    data = _predictors(rng, n, shape)
    terms = _terms(rng, family, data)
    link = _links(rng, family, terms)
    known = _known(rng, family, n, data)
    eta = _eta(rng, data, terms.get(FIRST[family][0], ()))
    y = _response(rng, family, known, data, eta, link.get(FIRST[family][0]))
    if "other distribution" in shape:
        y = _response(rng, _stranger(rng, family), known, data, eta, None) if family not in LABELLED else y
    data["y"] = _distorted(rng, family, y, shape, data)
    options: dict[str, Any] = {"link": link} if link else {}
    options |= _weights(rng, family, n, data)
    options |= _restraints(rng, family, terms, data)
    return Case(family, known, data, terms, options, shape)


# -- predictors -------------------------------------------------------------------------------------------------


def _predictors(rng: Rng, n: int, shape: tuple[str, ...]) -> dict[str, Array]:
    heavy = "heavy-tailed predictors" in shape
    data = {
        "x0": rng.standard_t(1.5, n) if heavy else rng.normal(size=n),
        "x1": rng.integers(0, 2, n).astype(float),
        "x2": rng.uniform(0.0, 3.0, n),
        "g": rng.choice(list("abcd")[: int(rng.integers(2, 5))], n),
    }
    if "near-collinear" in shape:
        data["x2"] = data["x0"] + 10.0 ** rng.uniform(-7, -2) * rng.normal(size=n)
    if "predictors in odd units" in shape:
        data["x0"] = data["x0"] * 10.0 ** rng.integers(-9, 10)
        data["x2"] = data["x2"] + 10.0 ** rng.integers(0, 6)
    return data


def _terms(rng: Rng, family: str, data: dict[str, Array]) -> dict[str, tuple[str, ...]]:
    first = FIRST[family][0]
    if family == "uniform" or rng.random() < 0.2:
        return {}
    names = ["x0", "x1", "x2", "g"]
    chosen = sorted(rng.choice(4, size=int(rng.integers(1, 4)), replace=False).tolist())
    terms = {first: tuple(names[j] for j in chosen)}
    if family in SECOND and rng.random() < 0.15 and len(data["x0"]) >= 60:
        terms[SECOND[family]] = (str(rng.choice(["x1", "x0", "g"])),)
    return terms


def _links(rng: Rng, family: str, terms: dict[str, tuple[str, ...]]) -> dict[str, str]:
    first, place = FIRST[family]
    if first not in terms or rng.random() < 0.5:
        return {}
    link = str(rng.choice(LINKS[place]))
    return {} if link == DEFAULT_LINKS[place] else {first: link}


def _known(rng: Rng, family: str, n: int, data: dict[str, Array]) -> dict[str, Any]:
    if family == "binomial":
        data["trials"] = rng.integers(1, 30, n).astype(float)
        return {"n": "trials"}
    if family == "asymmetric_laplace":
        return {"tau": float(rng.choice([0.1, 0.25, 0.5, 0.9]))}
    if family == "huber":
        return {"k": 1.345}
    return {"df": 4.0} if family == "student_t" and rng.random() < 0.5 else {}


def _eta(rng: Rng, data: dict[str, Array], terms: tuple[str, ...]) -> Array:
    """A predictor whose spread is moderate whatever the units of its columns."""
    eta = np.zeros(len(data["x0"]))
    for term in terms:
        column = data[term]
        column = column if column.dtype.kind == "f" else (column == "b").astype(float) - (column == "c")
        spread = np.std(column)
        if spread > 0:
            eta = eta + rng.normal(scale=0.5) * (column - np.mean(column)) / spread
    return eta


# -- responses --------------------------------------------------------------------------------------------------

LABELLED = ("categorical", "ordinal", "bernoulli", "binomial", "beta")
STRANGERS = {
    "real": ("normal", "student_t", "cauchy", "gumbel", "skew_normal", "exponential"),
    "positive": ("gamma", "weibull", "log_normal", "inverse_gaussian", "pareto", "log_logistic"),
    "count": ("poisson", "negative_binomial", "geometric"),
}


def _stranger(rng: Rng, family: str) -> str:
    if family in ("geometric", "poisson", "negative_binomial"):
        return str(rng.choice(STRANGERS["count"]))
    real = FIRST[family][1] == "real" and family != "log_normal"
    return str(rng.choice(STRANGERS["real" if real else "positive"]))


def _response(
    rng: Rng, family: str, known: dict[str, Any], data: dict[str, Array], eta: Array, link: str | None
) -> Array:
    """Data of the family, with the predictor added to its location or the logarithm of its mean."""
    n = len(eta)
    level = float(rng.normal())
    positive = np.exp(np.clip(level + eta, -20, 20))
    shape = float(np.exp(rng.normal(scale=0.7)))
    spread = float(np.exp(rng.normal(scale=0.5)))
    if FIRST[family][1] == "real" and link is not None:  # a location that the link can reach
        eta = np.abs(INVERSE_LINKS[link](np.clip(eta + 2.0, 0.2, 20.0)))
    chance = INVERSE_LINKS["logit"](level + eta)
    errors = {
        "normal": lambda: rng.normal(size=n),
        "laplace": lambda: rng.laplace(size=n),
        "asymmetric_laplace": lambda: rng.exponential(size=n) - rng.exponential(size=n),
        "student_t": lambda: rng.standard_t(4, n),
        "logistic": lambda: rng.logistic(size=n),
        "huber": lambda: rng.normal(size=n),
        "cauchy": lambda: rng.standard_cauchy(n),
        "gumbel": lambda: rng.gumbel(size=n),
        "skew_normal": lambda: 2.0 * np.abs(rng.normal(size=n)) + rng.normal(size=n),
        "uniform": lambda: rng.uniform(size=n),
    }
    if family in errors:
        return level + eta + spread * errors[family]()
    draws = {
        "exponential": lambda: positive * rng.exponential(size=n),
        "gamma": lambda: positive * rng.gamma(shape, size=n) / shape,
        "inverse_gaussian": lambda: rng.wald(positive, 2.0 * shape * positive),
        "weibull": lambda: positive * rng.weibull(shape, n),
        "log_normal": lambda: positive * np.exp(spread * rng.normal(size=n)),
        "log_logistic": lambda: positive * np.exp(spread * rng.logistic(size=n)),
        "pareto": lambda: 1.0 + rng.pareto(positive.clip(0.2), n),
        "beta": lambda: rng.beta(5.0 * chance, 5.0 * (1.0 - chance)),
        "bernoulli": lambda: (rng.random(n) < chance).astype(float),
        "binomial": lambda: rng.binomial(data["trials"].astype(int), chance).astype(float),
        "geometric": lambda: rng.geometric(chance.clip(1e-4)) - 1.0,
        "poisson": lambda: rng.poisson(positive.clip(max=1e6)).astype(float),
        "negative_binomial": lambda: rng.poisson((positive * rng.gamma(shape, size=n) / shape).clip(max=1e6)).astype(
            float
        ),
        "categorical": lambda: np.array(list("pqr"))[np.argmax(np.outer(eta, [0, 1, -1]) + rng.gumbel(size=(n, 3)), 1)],
        "ordinal": lambda: 1 + np.digitize(eta + rng.logistic(size=n), [-1.0, 0.5]),
    }
    return draws[family]()


def _distorted(rng: Rng, family: str, y: Array, shape: tuple[str, ...], data: dict[str, Array]) -> Array:
    """The response as the shape of the case wants it, inside the family's support."""
    place = FIRST[family][1]
    if family in ("categorical", "ordinal"):
        return y
    if "separated" in shape and family in ("bernoulli", "poisson", "binomial", "negative_binomial"):
        y = np.where(data["x1"] > 0, 0.0, y)
    if "zeros" in shape and (family in ("poisson", "negative_binomial", "geometric", "exponential") or place == "real"):
        y = np.where(rng.random(len(y)) < 0.3, 0.0, y) if family != "log_normal" else y
    if "constant response" in shape and rng.random() < 0.3:
        y = np.full(len(y), y[0])
    if family in ("bernoulli", "binomial", "poisson", "negative_binomial", "geometric"):
        return y
    if family == "beta":
        return np.clip(y, 1e-9, 1.0 - 1e-9)
    if "ties" in shape:
        y = np.round(y, 1) if place == "real" and family != "log_normal" else np.maximum(np.round(y, 1), 0.1)
    if "outliers" in shape:
        y = np.where(rng.random(len(y)) < 0.05, y * 30.0, y)
    if "far from zero" in shape and place == "real" and family != "log_normal":
        y = y + 10.0 ** rng.integers(2, 8)
    if "huge units" in shape:
        y = y * 10.0 ** rng.integers(2, 13)
    if "tiny units" in shape:
        y = y * 10.0 ** -rng.integers(2, 13)
    return y


# -- options ----------------------------------------------------------------------------------------------------


def _weights(rng: Rng, family: str, n: int, data: dict[str, Array]) -> dict[str, Any]:
    kind = str(rng.choice(WEIGHTS))
    if kind == "none" or (kind == "analytic" and family not in AVERAGED):
        return {}
    if kind == "frequency":
        data["w"] = rng.integers(1, 5, n).astype(float)
        return {"weights": "w"}
    if kind == "some zero":
        data["w"] = rng.integers(0, 3, n).astype(float)
        data["w"][:3] = 1.0
        return {"weights": "w"}
    data["w"] = np.round(rng.gamma(3.0, 0.4, n) + 0.05, 3)
    return {"weights": "w", "weights_kind": kind}


def _restraints(rng: Rng, family: str, terms: dict[str, tuple[str, ...]], data: dict[str, Array]) -> dict[str, Any]:
    first = FIRST[family][0]
    slopes = [t for t in terms.get(first, ()) if data[t].dtype.kind == "f"]
    if not slopes or family in ("categorical", "laplace", "asymmetric_laplace") or rng.random() < 0.8:
        return {}
    name, size = f"{first}.{slopes[0]}", float(rng.normal(scale=0.3)) / max(float(np.std(data[slopes[0]])), 1e-300)
    kinds: list[dict[str, Any]] = [
        {"penalty": lk.Ridge(float(np.round(np.exp(rng.normal()), 3)))},
        {"penalty": lk.Lasso(float(np.round(np.exp(rng.normal()), 3)))},
        {"penalty": lk.ElasticNet(float(np.round(np.exp(rng.normal()), 3)), 0.5)},
        {"fixed": {name: size}},
        {"bounds": {name: (None, size)}},
        {"constraints": f"{name} <= {size!r}"},
    ]
    return kinds[int(rng.integers(len(kinds)))]

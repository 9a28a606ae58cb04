"""A model with data, as arguments of `likely.fit`, as code, and as a log-likelihood that is written again."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, final

import numpy as np

import likely as lk
from fuzz import densities
from fuzz.densities import INVERSE_LINKS, LOG_DENSITIES

Array = Any
DEFAULT_LINKS = {"real": "identity", "positive": "log", "unit": "logit", "label": "identity"}
FIRST = {  # the first parameter's name and where it lives
    "normal": ("mean", "real"),
    **dict.fromkeys(
        "laplace asymmetric_laplace student_t logistic huber cauchy gumbel skew_normal".split(), ("loc", "real")
    ),
    "exponential": ("rate", "positive"),
    **dict.fromkeys(("gamma", "inverse_gaussian", "negative_binomial"), ("mean", "positive")),
    **dict.fromkeys(("weibull", "log_logistic"), ("scale", "positive")),
    "log_normal": ("mu", "real"),
    "pareto": ("shape", "positive"),
    "beta": ("mean", "unit"),
    **dict.fromkeys(("bernoulli", "binomial", "geometric"), ("p", "unit")),
    "poisson": ("rate", "positive"),
    "categorical": ("p", "label"),
    "ordinal": ("location", "label"),
    "uniform": ("low", "real"),
}
# beside the first parameters: (family, parameter)
# a count is 0 for certain where its mean is, and Poisson's where its dispersion is
MAY_BE_ZERO = (("poisson", "rate"), ("negative_binomial", "mean"), ("negative_binomial", "dispersion"))
REAL = (("uniform", "high"), ("skew_normal", "shape"))


@final
@dataclass(frozen=True, eq=False)
class Case:
    """One model with its data.

    Attributes
    ----------
    family : str
    known : dict
        Parameters given to the family.
    data : dict of arrays
        With the response as ``y``.
    terms : dict of tuples
        By parameter, the columns of its formula; a parameter that is missing is a constant.
    options : dict
        Other arguments of `likely.fit`; weights and offset are names of columns.
    shape : tuple of str
        What is special about the data.
    """

    family: str
    known: Mapping[str, Any]
    data: Mapping[str, Array]
    terms: Mapping[str, tuple[str, ...]]
    options: Mapping[str, Any] = field(default_factory=dict)
    shape: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.data["y"])

    @property
    def first(self) -> str:
        """The parameter that the formula with the response describes."""
        return FIRST[self.family][0]

    @property
    def weights(self) -> Array:
        """One weight for each row."""
        name = self.options.get("weights")
        return np.ones(self.n) if name is None else np.asarray(self.data[name], dtype=float)

    @property
    def multipliers(self) -> Array:
        """What the log-density of each row is multiplied by."""
        analytic = self.options.get("weights_kind") == "analytic"
        return (self.weights > 0).astype(float) if analytic else self.weights

    @property
    def restrained(self) -> bool:
        """Whether something but the likelihood decides where the estimates are."""
        return any(name in self.options for name in ("penalty", "fixed", "bounds", "constraints"))

    def feasible(self, coef: Mapping[str, float]) -> bool:
        """Whether bounds and constraints, each an upper end of one coefficient, hold."""
        name, _, end = str(self.options.get("constraints", "")).partition(" <= ")
        ends = {name: float(end)} if name else {}
        ends |= {name: upper for name, (_, upper) in self.options.get("bounds", {}).items()}
        return all(coef[name] <= upper for name, upper in ends.items())

    # -- the library's part --------------------------------------------------------------------------------------

    def formulas(self) -> tuple[str, dict[str, str]]:
        """The first parameter's formula and the others'."""
        right = {name: " + ".join(terms) or "1" for name, terms in self.terms.items()}
        first = right.pop(self.first, "1")
        return f"y ~ {first}", {name: f"~ {text}" for name, text in right.items()}

    @property
    def class_name(self) -> str:
        """The family's class."""
        return self.family.title().replace("_", "")

    def fit(self, **more: Any) -> lk.Fit:
        """The library's fit, with further options."""
        formula, others = self.formulas()
        family = getattr(lk, self.class_name)(**self.known)
        return lk.fit(family, dict(self.data), formula, **{**others, **self.options, **more})

    def call(self) -> str:
        """The same as code."""
        formula, others = self.formulas()
        known = ", ".join(f"{k}={v!r}" for k, v in self.known.items())
        options = "".join(f", {k}={_code(v)}" for k, v in {**others, **self.options}.items())
        return f"lk.fit(lk.{self.class_name}({known}), case.data, {formula!r}{options})"

    # -- the same data otherwise ----------------------------------------------------------------------------------

    def of_rows(self, rows: Array) -> Case:
        """Some rows, or all in another order."""
        return replace(self, data={name: column[rows] for name, column in self.data.items()})

    def with_data(self, **columns: Array) -> Case:
        """Other values of some columns."""
        return replace(self, data={**self.data, **columns})

    # -- the log-likelihood, written again ---------------------------------------------------------------------

    def loglik(self, coef: Mapping[str, float]) -> float:
        """The log-likelihood at coefficients as `Fit.coef` reports them; minus infinity where there is none."""
        used = self.multipliers > 0
        with np.errstate(all="ignore"):
            total = float(np.sum(self._log_densities(coef)[used] * self.multipliers[used]))
        return total if np.isfinite(total) else -np.inf

    def _log_densities(self, coef: Mapping[str, float]) -> Array:
        y = self.data["y"]
        if self.family in ("categorical", "ordinal"):
            return self._log_probabilities(y, coef)
        values: dict[str, Any] = {}
        for name in list(inspect.signature(LOG_DENSITIES[self.family]).parameters)[1:]:
            if name == "complement":
                values[name] = self._complement(coef)
            elif name in self.known:
                given = self.known[name]
                values[name] = self.data[given] if isinstance(given, str) else given
            elif name in self.terms:
                values[name] = INVERSE_LINKS[self._link(name)](self._predictor(name, name, coef))
            else:
                values[name] = coef[name]
            if self._positive(name):
                inside = np.asarray(values[name]) > 0.0
                if (self.family, name) in MAY_BE_ZERO:
                    inside |= np.asarray(values[name]) == 0.0
                values[name] = np.where(inside, values[name], np.nan)
        if self.options.get("weights_kind") == "analytic":
            spread, power = densities.AVERAGED[self.family]
            values[spread] = values[spread] * self.weights**power
        return LOG_DENSITIES[self.family](y, **values)

    def _complement(self, coef: Mapping[str, float]) -> Array:
        """1 less the first parameter, which lies between 0 and 1; NaN where it does not."""
        if self.first not in self.terms:
            return 1.0 - coef[self.first]
        below = densities.COMPLEMENTS[self._link(self.first)](self._predictor(self.first, self.first, coef))
        return np.where(below > 0.0, below, np.nan)

    def _log_probabilities(self, y: Array, coef: Mapping[str, float]) -> Array:
        levels = np.unique(y[self.weights > 0])
        codes = np.minimum(np.searchsorted(levels, y), len(levels) - 1)
        if self.family == "categorical":
            constant = "p" not in self.terms
            chances = [coef[f"p[{k}]"] for k in levels] if constant else []
            etas = [np.full(self.n, np.log(c / chances[0])) for c in chances[1:]] or [
                self._predictor(f"p[{k}]", "p", coef) for k in levels[1:]
            ]
            return densities.categorical(codes, np.column_stack(etas))
        cuts = np.array([coef[f"threshold[{a}|{b}]"] for a, b in pairwise(levels)])
        if np.any(np.diff(cuts) <= 0):
            return np.full(self.n, -np.inf)
        scale = np.exp(self._predictor("scale", "scale", coef))
        return densities.ordinal(codes, self._predictor("location", "location", coef), cuts, scale)

    def _positive(self, name: str) -> bool:
        return (
            name not in self.known
            and (self.family, name) not in REAL
            and (name != self.first or FIRST[self.family][1] != "real")
        )

    def _link(self, name: str) -> str:
        place = FIRST[self.family][1] if name == self.first else "positive"
        return str(self.options.get("link", {}).get(name, DEFAULT_LINKS[place]))

    def _predictor(self, prefix: str, parameter: str, coef: Mapping[str, float]) -> Array:
        eta = np.full(self.n, float(coef.get(f"{prefix}.Intercept", 0.0)))
        for term in self.terms.get(parameter, ()):
            column = self.data[term]
            if column.dtype.kind in "fi":
                eta = eta + coef[f"{prefix}.{term}"] * column
            else:
                for level in np.unique(column[self.weights > 0])[1:]:
                    eta = eta + coef[f"{prefix}.{term}[T.{level}]"] * (column == level)
        if parameter == self.first and "offset" in self.options:
            eta = eta + self.data[self.options["offset"]]
        return eta


def _code(value: Any) -> str:
    return f"lk.{value!r}" if type(value).__module__.startswith("likely") else repr(value)

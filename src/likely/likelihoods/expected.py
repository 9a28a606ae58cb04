"""Each row's expected information: minus the expected second derivatives of its log-density, for any family.

Where a second derivative is linear in y its expectation is its value at the mean: so it is for the mean parameter of
every generalised linear model. Where it is a linear combination of 1 and the scores, as in every exponential family, it
is the constant of that combination, for scores have mean 0. Elsewhere it is integrated over the row's own distribution,
in the level of its quantile function by the double exponential rule (Takahasi and Mori 1974), or summed over whole
numbers. Rows with equal linear predictors are worked out once; where too many differ, the results are interpolated
between Chebyshev points.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any, final

import numpy as np

from likely.errors import IntervalError, LikelyError
from likely.likelihoods import Objective, RowsObjective
from likely.likelihoods.cells import Cells, interpolated
from likely.likelihoods.nodes import central, nodes
from likely.namespace import Jet, JetNamespace, NumpyNamespace
from likely.namespace.arrays import Floats

Pair = tuple[int, int]

LOOK = 24  # cells on which linearity and Bartlett's identities are looked at
MANY = 600  # cells beyond which interpolation pays
AT_ONCE = 1 << 18  # values of y times cells whose derivatives are held at once


def expected_information(likelihood: Objective, x: Any) -> Floats:
    """The expected information of the coefficients, shape (p, p).

    Where parameters are functions, their derivatives are the columns: of least squares, Gauss and Newton's J'J/sd^2.

    Parameters
    ----------
    likelihood : Objective
    x : ndarray

    Raises
    ------
    IntervalError
        If there is none, or it cannot be computed; see `Expected`.
    """
    return Expected(likelihood.linearised(x) or likelihood, x).information


@final
class Expected:
    """The expected information of every row with respect to its linear predictors.

    Parameters
    ----------
    likelihood : Objective
    x : ndarray
        Coefficients at which to take it.

    Raises
    ------
    IntervalError
        If it cannot be computed: the scores' mean is not zero or their variance is not the expected curvature
        (Bartlett's identities), as where the support moves with a parameter or an integral diverges.
    """

    def __init__(self, likelihood: Objective, x: Any) -> None:
        self.model, objective = likelihood.model, likelihood.linear
        if objective is None:
            raise IntervalError(
                f"{self.model.family.title} has no expected information of rows, and no leverages for HC2 and HC3: "
                f"{likelihood.offers.lacks}. Use 'observed', 'opg', 'HC0', 'HC1' or clusters"
            )
        self.kinked = [k for k, s in enumerate(self.model.slots) if s.parameter.name in self.model.family.kinked]
        self.objective = objective
        few = self._place(objective, x)
        g, h, p = self._moments(few)
        self.pairs = list(h)
        self.linear = [pair for pair in self.pairs if self._linear_in_y(few, pair)]
        self.spanned = [pair for pair in self.pairs if pair not in self.linear and self._in_scores(few, pair)]
        self._check(g, h, p)
        self._prepare(few)

    def at(self, objective: RowsObjective, x: Any) -> Expected:
        """The same at other coefficients, or beside other offsets: what kind of expectation it is need not be asked."""
        other = copy(self)
        other.model, other.objective = objective.model, objective
        other._prepare(other._place(objective, x))
        return other

    @property
    def information(self) -> Floats:
        """The expected information of the coefficients, shape (p, p)."""
        return self.objective.gram(self.block, self.objective.weights)

    @property
    def exact(self) -> bool:
        """Whether nothing is integrated: sums over labels, values at the mean, constants beside scores."""
        known = {*self.linear, *self.spanned}
        return not self.kinked and (self.model.family.kind.labels or all(pair in known for pair in self.pairs))

    def _place(self, objective: RowsObjective, x: Any) -> Cells:
        """Set the rows' cells; returns a few of them."""
        self.known = objective.data.known
        self.cells = Cells(objective.data, objective.etas(x, slice(None)))
        return self.cells.some(LOOK)

    def _prepare(self, few: Cells) -> None:
        """Interpolate what is integrated, where the cells are many."""
        self.smooth = None
        rest = [pair for pair in self.pairs if pair not in self.linear]
        if rest and self.cells.count > MANY:
            g, _, p = self._moments(few)
            spread = {k: float(np.max(_mean(np.square(g[k]), p))) for k in g}
            size = {(j, k): np.sqrt(spread[j] * spread[k]) for j, k in rest}
            self.smooth = interpolated(self.cells, lambda some: self._integrated(some, rest), size)

    def block(self, lo: int, hi: int) -> Mapping[Pair, Any]:
        """The entries of the expected information for some rows, one array for each pair of linear predictors."""
        cells, which = self.cells.of_rows(lo, hi)
        out = dict(self._at_mean(cells)) if self.linear else {}
        rest = [pair for pair in self.pairs if pair not in self.linear]
        if rest:
            out |= self._integrated(cells, rest) if self.smooth is None else self.smooth(cells)
        return {pair: out[pair][which] for pair in self.pairs}

    # -- second derivatives ----------------------------------------------------------------------------

    def _jet(self, cells: Cells, y: Any) -> Jet:
        """The log-density of y, shape (cells, values), with derivatives; all arrays flat."""
        many = y.shape[1]
        xp: Any = JetNamespace(2)
        model = self.model
        flat = {k: np.repeat(v, many) if np.ndim(v) == 1 else v for k, v in cells.columns.items()}
        etas = [xp.variable(k, flat[f"eta {k}"]) for k in range(len(model.slots))]
        known = {k: flat.get(f"known {k}", v) for k, v in self.known.items()}
        params = model.parameters(etas, xp, known)
        if "units" in flat:
            params = model.family.of_means(params, flat["units"])
        with np.errstate(all="ignore"):
            jet: Jet = model.family._log_density(xp, y.ravel(), **params)
        return jet

    def _values(self, cells: Cells) -> dict[str, Any]:
        """The parameters of every cell as plain numbers, one column each."""
        xp = NumpyNamespace()
        known = {k: cells.columns.get(f"known {k}", v) for k, v in self.known.items()}
        etas = [cells.columns[f"eta {k}"] for k in range(len(self.model.slots))]
        with np.errstate(all="ignore"):
            params = self.model.parameters(etas, xp, known)
            if "units" in cells.columns:
                params = self.model.family.of_means(params, cells.columns["units"])
        return params

    def _entries(self, jet: Jet, shape: tuple[int, int]) -> tuple[dict[int, Any], dict[Pair, Any]]:
        """Scores, and minus second derivatives, of every cell and value."""
        slots = range(len(self.model.slots))
        g = {k: np.broadcast_to(jet.g.get(k, 0.0), shape[0] * shape[1]).reshape(shape) for k in slots}
        h: dict[Pair, Any] = {}
        for j in slots:
            for k in slots[j:]:
                if j in self.kinked and k in self.kinked:
                    h[j, k] = g[j] * g[k]
                elif (j, k) in jet.h or (k, j) in jet.h:
                    found = jet.h[j, k] if (j, k) in jet.h else jet.h[k, j]
                    h[j, k] = -np.broadcast_to(found, shape[0] * shape[1]).reshape(shape)
        return g, h

    def _moments(self, cells: Cells) -> tuple[Any, Any, Any]:
        """Scores, minus second derivatives, and the probabilities of the values of y they are taken at."""
        try:
            y, p = self._nodes(cells)
            g, h = self._entries(self._jet(cells, y), y.shape)
        except LikelyError:
            raise
        except (ArithmeticError, ValueError) as error:
            raise IntervalError(self._message(f"its quantiles cannot be computed ({error})")) from error
        return g, h, p

    def _nodes(self, cells: Cells) -> tuple[Any, Any]:
        """Values of y for every cell, and their probabilities (which sum to 1)."""
        if self.model.family.kind.labels:
            y = np.tile(np.arange(float(len(self.model.levels))), (cells.count, 1))
            p = np.exp(np.broadcast_to(self._jet(cells, y).v, y.size).reshape(y.shape))
            return y, p / p.sum(axis=1, keepdims=True)
        values = self._values(cells)
        split = [values[self.model.slots[k].parameter.name] for k in self.kinked[:1]]
        with np.errstate(all="ignore"):
            return nodes(self.model.family, values, cells.count, split[0] if split else None)

    def _integrated(self, cells: Cells, pairs: list[Pair]) -> dict[Pair, Any]:
        """Expectations by the scores' mean or by integration, a few cells at a time."""
        out = {pair: np.empty(cells.count) for pair in pairs}
        known = [pair for pair in pairs if pair in self.spanned]
        step = max(1, AT_ONCE // 128)
        for lo in range(0, cells.count, step):
            part = cells.slice(lo, min(lo + step, cells.count))
            rows = slice(lo, lo + part.count)
            if known:
                values, constant, _ = self._combined(part)
                for pair in known:
                    out[pair][rows] = (constant @ values[pair][:, :, None])[:, 0, 0]
            if len(known) < len(pairs):
                _, h, p = self._moments(part)
                for pair in pairs:
                    if pair not in known:
                        out[pair][rows] = _mean(h[pair], p)
        return out

    # -- where a second derivative is a combination of scores ----------------------------------------------

    def _combined(self, cells: Cells) -> tuple[dict[Pair, Any], Any, Any]:
        """Minus the second derivatives at some y of every cell, and what gives their constant and their fit."""
        values = self._values(cells)
        y = central(self.model.family, values, cells.count)
        g, h = self._entries(self._jet(cells, y), y.shape)
        columns = np.stack([np.ones(y.shape), *(g[k] / (np.max(np.abs(g[k])) or 1.0) for k in g)], axis=2)
        size = np.maximum(np.max(np.abs(columns), axis=1, keepdims=True), 1e-300)
        if not np.all(np.isfinite(columns / size)):
            raise IntervalError(
                "there is no expected information: the scores at some y have a size that no float can hold"
            )
        inverse = np.linalg.pinv(columns / size, rcond=1e-10)
        return h, inverse[:, :1, :] / size[:, :, :1], (columns / size) @ inverse

    def _in_scores(self, cells: Cells, pair: Pair) -> bool:
        """Whether minus the second derivative is a constant plus multiples of the scores."""
        if self.model.family.kind.labels or self.kinked or self.model.family.kind.discrete:
            return False
        with np.errstate(all="ignore"):
            values, _, onto = self._combined(cells)
            off = values[pair] - (onto @ values[pair][:, :, None])[:, :, 0]
            return bool(np.all(np.abs(off) <= 1e-9 * np.max(np.abs(values[pair]), axis=1, keepdims=True)))

    # -- where a second derivative is linear in y ----------------------------------------------------------

    def _linear_in_y(self, cells: Cells, pair: Pair) -> bool:
        """Whether minus the second derivative is a straight line in y, judged over each cell's own distribution."""
        if self.model.family.kind.labels or pair[0] in self.kinked:
            return False
        mean = self._mean(cells)
        if not np.all(np.isfinite(mean)):
            return False
        y, p = self._nodes(cells)
        keep = (p > 1e-12) & np.isfinite(y)
        _, h = self._entries(self._jet(cells, y), y.shape)
        for i in range(cells.count):
            at, value = y[i][keep[i]], h[pair][i][keep[i]]
            if len(np.unique(at)) < 3:
                continue
            straight = np.vstack([np.ones(len(at)), (at - mean[i]) / max(np.ptp(at), 1e-300)]).T
            off = value - straight @ np.linalg.lstsq(straight, value, rcond=None)[0]
            if not np.max(np.abs(off)) <= 1e-8 * np.max(np.abs(value)):
                return False
        return True

    def _mean(self, cells: Cells) -> Floats:
        with np.errstate(all="ignore"):
            mean = self.model.family._mean(NumpyNamespace(), **self._values(cells))
        return np.array(np.broadcast_to(np.asarray(mean, dtype=float), cells.count))

    def _at_mean(self, cells: Cells) -> dict[Pair, Any]:
        """The expectations of straight lines: their values at the mean, between whole numbers for counts."""
        mean = self._mean(cells)
        if not self.model.family.kind.discrete:
            _, h = self._entries(self._jet(cells, mean[:, None]), (cells.count, 1))
            return {pair: h[pair][:, 0] for pair in self.linear}
        upper = self.model.family.bounds(**self._values(cells))[1]
        low = np.minimum(np.floor(mean), np.maximum(upper - 1.0, 0.0))
        ends = np.stack([low, low + 1.0], axis=1)
        _, h = self._entries(self._jet(cells, ends), (cells.count, 2))
        return {pair: h[pair][:, 0] + (h[pair][:, 1] - h[pair][:, 0]) * (mean - low) for pair in self.linear}

    # -- whether it exists -----------------------------------------------------------------------------

    def _check(self, g: Any, h: Any, p: Any) -> None:
        """Bartlett's (1953) identities: scores have mean 0, and their variance is the expected curvature."""
        with np.errstate(all="ignore"):
            self._compare_moments(g, h, p)

    def _compare_moments(self, g: Any, h: Any, p: Any) -> None:
        slots = range(len(self.model.slots))
        size = {k: np.sqrt(np.maximum(_mean(np.square(g[k]), p), 1e-300)) for k in slots}
        for k in slots:
            mean = _mean(g[k], p)
            if not np.all(np.abs(mean) <= 1e-3 * size[k] + 1e-9 * np.max(size[k])):
                worst = float(np.max(np.where(np.isfinite(mean), np.abs(mean) / size[k], np.inf)))
                label = self.model.slots[k].label
                raise IntervalError(self._message(f"the score of {label} has a mean of {worst:.2g} of its sd, not 0"))
        for j in slots:
            for k in slots[j:]:
                if (j, k) in self.spanned:
                    continue
                gap = _mean(h.get((j, k), np.zeros_like(p)), p) - _mean(g[j] * g[k], p)
                both = size[j] * size[k]
                if not np.all(np.abs(gap) <= 1e-4 * both + 1e-9 * np.max(both)):
                    raise IntervalError(self._message("the variance of the scores is not the expected curvature"))

    def _message(self, reason: str) -> str:
        return (
            f"{self.model.family.title} has no expected information here: {reason}. The support may move with a "
            "parameter, the density may not integrate to 1, or its tails be too heavy; use cov='observed'"
        )


def _mean(values: Any, p: Any) -> Floats:
    """Expectations along the last axis; values of probability 0 do not count."""
    return np.sum(np.where(p != 0.0, values, 0.0) * p, axis=1)

"""Half the logarithm of the determinant of the expected information, with its gradient.

The information is the sum over rows of minus the expected second derivatives h of the log-density in the linear
predictors, between the rows of the designs. Its derivative along a coefficient needs those of h, and with q, a row's
quadratic forms in the inverse information, the gradient is a score: half the sum over rows of q times the derivatives
of h, times the design's row. For a logistic regression q h is the diagonal of the hat matrix and this is the adjustment
of Firth (1993). Derivatives of h are central differences of sixth order, row by row. Where h does not depend on y, as
with a canonical link, its expectation is not computed; where that would have to be integrated (the df of a Student t,
the dispersion of a negative binomial) the observed h stands for it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, final

import numpy as np
from scipy import linalg

from likely.compute import blocks
from likely.errors import IntervalError
from likely.likelihoods import RowsObjective
from likely.likelihoods.expected import Expected

STEP = 0.02  # of the scale on which a row's density changes
SHIFT = 0.37  # how far the linear predictors are moved to see whether second derivatives depend on y
SAME = 1e-9  # of their size, by which they may differ from their expectations and do not
STENCIL = ((1, 3.0 / 4.0), (2, -3.0 / 20.0), (3, 1.0 / 60.0))

Second = Callable[[slice], dict[tuple[int, int], Any]]


@final
class Jeffreys:
    """The penalty 0.5 log det I(x) of a model and its data, with I the expected information.

    Parameters
    ----------
    objective : RowsObjective
    """

    def __init__(self, objective: RowsObjective) -> None:
        self.objective = objective
        self._shifted: dict[tuple[int, float], RowsObjective] = {}
        self._expected: Expected | None = None
        self._asked = False

    def __call__(self, x: Any, info: Any) -> tuple[float, Any, Any]:
        """The penalty, its gradient and its information at some coefficients, where the observed one is `info`.

        Where that is not positive definite the value is -inf.
        """
        self._ask(x)
        if self._expected is not None:
            info = self._expected.at(self.objective, x).information
        inverse, half = _inverse(info)
        if inverse is None:
            return -np.inf, np.zeros(len(x)), info
        objective, slots = self.objective, self.objective.model.slots
        steps, out = self._steps(x), np.zeros(len(x))
        moved = {c: self._around(x, c, steps[c]) for c, slot in enumerate(slots) if not slot.idle}
        here = self._second(x, objective)
        for lo in range(0, objective.rows, objective.block):
            rows = slice(lo, min(lo + objective.block, objective.rows))
            block = objective.data[rows]
            columns = [block.matrix(slot) for slot in slots]
            with np.errstate(all="ignore"):
                forms = {
                    (a, b): blocks.row_products(columns[a], inverse[_part(slots[a]), _part(slots[b])], columns[b])
                    for a, b in here(rows)
                }
                for c, around in moved.items():
                    third = _change(around, rows)
                    total = sum(forms[pair] * (t if pair[0] == pair[1] else 2.0 * t) for pair, t in third.items())
                    weighted = np.broadcast_to(total, rows.stop - lo)
                    if objective.weights is not None:
                        weighted = weighted * objective.weights[rows]
                    out[_part(slots[c])] -= 0.5 * (weighted @ columns[c])
        return half, out, info

    def _ask(self, x: Any) -> None:
        """Find out, once, whether the second derivatives depend on y, so that their expectation is needed."""
        if self._asked or not self.objective.model.slots:
            return
        self._asked = True
        shifted = self.objective
        for c in range(len(shifted.model.slots)):  # off places of symmetry, such as a probability of one half
            shifted = _shifted_by(shifted, c, SHIFT)
        try:
            with warnings.catch_warnings():  # of quantiles that are looked for in vain
                warnings.simplefilter("ignore")
                expected = Expected(shifted, x)
        except IntervalError:
            return
        if not expected.exact:
            return
        rows = slice(0, min(shifted.rows, shifted.block))
        seen, meant = self._second(x, shifted)(rows), expected.block(rows.start, rows.stop)
        pairs = seen.keys() | meant.keys()
        size = max((float(np.max(np.abs(v))) for v in meant.values()), default=0.0)
        off = max((float(np.max(np.abs(seen.get(pair, 0.0) + meant.get(pair, 0.0)))) for pair in pairs), default=0.0)
        if not off <= SAME * size:
            self._expected = expected

    def _second(self, x: Any, objective: RowsObjective) -> Second:
        """Second derivatives of rows' log-densities in the linear predictors, or their expectations."""
        if self._expected is not None:
            expected = self._expected.at(objective, x)
            return lambda rows: {pair: -v for pair, v in expected.block(rows.start, rows.stop).items()}

        def observed(rows: slice) -> dict[tuple[int, int], Any]:
            return dict(objective.row_jet(x, rows, 2).h)

        return observed

    def _around(self, x: Any, c: int, step: float) -> list[tuple[float, Second]]:
        """The second derivatives beside one linear predictor's place, with their factors in its derivative."""
        return [
            (side * factor / step, self._second(x, self._moved(c, side * m * step)))
            for m, factor in STENCIL
            for side in (1, -1)
        ]

    def _moved(self, c: int, by: float) -> RowsObjective:
        """The log-likelihood with one linear predictor moved in every row."""
        if (c, by) not in self._shifted:
            self._shifted[c, by] = _shifted_by(self.objective, c, by)
        return self._shifted[c, by]

    def _steps(self, x: Any) -> list[float]:
        """The step along every linear predictor: small beside what a row's density notices, in powers of two."""
        rows = slice(0, min(self.objective.rows, self.objective.block))
        with np.errstate(all="ignore"):
            second = self._second(x, self.objective)(rows)
        out = []
        for c, slot in enumerate(self.objective.model.slots):
            size = float(np.mean(np.abs(second.get((c, c), 1.0))))
            scale = 1.0 / np.sqrt(size) if size > 0 and np.isfinite(size) else 1.0
            scale = scale if slot.link.name == "identity" else min(scale, 1.0)
            out.append(STEP * 2.0 ** round(np.log2(scale)))
        return out


def _shifted_by(objective: RowsObjective, c: int, by: float) -> RowsObjective:
    """The log-likelihood with one linear predictor moved in every row."""
    slot, data = objective.model.slots[c], objective.data
    offset = np.full(data.n, by) + (0.0 if slot.offset is None else data.offsets[slot.label])
    return RowsObjective(objective.model.shifted(slot), data.with_offset(slot, offset))


def _change(around: list[tuple[float, Second]], rows: slice) -> dict[tuple[int, int], Any]:
    """The derivatives of some rows' second derivatives along a linear predictor."""
    out: dict[tuple[int, int], Any] = {}
    for factor, second in around:
        for pair, value in second(rows).items():
            out[pair] = out.get(pair, 0.0) + factor * value
    return out


def _inverse(info: Any) -> tuple[Any, float]:
    """The inverse of an information and half the logarithm of its determinant; None unless it is positive definite."""
    diagonal = np.diagonal(info)
    if not np.all(np.isfinite(info)) or np.any(diagonal <= 0.0):
        return None, -np.inf
    scale = np.sqrt(diagonal)
    try:
        factor = linalg.cho_factor(info / np.outer(scale, scale), lower=True, check_finite=False)
    except linalg.LinAlgError:
        return None, -np.inf
    inverse = linalg.cho_solve(factor, np.eye(len(info)), check_finite=False) / np.outer(scale, scale)
    return inverse, float(np.sum(np.log(np.diagonal(factor[0]))) + np.sum(np.log(scale)))


def _part(slot: Any) -> slice:
    return slice(slot.start, slot.stop)

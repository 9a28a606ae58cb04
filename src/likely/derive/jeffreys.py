"""Half the logarithm of the determinant of the observed information, with its gradient.

The information is the sum over rows of minus the second derivatives h of the log-density in the linear predictors,
between the rows of the designs. Its derivative along a coefficient needs the third derivatives of every row, and with
q, a row's quadratic forms in the inverse information, the gradient is a score: half the sum over rows of q times
minus the third derivatives, times the design's row. For a logistic regression q h is the diagonal of the hat matrix and
this is the adjustment of Firth (1993). Third derivatives are central differences of sixth order of the exact second
ones, row by row.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, final

import numpy as np
from scipy import linalg

from likely import blocks
from likely.derive.objective import Objective
from likely.namespace import Jet

STEP = 0.02  # of the scale on which a row's density changes
STENCIL = ((1, 3.0 / 4.0), (2, -3.0 / 20.0), (3, 1.0 / 60.0))


@final
class Jeffreys:
    """The penalty 0.5 log det I(x) of a model and its data.

    Parameters
    ----------
    objective : Objective
    """

    def __init__(self, objective: Objective) -> None:
        self.objective = objective
        self._shifted: dict[tuple[int, float], Objective] = {}

    def __call__(self, x: Any, info: Any) -> tuple[float, Any]:
        """The penalty and its gradient at some coefficients, where the information is `info`.

        Where that is not positive definite the value is -inf.
        """
        inverse, half = _inverse(info)
        if inverse is None:
            return -np.inf, np.zeros(len(x))
        objective, slots = self.objective, self.objective.model.slots
        out = np.zeros(len(x))
        steps = self._steps(x)
        for lo in range(0, objective.rows, objective.block):
            rows = slice(lo, min(lo + objective.block, objective.rows))
            columns = [np.ones((rows.stop - lo, 1)) if s.design is None else s.design.x[rows] for s in slots]
            with np.errstate(all="ignore"):
                forms = {
                    (a, b): blocks.row_products(columns[a], inverse[_part(slots[a]), _part(slots[b])], columns[b])
                    for a, b in self._second(x, rows)
                }
                for c, slot in enumerate(slots):
                    if slot.idle:
                        continue
                    third = self._third(x, rows, c, steps[c])
                    total = sum(forms[pair] * (t if pair[0] == pair[1] else 2.0 * t) for pair, t in third.items())
                    weighted = np.broadcast_to(total, rows.stop - lo)
                    if objective.weights is not None:
                        weighted = np.where(objective.weights[rows] > 0, weighted * objective.weights[rows], 0.0)
                    out[_part(slot)] -= 0.5 * (weighted @ columns[c])
        return half, out

    def _second(self, x: Any, rows: slice, objective: Objective | None = None) -> dict[tuple[int, int], Any]:
        """Second derivatives of every row's log-density in the linear predictors."""
        jet = (objective or self.objective).row_jet(x, rows, 2)
        return dict(jet.h) if isinstance(jet, Jet) else {}

    def _third(self, x: Any, rows: slice, c: int, step: float) -> dict[tuple[int, int], Any]:
        """The derivatives of the second derivatives along one linear predictor."""
        out: dict[tuple[int, int], Any] = {}
        for m, factor in STENCIL:
            up = self._second(x, rows, self._moved(c, m * step))
            down = self._second(x, rows, self._moved(c, -m * step))
            for pair in up.keys() | down.keys():
                change = (up.get(pair, 0.0) - down.get(pair, 0.0)) * (factor / step)
                out[pair] = out.get(pair, 0.0) + change
        return out

    def _moved(self, c: int, by: float) -> Objective:
        """The log-likelihood with one linear predictor moved in every row."""
        if (c, by) not in self._shifted:
            objective = self.objective
            slot = objective.model.slots[c]
            offset = np.full(objective.rows, by) + (0.0 if slot.offset is None else slot.offset)
            slots = tuple(replace(s, offset=offset) if s is slot else s for s in objective.model.slots)
            self._shifted[c, by] = Objective(replace(objective.model, slots=slots), objective.y, objective.weights)
        return self._shifted[c, by]

    def _steps(self, x: Any) -> list[float]:
        """The step along every linear predictor: small beside what a row's density notices, in powers of two."""
        rows = slice(0, min(self.objective.rows, self.objective.block))
        with np.errstate(all="ignore"):
            second = self._second(x, rows)
        out = []
        for c, slot in enumerate(self.objective.model.slots):
            size = float(np.mean(np.abs(second.get((c, c), 1.0))))
            scale = 1.0 / np.sqrt(size) if size > 0 and np.isfinite(size) else 1.0
            scale = scale if slot.link.name == "identity" else min(scale, 1.0)
            out.append(STEP * 2.0 ** round(np.log2(scale)))
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

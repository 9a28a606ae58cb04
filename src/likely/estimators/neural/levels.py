"""Levels that hold: quantiles of a fitted distribution at the levels which held-out observations show to be right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from likely.namespace.arrays import Floats

FEWEST = 30  # held-out rows from which levels are learned


@final
@dataclass(frozen=True, eq=False)
class Levels:
    """The map from the level that is asked for to the level of the fitted distribution that has it.

    Of m held-out rows, the probability integral transforms F(y) of a calibrated model are m uniform numbers; the k-th
    smallest has the expected level k/(m + 1). Where the model errs, the observed k-th smallest takes its place
    (Kuleshov, Fenner and Ermon 2018; the levels of conformal prediction). A quantile at level q then holds a new
    observation, exchangeable with the held-out rows, with probability q to within 1/(m + 1), whatever the model.

    Attributes
    ----------
    transforms : ndarray
        In increasing order.
    expected : ndarray
        The levels that a calibrated model has there: k/(m + 1), with weights their running sum for k.
    """

    transforms: Floats
    expected: Floats

    @classmethod
    def learned(cls, transforms: Any, weights: Any = None) -> Levels | None:
        """From the transforms of held-out rows; None where these are too few to tell."""
        if len(transforms) < FEWEST:
            return None
        order = np.argsort(transforms, kind="stable")
        w = np.ones(len(order)) if weights is None else np.asarray(weights, dtype=float)[order]
        expected = (np.cumsum(w) - 0.5 * w + 0.5) / (np.sum(w) + 1.0)
        return cls(np.asarray(transforms, dtype=float)[order], expected)

    def __call__(self, q: Any) -> Any:
        """Levels of the fitted distribution."""
        expected = np.concatenate([[0.0], self.expected, [1.0]])
        found = np.interp(q, expected, np.concatenate([[0.0], self.transforms, [1.0]]))
        return np.clip(found, 1e-12, 1.0 - 1e-12)

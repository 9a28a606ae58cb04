"""Several statements that hold together: critical values and p-values for many linear forms of normal estimates."""

from __future__ import annotations

from typing import Any, final

import numpy as np
from scipy import optimize

from likely.errors import is_one_of, unknown
from likely.estimates.covariance.reference_distribution import Reference
from likely.namespace.arrays import Floats

ADJUSTMENTS = ("none", "bonferroni", "sidak", "holm", "max-t", "scheffe")
DIRECTIONS = 20_000
AT_ONCE = 1 << 22  # numbers held for a block of directions
SEED = 20_240_229
PLAIN = Reference()


@final
class MaxT:
    """The largest of several |t|, jointly normal with mean 0 and variances 1, correlated as their forms are.

    A normal vector is a direction times a length whose square is chi-squared. Given the direction u, max |c_i' u| r < q
    has a known probability, so the distribution is an average over directions: exact for one form, even angles for
    two dimensions, seeded random directions beyond. Its tails are smooth, where plain simulation sees nothing. Where
    one estimated variance divides all of them (multivariate t), the square of the length has an F distribution.

    Parameters
    ----------
    forms : ndarray, shape (k, p)
        Linear forms of independent standard normal variables, in any units: rows of J L with L L' the covariance.
    reference : Reference
        Of each by itself.

    Examples
    --------
    >>> import numpy as np
    >>> one, independent = MaxT(np.eye(1)), MaxT(np.eye(3))
    >>> round(one.quantile(0.95), 4), round(independent.quantile(0.95), 2)  # the second is Sidak's
    (1.96, 2.39)
    """

    def __init__(self, forms: Any, reference: Reference = PLAIN) -> None:
        self.reference = reference
        forms = np.atleast_2d(np.asarray(forms, dtype=float))
        sizes = np.linalg.norm(forms, axis=1)
        unit = forms[sizes > 0] / sizes[sizes > 0, None]
        if len(unit):  # coordinates of the space that they span: lengths and angles stay
            unit = unit @ _basis(unit).T
        self.dimension = unit.shape[1] if len(unit) else 0
        self._largest = _largest(unit) if self.dimension else np.ones(1)

    def p_value(self, t: float) -> float:
        """The probability that the largest |t| is at least this."""
        if self.dimension == 0:
            return 1.0
        return float(np.mean(self.reference.joint_p_value(np.square(t / self._largest), self.dimension)))

    def quantile(self, level: float) -> float:
        """The value below which all |t| stay with this probability."""
        if self.dimension == 0:
            return self.reference.half_width(level)
        high = float(np.sqrt(self.reference.joint_quantile(level, self.dimension))) / float(np.min(self._largest))
        low = self.reference.half_width(level) * (1.0 - 1e-9)
        if high <= low or self.p_value(low) <= 1.0 - level:
            return low / (1.0 - 1e-9)
        return float(optimize.brentq(lambda q: self.p_value(q) - (1.0 - level), low, high * (1.0 + 1e-9), xtol=1e-10))


def _basis(unit: Any) -> Floats:
    """Orthonormal rows that span the forms, by Gram and Schmidt in their order: they move little when the forms do."""
    rows = np.zeros((0, unit.shape[1]))
    for form in unit:
        left = form
        for _ in range(2):
            left = left - (rows @ left) @ rows
        if (size := float(np.linalg.norm(left))) > 1e-5:
            rows = np.vstack([rows, left / size])
    return rows


def _largest(unit: Any) -> Floats:
    """max_i |c_i' u| for directions u spread over the sphere."""
    k, r = unit.shape
    if r == 1:
        return np.ones(1)
    if r == 2:
        angles = np.pi * (np.arange(4096) + 0.5) / 4096
        directions = np.column_stack([np.cos(angles), np.sin(angles)])
    else:
        directions = np.random.default_rng(SEED).normal(size=(DIRECTIONS, r))
        directions /= np.linalg.norm(directions, axis=1)[:, None]
    step = max(1, AT_ONCE // k)
    parts = [np.max(np.abs(directions[i : i + step] @ unit.T), axis=1) for i in range(0, len(directions), step)]
    return np.concatenate(parts)


def critical_value(forms: Any, k: int, level: float, adjust: str, reference: Reference = PLAIN) -> float:
    """What multiplies the standard errors of `k` intervals so that they hold together."""
    if adjust == "none" or k <= 1:
        return reference.half_width(level)
    if adjust == "sidak":
        return reference.half_width(level ** (1.0 / k))
    if adjust == "scheffe":
        return float(np.sqrt(reference.joint_quantile(level, _rank(forms))))
    if adjust == "max-t":
        return MaxT(forms, reference).quantile(level)
    return reference.quantile(1.0 - 0.5 * (1.0 - level) / k)  # Bonferroni's, also beside Holm's p-values


def _rank(forms: Any) -> int:
    return int(np.linalg.matrix_rank(forms / np.maximum(np.linalg.norm(forms, axis=1), 1e-300)[:, None]))


def adjusted(t: Any, forms: Any, level: float, adjust: str, reference: Reference = PLAIN) -> tuple[float, Any, str]:
    """The critical value, the adjusted p-values and what they are, for statistics t of these forms."""
    if not is_one_of(adjust, ADJUSTMENTS):
        raise unknown("adjustment", adjust, ADJUSTMENTS)
    t = np.abs(np.asarray(t, dtype=float))
    k = len(t)
    critical, plain = critical_value(forms, k, level, adjust, reference), np.asarray(reference.p_value(t))
    if adjust == "none" or k <= 1:
        return critical, plain, ""
    if adjust == "sidak":
        return critical, -np.expm1(k * np.log1p(-plain)), f"Sidak's adjustment for {k}"
    if adjust == "scheffe":
        rank = _rank(forms)
        return critical, reference.joint_p_value(t**2, rank), f"Scheffe's adjustment, {rank} dimensions"
    if adjust == "max-t":
        largest = MaxT(forms, reference)
        p = np.array([largest.p_value(float(v)) for v in t])
        return critical, p, f"simultaneous for {k}, by the distribution of the largest |t|"
    if adjust == "bonferroni":
        return critical, np.minimum(k * plain, 1.0), f"Bonferroni's adjustment for {k}"
    order = np.argsort(plain)
    stepped = np.maximum.accumulate(np.minimum((k - np.arange(k)) * plain[order], 1.0))
    p = np.empty(k)
    p[order] = stepped
    return critical, p, f"Holm's adjustment of p for {k}; intervals by Bonferroni's"

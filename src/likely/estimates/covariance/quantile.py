"""Standard errors of quantile regressions, under the names of R's quantreg, and of what stands beside the quantile.

The check function is piecewise linear, so its curvature is no sum over rows: it is the density of the responses at the
quantile, which has to be estimated (Koenker 2005, *Quantile Regression*, sections 3.2 and 4.10). With z the derivatives
of a row's location in units of its spread, and f the density of its response there in the same units, the coefficients
of the location have the covariance

    tau (1 - tau) J^-1 (sum w z z') J^-1,    J = sum w f z z'.

Nothing here takes the asymmetric Laplace density as true. Its scale is the mean check loss; the scale, and coefficients
of a formula for it, have the sandwich of a smooth estimating function, whose derivative in the location has mean 0.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

import numpy as np
from scipy import linalg
from scipy import special as sc

from likely.compute import blocks
from likely.compute.blocks import dense
from likely.compute.solve.inverse import inverse_information
from likely.errors import IntervalError, first_rows
from likely.estimates.covariance import sparsity
from likely.estimates.covariance.request import Covariance, Request
from likely.estimates.covariance.zero_scores import SHARE
from likely.families import AsymmetricLaplace
from likely.likelihoods import RowsObjective
from likely.likelihoods.log_likelihood import LogLikelihood
from likely.models.identify import coordinates
from likely.namespace import JetNamespace, NumpyNamespace
from likely.namespace.arrays import Floats
from likely.progress import Task
from likely.search.closed_form import PerfectFit
from likely.search.iterations import SearchHistory
from likely.search.peak import find_peak

if TYPE_CHECKING:
    from likely.estimates import Estimates


EPS = float(np.finfo(float).eps)
ALONE = 1e-7  # of a direction, orthonormal in all rows: rows that move by less do not tell of it
FEW = 5.0  # rows beyond the quantile for every coefficient, from which on its errors hold


def quantile_covariance(fit: Estimates, request: Request) -> Covariance:
    """The covariance of the coefficients of a location that is a quantile, and of those beside it.

    Raises
    ------
    IntervalError
        If the density of the responses at the quantile cannot be estimated.
    """
    if fit.outcome.restrained is not None:
        raise IntervalError(
            "a quantile regression under a penalty or constraints has no standard errors; see "
            "fit.interval(method='bootstrap', kind='cases') for how the estimates vary"
        )
    peak = _Peak(fit)
    density, note = _density(peak, request)
    kept, lost = _directions(peak, density)
    bread = kept @ _inverse(np.sqrt(peak.w * density)[:, None] * (peak.z @ kept)) @ kept.T
    scores, (other_scores, other_inverse) = peak.psi[:, None] * peak.z, peak.other_coefficients
    if request.clusters or fit.likelihood.bound.pseudo:
        meat = _meat(peak, np.hstack([scores, other_scores]), request)
        step = linalg.block_diag(bread, other_inverse)
        found = step @ meat @ step
    else:
        found = _unweighted(peak, bread, scores, other_scores, other_inverse)
    if not np.all(np.isfinite(found)):
        raise IntervalError(NO_DENSITY)
    out = np.zeros_like(found)
    out[np.ix_(peak.order, peak.order)] = 0.5 * (found + found.T)
    out = peak.to_original(out)
    unseen, withheld = (None, {}) if lost is None else _withheld(peak, lost, density)
    reported = np.setdiff1d(np.arange(len(out)), list(withheld))
    if np.any(np.diagonal(out)[reported] <= 0.0):
        raise IntervalError(NO_DENSITY)
    beyond = peak.n * min(peak.level, 1.0 - peak.level)
    if beyond < FEW * len(peak.own):
        few = (
            f"{beyond:.3g} rows beyond the quantile are few for {len(peak.own)} coefficients, so errors may be too "
            "small: cov='bootstrap' holds better"
        )
        note = f"{note}; {few}" if note else few
    return Covariance(out, note, unseen=unseen, withheld=withheld)


def likelihood_ratio_factor(fit: Estimates) -> float | None:
    """What makes twice a loss of log-likelihood chi-squared where the errors are alike in all rows.

    The statistics of Koenker and Machado (1999, *JASA* 94): with the density of the errors at the quantile in place of
    that of the asymmetric Laplace distribution, tau (1 - tau) over the scale. None where the fit's covariance is not
    "iid", or the scale is not one for all rows.
    """
    request, model = fit._request, fit.likelihood.model
    if request.kind != "iid" or any(
        not slot.constant for slot in model.slots if slot.parameter.name != model.family.absolute_location
    ):
        return None
    peak = _Peak(fit)
    doubled = 1.0 if model.family.corner_level is not None else 0.5  # Laplace's scale is twice the mean check loss
    return float(doubled * _density(peak, request)[0][0] / (peak.level * (1.0 - peak.level)))


def _unweighted(peak: _Peak, bread: Any, scores: Any, other_scores: Any, other_inverse: Any) -> Floats:
    """The covariance of independent rows: the slope of the check function has the variance tau (1 - tau)."""
    share, root = peak.level * (1.0 - peak.level), np.sqrt(peak.w)[:, None]
    moved = bread @ (root * peak.z).T
    own = share * moved @ moved.T
    if not len(other_inverse):
        return own
    other = other_inverse @ ((root * other_scores).T @ (root * other_scores)) @ other_inverse
    # Both factors estimate the same root; with one in place of the other the whole stays positive definite
    directions, _ = _triangular(root * scores)
    _, factor = _triangular(root * peak.z)
    cross = np.sqrt(share) * bread @ factor.T @ (directions.T @ (root * other_scores)) @ other_inverse
    return np.block([[own, cross], [cross.T, other]])


def _meat(peak: _Peak, scores: Any, request: Request) -> Floats:
    """The sum of the products of weighted scores, over rows or over clusters (Parente and Santos Silva 2016)."""
    weighted = peak.w[:, None] * scores
    if not request.clusters:
        return weighted.T @ weighted
    codes = [way.codes for way in request.clusters]
    if len(codes) == 1:
        return _by_cluster(peak, weighted, codes[0], request)
    both = codes[0].astype(np.int64) * (int(codes[1].max()) + 1) + codes[1]
    first, second, both = (_by_cluster(peak, weighted, one, request) for one in (*codes, both))
    return first + second - both


def _by_cluster(peak: _Peak, weighted: Any, codes: Any, request: Request) -> Floats:
    levels, which = np.unique(codes, return_inverse=True)
    sums = np.stack([np.bincount(which.ravel(), column) for column in weighted.T], axis=1)
    groups, n, k = len(levels), peak.n, weighted.shape[1] - len(peak.others)
    factor = 1.0 if request.correction == "none" else groups / (groups - 1.0)
    if request.correction == "HC1":
        if n <= k:
            raise IntervalError(f"the correction (n - 1)/(n - k) does not exist for n = {n:g} and k = {k}")
        factor *= (n - 1.0) / (n - k)
    return factor * sums.T @ sums


# -- the density at the quantile -------------------------------------------------------------------------------


NO_DENSITY = (
    "the density of the responses at the quantile cannot be estimated (too few rows, or too many tied values): use "
    "fit.interval(method='bootstrap', kind='cases')"
)


def _density(peak: _Peak, request: Request) -> tuple[Any, str]:
    """The density of every row's response at its quantile, in units of the row's spread; and what is special."""
    tau, n, rows = peak.level, peak.n, len(peak.e)
    if request.kind == "iid" and not request.kernel:
        levels = sparsity.width(tau, n, request.bandwidth)
        return np.full(rows, 1.0 / sparsity.of_residuals(peak.e, peak.w, levels, peak.z.shape[1], peak.rounding)), ""
    stata = request.kind == "iid"
    h = sparsity.bandwidth(tau, n, request.bandwidth, stata)
    if request.kernel:
        size = sparsity.spread(peak.e, peak.w, peak.y if stata else None)
        reach = float(sc.ndtri(tau + h) - sc.ndtri(tau - h)) * size
        terms = sparsity.kernel_terms(peak.e, reach, request.kernel)
        if not np.dot(peak.w, terms) > 0.0:
            raise IntervalError(NO_DENSITY)
        return (np.full(rows, np.dot(peak.w, terms) / np.sum(peak.w)) if stata else terms), ""
    distance = peak.fitted(tau + h) - peak.fitted(tau - h)
    there = distance > peak.rounding
    lost = float(np.sum(peak.w[~there]))
    if lost > 0.5 * float(np.sum(peak.w)):
        raise IntervalError(NO_DENSITY)
    rows_, which = ("row", "which counts") if lost == 1.0 else ("rows", "which count")
    note = (
        f"the lines of the levels {tau - h:.3g} and {tau + h:.3g} meet or cross in {lost:g} {rows_}, {which} for none"
    )
    return np.where(there, 2.0 * h / np.where(there, distance, 1.0), 0.0), note if lost else ""


# -- coefficients without a density ------------------------------------------------------------------------------


def _directions(peak: _Peak, density: Any) -> tuple[Any, Any]:
    """Directions of the location's coefficients that rows with a density tell of, and the others; None if all do.

    A level of a single row is fitted exactly at every level of the quantile, so no density is found there. In
    orthonormal coordinates of all rows, directions that only such rows move are those along which the others are 0.
    """
    size = len(peak.own)
    if np.all(density > 0.0):
        return np.eye(size), None
    columns = np.max(np.abs(peak.z), axis=0)
    q, r = _triangular(np.sqrt(peak.w)[:, None] * peak.z / columns)
    if np.min(np.diagonal(r)) <= 1e-13 * np.max(np.diagonal(r)):
        raise IntervalError(NO_DENSITY)
    _, sizes, axes = linalg.svd(q[density > 0.0], full_matrices=True)
    seen = np.append(sizes, np.zeros(size - len(sizes))) > ALONE
    back = linalg.solve_triangular(r, axes.T) / columns[:, None]
    return (back[:, seen], None if np.all(seen) else back[:, ~seen])


def _withheld(peak: _Peak, lost: Any, density: Any) -> tuple[Any, dict[int, str]]:
    """Directions of the user's coefficients that no row with a density tells of; who rests on them, and the reason."""
    rows = np.flatnonzero((density <= 0.0) & (linalg.norm(peak.z @ lost, axis=1) > ALONE * linalg.norm(lost)))
    bound = peak.fit.likelihood.bound
    own = bound.row_numbers(rows)
    reason = (
        f"it rests on rows that the lines of all quantiles nearby pass through ({first_rows(own, bound.y[rows], 3)}), "
        "which do not say how dense the responses are there; use cov='iid', which takes errors as alike in all rows"
    )
    unseen = np.zeros((len(peak.order), lost.shape[1]))
    unseen[peak.own] = lost
    unseen = peak.original_directions(unseen)
    under_model = linalg.norm(peak.fit._observed_root, axis=1)
    touched = linalg.norm(unseen, axis=1) > SHARE * under_model
    return unseen, {int(j): reason for j in np.flatnonzero(touched)}


# -- matrices --------------------------------------------------------------------------------------------------


def _triangular(rows: Any) -> tuple[Any, Any]:
    """Orthonormal columns, and the upper triangle with a positive diagonal that makes the rows of them."""
    q, r = np.linalg.qr(rows)
    sign = np.where(np.diagonal(r) < 0.0, -1.0, 1.0)
    return q * sign, sign[:, None] * r


def _inverse(rows: Any) -> Floats:
    """(rows' rows)^-1, by way of orthonormal columns."""
    size = np.max(np.abs(rows), axis=0)
    if not np.all(np.isfinite(size)) or np.any(size == 0.0):
        raise IntervalError(NO_DENSITY)
    _, r = _triangular(rows / size)
    if np.min(np.diagonal(r)) <= 1e-13 * np.max(np.diagonal(r)):
        raise IntervalError(NO_DENSITY)
    back = linalg.solve_triangular(r, np.eye(len(r))) / size[:, None]
    return back @ back.T


@final
class _Peak:
    """The peak of a quantile regression: residuals and derivatives of the location in units of every row's spread.

    Sampling weights have mean 1.

    Attributes
    ----------
    level, n : float
        Of the quantile; number of observations.
    e, y, w : ndarray
        Residuals, responses, and how often each row counts.
    z : ndarray
        Derivatives of the location in its coefficients.
    """

    def __init__(self, fit: Estimates) -> None:
        L = fit.likelihood
        # an ill-conditioned design in orthonormal coordinates
        self.orthonormal = None if fit.outcome.covariance is None else coordinates(L.model, L.bound.data)
        model, data = L.model, L.bound.data if self.orthonormal is None else self.orthonormal.data
        family, self.fit, self.model = model.family, fit, model
        self.x = (
            fit.outcome.point.x if self.orthonormal is None else self.orthonormal.from_original(fit.outcome.point.x)
        )
        self.objective = RowsObjective(model, data)
        self.slot = next(s for s in model.slots if s.parameter.name == family.absolute_location)
        self.own = np.arange(self.slot.start, self.slot.stop)
        self.others = np.setdiff1d(np.arange(model.size), self.own)
        self.order = np.concatenate([self.own, self.others])
        level = 0.5 if family.corner_level is None else data.known[family.corner_level]
        if np.ndim(level):
            raise IntervalError("the level of the quantile differs from row to row, so it has no standard errors")
        self.level, self.n = float(level), float(L.bound.n)
        w = np.ones(len(L.bound.y)) if L.bound.weights is None else L.bound.weights
        self.unit = float(np.mean(w)) if L.bound.pseudo else 1.0
        self.w = w / self.unit
        place, rows = model.slots.index(self.slot), len(L.bound.y)
        etas = self.objective.etas(self.x, slice(None))
        xp = JetNamespace(1)
        etas[place] = xp.variable(place, np.broadcast_to(etas[place], rows))
        known = (family.absolute_location, family.corner_level)
        spread = next(p.name for p in family.parameters if p.name not in known)
        with np.errstate(all="ignore"):
            values = model.parameters(etas, xp, data.known)
            self.plain = values[spread]  # of a single unit, where rows are means of several
            values = data.means(family, values)
        jet = values[self.slot.parameter.name]
        self.spread = np.broadcast_to(values[spread], rows)
        self.data = data
        self.slope = jet.g[place] / self.spread  # of the location, in spreads
        self.z = dense(data.matrix(self.slot)) * self.slope[:, None]
        self.y = L.bound.y / self.spread
        self.e = (L.bound.y - jet.v) / self.spread

    def to_original(self, found: Any) -> Floats:
        """The covariance of the user's coefficients."""
        return found if self.orthonormal is None else self.orthonormal.covariance(found)

    def original_directions(self, directions: Any) -> Floats:
        """Directions of the user's coefficients."""
        return (
            directions if self.orthonormal is None else np.asarray(self.orthonormal.inverse @ directions, dtype=float)
        )

    @cached_property
    def rounding(self) -> float:
        """Residuals up to this size are those of rows that the regression fits exactly."""
        x = self.fit.likelihood.bound.data.design(self.slot)
        size = np.abs(self.fit.outcome.point.x[self.own])  # of which the last digit is lost
        parts = size if x is None else blocks.absolute(x) @ size
        return max(sparsity.rounding(self.e, self.w), 4.0 * EPS * float(np.max(parts * np.abs(self.slope))))

    @cached_property
    def psi(self) -> Floats:
        """Slope of the check function at every residual; 0 where the row is fitted exactly."""
        return np.where(np.abs(self.e) <= self.rounding, 0.0, self.level - (self.e < 0.0))

    @cached_property
    def other_coefficients(self) -> tuple[Any, Any]:
        """The rows' scores in the other coefficients, and the inverse of their information."""
        if not len(self.others):
            return np.zeros((len(self.e), 0)), np.zeros((0, 0))
        scores = self.objective.row_scores(self.x)[:, self.others]
        info = self.fit.outcome.point.info if self.orthonormal is None else self.objective.point(self.x).info
        inverse, _ = inverse_information(info[np.ix_(self.others, self.others)] / self.unit)
        if inverse is None:
            raise IntervalError("the data do not identify the coefficients beside the location")
        return scores, inverse

    def fitted(self, level: float) -> Floats:
        """The location at another level, the spreads held, in units of the spreads."""
        slot = replace(self.slot, start=0, stop=len(self.own))
        family, known = AsymmetricLaplace(tau=level), {"tau": level, "scale": self.plain}
        constants = {k: None if np.ndim(v) else v for k, v in known.items()}
        model = replace(self.model, family=family, slots=(slot,), known=constants)
        data = replace(self.data, known=known)
        again = LogLikelihood(replace(self.fit.likelihood.bound, model=model, data=data))
        here = dict(zip(slot.names, self.x[self.own].tolist(), strict=True))
        asked = again.asked.searched(start=None if slot.link.name == "identity" else here)
        with Task(f"the quantile at level {level:.4g}") as task:
            try:
                found = find_peak(again, asked, history=SearchHistory(again, task))
                lost = "" if found.converged else found.message
            except PerfectFit:
                lost = f"the predictors reproduce every value of {model.response} exactly"
        if lost:
            raise IntervalError(
                f"the quantile at level {level:.4g}, whose distance says how dense the responses are, has no fit: "
                f"{lost}"
            )
        eta = data.eta(slot, found.point.x)
        value = np.broadcast_to(slot.link.inverse(eta, NumpyNamespace()), self.spread.shape)
        return value / self.spread

"""Student's t and F in place of the normal and chi-squared distributions, for linear models with an unknown variance.

The coefficients of a linear model divided by their standard errors, with the residual variance s^2 = (sum of squares) /
(n - p) in place of the maximum likelihood estimate, have Student's distribution with n - p degrees of freedom exactly
(Student 1908; Fisher 1925). Sandwiches have it by convention, those by clusters with G - 1 (Stata's `regress`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import linalg

from likely.errors import IntervalError, OptionError
from likely.estimates.covariance.linear import LINEAR, check_kind, check_small_sample
from likely.estimates.covariance.reference_distribution import Reference
from likely.estimates.covariance.request import CURVATURE, Covariance, Request, usual_correction
from likely.estimates.covariance.sandwich import predictor_coefficients
from likely.models.bind import Bound
from likely.namespace.arrays import Floats

if TYPE_CHECKING:
    from likely.estimates import Estimates

LARGEST = 20_000_000  # numbers in a design that is factored again for the digits of its predictions


def with_small_sample(bound: Bound, request: Request, small_sample: Any) -> Request:
    """The same covariance with other reference distributions, and the correction that is usual with them."""
    student = check_small_sample(bound, small_sample)
    check_kind(request.kind, student)
    correction = request.correction
    if correction == usual_correction(bound, request.kind, request.small_sample == "t"):
        correction = usual_correction(bound, request.kind, student)
    return replace(request, correction=correction, small_sample="t" if student else "z")


def reference(fit: Any, request: Request) -> Reference:
    """What the statistics of a fit with this covariance are referred to.

    Raises
    ------
    OptionError
        If a penalty or constraints leave no exact distribution.
    IntervalError
        If no degrees of freedom are left.
    """
    if request.small_sample != "t":
        return Reference()
    _refuse_restrained(fit)
    n, p = float(fit.likelihood.n), predictor_coefficients(fit)
    if n <= p:
        raise IntervalError(
            f"small_sample='t' needs more observations than coefficients of the mean: n - p = {n:g} - {p} leaves none "
            "to estimate the variance by"
        )
    if request.clusters:
        counted = fit.likelihood.bound.weights
        codes = [way.codes if counted is None else way.codes[counted > 0] for way in request.clusters]
        groups = min(len(np.unique(one)) for one in codes)
        return Reference(groups - 1.0, f"G - 1 = {groups} - 1 = {groups - 1} degrees of freedom")
    return Reference(n - p, f"n - p = {n:,g} - {p} = {n - p:,g} degrees of freedom")


def scaled(fit: Any, request: Request, found: Covariance) -> Covariance:
    """The covariance with n - p in the place of n in the variance of a linear model; a sandwich as it is."""
    if request.small_sample != "t" or found.matrix is None or not len(found.matrix):
        return found
    reference(fit, request)  # its errors come first
    if request.kind not in CURVATURE:
        return found
    n, p = float(fit.likelihood.n), predictor_coefficients(fit)
    matrix = np.array(found.matrix)
    first = fit.likelihood.model.slots[0]
    matrix[first.start : first.stop, first.start : first.stop] *= n / (n - p)
    return replace(found, matrix=matrix)


def least_squares_root(fit: Any, request: Request) -> Floats | None:
    """A root of the covariance that keeps the digits of predictions from columns that say almost the same.

    s R^-1, with R the triangular factor of the weighted design: a row's error s |x R^-1| then feels the condition of
    the design once and not squared, as in R's ``lm``.

    Returns
    -------
    ndarray or None
        None where the covariance is not that of a linear model by least squares, or the design is large.
    """
    model, bound = fit.likelihood.model, fit.likelihood.bound
    if request.small_sample != "t" or request.kind not in CURVATURE or fit.outcome.restrained is not None:
        return None
    x = bound.data.design(model.slots[0])
    if not isinstance(x, np.ndarray) or x.size > LARGEST:
        return None
    counts = np.ones(len(bound.y)) if bound.weights is None else np.asarray(bound.weights, dtype=float)
    counts = counts if bound.data.units is None else counts * bound.data.units
    factor = linalg.qr(np.sqrt(counts)[:, None] * x, mode="r")[0][: x.shape[1]]
    room = float(fit.likelihood.n) - predictor_coefficients(fit)
    spread = float(fit.coef[model.slots[1].label]) * np.sqrt(fit.likelihood.n / room)
    root = np.diag(np.sqrt(np.diagonal(fit._link_cov)))
    p = len(factor)
    root[:p, :p] = spread * linalg.solve_triangular(factor, np.eye(p))
    return root


def refuse_spread(fit: Estimates, jacobian: Any, what: str) -> None:
    """Raise where linear forms of the coefficients move with the spread, whose error is not Student's.

    Raises
    ------
    OptionError
        Under small_sample='t'.
    """
    if fit._request.small_sample != "t":
        return
    first = fit.likelihood.model.slots[0]
    jacobian = np.atleast_2d(np.asarray(jacobian, dtype=float))
    if np.any(np.delete(jacobian, np.s_[first.start : first.stop], axis=1) != 0.0):
        _, spread = LINEAR[fit.likelihood.model.family.name]
        raise OptionError(
            f"{what} depends on {spread}, and small_sample='t' is for the coefficients of {first.label} alone, whose "
            "distribution is Student's t. Use fit.with_cov(small_sample='z')"
        )


def _refuse_restrained(fit: Any) -> None:
    """Equations between the mean's coefficients leave a linear model; anything else does not."""
    restrained = fit.outcome.restrained
    if restrained is None:
        return
    if restrained.penalty or restrained.inequalities:
        what = f"a penalty ({restrained.penalty})" if restrained.penalty else "inequalities"
        raise OptionError(
            f"small_sample='t' is for linear models by least squares; under {what} the estimates have no Student's t. "
            "Equations between coefficients (fixed=, constraints='a = b') are taken"
        )
    first = fit.likelihood.model.slots[0]
    region = restrained.restraints.region(fit.likelihood.model)
    if region is not None and np.any(np.delete(region.equal, np.s_[first.start : first.stop], axis=1) != 0.0):
        raise OptionError("small_sample='t' needs an unknown variance, and the constraints hold it: there z is exact")

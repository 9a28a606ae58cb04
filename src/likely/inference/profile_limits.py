"""Where a profile likelihood has fallen so far that an interval ends, each limit checked before it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize, stats

from likely.errors import IntervalError, LikelyError
from likely.inference.profile import NearbyRefitProfiler, Profiler, RefitProfiler, locate, profiler
from likely.models.start import starting_values

if TYPE_CHECKING:
    from likely.estimates import Estimates

FARTHEST = 60.0  # standard errors (or units of the linear predictor) searched for a profile limit
NARROW = 1e-6  # of the first step, within which a profile that is continuous does not change by JUMP
JUMP = 0.1  # of the root of twice the drop
TOLERANCE = 1e-3  # of the drop at a limit, in its root and relative to it
SMALL = 200_000  # rows times coefficients up to which a limit is checked by a fit of its own


def checked_limit(fit: Estimates, path: Profiler, side: int, drop: float, step: float, end: float = np.inf) -> float:
    """The limit along a path, where the likelihood at its maximum has the drop asked for.

    The maximum is looked at twice: by the log-likelihood at the coefficients that the path gives, and, where that costs
    little, by a search of its own, which may find a higher one. If it has another drop, the limit is searched by fits
    of the reduced model.

    Raises
    ------
    IntervalError
        If no limit with that drop is found; the message says why.
    """
    trouble: IntervalError | None = None
    for one in (path, *by_fits(fit, path)):
        try:
            found = limit(one, side, drop, step, end)
            if not np.isfinite(found) or (wrong := _wrong(fit, one, found, drop)) is None:
                return found
            raise IntervalError(wrong)
        except IntervalError as error:
            trouble = trouble or error
    assert trouble is not None
    raise trouble


def by_fits(fit: Estimates, path: Profiler) -> list[Profiler]:
    """The same profile by fits of the reduced model, where there are such fits and they cost little."""
    L = fit.likelihood
    slot = L.model.slot_of(path.index)
    costly = len(L.bound.y) * L.model.size > SMALL
    along_path = type(path) in (Profiler, NearbyRefitProfiler)
    if costly or fit.outcome.restrained is not None or not along_path or slot.entry is not None:
        return []
    if not L.offers.predictors:
        return []
    if any(slot.link.even for slot in L.model.slots):  # a search may end at the mirror image, which is the same model
        return []
    return [RefitProfiler(L, path.index, path.best, path.peak)]


def _wrong(fit: Estimates, path: Profiler, at: float, drop: float) -> str | None:
    """What is wrong with the maximum at a limit; None if it has the drop."""
    objective = path.objective
    value, _, x = path(at)
    heights = [value]
    if objective is not None and np.all(np.isfinite(x)) and abs(x[path.index] - at) <= 1e-9 * max(1.0, abs(at)):
        heights = [objective.value(x)]
    for other in by_fits(fit, path):
        try:
            heights.append(other(at)[0])
        except LikelyError:
            continue
    highest = max(heights)
    if highest > path.peak + 1e-6 * (1.0 + abs(path.peak)):
        return (
            f"with the coefficient held at {at:.6g}, a limit, the log-likelihood is higher ({highest:.8g}) than at the "
            f"fit ({path.peak:.8g}): the fit is not the highest peak. Fit it again with start= there"
        )
    root = np.sqrt(2.0 * max(path.peak - highest, 0.0))
    if abs(root - np.sqrt(2.0 * drop)) <= TOLERANCE * np.sqrt(2.0 * drop):
        return None
    return (
        f"the profile likelihood falls by {path.peak - highest:.4g} at the limit that was found, not by {drop:.4g}: it "
        "has several peaks in the other parameters, or ends there. Use method='wald' or 'bootstrap'"
    )


def limit(profiler: Profiler, side: int, drop: float, step: float, end: float = np.inf) -> float:
    """Where the profile has fallen by `drop` below the peak, below (-1) or above (+1) the estimate.

    Parameters
    ----------
    profiler : Profiler
    side : {-1, 1}
    drop : float
        Half the chi-squared quantile.
    step : float
        First step, about sqrt(2 drop) standard errors.
    end : float
        Where constraints end the path, with the profile below the level searched for; infinite where they do not.

    Returns
    -------
    float
        On the scale of the coefficient; infinite where the profile never falls that far.
    """
    root = np.sqrt(2.0 * drop)
    center = float(profiler.best[profiler.index])

    def excess(t: float) -> tuple[float, float]:
        value, slope, _ = profiler(t)
        fallen = np.sqrt(max(2.0 * (profiler.peak - value), 0.0)) if np.isfinite(value) else np.inf
        return fallen - root, (-slope / fallen if fallen > 0 else 0.0)

    outer: float | None = None
    inner, t = center, center + side * step
    gaps = [-root, np.inf]  # inside and outside
    if np.isfinite(end):
        outer = end
        t = t if side * (end - t) > 0 else 0.5 * (center + end)
    before: tuple[float, float] = (center, -root)
    for _ in range(60):
        gap, slope = excess(t)
        if slope == 0.0 and np.isfinite(gap) and t != before[0]:  # no derivative: the chord from the last point
            slope = (gap - before[1]) / (t - before[0])
        before = (t, gap) if np.isfinite(gap) else before
        if abs(gap) < 1e-9:
            return t
        if gap < 0:
            inner, gaps[0] = t, gap
        else:
            outer, gaps[1] = t, gap
        if outer is not None and abs(outer - inner) <= NARROW * step and gaps[1] - gaps[0] > JUMP:
            raise IntervalError(_jump(gaps))
        newton_t = t - gap / slope if slope * side > 0 else np.nan  # the signed root is nearly linear in t
        low, high = (inner, outer) if side > 0 else (outer, inner)
        if outer is None:
            if abs(t - center) > FARTHEST * step:
                return side * np.inf
            reach = max(2.0 * abs(t - center), step)
            t = newton_t if np.isfinite(newton_t) else center + side * reach
            if abs(t - center) > 4.0 * reach or abs(t - center) <= abs(inner - center):
                t = center + side * reach
        else:
            assert low is not None
            assert high is not None
            inside = np.isfinite(newton_t) and low < newton_t < high
            t = newton_t if inside else 0.5 * (low + high)
            if abs(high - low) <= 1e-12 * max(abs(high), abs(low), step):
                break
    if abs(excess(t)[0]) > 1e-3:
        raise IntervalError(_jump(gaps))
    return t


def _jump(gaps: list[float]) -> str:
    """Why there is no limit between two neighbouring values of which one is well inside and the other well outside."""
    if np.isfinite(gaps[1]):
        return (
            "the profile likelihood jumps where its interval would end: it has several peaks in the other parameters, "
            "and one of them ends there. Use method='wald' or 'bootstrap'"
        )
    return (
        "the profile likelihood could not be followed to the end of its interval: the coefficients meet the end of "
        "the parameters' domain first"
    )


def boundary_limit(fit: Estimates, name: str, at: float, level: float) -> float:
    """The other end of a one-sided profile interval whose estimate is the end of the parameter's domain."""
    likelihood, peak = fit.likelihood, fit.loglik
    slot, index = locate(likelihood, name)
    model = likelihood.model
    domain = slot.parameter.domain
    drop = 0.5 * stats.chi2.ppf(level, 1)
    x0 = fit.outcome.point.x
    if not np.all(np.isfinite(x0)):
        x0 = starting_values(model, likelihood.objective.data)
    path = profiler(likelihood, index, x0, peak)
    # from the end of the domain inwards; on the link scale the end is infinitely far
    if np.isfinite(domain.lower) and np.isfinite(domain.upper):
        ends = domain.lower + (domain.upper - domain.lower) * np.array([1e-12, 1 - 1e-12])
    elif np.isfinite(domain.lower):
        ends = domain.lower + np.array([1e-12, 1e12])
    else:
        ends = domain.upper - np.array([1e12, 1e-12])
    with np.errstate(all="ignore"):
        low, high = sorted(float(slot.link.forward(e)) for e in ends)

    def gap(t: float) -> float:
        value = slot.natural(t)
        return abs(value - at) if np.isfinite(at) else -value

    grid = np.linspace(low, high, 80)
    if gap(high) < gap(low):
        grid = grid[::-1]

    def short(t: float) -> float:
        value = path(t)[0]
        return (value if np.isfinite(value) else -1e300) - peak + drop

    previous = None
    for t in grid:
        if short(float(t)) < 0:
            if previous is None:
                break
            found = optimize.brentq(short, previous, float(t), xtol=1e-13, rtol=1e-14)
            if abs(short(found)) > TOLERANCE * drop:
                raise IntervalError(
                    f"the profile likelihood of {name} could not be followed to its limit: it jumps there"
                )
            return slot.natural(found)
        previous = float(t)
    return domain.upper if at == domain.lower else domain.lower  # the profile never falls that far

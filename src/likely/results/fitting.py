"""model x data x engine x solver -> Fit: the one entry point to fitting."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from likely.compute.engines import memory
from likely.compute.solve.newton import Point
from likely.covariance import requested
from likely.errors import FitError, Interrupted, OptionError
from likely.errors.boundary import public
from likely.families.base import Kind, Limit
from likely.likelihoods.restraints import Restraints
from likely.models import limits
from likely.models.asked import Asked
from likely.models.model import Slot
from likely.models.start import starting_values
from likely.progress import Task, check_progress
from likely.results import AtLimit, Fit
from likely.results.likelihood import Likelihood, likelihood_of
from likely.search import failures
from likely.search.closed import PerfectFit
from likely.search.end import End, EndKind
from likely.search.outcome import Outcome
from likely.search.peak import find_peak
from likely.search.restrained import find_restrained_peak
from likely.search.separation import rest
from likely.search.state import FitState
from likely.search.trail import Trail
from likely.search.unbounded import Unbounded, find_unbounded
from likely.search.verdict import failed, judge

NO_SEARCH = Outcome(Point(np.zeros(0), -np.inf, np.zeros(0), np.zeros((0, 0))), "none", 0, False, "")
LONG = 5_000_000  # rows times coefficients beyond which a fit may take long


@public
def fit(
    family: Any,
    data: Any,
    formula: Any = None,
    *,
    weights: Any = None,
    offset: Any = None,
    exposure: Any = None,
    link: Mapping[str, str] | str | None = None,
    missing: str = "error",
    aliased: str = "refuse",
    separation: str = "refuse",
    weights_kind: str = "frequency",
    cov: str | None = None,
    cluster: Any = None,
    small_sample: str | None = None,
    na: Any = None,
    on_failure: str = "raise",
    solver: str = "auto",
    start: Mapping[str, float] | FitState | str | Path | None = None,
    starts: int | Sequence[Mapping[str, Any]] | None = None,
    max_iterations: int = 100,
    tolerance: float = 1e-6,
    progress: bool | str | Callable[[int, Point, float], None] | None = None,
    penalty: Any = None,
    fixed: Mapping[str, float] | None = None,
    bounds: Mapping[str, tuple[float | None, float | None]] | None = None,
    constraints: str | None = None,
    **formulas: Any,
) -> Fit:
    """Fit a model by maximum likelihood.

    Parameters
    ----------
    family : Family or str
        The assumption about how the data came to be: ``lk.Normal()``, ``"student_t"``, your own density. Known
        parameters are given to it: ``lk.Normal(sd="se")``, ``lk.Binomial(n=10)``.
    data : table, dict of columns, array, list or path
        pandas, Polars, PyArrow or DuckDB tables, NumPy arrays, lists, paths to CSV or Parquet files.
    formula : str or 2-d array, optional
        ``"y ~ x + C(group)"`` describes the family's first parameter; without it every parameter is a constant. A
        matrix of predictors is used as it stands: no intercept is added.
    weights : str or array, optional
        A column, an expression or one number for each row.
    offset : str or array, or dict by parameter, optional
        Added to the linear predictor with coefficient 1: a column or an expression such as ``"log(exposure)"``.
    exposure : str or array, optional
        What the first parameter is proportional to, such as the policy years behind a count of claims: its logarithm is
        added to the linear predictor, whose link must be the logarithm.
    link : str or dict by parameter, optional
        Links other than the default; a string is for the first parameter.
    missing : {"error", "drop"}
        What to do about rows with missing values.
    aliased : {"refuse", "drop"}
        What to do about columns of a design that are linear combinations of others: raise `DesignError`, or leave out
        those that come after the ones that make them up. What was left out is in ``fit.aliased``.
    separation : {"refuse", "drop"}
        What to do where predictors separate the outcomes, so that some coefficients have no finite estimate: fail, or
        leave out the separated rows and the coefficients that the other rows do not identify, and estimate the rest.
        The log-likelihood is then the supremum of that of all rows, ``n`` counts the rows left, and ``fit.separation``
        holds what was left out.
    weights_kind : {"frequency", "analytic", "sampling", "importance"}
        "frequency": a row of weight 3 stands for three equal rows. "analytic": a row of weight 3 is the mean of three
        units, so its variance is a third. "sampling": inverse probabilities of selection, with a sandwich covariance.
        "importance": multipliers of the log-density and no more. See the page on weights.
    cov : {"observed", "expected", "opg", "HC0", "HC1", "HC2", "HC3", "cluster", "bootstrap"}, optional
        Where standard errors come from: by default the observed information, under sampling weights the sandwich
        HC0. Of quantile regressions "nid" (the default), "iid", "kernel", "cluster", "bootstrap" or "expected". See
        `Fit.with_cov`, which takes further options.
    cluster : str, array or list of two, optional
        Columns that name the clusters of a covariance by clusters, one or two ways.
    small_sample : {"t", "z"}, optional
        "t": Student's t and F in place of z and chi-squared, with the divisor n - p in the variance, for a `Normal` (or
        `LogNormal`) with an unknown spread: what R's ``lm`` and Stata's ``regress`` print. See `Fit.with_cov`.
    na : str, number or list of them, optional
        Cells that stand for a missing value besides empty ones, such as ``["?", "unknown", -999]``: in every column,
        and in new data.
    on_failure : {"raise", "return"}
        A fit that fails raises `FitError`, or is returned with ``converged`` false and the reason in ``status``.
    solver : {"auto", "closed form", "newton", "lbfgs"}
    start : dict, FitState or path, optional
        Starting values by name, on the scale on which estimates are reported; or the state of an interrupted fit
        (``interrupted.state``, or the file it was saved to), to go on from there.
    starts : int or list of dict, optional
        Several starts, for a likelihood that may have several peaks: a list of them, or how many to draw around the
        usual one (the same every time). The highest peak counts.
    max_iterations, tolerance
        Newton's: at most so many passes; distance to the peak in standard errors that counts as none.
    progress : {None, "auto", True, False} or callable, optional
        A line that says how far the fit is. By default ("auto") it appears on a terminal or in a notebook once a fit
        takes about a second; True shows it at once and everywhere, False nowhere. A callable is called as
        ``progress(iteration, point, decrement)`` at every pass over the rows.
    penalty : Ridge, Lasso, ElasticNet, Firth, or dict of them by parameter or coefficient, optional
        Prior knowledge of the coefficients; the estimate is then a posterior mode. None by default.
    fixed : dict, optional
        Estimates held at a value by name: ``{"mean.x": 1.0}``.
    bounds : dict, optional
        ``{"mean.x": (0, None)}``: lower and upper bounds of estimates, None where there is none.
    constraints : str, optional
        Linear equations and inequalities between estimates: ``"mean.a = mean.b, mean.x + mean.z <= 1"``.
    **formulas : str or 2-d array
        Formulas of further parameters: ``sd="~ x"``.

    Returns
    -------
    Fit

    Raises
    ------
    DataError, SupportError, MissingValuesError
        If the data cannot be used as given.
    DesignError
        If a formula cannot be read, or its columns are linearly dependent and are not to be dropped.
    FitError
        If the likelihood has no usable peak (separation, unbounded likelihood) or none was found.
    Interrupted
        At Ctrl-C; its ``state`` is what ``start=`` takes to go on.

    Examples
    --------
    >>> import likely as lk
    >>> fit = lk.fit(lk.Bernoulli(), [1] * 7 + [0] * 3)
    >>> round(fit.coef["p"], 6), round(fit.stderr["p"], 6)
    (0.7, 0.144914)
    """
    given = dict(locals())
    del given["data"]
    return fit_of(Asked(**given), data)


def fit_of(asked: Asked, data: Any) -> Fit:
    """The fit that was asked for, of these data."""
    try:
        L = likelihood_of(asked, data)
    except KeyboardInterrupt as stopped:
        raise Interrupted("interrupted while the data were read: nothing was fitted yet, start anew") from stopped
    return maximize(L, L.asked)


def maximize(L: Likelihood, asked: Asked) -> Fit:
    """The peak of a likelihood by the search that was asked for."""
    if asked.cov is None and asked.cluster is None and asked.small_sample is None:
        return climb(L, asked)
    covariance = {"kind": asked.cov, "cluster": asked.cluster, "small_sample": asked.small_sample}
    requested(L.bound, **covariance)  # its errors come before the search
    found = climb(L, asked)
    return found._with(requested(found.likelihood.bound, **covariance))


def climb(L: Likelihood, asked: Asked) -> Fit:
    """The same without the covariance."""
    called = check_progress(asked.progress, "(iteration, point, decrement)")
    if asked.start is not None:
        asked = asked.replace(start=_checked_start(L, asked.start))
    # many rows and few columns: BLAS's threads have nothing to gain in the small matrices between the passes
    tall = len(L.bound.y) > 10_000 and L.model.size < 2000
    title = f"fitting {L.model.family.title} to {len(L.bound.y):,} rows"
    long = len(L.bound.y) * max(L.model.size, 1) > LONG
    with Task(title, asked.progress if called is None else False, long=long) as task:
        trail = Trail(L, task, called, asked.start if isinstance(asked.start, FitState) else None)
        try:
            with memory.one_blas_thread() if tall else nullcontext():
                endless = find_unbounded(L, Restraints.of(asked))
                found = _found(L, asked, trail) if endless is None else _endless(L, asked, endless)
                if asked.separation == "drop" and found.separation is not None:
                    found = _rest(found, asked)
        except KeyboardInterrupt as stopped:
            raise trail.interrupted() from stopped
    if not found.converged and asked.on_failure == "raise":
        raise FitError(found.end.words, found)
    return found


def _checked_start(L: Likelihood, start: Any) -> Mapping[str, float] | FitState:
    if isinstance(start, (str, Path)):
        start = FitState.load(start)
    if isinstance(start, FitState):
        start.vector(L.names)
    elif not isinstance(start, Mapping):
        example = ", ".join(f"{name!r}: ..." for name in L.names[:4])
        raise OptionError(
            f"start is a dict of starting values by name, such as {{{example}}}, or the state of an interrupted fit; "
            f"found {start!r}"
        )
    return start


def _found(L: Likelihood, asked: Asked, trail: Trail) -> Fit:
    """What the search found; where it failed among numbers of a size that no square can have, that is the reason."""
    try:
        with np.errstate(over="ignore"):
            found = _search(L, asked, trail)
    except OverflowError:
        if (told := failures.extreme(L)) is None:
            raise
        return failed(L, asked, NO_SEARCH, EndKind.OVERFLOW, told)
    told = failures.beyond_cubes(L)
    if told is None and not (found.converged and _representable(found)):
        told = failures.extreme(L)
    if told is None:
        return found
    return failed(L, asked, found.outcome, EndKind.OVERFLOW, told)


def _endless(L: Likelihood, asked: Asked, why: Unbounded) -> Fit:
    """The failure of a likelihood without a highest point, at a place that tells what the predictors do."""
    x = why.coefficients
    if x is None:
        return failed(L, asked, NO_SEARCH, EndKind.UNBOUNDED, why.text)
    at = Point(x, np.inf, np.zeros(len(x)), np.zeros((len(x), len(x))))
    return failed(L, asked, Outcome(at, "least squares", 0, False, ""), EndKind.UNBOUNDED, why.text)


def _representable(fit: Fit) -> bool:
    """Whether floats can hold the covariance of a fit that has one."""
    with np.errstate(all="ignore"):
        return fit._observed_cov is None or bool(np.all(np.isfinite(fit._observed_cov)))


def _search(L: Likelihood, asked: Asked, trail: Trail) -> Fit:
    restraints = Restraints.of(asked)
    find = find_peak if restraints is None else find_restrained_peak
    watched = _watched(L, restraints)
    again = asked.start if isinstance(asked.start, FitState) else None
    watching = _Watch(L, watched, resumed=again is not None) if watched or failures.runaway_slots(L.model) else None
    try:
        outcome = find(L, asked, trail=trail, stop=watching)
    except PerfectFit as perfect:
        return _endless(L, asked, Unbounded.exact(L, perfect.parameter, 0.0, perfect.coefficients))
    at_limit = _at_limit(L, asked, outcome, watched)
    if at_limit is not None:
        return at_limit
    if (
        watching is not None and watching.limit_hit and not outcome.converged
    ):  # passed the mark, yet the limiting family is no better: go on
        outcome = find(L, asked.replace(start=again, starts=None), trail=trail, stop=None)
    return judge(L, asked, outcome)


def _rest(found: Fit, asked: Asked) -> Fit:
    """The fit of what separation leaves."""
    apart = found.separation
    assert apart is not None
    family = found.likelihood.model.family
    if not found.likelihood.offers.independent_rows:
        return replace(found, end=found.end.adding("separated strata are not left out by separation='drop'"))
    if family.kind is Kind.ORDERED:
        half = "A row may be separated from one neighbour of its level only, so separation='drop' leaves none out"
        return replace(found, end=found.end.adding(half))
    left = rest(found.likelihood, apart)
    if left is None:
        nothing = "every row is separated, so that nothing is left to estimate: separation='drop' cannot help here"
        return replace(found, end=found.end.adding(nothing))
    again = climb(Likelihood(left), asked.replace(separation="refuse", on_failure="return", start=None, starts=None))
    end = again.end if again.end.remarkable else End(EndKind.SEPARATED_LEFT_OUT, apart.dropped(again.aliased))
    return replace(again, end=end, separation=apart)


# -- families at their limit ---------------------------------------------------------------------------------


class _Watch:
    """Stops a search whose constant runs towards the end of its domain."""

    def __init__(self, L: Likelihood, watched: list[tuple[Limit, Slot]], resumed: bool = False) -> None:
        self.watched = watched
        self.limit_hit = False
        self.slots = failures.runaway_slots(L.model)
        self.unit = failures.log_range(L)
        # a search that goes on is as far from its beginning as one that was never interrupted
        self.start: Any = starting_values(L.model, L.objective.data) if resumed else None

    def __call__(self, point: Point) -> str | None:
        if self.start is None:
            self.start = point.x.copy()
        for limit, slot in self.watched:
            if limits.beyond(limit, slot, point.x, limits.NEAR[limit.at]):
                self.limit_hit = True
                return f"{slot.label} runs to {limit.at:g}"
        for slot in self.slots:
            if failures.far(slot, point.x[slot.start], self.start[slot.start], point, self.unit):
                return f"{slot.label} runs away"
        return None


def _watched(L: Likelihood, restraints: Restraints | None) -> list[tuple[Limit, Slot]]:
    """The limits that a search may run to: those of parameters that no constraint is about."""
    watched = limits.watched(L.model)
    if not watched or restraints is None:
        return watched
    return [(limit, slot) for limit, slot in watched if not restraints.about(slot.label, L.model)]


def _at_limit(L: Likelihood, asked: Asked, outcome: Outcome, watched: list[tuple[Limit, Slot]]) -> Fit | None:
    """The fit at the limit, where the limiting family explains the data at least as well."""
    for limit, slot in watched:
        if outcome.converged and not limits.beyond(limit, slot, outcome.point.x, limits.NEAR[limit.at]):
            continue
        limiting = L.limiting(limit)
        simpler = asked.under(limiting.model.family)
        simpler = simpler.replace(separation="refuse", on_failure="return", start=None, starts=None)
        if (restraints := Restraints.of(asked)) is not None:
            simpler = simpler.replace(**restraints.renamed(limit.names, L.model).options)
        inner = climb(limiting, simpler)
        if not inner.converged or inner.outcome.height < outcome.height - 1e-9 * (1 + abs(inner.loglik)):
            continue
        name = inner.likelihood.model.family.title
        reason = (
            f"{slot.label} runs to {limit.at:g}, where {L.model.family.title} is {name}: the data ask for nothing "
            f"more. Fit lk.{name}() instead, or see the profile interval for the values of {slot.label} they allow"
        )
        if _says_nothing(L, slot, inner):
            reason = (
                f"the data do not identify {slot.label}: the log-likelihood is the same for every value of it, the "
                f"other estimates being what they are. Given are those of lk.{name}(), its limit at {limit.at:g}"
            )
        back = {new: old for old, new in limit.names.items()}
        at_limit = AtLimit(slot.label, limit.at, inner, back)
        return Fit(L, asked, outcome, End(EndKind.LIMIT, reason), {slot.label: reason}, at_limit)
    return None


def _says_nothing(L: Likelihood, slot: Slot, inner: Fit) -> bool:
    """Whether the data say nothing of a parameter, with the others where its limiting family has them."""
    others = inner.outcome.point.x
    if len(others) != L.model.size - 1:
        return False
    for value in slot.parameter.typical_range:
        x = np.insert(others, slot.start, slot.link.forward(np.float64(value)))
        if not abs(L.objective.value(x) - inner.loglik) <= 1e-9 * (1.0 + abs(inner.loglik)):
            return False
    return True

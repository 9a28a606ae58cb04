"""lk.fit: the one entry point to fitting."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from likely.compute.solve.newton import Point
from likely.errors.boundary import public
from likely.inference.fitting import asked_for
from likely.models.asked import Asked
from likely.results.fits import Fit, fit_from
from likely.search.state import FitState


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
    engine: str = "auto",
    memory: str | float | None = None,
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
    data : table, dict of columns, array, list, path, or what gives tables piece by piece
        pandas, Polars, PyArrow or DuckDB tables, NumPy arrays, lists, paths to CSV or Parquet files: one, a pattern
        such as ``"sales/*.parquet"``, a list of paths, or a folder of Parquet files. Also lazy Polars frames, DuckDB
        relations, PyArrow data sets, and a function that returns an iterator of tables, a new one each time.
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
    engine : {"auto", "memory", "stream"}
        Where the rows are kept. "memory": all of the data. "stream": the data are read piece by piece, and what the
        model needs of them is written to temporary files, which are mapped to memory. "auto": memory if they fit, with
        the work on them, and else the files; the summary says so. The estimates are the same. See the page on any size.
    memory : str or int, optional
        How much memory "auto" may plan with: ``"2GB"``; by default what the system has.
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
    return fit_from(lambda: asked_for(asked, data))

"""lk.compare and lk.suggest: fits of the same data under different assumptions, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from likely.checking.comparison.candidates import attempt, side_by_side, taken
from likely.checking.comparison.record import Comparison
from likely.checking.comparison.suggestion import FOLDS, REPLICATES, suggested
from likely.errors import OptionError
from likely.errors.boundary import public
from likely.families import get_family
from likely.families.base import Family
from likely.models.asked import Asked
from likely.models.bind import read_once
from likely.models.checks import check_order, items_of
from likely.progress import Task
from likely.results.fits import Fit


@public
def compare(
    candidates: Iterable[Any] | Mapping[str, Any],
    data: Any = None,
    formula: Any = None,
    *,
    folds: int | str | None = None,
    groups: Any = None,
    seed: int = 0,
    transform: Mapping[str, Any] | None = None,
    **options: Any,
) -> Comparison[Fit]:
    """Which assumption describes the data best, by information criteria and on rows that were held out.

    Parameters
    ----------
    candidates : list of families or fits, or dict of them by name
        Families (or their names) are fitted to `data`; fits, which must be of the same rows, are compared as they are.
    data, formula, **options
        As in `likely.fit`, for all families.
    folds : int or "loo", optional
        Into how many parts the rows are dealt for held-out log-likelihoods: each part under the estimates from the
        others. "loo" leaves out one row at a time: by refits up to 2,000 rows, to first order beyond.
    groups : str or array, optional
        A column of rows that stay together in a fold.
    seed : int
        Of the folds.
    transform : dict of str to transformation, optional
        By name, the candidates that were fitted to a transformed response: "log", "log10", "log2", "log1p", "sqrt",
        "reciprocal", "logit", ("power", p), ("boxcox", lambda), or a function with its derivative. Their densities are
        brought back by the Jacobian.

    Returns
    -------
    Comparison
        In the order of AIC = 2 k - 2 log-likelihood, smallest first. Failed candidates come last, with the reason.

    Raises
    ------
    DataError
        If the fits are not of the same response, rows and weights: their likelihoods have nothing in common.

    Examples
    --------
    >>> import math
    >>> import likely as lk
    >>> waits = [1.2, 0.3, 2.7, 0.1, 0.9, 4.1, 0.2, 1.5]
    >>> [row.name for row in lk.compare([lk.Normal(), lk.Exponential()], waits).rows]
    ['Exponential', 'Normal']
    >>> logs = lk.fit("normal", {"y": [math.log(w) for w in waits]}, "y")
    >>> found = lk.compare({"on logs": logs, "plain": lk.fit("normal", waits)}, transform={"on logs": "log"})
    >>> round(found["on logs"].loglik - lk.fit("log_normal", waits).loglik, 10)
    0.0
    """
    if isinstance(candidates, (str, Family, Fit, type)):
        raise OptionError(f"a comparison takes a list of families or fits, found only {candidates!r}")
    if hasattr(candidates, "columns") or isinstance(candidates, np.ndarray):
        raise OptionError("the order of the arguments is candidates, data, formula: lk.compare([...], data, 'y ~ x')")
    names = list(candidates) if isinstance(candidates, Mapping) else None
    given = candidates.values() if isinstance(candidates, Mapping) else candidates
    asked = Asked.of(None, formula, **{**options, "on_failure": "return"})
    progress = False if callable(asked.progress) else asked.progress
    items = items_of(given, "a comparison is of a list of families, such as [lk.Normal(), lk.Laplace()], or of fits")
    done = [isinstance(item, Fit) for item in items]
    if all(done):
        if data is not None or formula is not None or options:
            raise OptionError("fits bring their own data: leave out data, formula and options")
        tried = [taken(item.estimates) for item in items]
    elif any(done):
        raise OptionError("a comparison takes either families with data, or fits; found both")
    elif data is None:
        raise OptionError("families need data: lk.compare([...], data, formula)")
    else:
        items = [get_family(item) for item in items]
        check_order(items[0] if items else None, data, formula)
        data = read_once(asked, data)  # what is told of it is told once, a file is read once
        tried = []
        with Task("comparing families", progress) as task:
            for i, family in enumerate(items):
                task.count(i, len(items), f"done, now {family.title}")
                tried.append(attempt(asked.replace(family=family), data))
    found = side_by_side(tried, names, folds=folds, groups=groups, seed=seed, transform=transform, progress=progress)
    own = {id(item.estimates): item for item in items if isinstance(item, Fit)}
    return found.holding(lambda estimates: own.get(id(estimates)) or Fit(estimates))


@public
def suggest(
    y: Any,
    column: str | None = None,
    *,
    folds: int | str | None = FOLDS,
    replicates: int = REPLICATES,
    seed: int = 0,
    progress: Any = None,
    na: Any = None,
) -> Comparison[Fit]:
    """Families for a column, ranked by AIC and by held-out log-likelihood, with a goodness-of-fit test for the best.

    Parameters
    ----------
    y : data of any kind
        The numbers, or a table with `column`.
    column : str, optional
    folds : int, "loo" or None
        Of the held-out log-likelihood.
    replicates : int
        Of the parametric bootstrap behind the test; 0 leaves it out. It is run for the three best, up to 10,000 rows.
    seed : int
    progress : {None, "auto", True, False}
    na : str, number or list of them, optional
        Cells that stand for a missing value, such as ``["?", "unknown"]``.

    Returns
    -------
    Comparison
        Its notes say what the tests found. The ranking asks which family makes the data least surprising; the test,
        whether it could have made them at all.

    Raises
    ------
    DataError
        If there are no numbers, or all are the same.

    Examples
    --------
    >>> import likely as lk
    >>> import numpy as np
    >>> y = np.random.default_rng(0).gamma(2.0, 3.0, size=200)
    >>> lk.suggest(y, folds=None, replicates=0).rows[0].name
    'Gamma'
    """
    found = suggested(y, column, folds=folds, replicates=replicates, seed=seed, progress=progress, na=na)
    return found.holding(Fit)

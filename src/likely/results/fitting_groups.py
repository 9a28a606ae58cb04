"""lk.fit_groups: the same model for every group of rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from likely.errors.boundary import public
from likely.inference.by_group import estimates_by_group
from likely.models.asked import Asked
from likely.results.group_fits import GroupFits

TOLERANCE = 1e-9  # a search of its own stops as near to the peak as a step more brings the searches of many groups


@public
def fit_groups(
    family: Any,
    data: Any,
    formula: Any = None,
    by: Any = None,
    *,
    weights: Any = None,
    offset: Any = None,
    exposure: Any = None,
    link: Mapping[str, str] | str | None = None,
    missing: str = "error",
    tolerance: float = TOLERANCE,
    progress: bool | str | None = None,
    **options: Any,
) -> GroupFits:
    """Fit the same model to every group of rows, as one table.

    Each group's fit is that of `likely.fit` to the rows of the group alone: levels, means and knots that a formula
    learns, it learns from these. Groups whose likelihood is regular are fitted many at once; whatever asks for a closer
    look, such as a group whose outcomes are separated, is fitted by itself. A group without a fit costs the others
    nothing: its status and the reason stand in the table.

    Parameters
    ----------
    family, data, formula
        As in `likely.fit`; the data are read into memory.
    by : str, list of str, or array
        The columns whose values make the groups, or a label for each row.
    weights, offset, exposure, link
        As in `likely.fit`.
    missing : {"error", "drop"}
        What to do about rows with missing values, of the columns in `by` too.
    tolerance : float
        As in `likely.fit`, and closer to the peak, so that a group has the same digits however it is fitted.
    progress : {None, "auto", True, False}
        As in `likely.fit`.
    **options
        Formulas of further parameters, and further arguments of `likely.fit`: ``weights_kind``, ``cov``, ``cluster``,
        ``aliased``, ``separation``, ``penalty`` ...

    Returns
    -------
    GroupFits

    Raises
    ------
    DataError, MissingValuesError, DesignError, UnknownNameError, OptionError
        If the data or the arguments cannot be used, whatever the groups.
    Interrupted
        At Ctrl-C.

    Examples
    --------
    >>> import likely as lk
    >>> loans = lk.datasets.loans()
    >>> fits = lk.fit_groups("bernoulli", loans, "default ~ duration", by="housing")
    >>> len(fits), fits.statuses
    (3, {'converged': 3})
    >>> fits.fit("own").coef["p.duration"] == lk.fit(
    ...     "bernoulli", loans[loans["housing"] == "own"], "default ~ duration", tolerance=1e-9
    ... ).coef["p.duration"]
    True
    """
    given = {name: value for name, value in locals().items() if name not in ("data", "by", "options")}
    return fit_groups_of(Asked.of(**given, **options), data, by)


def fit_groups_of(asked: Asked, data: Any, by: Any) -> GroupFits:
    """The fits of groups that were asked for, of these data."""
    return GroupFits(estimates_by_group(asked, data, by))

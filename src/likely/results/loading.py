"""Fits that were saved to files, read again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from likely.errors.boundary import public
from likely.results.fits import Fit
from likely.results.saving import loaded


@public
def load(path: str | Path, data: Any = None, *, families: Iterable[Any] | Mapping[str, Any] = ()) -> Fit:
    """Read a fit that `likely.Fit.save` wrote.

    No code is run, and none is in the file. Without the data everything works that follows from the estimates:
    summary, tests and intervals by Wald, regions, functions of the estimates, predictions of all kinds and
    simulations for new data. What needs the rows of the fit (profiles, residuals, another covariance, averages over
    rows, diagnosis, a report) asks for them.

    Parameters
    ----------
    path : str or Path
    data : data of any kind, optional
        The data of the fit, as they were given to `likely.fit`, to have everything that the fit had.
    families : list of classes and densities, or dict of them by name, optional
        Families of your own, and densities of `likely.density`: of their functions the file holds nothing, so they are
        given again as they were made. With the data, the log-likelihood at the estimates tells whether they are those.

    Returns
    -------
    Fit

    Raises
    ------
    OptionError
        If the file cannot be read, is damaged, from a later version or no fit; if a family or density of your own is
        needed, or another one given; if data are given and the fit had arguments that no file holds.
    DataError
        If the data are not those of the fit, by their fingerprint, or give another log-likelihood.

    Examples
    --------
    >>> import tempfile
    >>> import likely as lk
    >>> data = {"y": [1, 2, 4, 9], "x": [0, 1, 2, 3]}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = lk.fit("poisson", data, "y ~ x").save(f"{folder}/model.json")
    ...     fit, whole = lk.load(path), lk.load(path, data)
    >>> fit.predict({"x": [4, 5]}).round(2).tolist()
    [18.74, 39.58]
    >>> {name: round(low, 2) for name, (low, high) in whole.interval(method="profile").items()}
    {'rate.Intercept': -1.64, 'rate.x': 0.25}
    """
    return Fit(loaded(path, data, families))

"""Data that ships with the package; where it comes from and its licence stand in data/README.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from likely.data.datasets.made import write_transactions
from likely.errors import is_one_of, unknown

__all__ = ["NAMES", "loans", "path", "write_transactions"]

NAMES = ("loans",)


def path(name: str) -> Path:
    """The CSV file of a packaged data set.

    Parameters
    ----------
    name : {"loans"}

    Returns
    -------
    pathlib.Path

    Raises
    ------
    UnknownNameError
        If there is no such data set.

    Examples
    --------
    >>> path("loans").name
    'loans.csv'
    """
    if not is_one_of(name, NAMES):
        raise unknown("data set", name, NAMES)
    return Path(__file__).parent / f"{name}.csv"


def loans() -> Any:
    """1000 loans of a South German bank, 1973 to 1975: did they go bad, how large were they, and who took them.

    Bad loans were over-sampled on purpose (300 of 1000). From Hofmann's Statlog (German Credit Data), with the meaning
    of the codes as corrected by Grömping (2019); CC BY 4.0.

    Returns
    -------
    pandas.DataFrame
        1000 rows, 18 columns; ``default`` is 1 for a loan that went bad.

    Examples
    --------
    >>> import likely as lk
    >>> df = lk.datasets.loans()
    >>> df.shape, int(df["default"].sum())
    ((1000, 18), 300)
    """
    import pandas as pd

    return pd.read_csv(path("loans"), keep_default_na=False)

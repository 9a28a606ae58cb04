"""Card transactions that are made up, as many as are wanted: some of them frauds, by a law that is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from likely.errors import OptionError

COUNTRIES = ("DE", "ES", "FR", "GB", "IT", "NL", "PL", "US")
RISK = (0.0, 0.2, -0.1, 0.3, 0.1, -0.3, 0.4, 0.6)  # of each country, on the scale of log-odds
LAW = {"Intercept": -4.0, "np.log(amount)": 0.35, "np.log(age)": -0.5}  # of fraud; at night more, see `_rows`
ROWS = 1_000_000  # of a file at a time


def write_transactions(folder: str | Path, rows: int = 1_000_000, files: int = 10, seed: int = 0) -> Path:
    """Write made-up card transactions to Parquet files.

    The log-odds of a fraud are -4 + 0.35 log(amount) - 0.5 log(age) + the country's + 0.8 at night, rising and falling
    smoothly over the hours.

    Parameters
    ----------
    folder : str or Path
        Made if it is not there; ``part-0000.parquet`` and so on are written in it.
    rows : int
        Of all files together.
    files : int
    seed : int

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    OptionError
        If there are to be fewer rows than files, or no file.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     frame = pd.read_parquet(write_transactions(folder, rows=1000, files=2))
    >>> frame.shape, list(frame.columns)
    ((1000, 6), ['card', 'amount', 'age', 'country', 'hour', 'fraud'])
    """
    import pyarrow as pa
    from pyarrow import parquet

    if not 1 <= files <= rows:
        raise OptionError(f"there is at least one file, and a row in each; found {files} files and {rows} rows")
    target = Path(folder).expanduser()
    target.mkdir(parents=True, exist_ok=True)
    ends = [rows * (i + 1) // files for i in range(files)]
    for i, (lo, hi) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
        rng = np.random.default_rng([seed, i])
        with parquet.ParquetWriter(target / f"part-{i:04d}.parquet", _schema()) as writer:
            for first in range(lo, hi, ROWS):
                columns = _rows(rng, min(ROWS, hi - first), max(1, rows // 50))
                writer.write_table(pa.table(columns, schema=_schema()))
    return target


def _schema() -> Any:
    import pyarrow as pa

    kinds = (pa.int64(), pa.float64(), pa.float64(), pa.string(), pa.float64(), pa.int8())
    return pa.schema(list(zip(("card", "amount", "age", "country", "hour", "fraud"), kinds, strict=True)))


def _rows(rng: np.random.Generator, n: int, cards: int) -> dict[str, Any]:
    """Some transactions."""
    card = rng.integers(0, cards, n)
    amount = np.round(np.exp(rng.normal(3.5, 1.2, n)) + 0.01, 2)
    age = rng.integers(18, 90, n).astype(float)
    country = rng.choice(len(COUNTRIES), n, p=np.arange(len(COUNTRIES), 0, -1) / 36)
    hour = np.round(rng.uniform(0.0, 24.0, n), 2)
    night = 0.4 * (1.0 + np.cos(2.0 * np.pi * (hour - 3.0) / 24.0))
    eta = LAW["Intercept"] + LAW["np.log(amount)"] * np.log(amount) + LAW["np.log(age)"] * np.log(age)
    eta = eta + np.asarray(RISK)[country] + night
    fraud = (rng.random(n) < 1.0 / (1.0 + np.exp(-eta))).astype(np.int8)
    return {
        "card": card,
        "amount": amount,
        "age": age,
        "country": np.asarray(COUNTRIES)[country],
        "hour": hour,
        "fraud": fraud,
    }
